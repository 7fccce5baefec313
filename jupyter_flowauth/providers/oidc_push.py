"""Pushed authorization requests (RFC 9126), for the providers that take no others."""

from __future__ import annotations

from ..code_grant import LONGEST_RESPONSE_VALUE, AuthorizationRequest, build_parameters, build_pushed_url
from ..errors import ProviderError
from .oidc_calls import OidcCalls
from .oidc_discovery import Metadata

_ENDPOINT = "pushed_authorization_request_endpoint"


def required_push_endpoint(metadata: Metadata, *, always: bool = False) -> str:
    """Return where a request must be pushed, or nothing where it needn't be.

    :param always: the client is registered so (RFC 9126 section 6), which no discovery document says.
    :raises ProviderError: if the provider wants that and doesn't say where.
    """
    return metadata.endpoint(_ENDPOINT) if always or metadata.says("require_pushed_authorization_requests") else ""


def push_request(calls: OidcCalls, request: AuthorizationRequest, *, redirect_uri: str) -> str:
    """Push a request with the client's proof, and return the address to send the browser to: it holds nothing but a reference.

    :raises ProviderError: if the provider refuses, fails, or answers what must not be used.
    """
    answer = calls.send(request.push_endpoint, build_parameters(request, redirect_uri=redirect_uri))
    content = answer.json()
    request_uri = content.get("request_uri") if isinstance(content, dict) else None
    # Section 2.2: "201 Created"; some answer 200.
    if answer.status not in (200, 201):
        raise calls.judge(answer, request.push_endpoint)
    if not isinstance(request_uri, str) or not 0 < len(request_uri) <= LONGEST_RESPONSE_VALUE or not request_uri.isprintable():
        raise ProviderError(f"{calls.title} took the request and gave no reference to it; nobody was asked; log in again")
    return build_pushed_url(request, request_uri=request_uri)
