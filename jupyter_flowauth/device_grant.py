"""The device authorization grant (RFC 8628), as pairs of pure functions: ``build_…`` makes a request, ``validate_…`` judges the answer.

The ID token of such a login is checked as any other, but for its nonce: that is a parameter of the authentication request that a
browser carries (OpenID Connect Core section 3.1.2.1), and here there is none: section 3.1.3.7 wants a nonce "if a nonce value was sent".
What a nonce defends against, an answer of another login that is slipped in on its way through a browser, has no way in either: the
tokens come from the token endpoint, over TLS, to who holds the device_code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .code_grant import AuthorizationRequest, printable, validate_endpoint
from .errors import ConfigurationError, LoginDenied, LoginTimeout, ProviderError
from .pkce import CODE_CHALLENGE_METHOD
from .records import DeviceCode
from .secret import to_secret

DEVICE_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
# RFC 8628 section 3.2: "If no value is provided, clients MUST use 5 as the default."
DEFAULT_INTERVAL_SECONDS = 5.0
# Section 3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests."
SLOW_DOWN_SECONDS = 5.0
LEAST_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS = 1.0, 60.0
# What is shown to a person has to be something that a person can type, and see.
LONGEST_USER_CODE, LONGEST_ADDRESS = 64, 512
# RFC 8628 section 5.4: somebody may have sent a person a code of their own.
DEVICE_ADVICE = "Give it to nobody: whoever enters it decides who is logged in here."
_KEPT = "what was held before is still held"


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """What a provider answered to a device authorization request.

    :param shown: what the person is shown.
    :param device_code: the secret that the tokens are asked for with. It never leaves the asking process's memory.
    :param interval_seconds: the least time between two such requests.
    """

    shown: DeviceCode
    device_code: str = field(repr=False)
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS

    def __post_init__(self) -> None:
        """Mask the secret wherever a traceback might print it."""
        object.__setattr__(self, "device_code", to_secret(self.device_code))


def build_device_request(authorization: AuthorizationRequest) -> dict[str, str]:
    """Return the form of a device authorization request (section 3.1), without the client's id and proof.

    The challenge goes along always: RFC 7636 is as good here, a provider may demand it (Keycloak does, of a client with PKCE), and one
    that knows nothing of it "MUST ignore unrecognized request parameters" (RFC 6749 section 3.2).
    """
    return {
        **dict(authorization.extra),
        "scope": authorization.scope,
        "code_challenge": authorization.code_challenge,
        "code_challenge_method": CODE_CHALLENGE_METHOD,
    }


def validate_device_answer(answer: Mapping[str, Any], *, now: float) -> DeviceAuthorization:
    """Return what a device authorization endpoint answered (section 3.2), once a person may be shown it.

    :raises ProviderError: if anything that has to be there is missing, or is no address, code or time.
    """
    device_code, user_code = answer.get("device_code"), answer.get("user_code")
    if not isinstance(device_code, str) or not device_code or not device_code.isprintable():
        raise _malformed("no device code")
    if not isinstance(user_code, str) or not user_code.strip() or len(user_code) > LONGEST_USER_CODE or printable(user_code) != user_code:
        raise _malformed("no code that a person could type in")
    # Some providers still say verification_url, as the draft did.
    page = _validate_page(answer.get("verification_uri", answer.get("verification_url")))
    code = DeviceCode(user_code, page, _find_complete(answer, page), now + _positive(answer, "expires_in", least=1.0))
    interval = _positive(answer, "interval", least=LEAST_INTERVAL_SECONDS) if "interval" in answer else DEFAULT_INTERVAL_SECONDS
    return DeviceAuthorization(code, device_code, interval)


def _validate_page(address: object) -> str:
    page = validate_endpoint(address, what="page for device codes")
    if len(page) > LONGEST_ADDRESS or printable(page, longest=LONGEST_ADDRESS) != page or any(c.isspace() for c in page):
        raise _malformed("no address that a person could open")
    return page


def _find_complete(answer: Mapping[str, Any], page: str) -> str:
    """Return the address with the code filled in, or nothing if there is none, or it leads to another host than the one that is shown."""
    try:
        complete = _validate_page(answer.get("verification_uri_complete"))
        return complete if urlsplit(complete)[:2] == urlsplit(page)[:2] else ""
    except ProviderError:
        return ""


def _positive(answer: Mapping[str, Any], name: str, *, least: float) -> float:
    value = answer.get(name)
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):  # JSON's numbers have no end, and a float has
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise _malformed(f"no usable {name!r} of the device code")
    return max(least, seconds)


def build_device_token_request(device_code: str, *, code_verifier: str) -> dict[str, str]:
    """Return the form of a device access token request (section 3.4), without what authenticates the client."""
    return {"grant_type": DEVICE_GRANT_TYPE, "device_code": device_code, "code_verifier": code_verifier}


def next_interval(interval_seconds: float, refusal: ProviderError) -> float:
    """Return how long to wait before the next request, after one that brought no tokens.

    :raises LoginDenied, LoginTimeout, ConfigurationError, ProviderError: if there is no use in asking again.
    """
    if refusal.error == "authorization_pending":
        return interval_seconds
    if refusal.error == "slow_down":
        return interval_seconds + SLOW_DOWN_SECONDS
    if refusal.error == "access_denied":
        raise LoginDenied(f"the login was denied; {_KEPT}; run it again to be asked again",
                          error="access_denied", error_description=refusal.error_description)  # fmt: skip
    if refusal.error == "expired_token":
        raise LoginTimeout(f"the code expired before it was entered and agreed to; {_KEPT}; run it again for another code")
    validate_may_use_device(refusal)
    if _is_passing(refusal):
        # Section 3.5: "On encountering a connection timeout, clients MUST unilaterally reduce their polling frequency before retrying.
        # The use of an exponential backoff algorithm to achieve this, such as doubling the polling interval ..., is RECOMMENDED."
        return max(interval_seconds, min(2 * interval_seconds, LONGEST_INTERVAL_SECONDS), min(refusal.retry_after_seconds or 0.0, 900.0))
    raise refusal


def validate_may_use_device(refusal: ProviderError) -> None:
    """Tell a client that may not use device codes at all from every other trouble: then another way is to be taken.

    :raises ConfigurationError: if that is what the provider said.
    """
    if refusal.error in ("unauthorized_client", "unsupported_grant_type"):
        raise ConfigurationError(
            f"this client may not log in by device codes ({refusal.error}): enable that grant for it at the provider"
        ) from None


def _is_passing(refusal: ProviderError) -> bool:
    """Tell whether the provider couldn't be reached, or has trouble of its own: then the person may well be at its page all the same."""
    if refusal.status is None:
        return refusal.error is None
    return refusal.status == 429 or refusal.status >= 500


def _malformed(what: str) -> ProviderError:
    return ProviderError(f"the provider answered with {what}; nobody was asked; nothing was kept; try another way to log in")


def describe_device(code: DeviceCode, *, minutes: int) -> list[str]:
    """Return where to enter which code, and what keeps it yours, as lines."""
    return [
        f"On any device, open   {code.verification_uri}",
        f"and enter this code:  {code.user_code}",
        *([f"(The same in one:     {code.verification_uri_complete} )"] if code.verification_uri_complete else []),
        f"It is good for {minutes} min. {DEVICE_ADVICE}",
    ]
