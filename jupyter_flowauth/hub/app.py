"""The relay as a process: its settings, its routes, its end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import signal
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth
from jupyterhub.utils import make_ssl_context
from tornado.httpserver import HTTPServer
from tornado.web import Application as WebApplication
from traitlets import Bool, Float, Integer, Unicode, default
from traitlets.config import Application

from .. import __version__
from ..errors import ConfigurationError
from .callback import CallbackHandler
from .guards import SETTINGS_KEY, NothingHere, RelayContext, log_request
from .hub_link import HubLink
from .limits import InFlight, RateLimit
from .records import Books
from .start import HubCallbackHandler, StartHandler
from .status import HealthHandler, MetricsHandler, VersionHandler

_SHORTEST_SECRET = 32
_MOST_HEADER_BYTES = 65_536
_MOST_BODY_BYTES = 1_024
_ENDING_SECONDS = 5.0


class RelayApp(Application):
    """The login service of a JupyterHub: one redirect URI for every user and server."""

    name = "jupyter-flowauth-relay"
    version = __version__
    description = "The login service of a JupyterHub: one redirect URI for every user and server."

    url = Unicode(
        config=True, help="""Where it listens, such as http://127.0.0.1:10101. Default: `JUPYTERHUB_SERVICE_URL`, which the Hub sets."""
    )
    prefix = Unicode(
        config=True, help="""The path that browsers find it at. Default: `JUPYTERHUB_SERVICE_PREFIX`, else `/services/flowauth/`."""
    )
    cookie_secret_file = Unicode(
        config=True,
        help="""A file with the secret that signs the cookies, at least 32 characters; every replica needs the same one.
        Default: made of the API token, which replicas of one service share anyhow.""",
    )
    authenticate_metrics = Bool(
        True, config=True, help="""Whether reading the metrics takes a token of the Hub's with the scope `read:metrics`, as for its own."""
    )
    most_hub_questions = Integer(
        100, config=True, help="""How many questions to the Hub may be open at once; beyond that browsers are asked to wait."""
    )
    burst = Integer(40, config=True, help="""How many requests one browser may make in a row.""")
    per_second = Float(1.0, config=True, help="""How many requests a second one browser may make in the long run.""")
    address_burst = Integer(
        400,
        config=True,
        help="""How many browsers that the relay doesn't know yet may come back from the Hub's login in a row, from one network address.
        A campus can be one, or a proxy in front that sets neither `X-Forwarded-For` nor `X-Real-IP`.""",
    )
    address_per_second = Float(20.0, config=True, help="""How many of them a second, in the long run.""")
    examples = """
    python -m jupyter_flowauth.hub --url=http://0.0.0.0:10101
        beside a Hub, with what it needs in the environment: jupyter flowauth hub-config --relay-url prints that
    """
    aliases = {
        "url": "RelayApp.url",
        "prefix": "RelayApp.prefix",
        "cookie-secret-file": "RelayApp.cookie_secret_file",
        "authenticate-metrics": "RelayApp.authenticate_metrics",
        "most-hub-questions": "RelayApp.most_hub_questions",
        "burst": "RelayApp.burst",
        "per-second": "RelayApp.per_second",
        "address-burst": "RelayApp.address_burst",
        "address-per-second": "RelayApp.address_per_second",
    }

    @default("url")
    def _default_url(self) -> str:
        return os.environ.get("JUPYTERHUB_SERVICE_URL", "")

    @default("prefix")
    def _default_prefix(self) -> str:
        return os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/flowauth/")

    def start(self) -> None:
        """Serve until it is told to end."""
        logging.basicConfig(level=logging.INFO, format="[%(levelname).1s %(asctime)s %(name)s] %(message)s")
        asyncio.run(self._serve())

    def build_web_application(self) -> WebApplication:
        """Return the routes, and what their handlers are given.

        :raises ConfigurationError: if there is no API token, or no secret for the cookies.
        """
        hub_auth = self._hub_auth()
        prefix = f"/{self.prefix.strip('/')}/"
        context = RelayContext(
            hub=HubLink(hub_auth, InFlight(self.most_hub_questions)),
            books=Books(),
            limit=RateLimit(burst=self.burst, per_second=self.per_second, monotonic=time.monotonic),
            address_limit=RateLimit(burst=self.address_burst, per_second=self.address_per_second, monotonic=time.monotonic),
            prefix=prefix,
            authenticate_metrics=self.authenticate_metrics,
            has_own_host=_has_own_host(hub_auth),
        )
        routes = [
            (f"{prefix}start", StartHandler),
            (f"{prefix}oauth_callback", HubCallbackHandler),
            (rf"{prefix}callback/([A-Za-z0-9_-]{{1,64}})", CallbackHandler),
            (f"{prefix}(?:health)?", HealthHandler),  # without a name: where the Hub looks once a minute
            (f"{prefix}version", VersionHandler),
            (f"{prefix}metrics", MetricsHandler),
        ]
        settings: dict[str, Any] = {
            SETTINGS_KEY: context,
            "cookie_secret": self._cookie_secret(hub_auth.api_token),
            "default_handler_class": NothingHere,
            "log_function": log_request,
        }
        return WebApplication(routes, **settings)

    def _hub_auth(self) -> HubOAuth:
        if not os.environ.get("JUPYTERHUB_API_TOKEN") or not os.environ.get("JUPYTERHUB_CLIENT_ID"):
            raise ConfigurationError(
                "the relay is a service of a JupyterHub: it needs JUPYTERHUB_API_TOKEN, JUPYTERHUB_API_URL and JUPYTERHUB_CLIENT_ID, "
                "which a Hub that manages it sets itself; jupyter flowauth hub-config prints the configuration"
            )
        return HubOAuth(parent=self, base_url=self.prefix)

    def _cookie_secret(self, api_token: str) -> bytes:
        if not self.cookie_secret_file:
            return hmac.new(api_token.encode(), b"jupyter_flowauth relay: cookies", hashlib.sha256).digest()
        try:
            secret = Path(self.cookie_secret_file).read_bytes().strip()
        except OSError as error:
            raise ConfigurationError(f"cookie_secret_file {self.cookie_secret_file} can't be read ({error.strerror})") from None
        if len(secret) < _SHORTEST_SECRET:
            raise ConfigurationError(f"the secret in {self.cookie_secret_file} is too short; openssl rand -hex 32 makes one that isn't")
        return secret

    async def _serve(self) -> None:
        application = self.build_web_application()
        parts = urlsplit(self.url)
        if not parts.port:
            raise ConfigurationError("the relay doesn't know where to listen; set JUPYTERHUB_SERVICE_URL, or --url=http://127.0.0.1:10101")
        server = HTTPServer(
            application,
            xheaders=True,  # it stands behind the Hub's proxy; they decide no address, only a cookie's Secure and whose tries are spent
            # As its address says, and not because there are certificates: JupyterHub 6.1 gives it some, and can't look at a TLS service.
            ssl_options=_internal_tls() if parts.scheme == "https" else None,
            max_header_size=_MOST_HEADER_BYTES,
            max_body_size=_MOST_BODY_BYTES,
        )
        server.listen(parts.port, parts.hostname or "127.0.0.1")
        self.log.warning("The relay %s listens on %s:%s under %s", __version__, parts.hostname, parts.port, self.prefix)
        ended = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
        await ended.wait()
        server.stop()
        await asyncio.wait_for(server.close_all_connections(), _ENDING_SECONDS)


