"""How a missing consent is said, in every shape that Globus's services are known to use.

shape               where it was seen
missing_scope       globus_sdk.testing, flows.run_flow, missing_scope_error: Flows at the start of a run
gare                globus_sdk.gare's documentation; the frame is Flows' own (globus_sdk.testing, flows.respond_to_web_input)
transfer            globus_sdk.gare._variants.LegacyConsentRequiredTransferError: Transfer
action_provider     globus_sdk.gare._variants.LegacyConsentRequiredAPError: the older Transfer action providers
dependent_consent   globus_sdk.gare._variants.LegacyDependentConsentRequiredAuthError: Auth, at the token endpoint
insufficient_scope  RFC 6750 section 3.1: in WWW-Authenticate
session             globus_sdk.gare's documentation: nothing to consent to, but another session wanted
unnamed             MISSING_SCOPE without a scope in it: made up, to see what a client does with it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from .refusals import ApiRefusal
from .scope_tree import RequestedScope
from .settings import RefusalShape

_SESSION = {"session_message": "Log in with multi-factor authentication", "session_required_mfa": True}


def build_error(code: str, detail: Any, **more: Any) -> dict[str, Any]:
    """Return an error as Flows words it."""
    return {"error": {"code": code, "detail": detail, **more}, "debug_id": str(uuid4())}


def build_missing_scope(scope: str) -> dict[str, Any]:
    """Return what Flows says to a token without a scope."""
    return build_error("MISSING_SCOPE", f"This action requires the following scope: {scope}")


def build_dependent_consent_body(unapproved: Sequence[str]) -> dict[str, Any]:
    """Return what Auth says when a dependent grant meets a missing consent."""
    title, code = "Missing dependent consents", "DEPENDENT_CONSENT_REQUIRED"
    entry = {"status": "403", "id": str(uuid4()), "code": code, "detail": title, "title": title, "unapproved_scopes": list(unapproved)}
    return {"errors": [entry], "error": "dependent_consent_required", "error_description": title}


def build_start_refusal(shape: RefusalShape, required: RequestedScope) -> ApiRefusal:
    """Return the refusal to start a run, which names the scopes that are missing from the flow's scope down."""
    scope = str(required)
    if shape == "insufficient_scope":
        challenge = f'Bearer realm="flows.globus.org", error="insufficient_scope", scope="{scope}"'
        return ApiRefusal(403, build_error("FORBIDDEN", "The token lacks a scope"), challenge=challenge)
    bodies: dict[str, dict[str, Any]] = {
        "missing_scope": build_missing_scope(scope),
        "gare": {**build_error("CONSENT_REQUIRED", "Consent is required"), **build_details("gare", scope)},
        "transfer": {**build_details("transfer", scope), "request_id": str(uuid4())[:9], "resource": "/run"},
        "action_provider": build_details("action_provider", scope),
        "dependent_consent": build_dependent_consent_body([scope]),
        "session": {**build_error("AUTHENTICATION_POLICY_REQUIRED", "Another session is required"), **build_details("session", scope)},
        "unnamed": build_error("MISSING_SCOPE", "This action requires another scope"),
    }
    return ApiRefusal(403, bodies[shape])


def build_details(shape: RefusalShape, scope: str) -> dict[str, Any]:
    """Return the details of an action or a run that met a missing consent on its way.

    The default is what runs are known to show (globus-cli's tests of `flows run resume`): the older action providers' shape.
    """
    sentence = "Missing required consent"
    if shape == "gare":
        return {"code": "ConsentRequired", "authorization_parameters": {"session_message": sentence, "required_scopes": [scope]}}
    if shape == "session":
        return {"code": "AuthorizationRequired", "authorization_parameters": dict(_SESSION)}
    if shape == "transfer":
        return {"code": "ConsentRequired", "message": sentence, "required_scopes": [scope]}
    if shape == "dependent_consent":
        return build_dependent_consent_body([scope])
    if shape == "unnamed":
        return {"code": "ConsentRequired", "description": sentence}
    return {"code": "ConsentRequired", "description": sentence, "required_scope": scope}
