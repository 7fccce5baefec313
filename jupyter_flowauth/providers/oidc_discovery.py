"""What an issuer and an instance say of themselves (OpenID Connect Discovery 1.0), kept for as long as they say, within bounds."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..code_grant import is_loopback_url, printable, validate_endpoint
from ..errors import ProviderError
from .bounded_http import HttpAnswer, send

WELL_KNOWN = "/.well-known/openid-configuration"
SHORTEST_SECONDS, USUAL_SECONDS, LONGEST_SECONDS = 300.0, 3600.0, 86400.0
# What an instance's document may name besides the issuer, and what must then be the issuer's own.
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})")


class Documents:
    """JSON documents by their address: each fetched once for its lifetime, whoever asks.

    :param clock: seconds that never go backwards.
    """

    def __init__(self, clock: Any = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._kept: dict[str, tuple[float, Mapping[str, Any] | None]] = {}

    def get(self, url: str, *, what: str, again: bool = False) -> Mapping[str, Any]:
        """Return the JSON object at an address.

        :param what: what it is, for the error: ``discovery document``.
        :param again: fetch it, whatever is kept.
        :raises ProviderError: if it can't be had, or is something else.
        """
        with self._lock:
            until, document = self._kept.get(url, (0.0, None))
            if again or document is None or self._clock() >= until:
                answer = send("GET", url, provider=url, seconds=10.0)
                document = _read_document(answer, url, what)
                self._kept[url] = (self._clock() + lifetime_seconds(answer.header("cache-control")), document)
            return document


def _read_document(answer: HttpAnswer, url: str, what: str) -> Mapping[str, Any]:
    content = answer.json()
    if answer.status != 200:
        how = "with a redirect, which was not followed" if 300 <= answer.status < 400 else f"with status {answer.status}"
        raise ProviderError(f"{url} answered {how}: there is no {what}; nothing was sent; check the address", status=answer.status)
    if not isinstance(content, dict):
        raise ProviderError(f"{url} holds no {what}: it isn't a JSON object; nothing was sent; check the address", status=answer.status)
    return content


def lifetime_seconds(cache_control: str | None) -> float:
    """Return how long a document is kept: its ``max-age``, within five minutes and a day; an hour where it says nothing."""
    if cache_control is None:
        return USUAL_SECONDS
    found = _MAX_AGE.search(cache_control.lower())
    if found is None or "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return SHORTEST_SECONDS if found or "no-" in cache_control.lower() else USUAL_SECONDS
    return min(max(float(found[1]), SHORTEST_SECONDS), LONGEST_SECONDS)


@dataclass(frozen=True, slots=True)
class Metadata:
    """An issuer as its document describes it, once it says of itself that it is this one."""

    issuer: str
    document: Mapping[str, Any] = field(repr=False)

    def endpoint(self, name: str) -> str:
        """Return the address of an endpoint that there must be.

        :raises ProviderError: if there is none, or it must not be used.
        """
        what = name.removesuffix("_uri").replace("_", " ")
        url = validate_endpoint(self.document.get(name), what=what)
        if is_loopback_url(url) and not is_loopback_url(self.issuer):
            raise ProviderError(f"{self.issuer} names a {what} on this machine, which can't be its own; nothing was sent there")
        return url

    def optional_endpoint(self, name: str) -> str | None:
        """Return the address of an endpoint, or None if the issuer has none.

        :raises ProviderError: if it must not be used.
        """
        return self.endpoint(name) if self.document.get(name) is not None else None

    def says(self, name: str) -> bool:
        """Tell whether the document says yes to a question."""
        return self.document.get(name) is True


def read_issuer(documents: Documents, issuer: str) -> Metadata:
    """Return an issuer's metadata (OpenID Connect Discovery section 4.3: "MUST exactly match").

    :raises ProviderError: if it can't be had, or its document is somebody else's.
    """
    validate_endpoint(issuer, what="issuer")
    document = documents.get(issuer.rstrip("/") + WELL_KNOWN, what="discovery document")
    named = document.get("issuer")
    if named != issuer:
        theirs = printable(named) if isinstance(named, str) else "nobody"
        raise ProviderError(
            f"{issuer} describes itself as another issuer ({theirs}); nothing was sent; check the configured issuer, to the letter"
        )
    return Metadata(issuer, document)


def find_issuer(documents: Documents, instance: str) -> str:
    """Return the issuer that an instance names, once the issuer's own document agrees with the instance's.

    :raises ProviderError: if one of them can't be had, or the instance names another address for what is the issuer's.
    """
    document = documents.get(instance + WELL_KNOWN, what="discovery document (it isn't an instance of an OIDC service)")
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or not issuer:
        raise ProviderError(f"the discovery document of {instance} names no issuer; nothing was sent; check the instance's address")
    validate_endpoint(issuer, what="issuer")
    if is_loopback_url(issuer) and not is_loopback_url(instance):
        raise ProviderError(f"{instance} names an issuer on this machine, which can't be its own; nothing was sent there")
    own = read_issuer(documents, issuer).document
    for name in _ENDPOINTS:
        if name in document and document[name] != own.get(name):
            raise ProviderError(
                f"{instance} names another {name.removesuffix('_uri').replace('_', ' ')} than its issuer {printable(issuer)} does; "
                "nothing was sent; if that is meant, configure the issuer (providers.NAME.issuer) and list the instance there"
            )
    return issuer
