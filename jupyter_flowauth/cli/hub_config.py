"""``jupyter flowauth hub-config``: the part of a Hub's configuration that is the login service's, and whether a running Hub has it."""

from __future__ import annotations

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click

from ..errors import ConfigurationError, ProviderError
from .options import json_option
from .printing import answer, answer_json, say

_SECONDS = 10
_LONGEST = 65_536
_SERVICE = "services/flowauth/"
_AS_THE_HUB_DOES = "default"
_OLDEST_HUB = 5
_MANAGED = """    "url": "http://127.0.0.1:10101",
    "command": [sys.executable, "-m", "jupyter_flowauth.hub"],"""
_EXTERNAL = """    # It runs elsewhere: python -m jupyter_flowauth.hub --url=http://0.0.0.0:10101, with this token in
    # JUPYTERHUB_API_TOKEN, the Hub's address in JUPYTERHUB_API_URL (http://hub:8081{prefix}hub/api), and
    #   JUPYTERHUB_BASE_URL={prefix}
    #   JUPYTERHUB_CLIENT_ID=service-flowauth
    #   JUPYTERHUB_SERVICE_PREFIX={prefix}services/flowauth/{hosts}
    "url": "{url}",
    "api_token": os.environ["FLOWAUTH_RELAY_API_TOKEN"],
    "oauth_redirect_uri": "{redirect_uri}","""
_HOSTS = """
    #   JUPYTERHUB_HOST={origin}
    #   JUPYTERHUB_OAUTH_CALLBACK_URL={redirect_uri}"""
_SNIPPET = """# The login service of jupyter_flowauth. Register at each provider this redirect URI, and no other:
#   {callback}PROVIDER-NAME
import {module}

c.JupyterHub.services.append({{
    "name": "flowauth",
{service}
    # The Hub's login is reused without a question, and the service sees no more than which of your own servers run.
    "oauth_no_confirm": True,
    "oauth_client_allowed_scopes": ["read:servers!user"],
    "display": False,
}})
# Every user may log in there. If your configuration has a role "user" already, add the second scope to that one.
c.JupyterHub.load_roles.append({{"name": "user", "scopes": [{scopes}]}})
"""
# A server's token gets no more than what its user may: so the role of every user names the last of these as well.
_HUB_LOGIN = """
# The Hub's own login is shared with its users' servers, each its own user's, and renewed before it ends. Besides: "hub_login": true at the
# provider in their jupyter_flowauth.json, JUPYTERHUB_CRYPT_KEY in the Hub's environment, and oauthenticator 17.3 or newer.
from jupyter_flowauth.hub.renewal import renew_in_time

c.Authenticator.enable_auth_state = True
c.Authenticator.auth_refresh_age = 60
c.OAuthenticator.refresh_user_hook = renew_in_time
c.Spawner.server_token_scopes = ["users:activity!user", "access:servers!server", "admin:auth_state!user"]
"""
_SCOPES = '"self", "access:services!service=flowauth"'
_ENVIRONMENT = """# Where users' servers find it, if that can't be told from the address at which a browser is.
c.Spawner.environment.update({{"FLOWAUTH_RELAY_URL": "{relay}"}})
"""
# The relay asks the Hub whose browser it is, and by itself that believes a cookie of any host of its domain.
_HOST_COOKIES = """# No page on a user's host may set the Hub's cookies for it.
c.JupyterHub.cookie_host_prefix_enabled = True
"""


