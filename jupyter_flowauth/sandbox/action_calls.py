"""How a run calls an action provider: over HTTP, with a token that the person's consent to the flow allows, and no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from .action_work import find_missing_scope
from .dependents import issue_below
from .deployment import find_action_scope
from .flow_book import to_timestamp, to_urn
from .flow_definitions import ActionState
from .run_book import RunRecord
from .run_refusals import build_details
from .services import ActionProvider, find_provider, to_address
from .state import SandboxState

_MOST_AT_ONCE = 100


class ActionTrouble(Exception):
    """An error by one of the names that a Catch may hold."""

    def __init__(self, error: str, cause: Any) -> None:
        super().__init__(error)
        self.error, self.cause = error, cause


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """What became of an action: its status document, and the scope below the flow's that it wanted, if it wanted one."""

    document: dict[str, Any]
    missing: str | None = None

    @property
    def status(self) -> str:
        """Return the action's status."""
        return str(self.document.get("status"))


class ActionCaller:
    """The part of Flows that talks to action providers."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._http: AsyncHTTPClient | None = None

    def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            self._http.close()

    async def call(self, run: RunRecord, name: str, action: ActionState, body: Any) -> ActionOutcome:
        """Run one action to its end.

        :raises ActionTrouble: `ActionUnableToRun`: there is no such action provider, or it does not answer, or it refuses.
        """
        address = to_address(action.action_url, own_url=self._state.url)
        provider, scope = find_provider(address), find_action_scope(self._state, action)
        if provider is None or scope is None:
            raise ActionTrouble("ActionUnableToRun", f"{action.action_url} does not answer")
        if action.run_as == "User" and not self._is_agreed(run, scope):
            return ActionOutcome(self._held_up(run, name, scope), missing=scope)
        token = self._token(run, scope, action.run_as)
        document = await self._run(f"{self._state.url}/actions/{address}", token, run, body)
        missing = self._missing(provider, token, body) if document.get("status") in {"INACTIVE", "FAILED"} else None
        return ActionOutcome({**document, "state_name": name}, missing=missing)

    def _is_agreed(self, run: RunRecord, scope: str) -> bool:
        """Say whether the person allowed the flow to use this scope."""
        return self._state.consents.has(run.sub, run.client_id, (run.flow.scope, scope), until=run.until)

    def _held_up(self, run: RunRecord, name: str, scope: str) -> dict[str, Any]:
        """Return the status of an action that could not be asked for, as the person's consent does not reach so far."""
        settings, moment = self._state.settings, to_timestamp(self._state.now())
        status = "FAILED" if settings.refuses_at == "failed" else "INACTIVE"
        return {
            "action_id": str(uuid4()),
            "status": status,
            "display_status": status,
            "details": build_details(settings.refusal_shape, scope),
            "creator_id": to_urn(run.sub),
            "start_time": moment,
            "completion_time": moment,
            "state_name": name,
        }

    def _token(self, run: RunRecord, scope: str, run_as: str) -> str:
        """Return a dependent token of the person's, or for another role one of the flow's own identity."""
        flow_id = run.flow.flow_id
        if run_as == "User":
            above = (run.flow.scope,)
            return issue_below(self._state, scope, sub=run.sub, root_client_id=run.client_id, above=above, asked_by=flow_id)
        return issue_below(self._state, scope, sub=flow_id, root_client_id=flow_id, above=(), asked_by=flow_id)

    def _missing(self, provider: ActionProvider, token: str, body: Any) -> str | None:
        """Return the scope below the action provider's own that this body wanted."""
        known = self._state.ledger.find_any(token)
        return None if known is None or not isinstance(body, dict) else find_missing_scope(self._state, provider, known, body)

    async def _run(self, url: str, token: str, run: RunRecord, body: Any) -> dict[str, Any]:
        """Ask for the action, and look at it until it is over."""
        asked = {"request_id": str(uuid4()), "body": body, "label": run.label, "manage_by": [], "monitor_by": []}
        document = await self._fetch(f"{url}/run", token, asked)
        while document.get("status") == "ACTIVE" and run.status == "ACTIVE":
            await asyncio.sleep(self._state.settings.state_seconds)
            document = await self._fetch(f"{url}/{document['action_id']}/status", token)
        return document

    async def _fetch(self, url: str, token: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer to one request."""
        if self._http is None:
            self._http = AsyncHTTPClient(force_instance=True, max_clients=_MOST_AT_ONCE)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        payload = None if body is None else json.dumps(body)
        try:
            response = await self._http.fetch(url, method="GET" if body is None else "POST", headers=headers, body=payload)
            document = json.loads(response.body)
        except HTTPClientError as error:
            text = error.response.body.decode("utf-8", "replace") if error.response is not None else ""
            raise ActionTrouble("ActionUnableToRun", {"status_code": error.code, "text": text}) from None
        except (OSError, ValueError):
            raise ActionTrouble("ActionUnableToRun", "The action provider does not answer as one") from None
        if not isinstance(document, dict) or "action_id" not in document:
            raise ActionTrouble("ActionUnableToRun", "The action provider does not answer as one")
        return document
