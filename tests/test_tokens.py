from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_flowauth.tokens import NEVER, AccountKey, Identity, Registration, Token, TokenResponse
from tests.fakes.world import account_of, key_of

NAMES = ("a", "b", "c", "d")
some_scopes = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
token_lists = st.lists(some_scopes.map(lambda scopes: Token("x", tuple(scopes), obtained_at_seconds=1.0)), max_size=6)


def token(text: str, *scopes: str, server: str | None = None) -> Token:
    return Token(text, scopes, server)


@given(token_lists, token_lists)
def test_incremental_consent_never_loses_a_scope(held, issued):
    before = account_of().with_tokens(held)
    after = before.with_tokens(issued)
    assert set(after.scopes) == {scope for one in (*held, *issued) for scope in one.scopes}


@given(token_lists)
def test_a_scope_is_served_by_the_newest_token_that_covers_it(issued):
    numbered = [Token(str(number), one.scopes) for number, one in enumerate(issued)]
    account = account_of().with_tokens(numbered)
    for scope in account.scopes:
        newest = [one for one in numbered if one.covers(scope)][-1]
        assert account.token_for(scope) is newest


def test_an_older_token_goes_only_when_one_newer_covers_all_of_it():
    account = account_of("alice", token("old", "a", "b")).with_tokens([token("1", "a"), token("2", "b")])
    assert [one.access_token for one in account.tokens] == ["old", "1", "2"]


def test_an_older_token_that_is_covered_is_dropped():
    account = account_of("alice", token("old", "a")).with_tokens([token("new", "a", "b")])
    assert [one.access_token for one in account.tokens] == ["new"]


def test_a_scope_that_nothing_covers_has_no_token():
    assert account_of("alice", token("1", "a")).token_for("b") is None


def test_what_is_held_at_a_resource_server_is_known():
    account = account_of("alice", token("1", "b", server="x"), token("2", "a", server="x"), token("3", "c", server="y"))
    assert (account.scopes_at("x"), account.scopes_at("z")) == (("a", "b"), ())


def test_a_refreshed_token_takes_the_place_of_the_old_one():
    old, other, new = token("old", "a"), token("other", "a"), token("new", "a")
    assert account_of("alice", old, other).with_refreshed(old, new).tokens == (new, other)


def test_dropping_one_token_keeps_the_others():
    dead, other = token("dead", "a"), token("other", "b")
    assert account_of("alice", dead, other).without(dead).tokens == (other,)


def test_expiry_takes_the_time():
    one = Token("x", ("a",), expires_at_seconds=100, obtained_at_seconds=40)
    assert (one.seconds_left(70), one.seconds_left(130), one.lifetime_seconds) == (30, -30, 60)


def test_without_a_known_expiry_a_token_is_good():
    assert (token("x").seconds_left(1e12), token("x").lifetime_seconds) == (NEVER, NEVER)


def test_a_fingerprint_tells_tokens_apart_and_shows_none():
    assert token("x").fingerprint == token("x", "a").fingerprint != token("y").fingerprint
    assert len(token("x").fingerprint) == 64


def test_an_identity_is_meant_by_username_email_or_sub():
    alice = Identity("Sub-1", "Alice@Example.org", email="a@mail.example.org")
    assert [alice.is_called(name) for name in ("alice@example.org", "A@MAIL.example.org", "Sub-1", "sub-1", "bob", "")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_an_identity_without_an_email_is_not_meant_by_no_name():
    assert not Identity("s", "alice").is_called("")


def test_the_names_of_files_tell_registrations_and_people_apart():
    one, other = Registration("i", "c"), Registration("i", "c", "https://instance")
    assert len({one.digest, other.digest, Registration("ic", "").digest}) == 3
    assert AccountKey(one, "s").digest.startswith(one.digest + "-")
    assert key_of("alice").digest != key_of("bob").digest


def test_a_token_response_needs_no_identity():
    assert TokenResponse(()).identity is None