@click.command("hub-config")
@click.option("--public-url", help="The address of the Hub as browsers see it, with its prefix: https://hub.example.org/.")
@click.option("--relay-url", help="Where the service runs, if the Hub doesn't start it itself: http://flowauth-relay:10101.")
@click.option(
    "--subdomain",
    is_flag=False,
    flag_value=_AS_THE_HUB_DOES,
    help="With subdomain_host. A subdomain_hook of your own: and the address that it gives the service, https://login.hub.example.org/.",
)
@click.option("--hub-login", is_flag=True, help="Share the Hub's own login with its users' servers (oauthenticator's auth_state).")
@click.option("--check", metavar="URL", help="Look at the running Hub at this address instead, and say what is missing.")
@json_option
def command(
    public_url: str | None, relay_url: str | None, subdomain: str | None, hub_login: bool, check: str | None, as_json: bool
) -> None:
    """Print what a JupyterHub needs for logins through one redirect URI, or look whether it has it.

    \b
    Examples:
      jupyter flowauth hub-config --public-url https://hub.example.org/ >> jupyterhub_config.py
      jupyter flowauth hub-config --check https://hub.example.org/
    """
    if subdomain and subdomain != _AS_THE_HUB_DOES:
        _address(subdomain)
    if check is not None:
        return _check(_address(check), subdomain, as_json=as_json)
    hub_url = _address(public_url or "https://hub.example.org/")
    snippet = build_snippet(hub_url, relay_url, subdomain, hub_login=hub_login)
    if as_json:
        return answer_json({"jupyterhub_config": snippet})
    answer(snippet)
    again = " --subdomain" if subdomain == _AS_THE_HUB_DOES else f" --subdomain {subdomain}" if subdomain else ""
    return say(f"With this in jupyterhub_config.py, restart the Hub, and look: jupyter flowauth hub-config --check {hub_url}{again}")


def _check(url: str, subdomain: str | None, *, as_json: bool) -> None:
    findings = [*look_at_hub(url, subdomain), *_look_from_inside()]
    if as_json:
        answer_json([{"is_good": is_good, "sentence": sentence} for is_good, sentence in findings])
    else:
        answer("\n".join(f"{'✓' if is_good else '✗'} {sentence}" for is_good, sentence in findings))
    if not all(is_good for is_good, _ in findings):
        raise ConfigurationError(
            "this Hub can't log its users in by way of the login service yet; jupyter flowauth hub-config prints what it needs; "
            "one that was started just now needs a moment"
        )


def _look_from_inside() -> Iterator[tuple[bool, str]]:
    """Yield what a user's server alone can see, where this is run in one and a provider is to use the Hub's login."""
    from .. import wiring
    from .hub_login_check import look_at_hub_login

    providers, settings = wiring.configured_providers(), wiring.current_settings().providers
    issuers = {name: found.registration.issuer for name, found in providers.items() if settings[name].hub_login}
    return look_at_hub_login(os.environ, issuers, _read_json, now=time.time())


def build_snippet(public_url: str, relay_url: str | None = None, subdomain: str | None = None, *, hub_login: bool = False) -> str:
    """Return the part of ``jupyterhub_config.py``.

    :param public_url: the Hub's, with a slash at the end.
    :param relay_url: where the service runs, if the Hub doesn't manage it.
    :param subdomain: the address of the service's own host, or ``default`` for the one that the Hub gives it.
    :param hub_login: whether the Hub's own login is shared with its users' servers.
    """
    relay = _service_address(public_url, subdomain)
    service = _external(relay_url, public_url, relay if subdomain else "") if relay_url else _MANAGED
    scopes = f'{_SCOPES}, "admin:auth_state!user"' if hub_login else _SCOPES
    snippet = _SNIPPET.format(callback=f"{relay}callback/", module="os" if relay_url else "sys", service=service, scopes=scopes)
    own_host = _ENVIRONMENT.format(relay=relay) + (_HOST_COOKIES if public_url.startswith("https:") else "")
    return snippet + (own_host if subdomain else "") + (_HUB_LOGIN if hub_login else "")


def _service_address(public_url: str, subdomain: str | None) -> str:
    """Return where browsers find the service; on a host of its own it has the Hub's prefix there as well."""
    public = urlsplit(public_url)
    if subdomain == _AS_THE_HUB_DOES:
        subdomain = f"{public.scheme}://flowauth--service.{public.netloc}"
    return f"{subdomain.rstrip('/')}{public.path}{_SERVICE}" if subdomain else f"{public_url}{_SERVICE}"


