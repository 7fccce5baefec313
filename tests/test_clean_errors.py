"""ATTACKS 10: what an error takes along over the border."""

from __future__ import annotations

import traceback

import pytest

from jupyter_flowauth.clean_errors import CleanErrors
from jupyter_flowauth.errors import ProviderError

SENTINEL = "SENTINEL"


def stumble(answer):
    return answer["lifetime"] + 1


def read(access_token):
    answer = {"access_token": access_token, "lifetime": None}
    try:
        return stumble(answer)
    except TypeError:
        raise ValueError("that is a mistake of ours") from None


def refuse(access_token):
    raise ProviderError("no") from KeyError(access_token)


def cross(act):
    with CleanErrors():
        act(SENTINEL)


def frames_of(error):
    """Yield the frames of an error and of those behind it, but for the test's own."""
    while error is not None:
        yield from (frame for frame, _ in traceback.walk_tb(error.__traceback__) if not frame.f_code.co_name.startswith("test_"))
        error = error.__cause__ or error.__context__


def shown_by(error):
    return repr([frame.f_locals for frame in frames_of(error)])


def test_an_error_of_ours_comes_without_what_lies_behind_it():
    with pytest.raises(ProviderError) as caught:
        cross(refuse)
    assert (SENTINEL in shown_by(caught.value), caught.value.__cause__, caught.value.__context__) == (False, None, None)


def test_any_other_error_keeps_its_lines_and_loses_what_they_held():
    """What a provider answers mustn't be in a saved notebook because it has met a mistake of ours."""
    with pytest.raises(ValueError, match="mistake") as caught:
        cross(read)
    assert SENTINEL not in shown_by(caught.value)
    assert [frame.f_code.co_name for frame in frames_of(caught.value)] == ["cross", "read", "read", "stumble"]
