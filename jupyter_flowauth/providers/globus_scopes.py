"""Globus's scopes: what they allow, in words people know, and whose they are, by the SDK's own collections."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

from ..flow_needs import parse_flow_scope
from ..records import ScopeLine

_URN = "urn:globus:auth:scope:"
_WORDS = {
    "openid": ("Know that it is you", "Globus Auth"),
    "profile": ("See your name", "Globus Auth"),
    "email": ("See your email address", "Globus Auth"),
    f"{_URN}auth.globus.org:view_identities": ("See your identities", "Globus Auth"),
    f"{_URN}auth.globus.org:view_identity_set": ("See your linked identities", "Globus Auth"),
    f"{_URN}auth.globus.org:view_consents": ("See what you have consented to", "Globus Auth"),
    f"{_URN}auth.globus.org:manage_projects": ("Manage your developer projects", "Globus Auth"),
    f"{_URN}transfer.api.globus.org:all": ("Manage your transfers and files", "Globus Transfer"),
    f"{_URN}transfer.api.globus.org:gcp_install": ("Set up Globus Connect Personal", "Globus Transfer"),
    f"{_URN}groups.api.globus.org:all": ("View and manage your groups", "Globus Groups"),
    f"{_URN}groups.api.globus.org:view_my_groups_and_memberships": ("View your groups and memberships", "Globus Groups"),
    f"{_URN}search.api.globus.org:all": ("Search, and manage your indices", "Globus Search"),
    f"{_URN}search.api.globus.org:search": ("Search what you may see", "Globus Search"),
    f"{_URN}search.api.globus.org:ingest": ("Add data to your search indices", "Globus Search"),
    "https://auth.globus.org/scopes/facd7ccc-c5f4-42aa-916b-a0e270e2c2a9/all": ("Run functions on compute endpoints", "Globus Compute"),
    "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/all": ("Do everything with your flows", "Globus Flows"),
    "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/manage_flows": ("Deploy and change your flows", "Globus Flows"),
    "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/view_flows": ("See your flows", "Globus Flows"),
    "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/run": ("Run flows", "Globus Flows"),
    "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/run_status": ("See how your runs are doing", "Globus Flows"),
    "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/run_manage": ("Manage your runs", "Globus Flows"),
    "https://auth.globus.org/scopes/524230d7-ea86-4a52-8312-86065a9e0417/timer": ("Manage your timers", "Globus Timers"),
}


def describe_scope(scope: str) -> ScopeLine:
    """Return a bare scope in words people know; one that is not known here speaks for itself."""
    title, service = _WORDS.get(scope, ("Run this flow, with all that it uses", "Globus Flows") if parse_flow_scope(scope) else (scope, ""))
    return ScopeLine(scope, title, service)


def known_scopes() -> tuple[str, ...]:
    """Return the scopes that have words here, for completion."""
    return tuple(_WORDS)


@functools.cache
def _resource_servers() -> dict[str, str]:
    from globus_sdk import scopes

    names = ("AuthScopes", "ComputeScopes", "FlowsScopes", "GroupsScopes", "NexusScopes", "SearchScopes", "TimersScopes", "TransferScopes")
    collections = [getattr(scopes, name) for name in names if hasattr(scopes, name)]
    return {scope.scope_string: collection.resource_server for collection in collections for scope in collection}


def resource_server_of(scope: str) -> str | None:
    """Return the resource server that one of the SDK's scope collections names for a bare scope, else None."""
    return _resource_servers().get(scope)


_SERVICES = {
    "auth.globus.org": "auth",
    "flows.globus.org": "flows",
    "funcx_service": "compute",
    "groups.api.globus.org": "groups",
    "search.api.globus.org": "search",
    "transfer.api.globus.org": "transfer",
}


def service_hosts(resource_server: str | None) -> tuple[str, ...] | None:
    """Return the hosts of a Globus service, as the SDK's own environment variables name them; None for any other resource server."""
    from globus_sdk.config import get_service_url

    service = _SERVICES.get(resource_server or "")
    return (urlsplit(get_service_url(service)).netloc,) if service else None
