"""What each action provider does when it is asked: nothing outside this sandbox, and an answer shaped as Globus's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from .action_book import ActionRecord
from .catalogue import TRANSFER_ALL
from .ledger import IssuedToken
from .run_refusals import build_details
from .scope_tree import build_path
from .services import COLLECTIONS, ActionProvider
from .state import SandboxState


class BadAction(ValueError):
    """A body that an action provider cannot work with."""


def start_action(
    state: SandboxState, provider: ActionProvider, token: IssuedToken, request_id: str, body: Mapping[str, Any]
) -> ActionRecord:
    """Return a new action, its work done and counted, or held up by a consent that is missing.

    :raises BadAction: the body is not one that this action provider takes.
    """
    action = ActionRecord(provider.name, request_id, token.grant.sub, body.get("label"), state.now())
    inner = body.get("body")
    if not isinstance(inner, dict):
        raise BadAction("'body' is a required property")
    details = _build_details(state, provider, inner)
    needed = find_missing_scope(state, provider, token, inner)
    if needed is not None:
        action.status = "FAILED" if state.settings.refuses_at == "failed" else "INACTIVE"
        action.details = build_details(state.settings.refusal_shape, needed)
        return action
    state.counters[f"action:{provider.name}"] += 1
    action.looks_left = 0 if provider.is_synchronous else 1
    failed = {"code": "ActionFailed", "description": f"{provider.title} could not do it"}
    is_failing = provider.name in state.settings.failing_actions
    action.status, action.details = ("FAILED", failed) if is_failing else ("SUCCEEDED", details)
    return action


def find_missing_scope(state: SandboxState, provider: ActionProvider, token: IssuedToken, body: Mapping[str, Any]) -> str | None:
    """Return the scope, from the action provider's own down, that this body needs and that was not agreed to; None if all was."""
    for path in _needed_paths(provider, body):
        whole = (*token.above, *path)
        # An action that runs as the flow itself rests on no person's consents.
        if token.root_client_id != token.grant.sub and not state.consents.has(token.grant.sub, token.consented_client_id, whole):
            return str(build_path(*path))
    return None


def _needed_paths(provider: ActionProvider, body: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the paths of scopes that a body needs beside the action provider's own."""
    if provider.name in {"transfer", "old_transfer"}:
        named = {
            str(body.get(name)) for name in ("source_endpoint", "destination_endpoint", "source_endpoint_id", "destination_endpoint_id")
        }
        to_transfer = (provider.scope,) if provider.scope == TRANSFER_ALL else (provider.scope, TRANSFER_ALL)
        return [(*to_transfer, one.data_access) for one in COLLECTIONS if one.is_mapped and one.collection_id in named]
    if provider.name == "hello" and body.get("required_dependent_scope"):
        return [(provider.scope, str(body["required_dependent_scope"]))]
    return []


def _build_details(state: SandboxState, provider: ActionProvider, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the action gives if nothing is in its way."""
    if provider.name == "compute":
        return _compute(state, body)
    if provider.name == "search":
        return _ingest(body)
    if provider.name == "hello":
        return {"Hello": "World", "hello": str(body.get("echo_string", ""))}
    return _transfer(body)


def _compute(state: SandboxState, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return results of functions, as the settings have them: the sandbox runs no code (fields: Globus Compute's documentation)."""
    tasks = body.get("tasks") or ([body] if "function" in body else [])
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks) or not tasks:
        raise BadAction("'tasks' is a required property")
    outputs = [_compute_output(state, task) for task in tasks]
    return {"result": outputs, "results": [{"output": output, "task_id": str(uuid4())} for output in outputs]}


def _compute_output(state: SandboxState, task: Mapping[str, Any]) -> Any:
    """Return what one function gives."""
    function_id = str(task.get("function_id") or task.get("function") or "")
    name = state.functions.get(function_id)
    if name is None:
        raise BadAction(f"There is no function {function_id!r}")
    arguments = task.get("kwargs") or task.get("payload") or {}
    return state.settings.compute_outputs.get(name, {"function": name, "arguments": arguments})


def _ingest(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an ingest task's end."""
    if not body.get("search_index"):
        raise BadAction("'search_index' is a required property")
    return {"index_id": body["search_index"], "task_id": str(uuid4()), "task_type": "INGEST", "state": "SUCCESS", "message": None}


def _transfer(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a transfer task's end (fields: Globus Transfer's action provider's documentation)."""
    source, destination = (body.get(name) or body.get(f"{name}_id") for name in ("source_endpoint", "destination_endpoint"))
    items = body.get("DATA") or body.get("transfer_items")
    if not source or not destination or not items:
        raise BadAction("'source_endpoint', 'destination_endpoint' and 'DATA' are required properties")
    return {
        "DATA_TYPE": "task",
        "task_id": str(uuid4()),
        "type": "TRANSFER",
        "status": "SUCCEEDED",
        "source_endpoint_id": source,
        "destination_endpoint_id": destination,
        "files": len(items),
        "files_transferred": len(items),
    }
