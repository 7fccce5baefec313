"""Device codes at an OpenID provider (RFC 8628), as its discovery document offers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..code_grant import AuthorizationRequest
from ..device_grant import DeviceAuthorization, build_device_request, build_device_token_request, validate_device_answer
from .oidc_calls import OidcCalls
from .oidc_discovery import Metadata

_ENDPOINT = "device_authorization_endpoint"


def why_no_device(metadata: Metadata, title: str) -> str:
    """Return why no device code can be had, or nothing if one can.

    :raises ProviderError: if the endpoint must not be used.
    """
    return "" if metadata.optional_endpoint(_ENDPOINT) else f"{title} names no endpoint for device codes (RFC 8628)"


def start_device_login(calls: OidcCalls, request: AuthorizationRequest, *, now: float) -> DeviceAuthorization:
    """Return a code for the scopes of a request.

    :raises ProviderError: if the provider refuses, fails, or answers what must not be shown.
    """
    return validate_device_answer(calls.post(calls.metadata.endpoint(_ENDPOINT), build_device_request(request)), now=now)


def poll_device_login(calls: OidcCalls, device_code: str, *, request: AuthorizationRequest, code_verifier: str) -> Mapping[str, Any]:
    """Return the token endpoint's answer to a device code. One request: whoever asks keeps the intervals that the provider wants.

    :raises ProviderError: with ``error="authorization_pending"`` and its like as long as there are no tokens.
    """
    form = build_device_token_request(device_code, code_verifier=code_verifier)
    return calls.post(request.token_endpoint, form, tries=1)
