from __future__ import annotations

import dataclasses
import json

import pytest

from jupyter_flowauth.storage.account_json import FORMAT, NewerFormat, from_json, to_json
from jupyter_flowauth.tokens import Token
from tests.fakes.world import account_of

TOKEN = Token("SENTINEL", ("a", "b"), "server", 200.5, 100.0, "SENTINEL", refresh_started=150.0)
ACCOUNT = dataclasses.replace(account_of("alice", TOKEN, Token("x", ())), id_token="SENTINEL", declined=("c",), logged_in_at_seconds=7)


def changed(**changes):
    return json.dumps({**json.loads(to_json(ACCOUNT)), **changes}).encode()


def test_an_account_comes_back_as_it_was():
    assert from_json(to_json(ACCOUNT)) == ACCOUNT


def test_what_comes_back_shows_no_secret():
    assert "SENTINEL" not in repr(from_json(to_json(ACCOUNT)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"format": 1}',
        b"[" * 100_000,
        changed(format=0),
        changed(format=None),
        changed(tokens=7),
        changed(tokens=[{}]),
        changed(tokens=[{"access_token": 7, "scopes": []}]),
        changed(tokens=[{"access_token": "x", "scopes": "a b"}]),
        changed(tokens=[{"access_token": "x", "scopes": [], "expires_at_seconds": "soon"}]),
        changed(declined=[7]),
        changed(identity={"sub": "s"}),
        changed(identity={"sub": "s", "username": None}),
        changed(logged_in_at_seconds="yesterday"),
        to_json(ACCOUNT)[:-20],
    ],
)
def test_anything_else_is_no_account(content):
    with pytest.raises(ValueError, match="not an account") as caught:
        from_json(content)
    assert (caught.value.__cause__, "SENTINEL" in str(caught.value)) == (None, False)


def leaves(values, path=()):
    """Every place in a document that holds a plain value."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    yield from ([path] if not isinstance(values, dict | list) else [])
    for name, value in items:
        yield from leaves(value, (*path, name))


@pytest.mark.parametrize("path", list(leaves(json.loads(to_json(ACCOUNT)))))
@pytest.mark.parametrize("wrong", [["x"], {"x": 1}, "\ud800"])
def test_no_field_is_of_another_kind(path, wrong):
    values = json.loads(to_json(ACCOUNT))
    place = values
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = wrong
    with pytest.raises(ValueError, match="not an account"):
        from_json(json.dumps(values).encode())


def test_an_identity_is_the_one_that_the_account_is_kept_for():
    with pytest.raises(ValueError, match="not an account"):
        from_json(changed(identity={"sub": "somebody else", "username": "u"}))


def test_a_field_that_a_later_version_added_is_left_alone():
    assert from_json(changed(surprise=True)) == ACCOUNT


def test_what_a_newer_version_wrote_is_told_apart():
    with pytest.raises(NewerFormat, match=f"newer version .format {FORMAT + 1}"):
        from_json(changed(format=FORMAT + 1, more="fields"))


def test_it_is_json_and_nothing_that_runs():
    """ATTACKS 17."""
    assert json.loads(to_json(ACCOUNT))["format"] == FORMAT


def test_what_an_older_version_wrote_is_a_persons():
    values = json.loads(to_json(dataclasses.replace(ACCOUNT, kind="service_account")))
    assert from_json(json.dumps(values).encode()).kind == "service_account"
    del values["kind"]
    assert from_json(json.dumps(values).encode()).kind == "person"


def test_a_kind_that_is_none_is_no_account():
    with pytest.raises(ValueError, match="not an account"):
        from_json(changed(kind="robot"))