def _external(relay_url: str, public_url: str, own_host: str) -> str:
    """Return what is said of a service that the Hub doesn't start.

    :param own_host: the service's address, if it has a host of its own.
    """
    public = urlsplit(public_url)
    redirect_uri = f"{own_host or f'{public.path}{_SERVICE}'}oauth_callback"
    hosts = _HOSTS.format(origin=f"{public.scheme}://{public.netloc}", redirect_uri=redirect_uri) if own_host else ""
    return _EXTERNAL.format(url=relay_url, prefix=public.path, redirect_uri=redirect_uri, hosts=hosts)


def look_at_hub(url: str, subdomain: str | None = None) -> Iterator[tuple[bool, str]]:
    """Yield what is there and what is missing on a running Hub, as anybody can see it from outside.

    :param url: the Hub's, with a slash at the end.
    :param subdomain: as in :func:`build_snippet`.
    """
    version = str(_read_json(f"{url}hub/api/").get("version", ""))
    is_new = version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= _OLDEST_HUB
    yield is_new, f"JupyterHub {version}" if is_new else f"a JupyterHub of version {_OLDEST_HUB} or newer should answer at {url}hub/api/"
    relay = _service_address(url, subdomain)
    yield from _judge_version(_read_json(f"{relay}version"), relay)
    status, location = _ask(f"{relay}start?{_sample_start()}")
    is_bound = status == 302 and "/hub/api/oauth2/authorize?" in location and "client_id=" in location
    yield (
        is_bound,
        "an unknown browser is sent to the Hub's login first" if is_bound else f"start answers {status}, and not with the Hub's login",
    )
    status, location = _ask(f"{relay}callback/check?code=check&state=check")
    is_closed = status == 403 and not location
    yield (
        is_closed,
        "an answer without a login is refused by a page" if is_closed else f"callback answers {status}: something else stands there",
    )
    yield True, f"register at each provider: {relay}callback/PROVIDER-NAME"


def _judge_version(found: dict[str, Any], url: str) -> Iterator[tuple[bool, str]]:
    from ..relay_protocol import RELAY_PROTOCOL, RELAY_SERVICE

    if found.get("service") != RELAY_SERVICE:
        yield False, f"no login service answers at {url}"
    elif found.get("protocol") != RELAY_PROTOCOL:
        yield (
            False,
            f"the login service is of version {found.get('version')}, which this one doesn't understand: bring both to the same version",
        )
    else:
        yield True, f"the login service, version {found.get('version')}"


def _sample_start() -> str:
    from ..relay_protocol import RelayStart, build_public_key, hash_state

    return RelayStart("0" * 32, "check", "check", "", hash_state("check"), build_public_key(b"check")).to_query()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A browser that goes nowhere."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def _ask(url: str) -> tuple[int, str]:
    """Return the status of an address, and where it sends a browser."""
    try:
        with urllib.request.build_opener(_NoRedirect).open(url, timeout=_SECONDS) as found:
            return found.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", "")
    except OSError as error:
        raise _unreachable(url, error) from None


def _unreachable(url: str, error: OSError) -> ProviderError:
    host = urlsplit(url).netloc
    if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
        return ProviderError(
            f"the certificate of {host} isn't trusted here; nothing was changed; if its authority is your own, name that in SSL_CERT_FILE"
        )
    return ProviderError(f"nothing answers at {host}; nothing was changed; check the address")


def _read_json(url: str, token: str = "") -> dict[str, Any]:
    headers = {"Authorization": f"token {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - an address that the Hub, or its admin, has given
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_SECONDS) as found:
            values = json.loads(found.read(_LONGEST))
    except (urllib.error.HTTPError, ValueError):
        return {}
    except OSError as error:
        raise _unreachable(url, error) from None
    return values if isinstance(values, dict) else {}


def _address(url: str) -> str:
    """Return an address with a slash at its end.

    :raises ConfigurationError: if it isn't one.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{url!r} isn't the address of a Hub; it looks like https://hub.example.org/")
    return f"{url.rstrip('/')}/"
