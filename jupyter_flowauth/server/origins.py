"""Which origin is the browser at? A configured public URL, then the Hub's, then the request's own, if the server's host checks accepted it.

``Host`` decides nothing on trust: ``JupyterHandler.prepare`` has refused a host that ``allow_remote_access`` and ``local_hostnames`` don't
cover before any of our verbs runs, and what comes of it must be a registered redirect_uri besides. ``X-Forwarded-*`` is never read here:
tornado applies it to ``request.protocol`` itself where the server was told to trust it (``ServerApp.trust_xheaders``).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from ..errors import ConfigurationError

_SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a browser finds this server.

    :param origin: ``scheme://host[:port]``.
    :param base_url: the path in front of ours there, with a slash at both ends.
    """

    origin: str
    base_url: str

    @property
    def path(self) -> str:
        """The path that all of our routes, and no other ones, begin with."""
        return f"{self.base_url}flowauth/"

    @property
    def is_secure(self) -> bool:
        """Whether the browser comes over https."""
        return self.origin.startswith("https://")

    def url(self, route: str) -> str:
        """Return the whole address of one of our routes."""
        return f"{self.origin}{self.path}{route}"


def configured_place(public_url: str, *, base_url: str, source: str) -> Place | None:
    """Return the place that a configured public address describes, or None where none is configured.

    A path in it replaces the server's own base_url (a proxy that strips a prefix); without one, base_url is appended.

    :raises ConfigurationError: if it isn't the plain http(s) address of a server.
    """
    if not public_url:
        return None
    parts = urlsplit(public_url)
    if parts.scheme not in _SCHEMES or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"not a public URL that can be used: it must look like https://host/path/ ({source})", source=source)
    path = parts.path.strip("/")
    return Place(f"{parts.scheme}://{_netloc(parts.scheme, parts.netloc)}", f"/{path}/" if path else base_url)


def requested_place(request: HTTPServerRequest, *, base_url: str) -> Place:
    """Return the place that a request was sent to. Call it only after the server's own host check accepted the host."""
    return Place(f"{request.protocol}://{_netloc(request.protocol, request.host)}", base_url)


def _netloc(scheme: str, netloc: str) -> str:
    """Return host and port as browsers spell them: in lower case, without the default port."""
    return netloc.lower().removesuffix(":443" if scheme == "https" else ":80")
