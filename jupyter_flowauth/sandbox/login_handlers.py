"""The pages a person meets: authorize, login, consent, and the page that shows a code."""

from __future__ import annotations

import hmac
import re
import secrets

from . import pages
from .authorize import AuthorizeRequest, validate_authorize_request, validate_client, validate_redirect_uri, validate_scopes
from .catalogue import User
from .ledger import Grant
from .refusals import PageRefusal, RedirectRefusal
from .state import PendingLogin
from .web import SandboxHandler

_PREFIX = re.compile(r"(/[A-Za-z0-9._~%@+-]+)*/?")


class PersonHandler(SandboxHandler):
    """A handler that a browser with cookies talks to."""

    def cookie_name(self, kind: str) -> str:
        """Return a cookie's name: cookies don't know ports, so each sandbox has names of its own."""
        return f"sandbox_{kind}_{self.state.cookie_suffix}"

    def cookie_path(self) -> str:
        """Return the path below which the pages are served, which a proxy may say in X-Forwarded-Prefix."""
        prefix = self.request.headers.get("X-Forwarded-Prefix", "")
        return prefix.rstrip("/") + "/" if _PREFIX.fullmatch(prefix) else "/"

    def read_cookie(self, kind: str) -> str | None:
        """Return one of the sandbox's cookies."""
        return self.get_cookie(self.cookie_name(kind))

    def keep_cookie(self, kind: str, value: str) -> None:
        """Set one of the sandbox's cookies, out of reach of scripts and of other sites' forms."""
        self.set_cookie(self.cookie_name(kind), value, path=self.cookie_path(), httponly=True, samesite="Lax")

    def ensure_browser_id(self) -> str:
        """Return the mark of this browser, made on its first visit."""
        browser_id = self.read_cookie("browser") or secrets.token_urlsafe(32)
        self.keep_cookie("browser", browser_id)
        return browser_id

    def find_pending(self) -> tuple[str, PendingLogin]:
        """Return the login that this page belongs to."""
        request_id = self.get_argument("request", "")
        return request_id, self.state.find_pending(request_id, self.read_cookie("browser"))

    def is_form_of(self, request_id: str, browser_id: str) -> bool:
        """Tell whether a posted form is the one that this browser was shown."""
        token = self.get_body_argument("csrf", "")
        return hmac.compare_digest(token.encode(), self.state.form_token(request_id, browser_id).encode())

    def build_form(self, request_id: str, pending: PendingLogin) -> pages.Form:
        """Return the fields of this login's forms."""
        return pages.Form(request_id, self.state.form_token(request_id, pending.browser_id))

    def find_posted(self) -> tuple[str, PendingLogin]:
        """Return the login that a form belongs to.

        :raises PageRefusal: the form is not one that this browser was shown.
        """
        request_id, pending = self.find_pending()
        if not self.is_form_of(request_id, pending.browser_id):
            sentence = "The form does not belong to this login. Start again from the application."
            raise PageRefusal("This form is not ours", sentence, status=403)
        return request_id, pending

    def shown_name(self, user: User) -> str:
        """Return the name to show for a user."""
        return self.state.settings.display_names.get(user.login, user.name)


class AuthorizeHandler(PersonHandler):
    """The authorization endpoint."""

    endpoint = "authorize"

    def get(self) -> None:
        """Check the request, and send the browser to login or consent."""
        request = self._validate_request()
        session = self._usable_session(request)
        if "none" in request.prompts:
            raise self._silent_refusal(request, session)
        request_id = self.state.add_pending(request, self.ensure_browser_id())
        if session is not None:
            self.state.choose_user(request_id, session[0], auth_time=session[1])
        page = "login" if session is None else "consent"
        self.send_to(f"../../p/{page}?request={request_id}")

    def _validate_request(self) -> AuthorizeRequest:
        """Return the request, each part checked in the order in which it can be trusted."""
        params = {name: [value.decode("utf-8", "replace") for value in values] for name, values in self.request.query_arguments.items()}
        self.state.authorize_requests.append({name: values[0] for name, values in params.items()})
        client = validate_client(params, self.state.clients)
        any_path = self.state.settings.loopback_any_path
        redirect_uri = validate_redirect_uri(params, client, registered=self.state.registered(client), loopback_any_path=any_path)
        scopes = self.state.expand(validate_scopes(params, self.state.scopes.keys()))
        return validate_authorize_request(params, client, redirect_uri, scopes)

    def _usable_session(self, request: AuthorizeRequest) -> tuple[User, float] | None:
        """Return the login session that may answer: none if a new login, or somebody else, is wanted."""
        session = self.state.find_session(self.read_cookie("session"))
        hinted = self.state.find_user_by_hint(request.login_hint)
        if session is None or request.prompts & {"login", "select_account"} or hinted not in {None, session[0]}:
            return None
        return session

    def _silent_refusal(self, request: AuthorizeRequest, session: tuple[User, float] | None) -> RedirectRefusal:
        """Return what prompt=none gets: here somebody always has to press a button."""
        error = "login_required" if session is None else "consent_required"
        return RedirectRefusal(error, "Nobody was asked").with_address(request.redirect_uri, request.state)


