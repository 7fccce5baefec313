"""Bodies as they were published, in which services say that a consent or a session is missing; and bodies that say something else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FLOW = "https://auth.globus.org/scopes/0d2b1f0c-8a3c-4c34-9e0c-0d9b7d0d6a11/flow_0d2b1f0c_8a3c_4c34_9e0c_0d9b7d0d6a11_user"
TRANSFER = "urn:globus:auth:scope:transfer.api.globus.org:all"
DATA_ACCESS = "https://auth.globus.org/scopes/543aade1-db97-4a4b-9bdf-0b58e78dfa69/data_access"
NESTED = f"{TRANSFER}[*{DATA_ACCESS}]"
POLICY = "6f2c1d7e-3b4a-4a5e-9f0f-8f2a1b7c4d9e"


@dataclass(frozen=True)
class Row:
    """One published body.

    :param source: where it was published.
    :param scopes: what must be read from it, in Globus's spelling.
    :param parameters: what the authorization request must carry besides.
    """

    name: str
    source: str
    body: Any
    scopes: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    status: int = 403
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def gare(**wanted: Any) -> dict[str, Any]:
    return {"code": "AuthorizationRequired", "authorization_parameters": wanted}


GARE_DOCS = "docs.globus.org/api/auth/developer-guide, Globus Authorization Requirements Errors; globus_sdk.gare"
CONSENT = "docs.globus.org/api/auth, ConsentRequired"
CLI = "globus/globus-cli, tests/functional/flows/test_resume_run.py"
RFC = "RFC 6750 section 3 and 3.1"

REFUSALS = (
    Row("gare_scopes", GARE_DOCS, {"code": "ConsentRequired", "authorization_parameters": {"required_scopes": [NESTED]}}, (NESTED,)),
    Row("gare_several_scopes", GARE_DOCS, gare(required_scopes=[TRANSFER, FLOW]), (TRANSFER, FLOW)),
    Row(
        "gare_identities",
        GARE_DOCS,
        gare(session_message="As baz", session_required_identities=["foo@globus.org", "baz"]),
        parameters={"session_required_identities": "foo@globus.org,baz"},
    ),
    Row(
        "gare_single_domain", GARE_DOCS, gare(session_required_single_domain=["foo.org"]), (), {"session_required_single_domain": "foo.org"}
    ),
    Row("gare_policies", GARE_DOCS, gare(session_required_policies=["a", "b"]), (), {"session_required_policies": "a,b"}),
    Row("gare_mfa", GARE_DOCS, gare(session_required_mfa=True), (), {"session_required_mfa": "True"}),
    Row("gare_no_mfa", GARE_DOCS, gare(session_required_mfa=False), (), {"session_required_mfa": "False"}),
    Row("gare_prompt", GARE_DOCS, gare(prompt="login", session_message="Again"), (), {"prompt": "login"}),
    Row(
        "gare_scopes_and_session",
        GARE_DOCS,
        gare(required_scopes=[TRANSFER], session_required_mfa=True, prompt="login"),
        (TRANSFER,),
        {"session_required_mfa": "True", "prompt": "login"},
    ),
    Row(
        "gare_without_a_code",
        "globus_sdk.gare._variants.LegacyAuthorizationParametersError",
        {"authorization_parameters": {"session_message": "As baz", "session_required_identities": ["baz"]}},
        (),
        {"session_required_identities": "baz"},
    ),
    Row(
        "policies_in_a_string",
        "globus_sdk.gare._variants.LegacyAuthorizationParameters (comma-delimited strings)",
        gare(session_required_policies="a,b", session_required_single_domain="foo.org"),
        (),
        {"session_required_policies": "a,b", "session_required_single_domain": "foo.org"},
    ),
    Row(
        "gare_in_an_error",
        "globus_sdk.testing, flows.respond_to_web_input (AUTH_POLICY_REQUIRED_RESPONSE)",
        {
            "error": {"code": "AUTHENTICATION_POLICY_REQUIRED", "detail": "None of the identities in session meets it"},
            "authorization_parameters": {"session_message": "Log in again", "session_required_policies": [POLICY]},
        },
        (),
        {"session_required_policies": POLICY},
    ),
    Row(
        "gare_among_errors",
        "globus_sdk.exc.ErrorSubdocument: JSON:API error lists",
        {
            "errors": [
                {"code": "Other", "detail": "no"},
                {"code": "ConsentRequired", "authorization_parameters": {"required_scopes": [TRANSFER]}},
            ]
        },
        (TRANSFER,),
    ),
    Row(
        "transfer",
        "globus_sdk.gare._variants.LegacyConsentRequiredTransferError; globus/globus-sdk-python issue 638",
        {
            "code": "ConsentRequired",
            "message": "Missing required data_access consent",
            "request_id": "WZ7g3pFrU",
            "required_scopes": [NESTED],
            "resource": "/transfer",
        },
        (NESTED,),
    ),
    Row(
        "action_provider",
        "globus_sdk.gare._variants.LegacyConsentRequiredAPError",
        {
            "code": "ConsentRequired",
            "description": "Missing required data_access consent",
            "required_scope": NESTED,
            "resolution_url": None,
            "authorization_parameters": {"session_message": "Missing required data_access consent", "required_scopes": [NESTED]},
        },
        (NESTED,),
    ),
    Row(
        "action_provider_older",
        "globus_sdk.gare._variants.LegacyConsentRequiredAPError (docstring: legacy Transfer action providers)",
        {"code": "ConsentRequired", "description": "Missing required data_access consent", "required_scope": NESTED},
        (NESTED,),
    ),
    Row(
        "dependent_consent",
        "globus_sdk.gare._variants.LegacyDependentConsentRequiredAuthError; globus-sdk 3.60.0, pull request 1246",
        {
            "errors": [
                {
                    "status": "403",
                    "title": "Missing dependent consents",
                    "detail": "Missing dependent consents",
                    "code": "DEPENDENT_CONSENT_REQUIRED",
                    "unapproved_scopes": [TRANSFER, DATA_ACCESS],
                }
            ],
            "error": "dependent_consent_required",
            "error_description": "Missing dependent consents",
        },
        (TRANSFER, DATA_ACCESS),
    ),
    Row(
        "dependent_consent_at_the_token_endpoint",
        "docs.globus.org/api/auth/reference, dependent token grant",
        {"error": "dependent_consent_required", "errors": [{"unapproved_scopes": [TRANSFER]}]},
        (TRANSFER,),
        status=400,
    ),
    Row(
        "missing_scope",
        "globus_sdk.testing, flows.run_flow (missing_scope_error)",
        {"error": {"code": "MISSING_SCOPE", "detail": "This action requires the following scope: frobulate[demuddle]"}},
        ("frobulate[demuddle]",),
    ),
    Row(
        "missing_scopes",
        "globus_sdk.testing, flows.run_flow (missing_scope_error), for more than one",
        {"error": {"code": "MISSING_SCOPE", "detail": f"This action requires the following scopes: {TRANSFER}, {FLOW}."}},
        (TRANSFER, FLOW),
    ),
    Row("missing_scope_unnamed", "made up: a refusal without any scope in it", {"error": {"code": "MISSING_SCOPE", "detail": "No."}}),
    Row("missing_scope_unreadable", "made up", {"error": {"code": "MISSING_SCOPE", "detail": "requires the following scope: a[[b"}}),
    Row("consent_unnamed", "made up: a refusal without any scope in it", {"code": "ConsentRequired", "description": "Consent is required"}),
    Row("insufficient_scope_body", RFC, {"error": "insufficient_scope", "error_description": "More is needed"}),
    Row(
        "insufficient_scope",
        RFC,
        {"error": {"code": "FORBIDDEN"}},
        (TRANSFER, FLOW),
        headers={"WWW-Authenticate": f'Bearer realm="x", error="insufficient_scope", scope="{TRANSFER} {FLOW}"'},
    ),
    Row(
        "insufficient_scope_after_another_scheme",
        RFC + "; RFC 9110 section 11.6.1",
        "not JSON",
        (TRANSFER,),
        headers={"www-authenticate": f'Basic realm="Bearer", bearer Error=insufficient_scope, scope="{TRANSFER}"'},
        status=401,
    ),
)

FLOW_NESTED = f"{FLOW}[{NESTED}]"
ON_THE_WAY = {
    "code": "ConsentRequired",
    "description": "Missing required data_access consent",
    "required_scope": NESTED,
    "resolution_url": None,
}

DETAILS = (
    Row(
        "inactive_run",
        CLI,
        {"code": "ConsentRequired", "description": "Go", "required_scope": FLOW_NESTED, "action_statuses": [{"details": ON_THE_WAY}]},
        (FLOW_NESTED,),
    ),
    Row("inactive_action", CLI, {"code": "FlowInactive", "action_statuses": [{"status": "INACTIVE", "details": ON_THE_WAY}]}, (NESTED,)),
    Row(
        "inactive_session",
        CLI,
        {
            "code": "AuthorizationParameters",
            "description": "Go",
            "authorization_parameters": {"session_message": "Need a login", "session_required_identities": ["shrek@fairytale"]},
            "state_name": "authn",
        },
        (),
        {"session_required_identities": "shrek@fairytale"},
    ),
    Row(
        "failed_action",
        "docs.globus.org/api/flows, ActionUnableToRun: what the action provider answered is packed into a string",
        {
            "code": "FlowFailed",
            "details": {"state_name": "Move", "error": "ActionUnableToRun", "cause": {"status_code": 403, "text": json.dumps(ON_THE_WAY)}},
        },
        (NESTED,),
    ),
    Row("failed_action_in_words", "the same, packed twice", {"details": {"cause": json.dumps({"details": ON_THE_WAY})}}, (NESTED,)),
    Row(
        "inactive_timer",
        "globus_sdk.testing, timer.get_job (TIMER_INACTIVE_GARE)",
        {
            "inactive_reason": {
                "cause": "globus_auth_requirements",
                "detail": {"code": "ConsentRequired", "authorization_parameters": {"required_scopes": [NESTED]}},
            }
        },
        (NESTED,),
    ),
)

OTHERS = (
    Row("forbidden", "globus_sdk.testing, flows.respond_to_web_input", {"error": {"code": "FORBIDDEN", "detail": "Not yours"}}),
    Row("not_found", "globus_sdk.testing, flows", {"error": {"code": "NOT_FOUND", "detail": "No Flow exists"}}, status=404),
    Row("conflict", "globus_sdk.testing, flows", {"error": {"code": "STATE_CONFLICT", "detail": "closed"}}, status=409),
    Row("expired", "globus_sdk.testing, auth", {"error": {"code": "AUTHENTICATION_ERROR"}}, status=401),
    Row("invalid_token", RFC, None, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}, status=401),
    Row("another_scheme", RFC, None, headers={"WWW-Authenticate": 'Basic error="insufficient_scope"'}, status=401),
    Row("permission_denied", "globus_sdk.testing, transfer", {"code": "PermissionDenied", "message": "Path not allowed"}),
    Row("broken", "an outage", {"code": "ConsentRequired", "required_scopes": [TRANSFER]}, status=500),
    Row(
        "echoed_input", "Flows' FLOW_INPUT_ERROR", {"error": {"code": "FLOW_INPUT_ERROR", "input": {"code": "ConsentRequired"}}}, status=400
    ),
    Row("words", "made up", {"code": "Other", "message": "This action requires the following scope: x"}),
    Row("empty_parameters", GARE_DOCS, gare()),
    Row("a_message_alone", GARE_DOCS, gare(session_message="Hello")),
    Row("no_object", "made up", ["ConsentRequired"]),
    Row("nothing", "an empty body", None),
    Row("packed_nonsense", "made up", {"error": "{not JSON"}),
)
