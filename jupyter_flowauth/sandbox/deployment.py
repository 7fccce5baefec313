"""What deploying a flow does beside keeping it: its scope comes to be, and depends on those of its action providers."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from typing import Any

from .catalogue import Client, ScopeEntry
from .flow_book import EVERYBODY, GROUP_PRINCIPAL, IDENTITY_PRINCIPAL, ROLE_LISTS, DeployedFlow
from .flow_definitions import ActionState, Problem, find_problems, iter_actions, iter_states, scopes_by_role
from .services import find_provider, to_address
from .state import SandboxState

_UNKNOWN_ACTION = "Unable to determine the scope of the action provider {}"
_GUIDANCE = "Allowed principal types: [<AuthGroupUrn>, <AuthIdentityUrn>]"


def find_action_scope(state: SandboxState, action: ActionState) -> str | None:
    """Return an action's scope: the one that the state gives, else what its provider introspects to; None if neither is known."""
    if action.action_scope is not None:
        return action.action_scope if action.action_scope in state.scopes else None
    provider = find_provider(to_address(action.action_url, own_url=state.url))
    return None if provider is None else provider.scope


def needed_scopes(state: SandboxState, definition: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the scopes that a definition needs for each role that its actions run as."""
    return scopes_by_role(definition, lambda action: find_action_scope(state, action))


def definition_problems(state: SandboxState, definition: Any) -> list[dict[str, Any]]:
    """Return what is wrong with a definition: its shape, and action providers that nobody knows."""
    problems = find_problems(definition)
    if not problems and not state.settings.accepts_unknown_actions:
        unknown = [action for action in iter_actions(definition) if find_action_scope(state, action) is None]
        problems = [Problem(action.location, _UNKNOWN_ACTION.format(action.action_url)) for action in unknown]
    return [problem.to_document() for problem in problems]


def body_problems(state: SandboxState, body: Mapping[str, Any], *, required: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return what is wrong with the body of a create or an update."""
    problems = [{"loc": [name], "msg": "field required", "type": "value_error.missing"} for name in required if name not in body]
    if "title" in body and not (isinstance(body["title"], str) and 1 <= len(body["title"]) <= 128):
        problems.append({"loc": ["title"], "msg": "1 to 128 characters are wanted", "type": "value_error"})
    if "input_schema" in body and not isinstance(body["input_schema"], dict):
        problems.append({"loc": ["input_schema"], "msg": "value is not a valid dict", "type": "type_error.dict"})
    if "definition" in body:
        problems += definition_problems(state, body["definition"])
    return problems + [problem for name in ROLE_LISTS for problem in _principal_problems(name, body.get(name) or ())]


def _principal_problems(role: str, principals: Any) -> list[dict[str, Any]]:
    """Return the principals that cannot have a role."""
    allowed = (IDENTITY_PRINCIPAL, GROUP_PRINCIPAL, *(EVERYBODY if role in {"flow_viewers", "flow_starters"} else ()))
    wrong = [(number, one) for number, one in enumerate(principals) if not str(one).startswith(allowed)]
    sentence = 'Unrecognized principal string: "{}". ' + _GUIDANCE
    return [{"loc": [role, number], "msg": sentence.format(one), "type": "value_error"} for number, one in wrong]


def publish(state: SandboxState, flow: DeployedFlow) -> None:
    """Keep a flow, and let its scope depend on what its definition names now; its own client can then ask for dependent tokens."""
    state.flows.keep(flow)
    scopes = needed_scopes(state, flow.definition).get("User", ())
    state.scopes[flow.scope] = ScopeEntry(flow.scope, flow.flow_id, f"Run the flow '{flow.title}'", "Globus Flows", scopes)
    secret = known.client_secret if (known := state.clients.get(flow.flow_id)) else secrets.token_urlsafe(24)
    state.clients[flow.flow_id] = Client(flow.flow_id, flow.title, secret)


def withdraw(state: SandboxState, flow: DeployedFlow) -> None:
    """Forget a flow, its scope and every consent to it; its client stays known, for runs that it started."""
    state.flows.remove(flow.flow_id)
    state.scopes.pop(flow.scope, None)
    state.consents.rescind(None, flow.scope)


def with_action_scopes(state: SandboxState, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a definition with the scope of each action written into its state."""
    if not state.settings.adds_action_scopes:
        return definition
    shown = copy.deepcopy(dict(definition))
    scopes = {action.location: find_action_scope(state, action) for action in iter_actions(shown)}
    for location, one in iter_states(shown):
        if scopes.get(location) is not None:
            one["ActionScope"] = scopes[location]
    return shown
