"""The action providers' routes."""

from __future__ import annotations

import json
from typing import Any

from .action_book import ActionRecord
from .action_work import BadAction, start_action
from .ledger import IssuedToken
from .refusals import ApiRefusal
from .resource import BearerHandler
from .services import ActionProvider, find_provider


class ActionHandler(BearerHandler):
    """A handler of one action provider: the path says which, and what is wanted of it (`introspect`, `run`, or an action's id and verb)."""

    async def prepare(self) -> None:
        """Find out which action provider is meant, for counters and faults: `action_run:search`, `action_introspect:hello`."""
        address = str(self.path_kwargs.get("address", "")).rstrip("/")
        provider = find_provider(address)
        if provider is None:
            raise ApiRefusal(404, {"code": "NotFound", "description": "There is no action provider here"})
        self.provider: ActionProvider = provider
        self.resource_server = self.state.scopes[provider.scope].resource_server
        self.endpoint = f"action_{self.path_kwargs.get('verb') or 'introspect'}:{provider.name}"
        await super().prepare()

    def unauthorized(self) -> dict[str, Any]:
        """Return an action provider's body for 401."""
        return {"code": "Unauthorized", "description": "The token is missing, dead, or another service's", "status": 401}

    def lacking(self, any_of: tuple[str, ...]) -> dict[str, Any]:
        """Return an action provider's body for 403."""
        return {"code": "Forbidden", "description": f"The token lacks the scope {any_of[0]}", "status": 403}

    def get(self, address: str, verb: str | None = None, action_id: str | None = None) -> None:
        """Introspect, which anybody may; or look at an action."""
        if verb is None:
            self.finish(self.provider.to_document())
            return
        if verb != "status":
            raise ApiRefusal(405, {"code": "MethodNotAllowed", "description": "POST is wanted"})
        action = self._find(action_id)
        action.look(now=self.state.now())
        self.finish(action.to_document())

    def post(self, address: str, verb: str | None = None, action_id: str | None = None) -> None:
        """Run, cancel or release an action."""
        if verb == "run":
            self._run(self.require(self.provider.scope))
            return
        if verb not in {"cancel", "release"}:
            raise ApiRefusal(405, {"code": "MethodNotAllowed", "description": "GET is wanted"})
        action = self._find(action_id)
        if verb == "release":
            self.state.actions.release(action)
        elif action.completed is None:
            action.status, action.completed = "FAILED", self.state.now()
        self.finish(action.to_document())

    def _run(self, token: IssuedToken) -> None:
        """Start an action; the same request again gets the same action."""
        try:
            body = json.loads(self.request.body or b"{}")
            request_id = str(body["request_id"])
            known = self.state.actions.find_request(self.provider.name, request_id, token.grant.sub)
            action = known or start_action(self.state, self.provider, token, request_id, body)
        except (ValueError, KeyError, TypeError) as error:
            said = str(error) if isinstance(error, BadAction) else "'request_id' and 'body' are required properties"
            raise ApiRefusal(400, {"code": "BadRequest", "description": said, "status": 400}) from None
        self.state.actions.keep(action)
        if known is None and action.looks_left == 0:
            action.look(now=self.state.now())
        self.set_status(202)
        self.finish(action.to_document())

    def _find(self, action_id: str | None) -> ActionRecord:
        """Return the person's action of that id."""
        token = self.require(self.provider.scope)
        action = self.state.actions.find(self.provider.name, action_id or "", token.grant.sub)
        if action is None:
            raise ApiRefusal(404, {"code": "NotFound", "description": f"No Action with id {action_id}", "status": 404})
        return action
