"""How a login can end, as outcomes and as sentences."""

from __future__ import annotations

from .errors import FlowAuthError, IdentityMismatch, LoginDenied, LoginTimeout, ProviderError, ScopesMissing
from .records import LoginResult, Outcome
from .tokens import Identity


def message_of(error: BaseException) -> str:
    """Return the sentence for a login that an error has ended."""
    if isinstance(error, FlowAuthError):
        return as_sentence(error.message)
    what = f"failed ({type(error).__name__})" if isinstance(error, Exception) else "was interrupted"
    return f"The login {what}; what was held before is still held; run it again to be asked again."


def as_sentence(message: str) -> str:
    """Return an error's message as it is shown to a person: with a capital letter, and a full stop."""
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."


def done_message(identity: Identity, granted: tuple[str, ...], lacking: tuple[str, ...]) -> str:
    """Return the sentence for a login that succeeded."""
    sentence = f"You are {identity.username}, {count_scopes(len(granted))} granted"
    return f"{sentence}, {count_scopes(len(lacking))} not granted: {' '.join(lacking)}." if lacking else f"{sentence}."


def outcome_of(error: BaseException) -> Outcome:
    """Return the outcome that an error stands for."""
    if isinstance(error, LoginDenied):
        return error.error if error.error in ("cancelled", "interrupted") else "denied"  # type: ignore[return-value]  # just compared
    if isinstance(error, LoginTimeout):
        return "timed_out"
    if isinstance(error, IdentityMismatch):
        return "mismatch"
    return "failed" if isinstance(error, Exception) else "interrupted"


def raise_shared_outcome(result: LoginResult, missing: tuple[str, ...]) -> None:
    """Raise what the login raised that was joined, if it ended badly. An interrupted one is nobody else's end.

    :raises LoginDenied, LoginTimeout, IdentityMismatch, ProviderError, ScopesMissing: as it ended there.
    """
    if result.outcome in ("denied", "cancelled"):
        raise LoginDenied(result.message, error="access_denied" if result.outcome == "denied" else "cancelled")
    if result.outcome == "timed_out":
        raise LoginTimeout(result.message)
    if result.outcome == "mismatch":
        raise IdentityMismatch(result.message, expected="", received="")  # both are named in the message
    if result.outcome == "failed":
        raise ProviderError(result.message)
    if result.outcome == "done" and missing:
        again = " ".join(missing)
        raise ScopesMissing(
            f"the login that was joined granted less than was asked; what was granted is kept; "
            f"still missing: {again}; to be asked again: %login {again}",
            missing=missing,
        )


def count_scopes(number: int) -> str:
    """Return ``1 scope``, ``2 scopes``."""
    return "1 scope" if number == 1 else f"{number} scopes"
