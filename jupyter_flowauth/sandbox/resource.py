"""What wants a bearer: userinfo, consents, and a small service shaped as Globus Transfer and Globus Groups."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from .catalogue import AUTH, COLLECTION_ID, GROUPS, GROUPS_ALL, TRANSFER, TRANSFER_ALL, VIEW_CONSENTS, VIEW_MY_GROUPS, User
from .consents import build_consents_document
from .ledger import IssuedToken
from .refusals import ApiRefusal
from .services import COLLECTIONS
from .signing import build_claims
from .web import SandboxHandler

_EPOCH = "2026-11-01T09:00:00+00:00"


class BearerHandler(SandboxHandler):
    """A handler of one resource server: it takes that server's tokens and no others."""

    resource_server = AUTH

    def read_token(self) -> IssuedToken | None:
        """Return the token of this request if it is alive, whatever it is for."""
        scheme, _, text = self.request.headers.get("Authorization", "").partition(" ")
        return self.state.ledger.find_access(text.strip(), now=self.state.now()) if scheme.lower() == "bearer" else None

    def require(self, *any_of: str) -> IssuedToken:
        """Return the token of this request, which must be alive, for this server, and hold one of the scopes (if any are named).

        :raises ApiRefusal: 401 without such a token, 403 without the scope.
        """
        token = self.read_token()
        if token is None or token.resource_server != self.resource_server:
            error = ', error="invalid_token"' if " " in self.request.headers.get("Authorization", "") else ""
            raise ApiRefusal(401, self.unauthorized(), challenge=f'Bearer realm="{self.resource_server}"{error}')
        if any_of and not set(any_of) & set(token.scopes):
            raise self.forbidden(any_of)
        return token

    def forbidden(self, any_of: tuple[str, ...]) -> ApiRefusal:
        """Return the refusal of a token that lacks a scope (RFC 6750 3.1)."""
        challenge = f'Bearer realm="{self.resource_server}", error="insufficient_scope", scope="{any_of[0]}"'
        return ApiRefusal(403, self.lacking(any_of), challenge=challenge)

    def unauthorized(self) -> dict[str, Any]:
        """Return this service's body for 401."""
        return _auth_error("401", "UNAUTHORIZED", "Call must be authenticated", "Unauthorized")

    def lacking(self, any_of: tuple[str, ...]) -> dict[str, Any]:
        """Return this service's body for a missing scope."""
        return _auth_error("403", "FORBIDDEN", f"The token lacks the scope {any_of[0]}", "Forbidden")

    def person(self, token: IssuedToken) -> User:
        """Return whose token it is."""
        return self.state.find_person(token.grant.sub)


def _auth_error(status: str, code: str, detail: str, title: str) -> dict[str, Any]:
    """Return an error as Globus Auth words it."""
    entry = {"status": status, "id": str(uuid4()), "code": code, "detail": detail, "title": title}
    return {"errors": [entry], "error": title.lower(), "error_description": title}


class UserinfoHandler(BearerHandler):
    """The userinfo endpoint."""

    endpoint = "userinfo"

    def get(self) -> None:
        """Say who the token's person is, as far as its scopes allow."""
        token = self.require("openid")
        self.finish(build_claims(self.person(token), token.scopes, self.state.settings))

    def post(self) -> None:
        """Do as GET does (OpenID Connect Core 5.3.1)."""
        self.get()


class ConsentsHandler(BearerHandler):
    """The consents API."""

    endpoint = "consents"

    def get(self, identity_id: str) -> None:
        """Show the token's person's consents: those of its client, or with view_consents all of them."""
        wants_all = self.get_query_argument("all", "false").lower() == "true"
        token = self.require(*([VIEW_CONSENTS] if wants_all else []))
        if identity_id != token.grant.sub:
            raise ApiRefusal(403, _auth_error("403", "FORBIDDEN", "These are another identity's consents", "Forbidden"))
        consents = self.state.consents.given(identity_id, None if wants_all else token.grant.client_id)
        self.finish(build_consents_document(consents, self.state.scopes))