def _has_own_host(hub_auth: HubOAuth) -> bool:
    """Tell whether browsers find the relay on another host than the Hub, as with subdomains: without these the Hub names no host at all."""
    own, hub = (urlsplit(address).netloc for address in (hub_auth.oauth_redirect_uri, hub_auth.hub_host))
    return bool(own and hub) and own != hub


def _internal_tls() -> ssl.SSLContext:
    """Return how the Hub's proxy is spoken to where the Hub has its parts speak TLS among themselves.

    :raises ConfigurationError: if it gave this one no certificate.
    """
    key, certificate, authority = (os.environ.get(f"JUPYTERHUB_SSL_{part}", "") for part in ("KEYFILE", "CERTFILE", "CLIENT_CA"))
    if not (key and certificate and authority):
        raise ConfigurationError(
            "the relay has no certificate to listen at https with: the Hub sets JUPYTERHUB_SSL_KEYFILE, JUPYTERHUB_SSL_CERTFILE and "
            "JUPYTERHUB_SSL_CLIENT_CA with c.JupyterHub.internal_ssl; without that, give it an address at http"
        )
    context: ssl.SSLContext = make_ssl_context(key, certificate, cafile=authority, purpose=ssl.Purpose.CLIENT_AUTH)
    return context


def main() -> None:
    """Run the relay; an error of ours is one sentence."""
    try:
        RelayApp.launch_instance()
    except ConfigurationError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
