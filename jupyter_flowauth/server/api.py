"""``api/…``: what the view asks and tells the server. JSON; every verb wants the Jupyter login, every POST the ``_xsrf`` as well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..code_grant import AuthorizationResponse
from ..errors import ProviderError, StorageError
from ..records import LoginRequest
from ..scopes import parse_requirements
from ..tokens import Account
from .api_values import Values, account_values, login_values, provider_values, result_values
from .done import describe_result
from .guards import ApiHandler, Refusal
from .pasted import judge_paste
from .rungs import SERVED_USER_AGENT, find_way_back, paste_redirect_uri
from .watch import CHANGED_EVENT

_MOST_SCOPES = 50
_MOST_OWN_LOGINS = 5
_LONGEST_BODY = 32_768
_LONGEST_ACCOUNT = 320
# A device login waits for no browser of this server's, but it looks for a *Cancel*.
_CANCELLED_HERE_TOO = frozenset({"device"})

T = TypeVar("T")


class JsonHandler(ApiHandler):
    """An API handler with a JSON object in its request."""

    def read_values(self) -> Values:
        """Return the request's JSON object; an empty body is an empty one.

        :raises Refusal: if it is anything else.
        """
        try:
            values = json.loads(self.request.body or b"{}") if len(self.request.body) <= _LONGEST_BODY else None
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise Refusal(400, "", "The request must be a small JSON object.")
        return values

    async def off_loop(self, work: Callable[[], T]) -> T:
        """Return what a function that may wait for a disk returns, without keeping the server waiting."""
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def find_login(self, login_id: str, *, others: frozenset[str] = frozenset()) -> LoginRequest:
        """Return a login that waits for this server.

        :param others: the user agents besides whose logins may be meant.
        :raises Refusal: if there is none.
        """
        request = self.context.find_waiting(login_id)
        if request is None:
            raise Refusal(404, "", "This login is over. Start it again from your notebook.")
        if request.user_agent not in {SERVED_USER_AGENT, *others}:
            raise Refusal(409, "", "This login goes on elsewhere: look where you started it.")
        return request

    def answer(self, login_id: str, response: AuthorizationResponse) -> None:
        """Leave an answer in the rendezvous, if it is the first one.

        :raises Refusal: if there was one before.
        """
        if not self.context.rendezvous.take(login_id):
            raise Refusal(409, "", "This login was answered already, and goes on with that answer.")
        self.context.rendezvous.write_response(login_id, response)
        self.set_status(204)
        self.finish()


class StatusHandler(JsonHandler):
    """``api/status``: who is logged in, what waits."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with providers, accounts and pending logins."""
        self.context.attend()
        notebooks = await self.context.notebooks()
        self.write_json(await self.off_loop(lambda: self._collect(notebooks)))

    def _collect(self, notebooks: Mapping[int, str]) -> Values:
        unusable: list[StorageError] = []
        accounts, pending = self.context.open_store().accounts(unusable=unusable), self.context.rendezvous.pending()
        uses = self.context.uses()

        def paths_of(account: Account) -> list[str]:
            return sorted({path for pid in uses.get(account.key.digest, ()) if (path := notebooks.get(pid))})

        return {
            "server_id": self.context.server_id,
            "changed_event": CHANGED_EVENT,
            "providers": [provider_values(provider) for provider in self.context.providers().values()],
            "accounts": [{**account_values(account, self.context), "notebooks": paths_of(account)} for account in accounts],
            "problems": [error.message for error in unusable],
            "pending": [{**login_values(asked), "notebook": notebooks.get(asked.process.pid, "")} for asked in pending],
        }


class LoginsHandler(JsonHandler):
    """``api/logins``: logins that this server asks for itself."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start a login. Nobody is logged in by that: the person still has to open its page and agree at the provider."""
        values = self.read_values()
        provider, scopes = values.get("provider"), values.get("scopes", [])
        if not isinstance(provider, str | None) or not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            raise Refusal(400, "", "“provider” is a name, and “scopes” a list of strings.")
        self._validate_scopes(scopes)
        own = [request for request in self.context.rendezvous.pending() if request.asked_by == "server"]
        if len(own) >= _MOST_OWN_LOGINS:
            raise Refusal(429, "", "Enough logins are waiting already: finish one of them, or cancel it.")
        account = values.get("account")
        if account is not None and (not isinstance(account, str) or not 0 < len(account) <= _LONGEST_ACCOUNT):
            raise Refusal(400, "", "“account” is a username, an email or a sub.")
        login_id = await self.context.start_login(provider, tuple(scopes), account=account)
        message = "The login is waiting for you." if login_id else "Nothing is missing: every scope is held already."
        self.write_json({"login_id": login_id, "message": message}, status=201 if login_id else 200)

    def _validate_scopes(self, scopes: list[str]) -> None:
        if len(scopes) > _MOST_SCOPES:
            raise Refusal(400, "", f"At most {_MOST_SCOPES} scopes can be asked for at once.")
        try:
            parse_requirements(scopes)
        except ValueError:
            raise Refusal(400, "", "One of the scopes isn't spelled as a scope can be.") from None