class TransferHandler(BearerHandler):
    """A handler of the transfer-shaped service."""

    resource_server = TRANSFER

    def unauthorized(self) -> dict[str, Any]:
        """Return Transfer's body for 401."""
        return self._error("AuthenticationFailed", "Token is not active")

    def lacking(self, any_of: tuple[str, ...]) -> dict[str, Any]:
        """Return Transfer's body for 403."""
        return self._error("PermissionDenied", f"The token lacks the scope {any_of[0]}")

    def _error(self, code: str, message: str) -> dict[str, Any]:
        """Return an error as Transfer words it."""
        return {"code": code, "message": message, "request_id": str(uuid4())[:9], "resource": self.request.path.removeprefix("/v0.10")}


class TaskListHandler(TransferHandler):
    """A person's transfers: always the same one."""

    endpoint = "task_list"

    def get(self) -> None:
        """List the tasks."""
        owner = self.person(self.require(TRANSFER_ALL))
        task = {
            "DATA_TYPE": "task",
            "task_id": str(uuid5(NAMESPACE_URL, f"task:{owner.sub}")),
            "type": "TRANSFER",
            "status": "SUCCEEDED",
            "label": "Sandbox transfer",
            "owner_id": owner.sub,
            "source_endpoint_id": COLLECTION_ID,
            "source_endpoint_display_name": "Sandbox Collection",
            "destination_endpoint_id": COLLECTION_ID,
            "destination_endpoint_display_name": "Sandbox Collection",
            "request_time": _EPOCH,
            "completion_time": _EPOCH,
            "files": 3,
            "files_transferred": 3,
            "bytes_transferred": 4096,
        }
        self.finish({"DATA_TYPE": "task_list", "DATA": [task], "length": 1, "limit": 1000, "offset": 0, "total": 1})


class EndpointSearchHandler(TransferHandler):
    """The collections there are."""

    endpoint = "endpoint_search"

    def get(self) -> None:
        """List the collections whose name holds the text searched for."""
        self.require(TRANSFER_ALL)
        wanted = self.get_query_argument("filter_fulltext", "").lower()
        data = [
            {"DATA_TYPE": "endpoint", "id": one.collection_id, "display_name": one.name, "entity_type": one.entity_type}
            for one in COLLECTIONS
            if wanted in one.name.lower()
        ]
        self.finish({"DATA_TYPE": "endpoint_list", "DATA": data, "offset": 0, "limit": 100, "has_next_page": False})


class MyGroupsHandler(BearerHandler):
    """A person's groups: always the same one."""

    endpoint = "my_groups"
    resource_server = GROUPS

    def get(self) -> None:
        """List the groups."""
        person = self.person(self.require(VIEW_MY_GROUPS, GROUPS_ALL))
        group_id = str(uuid5(NAMESPACE_URL, "sandbox-group"))
        membership = {"group_id": group_id, "identity_id": person.sub, "username": person.username, "role": "member", "status": "active"}
        group = {
            "id": group_id,
            "name": "Sandbox Group",
            "description": "Everybody in the sandbox",
            "parent_id": None,
            "group_type": "regular",
            "enforce_session": False,
            "session_limit": 28800,
            "session_timeouts": {},
            "my_memberships": [membership],
            "policies": {"group_visibility": "private", "group_members_visibility": "managers"},
        }
        self.set_header("Content-Type", "application/json")
        self.finish(_to_json_list([group]))

    def unauthorized(self) -> dict[str, Any]:
        """Return Groups' body for 401."""
        return {"error": {"code": "UNAUTHORIZED", "detail": "The token is not active", "request_id": str(uuid4())}}

    def lacking(self, any_of: tuple[str, ...]) -> dict[str, Any]:
        """Return Groups' body for 403: MISSING_SCOPE names the scope in words only, and is no GARE."""
        detail = f"This action requires the following scope: {any_of[0]}"
        return {"error": {"code": "MISSING_SCOPE", "detail": detail, "request_id": str(uuid4())}}


def _to_json_list(items: list[dict[str, Any]]) -> str:
    """Return JSON with a list at its top, which Tornado's finish() will not write."""
    return json.dumps(items)