class LoginHandler(PersonHandler):
    """The page that asks who you are."""

    endpoint = "login"

    def get(self) -> None:
        """Show the users."""
        request_id, pending = self.find_pending()
        hinted = self.state.find_user_by_hint(pending.request.login_hint)
        names = dict(self.state.settings.display_names)
        form = self.build_form(request_id, pending)
        self.send_page(pages.build_login_page(pending.request.client, self.state.users.values(), form, hinted=hinted, names=names))

    def post(self) -> None:
        """Log the chosen user in, in a new session, and go on to consent."""
        request_id, _pending = self.find_posted()
        user = self.state.users.get(self.get_body_argument("user", ""))
        if user is None:
            raise PageRefusal("Unknown user", "There is nobody of that name here.")
        self.state.close_session(self.read_cookie("session"))
        self.keep_cookie("session", self.state.open_session(user))
        self.state.choose_user(request_id, user, auth_time=self.state.now())
        self.send_to(f"consent?request={request_id}")


class ConsentHandler(PersonHandler):
    """The page that asks for the scopes."""

    endpoint = "consent"

    def get(self) -> None:
        """Show the scopes; a confidential client that has them all goes on without a page."""
        request_id, pending = self.find_pending()
        request, user = pending.request, pending.user
        if user is None:
            self.send_to(f"login?request={request_id}")
            return
        sub, client_id, consents = user.sub, request.client.client_id, self.state.consents
        # RFC 8252 8.6: a public client cannot prove who it is, so its requests are never answered "without user consent or interaction".
        if not request.client.is_public and "consent" not in request.prompts and consents.covers(sub, client_id, request.scopes):
            self._allow(request_id, pending, user)
            return
        form, name = self.build_form(request_id, pending), self.shown_name(user)
        page = pages.build_consent_page(
            request.client,
            user,
            name,
            request.scopes,
            self.state.scopes,
            form,
            is_old=lambda path: consents.has(sub, client_id, path),
            is_offline=request.is_offline,
        )
        self.send_page(page)

    def post(self) -> None:
        """Take the decision, once."""
        request_id, pending = self.find_posted()
        decision = self.get_body_argument("decision", "")
        if pending.user is None or decision not in {"allow", "deny"}:
            raise PageRefusal("No decision", "The form said neither Allow nor Deny.")
        if decision == "allow":
            self._allow(request_id, pending, pending.user)
        else:
            self._deny(request_id, pending)

    def _allow(self, request_id: str, pending: PendingLogin, user: User) -> None:
        """Send the browser back with a code; with access_denied if the settings withhold every scope."""
        grant = self.state.grant(pending, user)
        if not grant.scopes:
            self._deny(request_id, pending)
            return
        self.state.close_pending(request_id)
        if pending.user_code:
            self._tell_device(pending, grant)
            return
        code = self.state.ledger.issue_code(grant, expires_at=self.state.now() + self.state.settings.code_lifetime)
        self.state.counters["codes_issued"] += 1
        self.send_to_client(pending.request.redirect_uri, {"code": code, "state": pending.request.state})

    def _deny(self, request_id: str, pending: PendingLogin) -> None:
        """Send the browser back with access_denied."""
        self.state.close_pending(request_id)
        if pending.user_code:
            self._tell_device(pending, None)
            return
        refusal = RedirectRefusal("access_denied", self.state.settings.denial_description)
        raise refusal.with_address(pending.request.redirect_uri, pending.request.state)

    def _tell_device(self, pending: PendingLogin, grant: Grant | None) -> None:
        """Let the device that waits know the decision, and show here that it does."""
        if not self.state.devices.decide(pending.user_code, grant, now=self.state.now()):
            raise PageRefusal("This code is over", "It has expired, or was answered already. Start again where it is shown.")
        self.send_page(pages.build_device_done_page(is_allowed=grant is not None))


class CodePageHandler(PersonHandler):
    """The page that shows a code, for applications that cannot be sent back to."""

    endpoint = "auth_code"

    def get(self) -> None:
        """Show the code, if it is one of ours; else say what happened."""
        if self.get_query_argument("error", ""):
            raise PageRefusal("Not allowed", "You did not agree, so there is no code.", status=200)
        code = self.get_query_argument("code", "")
        if self.state.ledger.find_code(code) is None:
            raise PageRefusal("No code", "There is no such code. Start again from the application.")
        self.send_page(pages.build_code_page(code))
