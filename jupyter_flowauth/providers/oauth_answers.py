"""What a token endpoint answers, read with suspicion (RFC 6749 sections 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Mapping

from ..code_grant import printable
from ..errors import ProviderError
from ..tokens import Token

# A hundred years: a date that a clock, a file and a card can hold, for a provider that means "never".
LONGEST_SECONDS = 100 * 366 * 86400.0


def build_token(answer: object, *, now: float, before: Token | None = None, asked: tuple[str, ...] | None = None) -> Token:
    """Return the token in one answer.

    :param before: the token that was renewed; what a renewal doesn't repeat stays as it was (RFC 6749 section 6: scope, refresh token).
    :param asked: the scopes that were asked for, where an answer without ``scope`` means those (RFC 6749 section 5.1: "OPTIONAL, if
        identical to the scope requested by the client"); None: an answer has to say.
    :raises ProviderError: if the answer isn't a bearer token.
    """
    if not isinstance(answer, Mapping):
        raise _malformed("no token")
    access_token, token_type = answer.get("access_token"), answer.get("token_type", "Bearer")
    if not isinstance(access_token, str) or not access_token:
        raise _malformed("no access token")
    refresh_token, resource_server = answer.get("refresh_token"), answer.get("resource_server")
    if not isinstance(refresh_token, str | None) or not isinstance(resource_server, str | None):
        raise _malformed("a field of the wrong type")
    if not (_is_sendable(access_token) and _is_sendable(refresh_token or "")):
        raise _malformed("an access token or a refresh token that no request can hold")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise _malformed("a token that is no bearer token")
    scope, expires_in = answer.get("scope"), answer.get("expires_in")
    unsaid = before.scopes if before else asked
    if (scope is None and unsaid is None) or not isinstance(scope, str | None):
        raise _malformed("a token without its scopes")
    scopes = tuple(scope.split()) if scope is not None else unsaid or ()
    # They are shown in terminals and kept in files, in which not every string can be.
    if not all(map(str.isprintable, scopes)):
        raise _malformed("scopes that can't be")
    if not isinstance(expires_in, int | float | None) or isinstance(expires_in, bool):
        raise _malformed("a lifetime that is no number")
    # JSON as Python reads it has NaN and Infinity, too: a token that never expires, or whose expiry can't be compared.
    if expires_in is not None and not 0 <= expires_in < float("inf"):
        raise _malformed("a lifetime that can't be")
    return Token(
        access_token=access_token,
        scopes=scopes,
        resource_server=resource_server or (before.resource_server if before else None),
        expires_at_seconds=None if expires_in is None else now + min(expires_in, LONGEST_SECONDS),
        obtained_at_seconds=now,
        refresh_token=refresh_token or (before.refresh_token if before else None),
    )


def _is_sendable(token: str) -> bool:
    """Tell whether a token has only the characters that one may have (RFC 6749 appendix A.12): a line break makes a header."""
    return all("!" <= character <= "~" or character == " " for character in token)


def refusal(provider: str, status: int, body: object, *, retry_after: str | None = None, reason: str | None = None) -> ProviderError:
    """Return the error for an answer with an error status.

    :param reason: why, as half a sentence, where the provider's words are known.
    :param retry_after: the header; seconds are heeded, dates are not.
    """
    values = body if isinstance(body, dict) else {}
    error, description = values.get("error"), values.get("error_description")
    error = error if isinstance(error, str) else None
    named = printable(error or "", longest=80)
    description = description if isinstance(description, str) else None
    if error == "invalid_grant":
        sentence = f"{provider} refused: what was presented has expired, or was used or ended already; log in again"
    elif status == 429 or status >= 500:
        sentence = f"{provider} has trouble of its own (status {status}); nothing was lost here; try again later"
    elif error and reason:
        sentence = f"{provider} refused: {reason}; nothing was lost here; log in again once that is so"
    elif error:
        sentence = f"{provider} refused the request ({named}); nothing was lost here; check the client's registration"
    else:
        sentence = f"{provider} answered with status {status} and no reason; nothing was lost here; check its address"
    return ProviderError(
        sentence,
        error=error,
        error_description=description,
        status=status,
        reason=reason,
        nothing_done=status in (429, 503),
        retry_after_seconds=float(retry_after) if retry_after and retry_after.isdecimal() else None,
    )


def network_error(provider: str, address: str, *, timed_out: bool = False, refused: bool = False) -> ProviderError:
    """Return the error for a provider that can't be reached."""
    what = "didn't answer in time" if timed_out else "can't be reached"
    return ProviderError(f"{provider} {what} at {address}; nothing was lost here; check the network, and try again", nothing_done=refused)


def _malformed(what: str) -> ProviderError:
    return ProviderError(f"the provider answered with {what}; nothing was kept; log in again", status=200)
