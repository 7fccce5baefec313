"""The device authorization endpoint, and the page where a person enters the code that another device shows."""

from __future__ import annotations

from . import pages
from .authorize import AuthorizeRequest, Params, validate_challenge, validate_scopes
from .catalogue import Client
from .login_handlers import PersonHandler
from .pages import Form
from .refusals import ApiRefusal, PageRefusal, RedirectRefusal, TokenRefusal
from .state import DEVICE_PAGE_PATH
from .token_handlers import BackChannelHandler

_MOST_WRONG_CODES = 10
_FORM_NAME = "device"


class DeviceAuthorizationHandler(BackChannelHandler):
    """The device authorization endpoint (RFC 8628 3.1)."""

    endpoint = "device"

    def post(self) -> None:
        """Answer with a device code for the client and a user code for the person."""
        settings = self.state.settings
        if not settings.offers_device:
            raise ApiRefusal(404, {"error": "not_found"})
        form, client = self.read_form()
        if settings.device_refusal:
            raise TokenRefusal(settings.device_refusal, "This client may not use device codes")
        request = self._validate_request({name: [value] for name, value in form.items()}, client)
        expires_at = self.state.now() + settings.device_code_lifetime
        device_code, added = self.state.devices.add(request, expires_at=expires_at, interval=settings.device_interval)
        page = self.state.url + DEVICE_PAGE_PATH
        self.finish(
            {
                "device_code": device_code,
                "user_code": added.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={added.user_code}",
                "expires_in": settings.device_code_lifetime,
                "interval": settings.device_interval,
            }
        )

    def _validate_request(self, params: Params, client: Client) -> AuthorizeRequest:
        """Return the request; scopes and PKCE are judged as at the authorization endpoint, and refused as at the token endpoint."""
        try:
            scopes = self.state.expand(validate_scopes(params, self.state.scopes.keys()))
            challenge = validate_challenge(params, client)
        except PageRefusal as refusal:
            raise TokenRefusal("invalid_scope", refusal.sentence) from None
        except RedirectRefusal as refusal:
            raise TokenRefusal(refusal.error, refusal.description) from None
        hint = params["login_hint"][0] if "login_hint" in params else None
        return AuthorizeRequest(client, "", scopes, None, None, challenge, is_offline=True, prompts=frozenset(), login_hint=hint)


class DevicePageHandler(PersonHandler):
    """The page where a person enters the code."""

    endpoint = "device_page"

    def get(self) -> None:
        """Ask for the code; one that is in the address is filled in, and still has to be confirmed."""
        browser_id = self.ensure_browser_id()
        form = Form(_FORM_NAME, self.state.form_token(_FORM_NAME, browser_id))
        self.send_page(pages.build_device_page(form, user_code=self.get_query_argument("user_code", "")))

    def post(self) -> None:
        """Go on to login and consent with the request that the code means."""
        browser_id = self.read_cookie("browser") or ""
        if not self.is_form_of(_FORM_NAME, browser_id):
            raise PageRefusal("This form is not ours", "Open the page anew, and enter the code again.", status=403)
        if self.state.wrong_codes[browser_id] >= _MOST_WRONG_CODES:
            raise PageRefusal("Too many wrong codes", "Start again where the code is shown.", status=429)
        found = self.state.devices.find_open(self.get_body_argument("user_code", ""), now=self.state.now())
        if found is None:
            self.state.wrong_codes[browser_id] += 1
            raise PageRefusal("No such code", "It was mistyped, has expired, or was used. Look again where it is shown.")
        request_id = self.state.add_pending(found.request, browser_id, user_code=found.user_code)
        session = self.state.find_session(self.read_cookie("session"))
        if session is not None:
            self.state.choose_user(request_id, session[0], auth_time=session[1])
        self.send_to(f"p/{'consent' if session else 'login'}?request={request_id}")
