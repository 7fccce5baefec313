"""The one classifier of refusals: every shape in which a service says that a consent, or a session, is missing.

Bodies are read with suspicion, and what is not a consent matter is not recognised: ``classify_refusal`` returns None for it.

Sources: the Globus Authorization Requirements Error (docs.globus.org/api/auth/gare), ``globus_sdk.gare`` for the legacy variants,
``globus_sdk.testing`` for Flows' ``MISSING_SCOPE``, RFC 6750 section 3.1 for ``insufficient_scope``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .flow_needs import clean_words
from .scopes import Requirement, parse_requirements

_CONSENT_CODES = frozenset({"consentrequired", "missingscope", "dependentconsentrequired", "insufficientscope"})
_SESSION_LISTS = ("session_required_identities", "session_required_single_domain", "session_required_policies")
_WISHES = {
    "session_required_mfa": "wants you to log in with a second factor",
    "session_required_identities": "wants you to log in as {} besides",
    "session_required_single_domain": "wants you to log in with an identity of {}",
    "session_required_policies": "wants a login that meets a policy of its own",
    "prompt": "wants you to log in afresh",
}
# Where services put an error inside another one. Nowhere else: what people feed to a flow is in its details too, under other names.
_WRAPPERS = frozenset({"error", "errors", "detail", "details", "action_statuses", "inactive_reason", "cause", "text"})
_CHALLENGE = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_NAMED_IN_WORDS = re.compile(r"following scopes?: (.+)$", re.DOTALL)
_DEEPEST, _LONGEST_MESSAGE = 8, 20_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that a login can mend.

    :param error: what the service calls it: its ``code``, or OAuth's ``error``.
    :param required_scopes: what was refused for want of a consent; empty if the service doesn't say, or it is about the session.
    :param parameters: what the authorization request must carry besides (``session_required_mfa``, ``prompt``, …).
    :param message: the service's own words. They are a stranger's: escape them before showing them.
    """

    error: str
    required_scopes: tuple[Requirement, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    message: str = ""

    @property
    def wish(self) -> str:
        """What it wants of the session, as the end of a sentence; empty if it is about consents alone."""
        wanted = {name: clean_words(value) for name, value in self.parameters.items() if value != "False"}
        return " and ".join(words.format(wanted[name]) for name, words in _WISHES.items() if name in wanted)


def classify_error(error: BaseException) -> Refusal | None:
    """Return the refusal that an exception stands for, or None: any error with the SDK's ``http_status``, ``raw_json``, ``headers``."""
    status, body = getattr(error, "http_status", None), getattr(error, "raw_json", None)
    headers = getattr(error, "headers", None)
    if not isinstance(status, int):
        return None
    return classify_refusal(status=status, body=body, headers=headers if isinstance(headers, Mapping) else {})


def classify_refusal(*, status: int, body: object, headers: Mapping[str, str] | None = None) -> Refusal | None:
    """Return the refusal in an answer, or None if it isn't about a consent or a session."""
    if status not in (400, 401, 403, 424):
        return None
    found = next(filter(None, map(_read_body, _objects_in(body))), None)
    return found or _read_challenge(headers or {})


def classify_details(details: object) -> Refusal | None:
    """Return the refusal inside a run's details, where an action was refused on the way, or None."""
    return next(filter(None, map(_read_body, _objects_in(details))), None)


def _objects_in(value: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects that may be errors, outer ones first; also those that services pack into strings."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, Mapping):
        yield value
    inner = value if isinstance(value, list) else [value[name] for name in value if name in _WRAPPERS] if isinstance(value, Mapping) else []
    for one in inner if depth < _DEEPEST else ():
        yield from _objects_in(one, depth + 1)


def _read_body(body: Mapping[str, Any]) -> Refusal | None:
    code = body.get("code", body.get("error"))
    code = code if isinstance(code, str) else ""
    wanted = body.get("authorization_parameters")
    if isinstance(wanted, Mapping) and (found := _read_parameters(code or "AuthorizationRequired", wanted, body)):
        return found
    return Refusal(code, _requirements(_scopes_in(body)), message=_message(body)) if _is_consent_code(code) else None


def _is_consent_code(code: str) -> bool:
    return code.replace("_", "").lower() in _CONSENT_CODES


def _scopes_in(body: Mapping[str, Any]) -> list[str]:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    places = (body.get("required_scopes"), body.get("required_scope"), body.get("unapproved_scopes"), first.get("unapproved_scopes"))
    if listed := next(filter(None, map(_strings, places)), None):
        return listed
    # Flows' MISSING_SCOPE says them in words alone.
    named = _NAMED_IN_WORDS.search(_message(body))
    return [named[1].replace(",", " ").strip().rstrip(".")] if named else []


def _read_parameters(code: str, wanted: Mapping[str, Any], body: Mapping[str, Any]) -> Refusal | None:
    parameters = {name: ",".join(values) for name in _SESSION_LISTS if (values := _strings(wanted.get(name), separator=","))}
    if isinstance(wanted.get("session_required_mfa"), bool):
        parameters["session_required_mfa"] = str(wanted["session_required_mfa"])
    if wanted.get("prompt") == "login":
        parameters["prompt"] = "login"
    scopes = _strings(wanted.get("required_scopes")) or (_scopes_in(body) if _is_consent_code(code) else [])
    if not parameters and not scopes and not _is_consent_code(code):
        return None
    words = clean_words(wanted.get("session_message")) or _message(body)
    return Refusal(code, _requirements(scopes), parameters, words)


def _read_challenge(headers: Mapping[str, str]) -> Refusal | None:
    """Read ``WWW-Authenticate: Bearer error="insufficient_scope", scope="…"`` (RFC 6750 section 3), alone or after other schemes."""
    challenge = next((value for name, value in headers.items() if name.lower() == "www-authenticate"), "")
    start = challenge.lower().find("bearer ")
    values = {name.lower(): quoted or bare for name, quoted, bare in _CHALLENGE.findall(challenge[start:])} if start >= 0 else {}
    if values.get("error") != "insufficient_scope":
        return None
    message = clean_words(values.get("error_description", ""))
    return Refusal("insufficient_scope", _requirements([values.get("scope", "")]), message=message)


def _strings(value: object, *, separator: str | None = None) -> list[str]:
    if isinstance(value, str):
        return [piece for piece in (value.split(separator) if separator else [value]) if piece]
    return [piece for piece in value if isinstance(piece, str) and piece] if isinstance(value, list) else []


def _requirements(scopes: list[str]) -> tuple[Requirement, ...]:
    try:
        return parse_requirements(scopes)
    except ValueError:
        return ()  # a refusal whose scopes can't be read is a refusal all the same


def _message(body: Mapping[str, Any]) -> str:
    words = (clean_words(body.get(name), longest=_LONGEST_MESSAGE) for name in ("message", "detail", "description", "error_description"))
    return next(filter(None, words), "")
