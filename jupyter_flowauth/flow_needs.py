"""What a deployed flow needs: its definition, read as a tree of consents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .consents import ConsentTree, Path, build_tree
from .scopes import Requirement, merge_requirements, parse_scope_string

FLOWS_SCOPES = "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/"
VIEW_FLOWS, RUN_STATUS = f"{FLOWS_SCOPES}view_flows", f"{FLOWS_SCOPES}run_status"
ALL_FLOWS = f"{FLOWS_SCOPES}all"
TRANSFER_ALL = "urn:globus:auth:scope:transfer.api.globus.org:all"
# Where collections' data_access hangs: under Transfer's own scope, which is that of its action provider, or beneath the older one's.
_COLLECTIONS_UNDER = {TRANSFER_ALL: (), "https://auth.globus.org/scopes/actions.globus.org/transfer/transfer": (TRANSFER_ALL,)}
_DEEPEST, _LONGEST_ADDRESS = 50, 500
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FLOW_SCOPE = re.compile(r"https://auth\.globus\.org/scopes/([0-9a-f-]{36})/flow_([0-9a-f_]{36})_user")


@dataclass(frozen=True, slots=True)
class FlowDocument:
    """A deployed flow, as the Flows service describes it.

    :param updated_at: when its definition was last changed, as the service says it.
    """

    flow_id: str
    title: str
    updated_at: str
    definition: Mapping[str, Any]

    @property
    def scope(self) -> str:
        """The flow's own scope."""
        return flow_scope(self.flow_id)


@dataclass(frozen=True, slots=True)
class ActionProvider:
    """An action provider, as it introspects.

    :param scope: what its caller needs, or None if it didn't say; then ``problem`` says why.
    """

    url: str
    title: str
    scope: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RunDocument:
    """A run, as the Flows service describes it.

    :param status: ``ACTIVE``, ``INACTIVE``, ``SUCCEEDED`` or ``FAILED`` (and what may come).
    :param note: what to do about it, where there is something to do.
    """

    run_id: str
    status: str
    details: Mapping[str, Any]
    label: str = ""
    note: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it will not go on by itself or by a resume."""
        return self.status not in ("ACTIVE", "INACTIVE")

    @property
    def active_state(self) -> str:
        """The state that it is in, where the service says so."""
        details = self.details.get("details")
        name = details.get("state_name") if isinstance(details, Mapping) else self.details.get("state_name")
        return clean_words(name)

    @property
    def sentence(self) -> str:
        """How it is doing, in a line."""
        where = f", in state '{self.active_state[:80]}'" if self.active_state and not self.has_ended else ""
        reason = clean_words(self.details.get("description")).rstrip(".") if self.status == "FAILED" else ""
        told = " ".join(filter(None, (f"{reason}." if reason else "", self.note)))
        return f"Run {self.label[:80] or self.run_id}: {self.status}{where}.{f' {told}' if told else ''}"

    @property
    def web_address(self) -> str:
        """Where people see it."""
        return f"https://app.globus.org/runs/{self.run_id}"


def flow_scope(flow_id: str) -> str:
    """Return the scope of a flow, as Flows spells it (``globus_sdk.scopes.SpecificFlowScopes``)."""
    return f"https://auth.globus.org/scopes/{flow_id}/flow_{flow_id.replace('-', '_')}_user"


def parse_flow_scope(scope: str) -> str | None:
    """Return the flow whose own scope this is, or None if it isn't shaped like one."""
    found = _FLOW_SCOPE.fullmatch(scope)
    return found[1] if found and found[2] == found[1].replace("-", "_") else None


def validate_flow_id(flow_id: object) -> str:
    """Return a flow's id as Globus spells it.

    :raises ValueError: if it isn't a UUID.
    """
    spelled = str(flow_id).strip().lower()
    if not _UUID.fullmatch(spelled):
        raise ValueError(f"a flow's id is a UUID, as in the address of its page; this isn't one: {str(flow_id)[:80]!r}")
    return spelled


def data_access_scope(collection_id: str) -> str:
    """Return the scope for a mapped collection's data (``globus_sdk.scopes.GCSCollectionScopes``)."""
    return f"https://auth.globus.org/scopes/{collection_id}/data_access"