class LoginStatusHandler(JsonHandler):
    """``api/logins/<id>``: one login, judged for the origin that asks."""

    @web.authenticated
    @authorized
    async def get(self, login_id: str) -> None:
        """Answer with a login's status, and with the rung that is open to this browser."""
        request = self.context.rendezvous.read_request(login_id)
        is_taken = self.context.rendezvous.is_taken(login_id)
        goes_on = is_taken or self.context.find_waiting(login_id) is not None
        # Last of all: a login leaves its result before it goes.
        result = self.context.rendezvous.read_result(login_id)
        if result is not None:
            self.write_json(result_values(result, describe_result(self.context, result)))
        elif request is not None and goes_on:
            self.write_json(await self._pending_values(request, is_taken=is_taken))
        else:
            raise Refusal(404, "", "This login is over. Start it again from your notebook.")

    async def _pending_values(self, request: LoginRequest, *, is_taken: bool) -> Values:
        return {
            **login_values(request),
            **await self._rung(request),
            "paste_available": paste_redirect_uri(request) is not None,
            "status": "finishing" if is_taken else "waiting",
            "message": "The login is being finished." if is_taken else "The login is waiting for you.",
        }

    async def _rung(self, request: LoginRequest) -> Values:
        """Return the rung that is open to this browser, and why where that takes saying: on a Hub."""
        try:
            way = await find_way_back(self.context, self.place, request)
        except ProviderError:
            return {"rung": "paste", "rung_reason": ""}
        return {"rung": "server" if way.is_registered else "paste", "rung_reason": way.reason}


class CancelHandler(JsonHandler):
    """``api/logins/<id>/cancel``: the *Cancel* of a card whose kernel is busy waiting."""

    @web.authenticated
    @authorized
    async def post(self, login_id: str) -> None:
        """End a login that waits."""
        request = self.find_login(login_id, others=_CANCELLED_HERE_TOO)
        state, iss = request.authorization.state, request.authorization.issuer
        self.answer(login_id, AuthorizationResponse(redirect_uri="", state=state, iss=iss, error="cancelled", state_checked=True))


class PasteHandler(JsonHandler):
    """``api/logins/<id>/paste``: a code, or the address of the page where the browser ended."""

    @web.authenticated
    @authorized
    async def post(self, login_id: str) -> None:
        """Judge what was pasted, and leave it for the process that asks."""
        request = self.find_login(login_id)
        pasted = self.read_values().get("response")
        if not isinstance(pasted, str):
            raise Refusal(400, "", "“response” is what was pasted, as a string.")
        self.answer(login_id, judge_paste(pasted, request, self.context.rendezvous.read_opening(login_id)))


class AccountHandler(JsonHandler):
    """A handler of one account that is held."""

    async def find_account(self, account_id: str) -> Account:
        """Return an account.

        :raises Refusal: if it isn't held.
        """
        accounts = await self.off_loop(lambda: self.context.open_store().accounts(unusable=[]))
        found = next((account for account in accounts if account.key.digest == account_id), None)
        if found is None:
            raise Refusal(404, "", "This account isn't held here any more.")
        return found


class LogoutHandler(AccountHandler):
    """``api/accounts/<id>/logout``: forget an account."""

    @web.authenticated
    @authorized
    async def post(self, account_id: str) -> None:
        """Forget an account here, and revoke its tokens at the provider."""
        revoke: Any = self.read_values().get("revoke", True)
        if not isinstance(revoke, bool):
            raise Refusal(400, "", "“revoke” is true or false.")
        account = await self.find_account(account_id)
        ending = await self.context.end_account(account, revoke=revoke)
        self.write_json({"revoked": ending.revoked, "cleared": True, "message": ending.message})


class RefreshHandler(AccountHandler):
    """``api/accounts/<id>/refresh``: renew an account's tokens now, and not only when they are needed."""

    @web.authenticated
    @authorized
    async def post(self, account_id: str) -> None:
        """Renew what can be renewed."""
        self.write_json({"message": await self.context.refresh_account(await self.find_account(account_id))})
