"""A Flows service in miniature, as the port sees it: one flow, its consents, and runs that are refused as the script says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_flowauth.consents import ConsentTree, Path
from jupyter_flowauth.errors import InteractionRequired
from jupyter_flowauth.flow_needs import RUN_STATUS, VIEW_FLOWS, ActionProvider, FlowDocument, RunDocument, flow_scope
from jupyter_flowauth.flow_runs import FlowsContext
from jupyter_flowauth.flows import DeployedFlow
from jupyter_flowauth.scopes import Requirement
from tests.fakes.clock import FixedClock

FLOW_ID = "0d2b1f0c-8a3c-4c34-9e0c-0d9b7d0d6a11"
FLOW = flow_scope(FLOW_ID)
COMPUTE, SEARCH, TRANSFER_ALL = "compute:all", "search:ingest", "urn:globus:auth:scope:transfer.api.globus.org:all"
PROVIDERS = {
    "https://compute.example": ActionProvider("https://compute.example", "Globus Compute", COMPUTE),
    "https://search.example": ActionProvider("https://search.example", "Globus Search (ingest)", SEARCH),
    "https://transfer.example": ActionProvider("https://transfer.example", "Globus Transfer", TRANSFER_ALL),
    "https://dead.example": ActionProvider("https://dead.example", "", None, "it does not answer"),
}


class Refused(Exception):
    """A service's answer, as the SDK raises it."""

    headers: Mapping[str, str] = {}

    def __init__(self, *scopes: str, status: int = 403, **wanted: Any) -> None:
        super().__init__(status)
        self.http_status = status
        self.raw_json = {"code": "ConsentRequired", "authorization_parameters": {"required_scopes": list(scopes), **wanted}}


def define(*names: str) -> dict[str, Any]:
    """Return a definition with one action for each provider that is named."""
    states = {name.title(): {"Type": "Action", "ActionUrl": f"https://{name}.example"} for name in names}
    return {"StartAt": names[0].title() if names else "", "States": states}


class FakeFlows:
    """The service, the person, and everything else that running flows takes."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.title, self.version, self.definition = "Ingest", 1, define("compute")
        self.held = {VIEW_FLOWS, RUN_STATUS, "openid"}
        self.granted: set[Path] = set()
        self.prompts: list[tuple[tuple[str, ...], ConsentTree, dict[str, str]]] = []
        self.sent: list[str] = []
        self.refusals: list[Exception] = []  # what the next starts and resumptions meet
        self.statuses: list[RunDocument] = []  # what the next looks at a run see
        self.shown: list[RunDocument] = []
        self.paused: list[float] = []
        self.withheld: set[str] = set()
        self.is_somebody_there, self.renews = True, True
        self.trouble: dict[str, Exception] = {}
        self.when_asked: Callable[[], object] = lambda: None
        self.still_needed: list[bool] = []

    def flow(self, **options: Any) -> DeployedFlow:
        context = FlowsContext(self, self.clock, self.missing, self.ask, self.renew, self.pause, self.shown.append)
        return DeployedFlow(context, FLOW_ID, **options)

    def change(self, *names: str) -> None:
        """Change the definition, a moment later than anybody has looked."""
        self.version, self.definition = self.version + 1, define(*names)

    def grant(self, *requirements: Requirement) -> None:
        """Consent to requirements, as the person's *Allow* does."""
        for requirement in requirements:
            if requirement.scope not in self.withheld:
                self.held.add(requirement.scope)
            self.granted |= {path for path in requirement.walk() if not self.withheld & set(path)}

    # What the context is made of.

    def missing(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(scopes) - self.held))

    def ask(
        self,
        requirements: tuple[Requirement, ...],
        *,
        tree: ConsentTree,
        parameters: Mapping[str, str],
        still_needed: Callable[[], bool],
    ) -> None:
        if not self.is_somebody_there:
            raise InteractionRequired("nobody is there", missing=[requirement.scope for requirement in requirements])
        self.still_needed.append(still_needed())
        self.prompts.append((tuple(map(str, requirements)), tree, dict(parameters)))
        self.when_asked()
        self.grant(*requirements)
        self.still_needed.append(still_needed())

    def renew(self, scope: str) -> bool:
        self.sent.append("renew")
        return self.renews

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.clock.advance(seconds)

    # The port.

    def _send(self, what: str) -> None:
        self.sent.append(what)
        if what in self.trouble:
            raise self.trouble[what]

    def read_flow(self, flow_id: str) -> FlowDocument:
        self._send("flow")
        return FlowDocument(flow_id, self.title, str(self.version), self.definition)

    def ask_action_providers(self, urls: tuple[str, ...]) -> Mapping[str, ActionProvider]:
        self._send("providers")
        return {url: PROVIDERS[url] for url in urls if url in PROVIDERS}

    def granted_paths(self) -> frozenset[Path]:
        self._send("consents")
        return frozenset(self.granted)

    def start_run(self, flow_id: str, body: Mapping[str, Any], options: Mapping[str, Any]) -> RunDocument:
        self._send("start")
        self.options = dict(options)
        if self.refusals:
            raise self.refusals.pop(0)
        return RunDocument("run-1", "ACTIVE", {}, str(options.get("label", "")))

    def resume_run(self, flow_id: str, run_id: str) -> None:
        self._send("resume")
        if self.refusals:
            raise self.refusals.pop(0)

    def read_run(self, flow_id: str, run_id: str) -> RunDocument:
        self._send("run")
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def specific_flow_client(self, flow_id: str) -> Any:
        return f"client of {flow_id}"
