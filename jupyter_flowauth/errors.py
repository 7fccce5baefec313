"""Every error that this package raises.

::

    FlowAuthError
    ├── ScopesMissing        (KeyError)         a scope that nobody has logged in for
    ├── LoginRequired        (PermissionError)  tokens were held, and can't be used any more
    ├── ConsentRequired      (PermissionError)  a deployed flow needs more than was consented to
    ├── InteractionRequired  (RuntimeError)     a person is needed, and nobody is there
    ├── LoginTimeout         (TimeoutError)     the person didn't come back in time
    ├── LoginDenied          (PermissionError)  the person, or the provider for them, said no
    ├── IdentityMismatch     (PermissionError)  somebody else came back from the login
    ├── StateMismatch        (ValueError)       an answer that belongs to no login of ours
    ├── ProviderError        (RuntimeError)     the provider failed, or answered what it may not
    ├── ConfigurationError   (ValueError)       a setting that can't be used, with its file
    └── StorageError         (OSError)          tokens can't be read or kept here

A message says what happened, what was kept and what to type next. It never holds a token, a code, a verifier or a state.
"""

from __future__ import annotations

from collections.abc import Iterable


class FlowAuthError(Exception):
    """The root of every error raised by this package."""

    # Whether the person was told already, where they were asked: on the card, or beneath the question in the terminal.
    is_said = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        """Return the sentence alone (a ``KeyError`` would quote it)."""
        return self.message


class ScopesMissing(FlowAuthError, KeyError):
    """Scopes that no held token covers.

    :param missing: the scopes, as bare strings.
    :param granted: what was granted all the same, where a login granted less than was asked.
    """

    def __init__(self, message: str, *, missing: Iterable[str], granted: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(sorted(missing))
        self.granted = tuple(sorted(granted))


class LoginRequired(FlowAuthError, PermissionError):
    """Tokens were held, and can't be used any more.

    :param missing: the scopes that the next login should ask for.
    """

    def __init__(self, message: str, *, missing: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(sorted(missing))


class ConsentRequired(FlowAuthError, PermissionError):
    """A deployed flow, or another service, that needs more than was consented to.

    :param missing: the scopes, as bare strings; empty if the service doesn't say.
    """

    def __init__(self, message: str, *, missing: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(sorted(missing))


class InteractionRequired(FlowAuthError, RuntimeError):
    """A login is needed, and nobody is there to be asked.

    :param missing: the scopes that would have been asked for.
    """

    def __init__(self, message: str, *, missing: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(sorted(missing))


class LoginTimeout(FlowAuthError, TimeoutError):
    """The deadline of a login passed before the person answered."""


class LoginDenied(FlowAuthError, PermissionError):
    """A login that was refused, by the person or by the provider.

    :param error: the OAuth error code (RFC 6749 section 4.1.2.1), or ``"cancelled"`` for *Cancel* on our own card.
    :param error_description: the provider's own words. They are a stranger's: escape them before showing them.
    """

    def __init__(self, message: str, *, error: str, error_description: str | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.error_description = error_description


class IdentityMismatch(FlowAuthError, PermissionError):
    """A login that came back as somebody else.

    :param expected: whose tokens are held, or who was asked for.
    :param received: who came back.
    """

    def __init__(self, message: str, *, expected: str, received: str) -> None:
        super().__init__(message)
        self.expected = expected
        self.received = received


class StateMismatch(FlowAuthError, ValueError):
    """An authorization response that belongs to no login of ours (its state or its issuer is another)."""


class ProviderError(FlowAuthError, RuntimeError):
    """A provider that could not be reached, failed, or gave an answer that must not be used.

    :param error: the OAuth error code, where there was one.
    :param error_description: the provider's own words; escape them before showing them.
    :param status: the HTTP status, where there was one.
    :param nothing_done: the provider certainly didn't act on the request (it refused the connection, or said 429 or 503).
    :param retry_after_seconds: when it asked to be tried again, where it did.
    :param reason: why, as half a sentence of ours, where the provider's own words are known to us.
    """

    def __init__(
        self,
        message: str,
        *,
        error: str | None = None,
        error_description: str | None = None,
        status: int | None = None,
        nothing_done: bool = False,
        retry_after_seconds: float | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.nothing_done = nothing_done
        self.retry_after_seconds = retry_after_seconds
        self.error = error
        self.error_description = error_description
        self.status = status

    @property
    def certainly_undone(self) -> bool:
        """Whether the request certainly had no effect: nothing was done, or it was refused (a status below 500 that is an error)."""
        return self.nothing_done or (self.status is not None and 400 <= self.status < 500)


class ConfigurationError(FlowAuthError, ValueError):
    """A setting that can't be used.

    :param source: the file or the environment variable that it came from.
    """

    def __init__(self, message: str, *, source: str | None = None) -> None:
        super().__init__(message)
        self.source = source


class StorageError(FlowAuthError, OSError):
    """Tokens, or the files of a login, that can't be read or kept where they are configured to rest.

    :param path: the file or folder.
    """

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path
