"""The Flows service's routes for runs."""

from __future__ import annotations

from typing import Any

from .dependents import consent_deadline
from .flow_book import DeployedFlow
from .flow_definitions import iter_actions
from .flow_handlers import FlowsHandler, lacking_permission, unprocessable
from .ledger import IssuedToken
from .refusals import ApiRefusal
from .run_book import ENDED, RunRecord
from .run_input import find_input_problems
from .run_refusals import build_error, build_missing_scope, build_start_refusal
from .scope_tree import RequestedScope
from .services import FLOWS_ALL, RUN, RUN_MANAGE, RUN_STATUS

_LOG_PAGE, _LONGEST_LOG_PAGE = 10, 100


class StartHandler(FlowsHandler):
    """A handler of what would start a run."""

    def find_startable(self, flow_id: str) -> tuple[DeployedFlow, IssuedToken]:
        """Return a flow, and a token that is good to start it with.

        :raises ApiRefusal: 404, or 403: the token is not for this flow, or the person may not start it.
        """
        flow = self.state.flows.find(flow_id)
        token = self.read_token()
        if flow is None:
            self.require_some(token)
            raise ApiRefusal(404, build_error("NOT_FOUND", f"No Flow exists with id value {flow_id}"))
        if token is None or flow.scope not in token.scopes:
            token = self._basic_token(flow, self.require_some(token))
        if not flow.may_run(token.grant.sub):
            raise lacking_permission(flow, "RUN")
        return flow, token

    def require_some(self, token: IssuedToken | None) -> IssuedToken:
        """Return the token if it is alive, whatever it is for."""
        return self.require() if token is None else token

    def _basic_token(self, flow: DeployedFlow, token: IssuedToken) -> IssuedToken:
        """Return a token of Flows' own, which does for flows that call no action provider."""
        if {RUN, FLOWS_ALL} & set(token.scopes) and not any(iter_actions(flow.definition)):
            return token
        raise ApiRefusal(403, build_missing_scope(flow.scope))

    def refuse_missing_consent(self, flow: DeployedFlow, token: IssuedToken) -> None:
        """Refuse if the consent does not cover the definition of this moment, where the settings want that said at the start."""
        settings = self.state.settings
        if settings.refuses_at != "start" or flow.scope not in token.scopes:
            return
        (wanted,) = self.state.expand([RequestedScope(flow.scope)])
        until = consent_deadline(self.state, token)
        missing = self.state.consents.missing(token.grant.sub, token.consented_client_id, wanted, until=until)
        if missing is not None:
            self.state.counters["runs_refused"] += 1
            raise build_start_refusal(settings.refusal_shape, missing)

    def read_input(self, flow: DeployedFlow) -> dict[str, Any]:
        """Return the request's body, whose own body is right by the flow's input schema."""
        asked = self.read_json()
        if "body" not in asked:
            raise unprocessable([{"loc": ["body"], "msg": "field required", "type": "value_error.missing"}])
        if problems := find_input_problems(flow.input_schema, asked["body"]):
            message = f"Input failed schema validation with {len(problems)} error{'s' if len(problems) > 1 else ''}."
            raise ApiRefusal(400, build_error("FLOW_INPUT_ERROR", problems, message=message))
        return asked


class RunStartHandler(StartHandler):
    """The start of a run."""

    endpoint = "run_start"

    def post(self, flow_id: str) -> None:
        """Start a run, or say what is missing."""
        flow, token = self.find_startable(flow_id)
        self.refuse_missing_consent(flow, token)
        asked = self.read_input(flow)
        run = RunRecord(
            flow=flow,
            sub=token.grant.sub,
            client_id=token.consented_client_id,
            body=asked["body"],
            started=self.state.now(),
            until=consent_deadline(self.state, token),
            label=asked.get("label"),
            tags=tuple(asked.get("tags") or ()),
            managers=tuple(asked.get("run_managers") or ()),
            monitors=tuple(asked.get("run_monitors") or ()),
        )
        self.state.runs.keep(run)
        self.state.counters["runs_started"] += 1
        document = run.to_document(run.sub)
        run.note("FlowStarted", "The Flow Instance started execution", {"input": run.body}, now=self.state.now())
        self.engine.drive(run)
        self.set_status(201)
        self.finish(document)


class RunValidationHandler(StartHandler):
    """The check of a run that is not started."""

    endpoint = "run_validation"

    def post(self, flow_id: str) -> None:
        """Say whether a run with this input could start."""
        flow, token = self.find_startable(flow_id)
        self.refuse_missing_consent(flow, token)
        self.read_input(flow)
        self.finish({"message": "validation successful"})


