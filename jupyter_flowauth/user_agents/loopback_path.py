"""Which redirect URI on loopback a client has: pure, so that the ladder can judge it without listening anywhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..code_grant import AuthorizationRequest, matches_redirect_uri
from ..errors import ConfigurationError

# Any port will do to see whether a pattern allows any.
_SOME_PORT = 49152


def find_paths(patterns: tuple[str, ...], port: int, *, preferred: str = "") -> tuple[str, ...]:
    """Return the paths below ``http://127.0.0.1:port`` that the patterns allow, the one to use first.

    :param preferred: the path that the provider wants where any is allowed.
    """
    registered = [urlsplit(p.replace(":*", "", 1)).path for p in patterns if urlsplit(p).netloc.startswith("127.0.0.1")]
    wanted = dict.fromkeys((preferred, "", "/callback", *registered))
    return tuple(path for path in wanted if "*" not in path and matches_redirect_uri(f"http://127.0.0.1:{port}{path}", patterns))


def has_loopback_redirect(patterns: tuple[str, ...]) -> bool:
    """Tell whether a browser can come back to a port of this machine."""
    return bool(find_paths(patterns, _SOME_PORT))


def choose_path(authorization: AuthorizationRequest, port: int) -> str:
    """Return the path of the redirect URI: the provider's own where the patterns allow it, else what the registration says.

    :raises ConfigurationError: if nothing on loopback is registered.
    """
    if paths := find_paths(authorization.redirect_uris, port, preferred=authorization.loopback_path):
        return paths[0]
    raise ConfigurationError(
        "this client has no redirect URI on loopback, so a browser can't come back to a terminal; "
        "register http://127.0.0.1 with any port, or log in from a notebook"
    )
