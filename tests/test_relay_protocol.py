from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_flowauth.pkce import generate_login_id, generate_state
from jupyter_flowauth.relay_protocol import (
    LONGEST_ANSWER,
    RelayStart,
    build_public_key,
    hash_state,
    open_answer,
    parse_start,
    seal_answer,
)

BINDING = b"a binding cookie of 256 random bits"
ANSWER = {"code": "SENTINELcode", "state": "s", "iss": "https://auth.example.org"}


def build_start(**changes: str) -> RelayStart:
    login_id = generate_login_id()
    start = RelayStart(login_id, "globus", "alice", "", hash_state(generate_state(login_id)), build_public_key(BINDING))
    return replace(start, **changes)


def values_of(start: RelayStart) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(start.to_query(), keep_blank_values=True).items()}


def test_a_start_survives_its_query():
    start = build_start(server="gpu ü")
    assert parse_start(values_of(start)) == start


def test_a_start_says_nothing_of_the_state_or_the_binding():
    login_id = generate_login_id()
    state = generate_state(login_id)
    query = build_start(state_sha256=hash_state(state)).to_query()
    assert state.partition(".")[2] not in query
    assert BINDING.decode() not in query


@pytest.mark.parametrize("name", RelayStart.__slots__)
def test_a_start_that_lacks_a_part_is_refused(name):
    values = values_of(build_start())
    del values[name]
    with pytest.raises(ValueError, match="absent"):
        parse_start(values)


@pytest.mark.parametrize(
    "changes",
    [
        {"login_id": "../../etc"},
        {"login_id": "F" * 32},
        {"provider": "a/b"},
        {"provider": ""},
        {"provider": "x" * 65},
        {"user": ""},
        {"user": "a\nb"},
        {"server": "x" * 300},
        {"state_sha256": "abc"},
        {"public_key": "short"},
        {"public_key": "!" * 43},
    ],
)
def test_a_start_that_is_shaped_otherwise_is_refused(changes):
    with pytest.raises(ValueError):
        parse_start(values_of(build_start(**changes)))


def test_an_answer_is_read_by_the_server_whose_browser_holds_the_binding():
    start = build_start()
    assert open_answer(seal_answer(ANSWER, start), binding=BINDING, login_id=start.login_id) == ANSWER


def test_a_sealed_answer_shows_no_code():
    assert "SENTINEL" not in seal_answer(ANSWER, build_start())


def test_what_is_no_part_of_an_answer_is_left_out():
    start = build_start()
    sealed = seal_answer({"error": "access_denied", "next": "https://evil.example"}, start)
    assert open_answer(sealed, binding=BINDING, login_id=start.login_id) == {"error": "access_denied"}


def test_another_browser_reads_nothing():
    start = build_start()
    with pytest.raises(ValueError, match="isn't for this login"):
        open_answer(seal_answer(ANSWER, start), binding=b"another one", login_id=start.login_id)


def test_an_answer_is_for_one_login():
    with pytest.raises(ValueError, match="isn't for this login"):
        open_answer(seal_answer(ANSWER, build_start()), binding=BINDING, login_id=generate_login_id())


@given(position=st.integers(0, 40), letter=st.sampled_from("ABCxyz019-_"))
def test_an_answer_that_was_changed_on_the_way_is_refused(position, letter):
    start = build_start()
    sealed = seal_answer(ANSWER, start)
    changed = sealed[:position] + letter + sealed[position + 1 :]
    if changed != sealed:
        with pytest.raises(ValueError):
            open_answer(changed, binding=BINDING, login_id=start.login_id)


@pytest.mark.parametrize("sealed", ["", "AAAA", "%%%", "A" * 43, "A" * 80, "ü"])
def test_what_is_no_answer_at_all_is_refused(sealed):
    with pytest.raises(ValueError):
        open_answer(sealed, binding=BINDING, login_id=generate_login_id())


def test_an_answer_too_long_for_an_address_is_refused():
    with pytest.raises(ValueError, match="too long"):
        seal_answer({"code": "x" * LONGEST_ANSWER}, build_start())