class RunHandlerBase(FlowsHandler):
    """A handler of one run."""

    def find_run(self, run_id: str, *any_of: str, manages: bool = False) -> tuple[RunRecord, IssuedToken]:
        """Return a run that the person of this request may see (or manage), and her token.

        :raises ApiRefusal: 404: there is none, or it is not for her to see; 403: she may see it and no more.
        """
        run = self.state.runs.find(run_id)
        token = self.require_for(run.flow if run is not None else None, *any_of)
        role = None if run is None else run.role(token.grant.sub)
        if run is None or role is None:
            raise ApiRefusal(404, build_error("NOT_FOUND", f"No Run exists with id value {run_id}"))
        if manages and role.endswith("monitor"):
            raise ApiRefusal(403, build_error("FORBIDDEN", f"You do not have the necessary permissions on the run {run_id}"))
        return run, token

    def refuse_unless(self, run: RunRecord, *statuses: str) -> None:
        """Refuse what does not go together with a run's status."""
        if run.status not in statuses:
            allowed = "{" + ", ".join(f"'{status}'" for status in statuses) + "}"
            said = f"Run {run.run_id} has status '{run.status}' but must have status in {allowed} for requested operation"
            raise ApiRefusal(409, build_error("STATE_CONFLICT", said))


class RunListHandler(FlowsHandler):
    """All runs."""

    endpoint = "runs"

    def get(self) -> None:
        """List the runs that the person may see, of some flows or of all."""
        sub = self.require(RUN_STATUS, RUN_MANAGE, RUN, FLOWS_ALL).grant.sub
        flows = set(filter(None, self.get_query_argument("filter_flow_id", "").split(",")))
        roles = set(filter(None, self.get_query_argument("filter_roles", "").split(",")))
        found = [run for run in self.state.runs.visible(sub) if (not flows or run.flow.flow_id in flows)]
        self.finish(self.page_of("runs", [run.to_document(sub) for run in found if not roles or run.role(sub) in roles]))


class RunHandler(RunHandlerBase):
    """One run."""

    endpoint = "run"

    def get(self, run_id: str) -> None:
        """Show it, with the flow's description if that is asked for."""
        run, token = self.find_run(run_id, RUN_STATUS, RUN_MANAGE, RUN)
        document = run.to_document(token.grant.sub)
        if self.get_query_argument("include_flow_description", "").lower() == "true":
            shown = self.show_flow(run.flow, token.grant.sub)
            document["flow_description"] = {name: value for name, value in shown.items() if name not in {"definition", "input_schema"}}
        self.finish(document)

    def put(self, run_id: str) -> None:
        """Change its label, tags, managers and monitors."""
        run, token = self.find_run(run_id, RUN_MANAGE, manages=True)
        body = self.read_json()
        run.label = body.get("label", run.label)
        run.tags = tuple(body.get("tags", run.tags))
        run.managers = tuple(body.get("run_managers", run.managers))
        run.monitors = tuple(body.get("run_monitors", run.monitors))
        self.finish(run.to_document(token.grant.sub))


class RunLogHandler(RunHandlerBase):
    """A run's log."""

    endpoint = "run_log"

    def get(self, run_id: str) -> None:
        """Show a page of it."""
        run, _token = self.find_run(run_id, RUN_STATUS, RUN_MANAGE, RUN)
        limit = self.get_query_argument("limit", "")
        size = min(max(int(limit), 1), _LONGEST_LOG_PAGE) if limit.isdecimal() else _LOG_PAGE
        is_reversed = self.get_query_argument("reverse_order", "").lower() == "true"
        self.finish(self.page_of("entries", run.entries[::-1] if is_reversed else run.entries, size=size))


class RunDefinitionHandler(RunHandlerBase):
    """The definition that a run follows."""

    endpoint = "run_definition"

    def get(self, run_id: str) -> None:
        """Show it."""
        run, _token = self.find_run(run_id, RUN_STATUS, RUN_MANAGE, RUN)
        flow = run.flow
        self.finish({"flow_id": flow.flow_id, "definition": flow.definition, "input_schema": flow.input_schema})


class RunResumeHandler(RunHandlerBase):
    """The resumption of a run."""

    endpoint = "run_resume"

    def post(self, run_id: str) -> None:
        """Let an inactive run go on from the state it is in; what is done is not done again."""
        run, token = self.find_run(run_id, RUN_MANAGE, manages=True)
        self.refuse_unless(run, "INACTIVE")
        run.reopen(token.consented_client_id, consent_deadline(self.state, token))
        run.note("FlowResumed", "The Flow is resuming execution", {}, now=self.state.now())
        document = run.to_document(token.grant.sub)
        self.engine.drive(run)
        self.finish(document)


class RunCancelHandler(RunHandlerBase):
    """The cancelling of a run."""

    endpoint = "run_cancel"

    def post(self, run_id: str) -> None:
        """End a run as failed."""
        run, token = self.find_run(run_id, RUN_MANAGE, manages=True)
        self.refuse_unless(run, "ACTIVE", "INACTIVE")
        details = {"code": "FlowCanceled", "description": "The Flow Instance was canceled by the user", "details": {}}
        run.settle("FAILED", details, now=self.state.now())
        self.finish(run.to_document(token.grant.sub))


class RunReleaseHandler(RunHandlerBase):
    """The release of a run that is over."""

    endpoint = "run_release"

    def post(self, run_id: str) -> None:
        """Forget it."""
        run, token = self.find_run(run_id, RUN_MANAGE, manages=True)
        self.refuse_unless(run, *sorted(ENDED))
        self.state.runs.remove(run_id)
        self.finish(run.to_document(token.grant.sub))
