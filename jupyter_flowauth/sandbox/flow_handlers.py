"""The Flows service's routes for flows."""

from __future__ import annotations

import json
from typing import Any

from .deployment import body_problems, definition_problems, needed_scopes, publish, with_action_scopes, withdraw
from .flow_book import DeployedFlow, build_flow, change_flow, to_timestamp
from .ledger import IssuedToken
from .refusals import ApiRefusal
from .resource import BearerHandler
from .run_engine import RunEngine
from .run_refusals import build_error, build_missing_scope
from .services import FLOWS, FLOWS_ALL, MANAGE_FLOWS, VIEW_FLOWS
from .state import SandboxState

_PAGE = 20


class FlowsHandler(BearerHandler):
    """A handler of the Flows service: it takes Flows' own tokens, and a flow's for what concerns that flow."""

    resource_server = FLOWS
    engine: RunEngine

    def initialize(self, state: SandboxState, *, engine: RunEngine) -> None:  # type: ignore[override]  # tornado hands it the route's options
        """Keep the state and the interpreter at hand."""
        super().initialize(state)
        self.engine = engine

    def unauthorized(self) -> dict[str, Any]:
        """Return Flows' body for 401."""
        return build_error("AUTHENTICATION_ERROR", "Expired or invalid Bearer token")

    def forbidden(self, any_of: tuple[str, ...]) -> ApiRefusal:
        """Return Flows' 403 for a missing scope, which it says in words alone."""
        return ApiRefusal(403, build_missing_scope(any_of[0]))

    def require_for(self, flow: DeployedFlow | None, *any_of: str) -> IssuedToken:
        """Return the token of this request: the flow's own, or one of Flows' with one of the scopes."""
        token = self.read_token()
        if token is not None and flow is not None and flow.scope in token.scopes:
            return token
        return self.require(*any_of, FLOWS_ALL)

    def read_json(self) -> dict[str, Any]:
        """Return the body.

        :raises ApiRefusal: 422: it is no JSON object.
        """
        try:
            body = json.loads(self.request.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise unprocessable([{"loc": [], "msg": "A JSON object is wanted", "type": "value_error"}])
        return body

    def page_of(self, name: str, documents: list[dict[str, Any]], *, size: int = _PAGE) -> dict[str, Any]:
        """Return one page of a listing, from the request's marker on."""
        marker = self.get_query_argument("marker", "") or "0"
        start = int(marker) if marker.isdecimal() else 0
        more = start + size < len(documents)
        following = str(start + size) if more else None
        return {name: documents[start : start + size], "limit": size, "has_next_page": more, "marker": following}

    def show_flow(self, flow: DeployedFlow, sub: str) -> dict[str, Any]:
        """Return what an identity sees of a flow."""
        document = flow.to_document(sub, service_url=self.state.url)
        return {**document, "definition": with_action_scopes(self.state, flow.definition)}

    def find_flow(self, flow_id: str, *any_of: str) -> tuple[DeployedFlow, str]:
        """Return a flow that the person of this request may see, and the person's sub.

        :raises ApiRefusal: 404: there is none, or it is not for her to see.
        """
        flow = self.state.flows.find(flow_id)
        sub = self.require_for(flow, *any_of).grant.sub
        if flow is None or not flow.roles(sub):
            raise ApiRefusal(404, build_error("NOT_FOUND", f"No Flow exists with id value {flow_id}"))
        return flow, sub


def unprocessable(problems: list[dict[str, Any]]) -> ApiRefusal:
    """Return Flows' 422."""
    said = "; ".join(".".join(map(str, ["$", *problem["loc"]])) + ": " + problem["msg"] for problem in problems)
    message = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} in body. {said}"
    return ApiRefusal(422, build_error("UNPROCESSABLE_ENTITY", problems, message=message))


def lacking_permission(flow: DeployedFlow, permission: str) -> ApiRefusal:
    """Return Flows' 403 for somebody whose role is not enough."""
    sentence = "You do not have the necessary permissions to perform this action on the flow with id value"
    return ApiRefusal(403, build_error("FORBIDDEN", f"{sentence} {flow.flow_id}. Missing permissions: {permission}."))


class FlowListHandler(FlowsHandler):
    """All flows."""

    endpoint = "flows"

    def get(self) -> None:
        """List the flows that the person may see, filtered by role and by text."""
        sub = self.require(VIEW_FLOWS, MANAGE_FLOWS, FLOWS_ALL).grant.sub
        wanted = set(filter(None, self.get_query_argument("filter_roles", "").split(",")))
        text = self.get_query_argument("filter_fulltext", "").lower()
        found = [flow for flow in self.state.flows.visible(sub) if not wanted or wanted & set(flow.roles(sub))]
        self.finish(self.page_of("flows", [self.show_flow(flow, sub) for flow in found if text in flow.title.lower()]))

    def post(self) -> None:
        """Deploy a flow; its scope exists from now on."""
        sub, body = self.require(MANAGE_FLOWS, FLOWS_ALL).grant.sub, self.read_json()
        if problems := body_problems(self.state, body, required=("title", "definition", "input_schema")):
            raise unprocessable(problems)
        flow = build_flow(sub, body, now=self.state.now())
        publish(self.state, flow)
        self.state.counters["flows_created"] += 1
        self.set_status(201)
        self.finish(self.show_flow(flow, sub))


class FlowHandler(FlowsHandler):
    """One flow."""

    endpoint = "flow"

    def get(self, flow_id: str) -> None:
        """Show it to who may see it."""
        flow, sub = self.find_flow(flow_id, VIEW_FLOWS, MANAGE_FLOWS)
        self.finish(self.show_flow(flow, sub))

    def put(self, flow_id: str) -> None:
        """Change it; its scope depends on other scopes from now on, if other action providers are named."""
        flow, sub = self._manageable(flow_id)
        body = self.read_json()
        if problems := body_problems(self.state, body):
            raise unprocessable(problems)
        changed = change_flow(flow, body, now=self.state.now())
        publish(self.state, changed)
        self.state.counters["flows_updated"] += 1
        self.finish(self.show_flow(changed, sub))

    def delete(self, flow_id: str) -> None:
        """Take it away, and its scope with it."""
        flow, sub = self._manageable(flow_id)
        withdraw(self.state, flow)
        self.finish({**self.show_flow(flow, sub), "DELETED": True, "deleted_at": to_timestamp(self.state.now())})

    def _manageable(self, flow_id: str) -> tuple[DeployedFlow, str]:
        """Return the flow if the person may change it."""
        self.require(MANAGE_FLOWS, FLOWS_ALL)
        flow, sub = self.find_flow(flow_id, MANAGE_FLOWS)
        if not flow.may_manage(sub):
            raise lacking_permission(flow, "UPDATE")
        return flow, sub


class FlowValidationHandler(FlowsHandler):
    """The check of a definition that is not deployed."""

    endpoint = "flow_validation"

    def post(self) -> None:
        """Say which scopes it needs, or what is wrong with it."""
        self.require(MANAGE_FLOWS, FLOWS_ALL)
        body = self.read_json()
        if problems := definition_problems(self.state, body.get("definition")):
            raise unprocessable(problems)
        self.finish({"scopes": {role: list(scopes) for role, scopes in needed_scopes(self.state, body["definition"]).items()}})
