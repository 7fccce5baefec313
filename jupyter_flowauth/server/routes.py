"""The routes, in one list: a test walks it and fails on a verb without a guard."""

from __future__ import annotations

from jupyter_server.base.handlers import JupyterHandler

from . import api
from .callback import CallbackHandler
from .done import DoneHandler
from .login import LoginHandler
from .sandbox_proxy import PAGES, SandboxProxyHandler

_LOGIN = r"([0-9a-f]{32})"
_ACCOUNT = r"([0-9a-f]{16}-[0-9a-f]{16})"

Route = tuple[str, type[JupyterHandler]]

ROUTES: tuple[Route, ...] = (
    (rf"flowauth/login/{_LOGIN}", LoginHandler),
    # Whatever looks like a callback is answered by it, slashes too many (+ repeats the one before it) and words behind it included: any
    # other handler would have its code logged.
    (r"+flowauth/+callback(?:/(.*)|[^/].*)?", CallbackHandler),
    (rf"flowauth/done/{_LOGIN}", DoneHandler),
    (r"flowauth/api/status", api.StatusHandler),
    (r"flowauth/api/logins", api.LoginsHandler),
    (rf"flowauth/api/logins/{_LOGIN}", api.LoginStatusHandler),
    (rf"flowauth/api/logins/{_LOGIN}/cancel", api.CancelHandler),
    (rf"flowauth/api/logins/{_LOGIN}/paste", api.PasteHandler),
    (rf"flowauth/api/accounts/{_ACCOUNT}/logout", api.LogoutHandler),
    (rf"flowauth/api/accounts/{_ACCOUNT}/refresh", api.RefreshHandler),
)
SANDBOX_ROUTE: Route = (rf"flowauth/sandbox/({PAGES})", SandboxProxyHandler)
