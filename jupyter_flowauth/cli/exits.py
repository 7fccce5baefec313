"""How a command ends: the exit codes, in one table that the help and the manual show."""

from __future__ import annotations

from ..errors import (
    ConfigurationError,
    ConsentRequired,
    FlowAuthError,
    IdentityMismatch,
    InteractionRequired,
    LoginDenied,
    LoginRequired,
    LoginTimeout,
    ProviderError,
    ScopesMissing,
    StateMismatch,
    StorageError,
)

OK = 0
FAILED = 1
WRONG_USAGE = 2
LOGIN_NEEDED = 3
TOO_SHORT = 4
LOGIN_FAILED = 5
PROVIDER_FAILED = 6
MISCONFIGURED = 7
STORAGE_FAILED = 8
INTERRUPTED = 130

EXIT_CODES = {
    OK: "It is done. For `status`: somebody is logged in and nothing is missing. For `logout`: nothing is left here.",
    FAILED: "Something else failed. For `doctor`: something is broken.",
    WRONG_USAGE: "The command line is wrong; `--help` shows how it is right.",
    LOGIN_NEEDED: "A login is needed: none is held, it has ended, or it lacks a scope; and nobody could be asked.",
    TOO_SHORT: "`status --min-valid`: the login ends too soon, and does not renew itself.",
    LOGIN_FAILED: "The login was refused, not answered in time, or came back as somebody else.",
    PROVIDER_FAILED: "The provider could not be reached, failed, or gave an answer that must not be used.",
    MISCONFIGURED: "A setting is wrong or missing; the message names the file and the key.",
    STORAGE_FAILED: "Logins can't be read or kept where they are configured to rest.",
    INTERRUPTED: "Ctrl-C. What was held before is still held; `logout` says what of it is gone.",
}

_BY_ERROR: tuple[tuple[type[FlowAuthError], int], ...] = (
    (ScopesMissing, LOGIN_NEEDED),
    (LoginRequired, LOGIN_NEEDED),
    (ConsentRequired, LOGIN_NEEDED),
    (InteractionRequired, LOGIN_NEEDED),
    (LoginDenied, LOGIN_FAILED),
    (LoginTimeout, LOGIN_FAILED),
    (IdentityMismatch, LOGIN_FAILED),
    (StateMismatch, LOGIN_FAILED),
    (ProviderError, PROVIDER_FAILED),
    (ConfigurationError, MISCONFIGURED),
    (StorageError, STORAGE_FAILED),
)


def exit_code_of(error: FlowAuthError) -> int:
    """Return the exit code that says what kind of error this is."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), FAILED)