def action_states(definition: Mapping[str, Any], *, depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and the state of every action in a definition, in those of branches and iterators too."""
    states = definition.get("States")
    for name, state in states.items() if isinstance(states, Mapping) and depth < _DEEPEST else ():
        if not isinstance(state, Mapping):
            continue
        if isinstance(state.get("ActionUrl"), str):
            yield str(name), state
        branches = state.get("Branches")
        inner = [state.get("Iterator"), state.get("ItemProcessor"), *(branches if isinstance(branches, list) else ())]
        for nested in inner:
            if isinstance(nested, Mapping):
                yield from action_states(nested, depth=depth + 1)


def action_urls(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses of the action providers that the person who starts the flow must consent to, each once."""
    return tuple(dict.fromkeys(str(state["ActionUrl"]) for _, state in action_states(definition) if acts_as_user(state)))


def acts_as_user(state: Mapping[str, Any]) -> bool:
    """Tell whether an action is done as whoever starts the flow; one that is run as another role is consented to by that one."""
    return state.get("RunAs", "User") in ("User", "user")


def build_flow_tree(document: FlowDocument, providers: Mapping[str, ActionProvider], collections: tuple[str, ...] = ()) -> ConsentTree:
    """Return what a run of a flow needs, with a problem for every action provider that couldn't be asked.

    :param providers: by their addresses.
    :param collections: mapped collections whose data the flow reaches; on any other collection ``data_access`` is an unknown scope.
    """
    reasons: dict[Path, tuple[str, str]] = {(document.scope,): (f"Flow '{document.title}'", "")}
    problems: dict[str, str] = {}
    needed: list[Requirement] = []
    for name, state in action_states(document.definition):
        if not acts_as_user(state):
            continue
        url = state["ActionUrl"]
        provider = providers.get(url) or ActionProvider(url, "", None, "it was not asked")
        own = _needed_scope(state, provider)
        if own is None:
            why = provider.problem or "it names no scope"
            whose = f"State '{clean_words(name)}': the action provider {clean_words(url, longest=_LONGEST_ADDRESS)}"
            problems.setdefault(url, f"{whose} could not be asked what it needs ({why})")
            continue
        needed.append(_with_collections(own, collections))
        _add_reasons(reasons, document, provider.title or own.scope, needed[-1])
    return build_tree((Requirement(document.scope, dependencies=merge_requirements(needed)),), reasons, problems.values())


def _add_reasons(reasons: dict[Path, tuple[str, str]], document: FlowDocument, title: str, requirement: Requirement) -> None:
    flow = f"Flow '{document.title}'"
    reasons.setdefault((document.scope, requirement.scope), (f"{flow} uses {title}", f"{flow} now also uses {title}"))
    for path in requirement.walk():
        if path[-1].endswith("/data_access"):
            data = f"the data of collection {path[-1].split('/')[-2]}"
            reasons.setdefault((document.scope, *path), (f"{title} reaches {data}", f"{title} now also reaches {data}"))


def _needed_scope(state: Mapping[str, Any], provider: ActionProvider) -> Requirement | None:
    """Return what a state needs: the ``ActionScope`` that it names, else the scope that its provider introspects to."""
    named = state.get("ActionScope") or provider.scope
    try:
        found = parse_scope_string(named) if isinstance(named, str) else ()
    except ValueError:
        return None
    return found[0] if len(found) == 1 else None


def _with_collections(own: Requirement, collections: tuple[str, ...]) -> Requirement:
    under = _COLLECTIONS_UNDER.get(own.scope)
    if under is None or not collections:
        return own
    nested = tuple(Requirement(data_access_scope(collection), optional=True) for collection in collections)
    for scope in reversed(under):
        nested = (Requirement(scope, dependencies=nested),)
    return Requirement(own.scope, own.optional, merge_requirements((*own.dependencies, *nested)))


def clean_words(words: object, *, longest: int = 200) -> str:
    """Return a stranger's words on one line, without what could move a cursor. They must be escaped where they are shown as HTML."""
    text = " ".join(words.split()) if isinstance(words, str) else ""
    return "".join(character for character in text if character.isprintable())[:longest]
