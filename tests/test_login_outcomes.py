from __future__ import annotations

import pytest

from jupyter_flowauth.errors import IdentityMismatch, LoginDenied, LoginTimeout, ProviderError, ScopesMissing
from jupyter_flowauth.login_outcomes import count_scopes, done_message, message_of, outcome_of, raise_shared_outcome
from jupyter_flowauth.records import LoginResult
from jupyter_flowauth.tokens import Identity

ALICE = Identity("s", "alice@example.org")


@pytest.mark.parametrize(
    "error, outcome",
    [
        (LoginDenied("x", error="access_denied"), "denied"),
        (LoginDenied("x", error="cancelled"), "cancelled"),
        (LoginDenied("x", error="interrupted"), "interrupted"),
        (LoginTimeout("x"), "timed_out"),
        (ProviderError("x"), "failed"),
        (IdentityMismatch("x", expected="a", received="b"), "mismatch"),
        (ValueError("x"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_every_error_stands_for_an_outcome(error, outcome):
    assert outcome_of(error) == outcome


def test_an_error_of_ours_speaks_for_itself():
    assert message_of(ProviderError("It is down.")) == "It is down."
    assert message_of(LoginTimeout("nobody came; run it again")) == "Nobody came; run it again."


def test_any_other_error_is_named_and_not_quoted():
    assert message_of(ValueError("SENTINEL")) == (
        "The login failed (ValueError); what was held before is still held; run it again to be asked again."
    )
    assert "was interrupted" in message_of(KeyboardInterrupt())


def test_what_was_granted_is_counted():
    assert done_message(ALICE, ("a",), ()) == "You are alice@example.org, 1 scope granted."
    assert done_message(ALICE, ("a",), ("b", "c")) == "You are alice@example.org, 1 scope granted, 2 scopes not granted: b c."
    assert count_scopes(0) == "0 scopes"


@pytest.mark.parametrize(
    "outcome, error",
    [
        ("denied", LoginDenied),
        ("cancelled", LoginDenied),
        ("timed_out", LoginTimeout),
        ("mismatch", IdentityMismatch),
        ("failed", ProviderError),
    ],
)
def test_a_bad_end_is_shared(outcome, error):
    with pytest.raises(error, match="As it was said"):
        raise_shared_outcome(LoginResult("0", outcome, "As it was said.", 0), ())


def test_less_granted_is_shared():
    with pytest.raises(ScopesMissing, match=r"what was granted is kept; still missing: b; to be asked again: %login b$") as caught:
        raise_shared_outcome(LoginResult("0", "done", "", 0), ("b",))
    assert caught.value.missing == ("b",)


@pytest.mark.parametrize("outcome", ["done", "interrupted"])
def test_a_good_end_and_an_interrupt_raise_nothing(outcome):
    assert raise_shared_outcome(LoginResult("0", outcome, "", 0), ()) is None  # type: ignore[func-returns-value]
