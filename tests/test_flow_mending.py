"""What callers that are refused together share."""

from __future__ import annotations

import pytest

from jupyter_flowauth.errors import ConsentRequired, LoginDenied
from jupyter_flowauth.flow_mending import Mender, Remedies
from jupyter_flowauth.refusals import Refusal

REFUSAL = Refusal("ConsentRequired")


class Remedy:
    """What was done, and whether a fresh token is enough."""

    def __init__(self, *, stale: bool = False, says_no: bool = False, interrupted: bool = False) -> None:
        self.done: list[str] = []
        self.stale, self.says_no, self.interrupted = stale, says_no, interrupted
        self.mender = Mender(Remedies(self.renew, self.prompt, lambda refusal: ConsentRequired("still")))

    def renew(self, refusal: Refusal) -> bool:
        if self.stale:
            self.done.append("renewed")
        return self.stale

    def prompt(self, refusal: Refusal) -> None:
        self.done.append("asked")
        if self.says_no:
            raise PermissionError("no")
        if self.interrupted:
            raise KeyboardInterrupt


def test_two_who_were_refused_with_one_token_share_the_fresh_one():
    remedy = Remedy(stale=True)
    first, second = remedy.mender.begin(), remedy.mender.begin()
    first.mend(REFUSAL)
    second.mend(REFUSAL)
    assert remedy.done == ["renewed"]


def test_two_who_were_refused_together_share_the_prompt():
    remedy = Remedy()
    first, second = remedy.mender.begin(), remedy.mender.begin()
    first.mend(REFUSAL)
    second.mend(REFUSAL)
    assert remedy.done == ["asked"]


def test_who_is_refused_after_the_others_prompt_gets_one_too():
    remedy = Remedy()
    remedy.mender.begin().mend(REFUSAL)
    remedy.mender.begin().mend(REFUSAL)
    assert remedy.done == ["asked", "asked"]


def test_a_fresh_token_comes_before_a_prompt_and_once():
    remedy = Remedy(stale=True)
    attempt = remedy.mender.begin()
    for _ in range(2):
        attempt.mend(REFUSAL)
        attempt.look()
    assert remedy.done == ["renewed", "asked"]
    with pytest.raises(ConsentRequired, match="still"):
        attempt.mend(REFUSAL)


def test_a_no_is_shared_by_those_who_waited_and_by_nobody_else():
    remedy = Remedy(says_no=True)
    first, second = remedy.mender.begin(), remedy.mender.begin()
    for attempt in (first, second):
        with pytest.raises(PermissionError):
            attempt.mend(REFUSAL)
    assert remedy.done == ["asked"]
    remedy.says_no = False
    remedy.mender.begin().mend(REFUSAL)
    assert remedy.done == ["asked", "asked"]


def test_who_waited_for_a_prompt_that_was_interrupted_is_told_so():
    remedy = Remedy(interrupted=True)
    first, second = remedy.mender.begin(), remedy.mender.begin()
    with pytest.raises(KeyboardInterrupt):
        first.mend(REFUSAL)
    with pytest.raises(LoginDenied, match="was interrupted") as caught:
        second.mend(REFUSAL)
    assert (caught.value.error, remedy.done) == ("interrupted", ["asked"])


def test_asking_once_is_asking_unless_somebody_has():
    remedy = Remedy()
    seen = remedy.mender.marks
    for _ in range(2):
        remedy.mender.ask_once(lambda: remedy.prompt(REFUSAL), seen=seen)
    assert remedy.done == ["asked"]
