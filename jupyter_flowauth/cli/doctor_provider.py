"""What the doctor asks the provider: is it reached, do the clocks agree, does it know where a login comes back to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

from .. import wiring
from ..code_grant import AuthorizationRequest, build_authorize_url, printable
from ..errors import ConfigurationError, ProviderError
from ..pkce import build_code_challenge, generate_code_verifier, generate_login_id, generate_nonce, generate_state
from .findings import Finding
from .options import open_auth
from .printing import duration_words

if TYPE_CHECKING:
    from ..ports import Provider

# The date of an answer counts whole seconds, and the way takes its time.
DATE_SECONDS = 2.0
ALLOWED_SKEW_SECONDS = 60.0
# What `prompt=none` is answered when all is well and nobody is logged in (OpenID Connect Core section 3.1.2.6).
NOBODY_THERE = {"login_required", "interaction_required", "consent_required", "account_selection_required"}


def check_provider(choice: dict[str, str | None]) -> Iterator[Finding]:
    """Yield what the provider's answers tell."""
    if not wiring.configured_providers():
        yield Finding("provider", "note", "not asked: none is configured")
        return
    provider = open_auth(choice, user_agent="none").provider
    for address in filter(None, dict.fromkeys((provider.registration.instance, provider.registration.issuer))):
        try:
            answer = wiring.probe(f"{address}/.well-known/openid-configuration")
        except ProviderError as error:
            advice = "check the network, the proxy variables and the address; curl -v shows more"
            yield Finding("provider", "broken", f"{address} can't be reached: {error}", advice)
            return
        yield Finding("provider", "ok" if answer.status == 200 else "warning", f"{address} answers (status {answer.status})")
        yield _judge_clock(answer.date, answer.asked_at_seconds)
    if provider.grant == "client_credentials":
        yield Finding("provider", "note", "this client acts for itself, so no browser comes back to a redirect URI")
        return
    try:
        request = build_request(provider)
    except ProviderError as error:
        yield Finding("provider", "broken", f"it can't be used for a login: {error}")
        return
    for redirect_uri in redirect_uris(request):
        yield judge_redirect_uri(request, redirect_uri)


def _judge_clock(date: str | None, asked_at_seconds: float) -> Finding:
    try:
        skew = parsedate_to_datetime(date or "").timestamp() - asked_at_seconds
    except ValueError:
        return Finding("provider", "note", "its answer has no date, so the clocks can't be compared")
    if abs(skew) <= DATE_SECONDS:
        return Finding("provider", "ok", "its clock and this machine's agree, within a second or two (its answers count whole seconds)")
    direction = "behind" if skew > 0 else "ahead of"
    sentence = f"this machine's clock is {duration_words(abs(skew))} {direction} the provider's"
    if abs(skew) > ALLOWED_SKEW_SECONDS:
        advice = "set the clock (timedatectl set-ntp true): logins are refused as expired, or as from the future"
        return Finding("provider", "broken", sentence, advice)
    return Finding("provider", "warning", sentence, "set the clock (timedatectl set-ntp true); up to a minute is tolerated")


def build_request(provider: Provider) -> AuthorizationRequest:
    """Return an authorization request like that of a login; nobody will answer it, and its secrets are thrown away."""
    return provider.build_authorization_request(
        provider.login_requirements(),
        state=generate_state(generate_login_id()),
        nonce=generate_nonce(),
        code_challenge=build_code_challenge(generate_code_verifier()),
        login_hint=None,
    )


def redirect_uris(request: AuthorizationRequest) -> tuple[str, ...]:
    """Return the addresses that logins from here would come back to: the loopback one, and those that are registered letter by letter."""
    exact = [uri for uri in request.redirect_uris if "*" not in uri]
    with contextlib.suppress(ConfigurationError):  # none is registered on loopback: then none is used
        exact.insert(0, wiring.loopback_redirect_uri(request))
    return tuple(dict.fromkeys(exact))


def judge_redirect_uri(request: AuthorizationRequest, redirect_uri: str) -> Finding:
    """Return what the provider says to a login that would come back to this address. It is told to show no page (``prompt=none``)."""
    url = build_authorize_url(request, redirect_uri=redirect_uri)
    try:
        answer = wiring.probe(f"{url}&prompt=none")
    except ProviderError as error:
        return Finding("provider", "warning", f"whether it knows the redirect URI {redirect_uri} can't be told: {error}")
    location = urljoin(url, answer.location or "") if answer.location else ""
    if location.partition("?")[0].rstrip("/") == redirect_uri.rstrip("/"):
        return _judge_sent_back(redirect_uri, location)
    if 400 <= answer.status < 500:
        advice = f"register {redirect_uri} for this client there, or name what is registered in redirect_uris"
        return Finding("provider", "broken", f"it refuses the redirect URI {redirect_uri} (status {answer.status})", advice)
    if answer.status >= 500:
        return Finding("provider", "warning", f"it has trouble of its own (status {answer.status}); try again later")
    seen = "sends on to a page of its own" if location else "shows a page"
    return Finding("provider", "ok", f"it {seen} for the redirect URI {redirect_uri}, so it seems to know it")


def _judge_sent_back(redirect_uri: str, location: str) -> Finding:
    error = parse_qs(urlsplit(location).query).get("error", [""])[0]
    if not error or error in NOBODY_THERE:
        return Finding("provider", "ok", f"it knows the redirect URI {redirect_uri}")
    advice = "check the client's settings there: what it may ask for, and how"
    return Finding("provider", "warning", f"it knows the redirect URI {redirect_uri}, and refuses the request ({printable(error)})", advice)
