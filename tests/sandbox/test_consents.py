from __future__ import annotations

from jupyter_flowauth.sandbox.catalogue import DATA_ACCESS, DEMO_SCOPES, TRANSFER_ALL
from jupyter_flowauth.sandbox.consents import ConsentBook, build_consents_document
from jupyter_flowauth.sandbox.scope_tree import parse_scopes

KNOWN = {entry.scope: entry for entry in DEMO_SCOPES}
TREE = parse_scopes(f"{TRANSFER_ALL}[{DATA_ACCESS}]")


def book_with(tree=TREE, *, now=1000.0, allows_refresh=True):
    book = ConsentBook()
    book.record("alice", "app", tree, allows_refresh=allows_refresh, now=now)
    return book


def test_a_consent_below_another_carries_the_whole_path():
    root, below = build_consents_document(book_with().given("alice", "app"), KNOWN)["consents"]
    assert below["dependency_path"] == [root["id"], below["id"]]


def test_consents_are_per_person_and_client():
    book = book_with()
    assert (book.given("bob"), book.given("alice", "another")) == ([], [])


def test_agreeing_again_keeps_the_consent_and_its_age():
    book = book_with(now=1000.0, allows_refresh=False)
    book.record("alice", "app", TREE, allows_refresh=True, now=2000.0)
    first = book.given("alice")[0]
    assert (len(book.given("alice")), first.created, first.updated, first.allows_refresh) == (2, 1000.0, 2000.0, True)


def test_a_consent_covers_what_hangs_below_it_and_no_more():
    book = book_with()
    assert book.covers("alice", "app", TREE)
    assert not book.covers("alice", "app", parse_scopes(DATA_ACCESS))


def test_a_rescinded_scope_takes_what_hangs_below_it_along():
    book = book_with()
    book.rescind("alice", TRANSFER_ALL)
    assert book.given("alice") == []


def test_ids_are_never_used_twice():
    book = book_with()
    ids = {one.consent_id for one in book.given("alice")}
    book.rescind("alice", TRANSFER_ALL)
    book.record("alice", "app", TREE, allows_refresh=True, now=1.0)
    assert not ids & {one.consent_id for one in book.given("alice")}


def test_what_is_missing_is_cut_at_the_first_scope_that_is():
    (wanted,) = parse_scopes(f"{TRANSFER_ALL}[{DATA_ACCESS} openid[email]]")
    assert str(book_with().missing("alice", "app", wanted)) == f"{TRANSFER_ALL}[openid]"


def test_nothing_is_missing_of_what_was_agreed_to():
    assert book_with().missing("alice", "app", TREE[0]) is None


def test_what_was_agreed_to_later_does_not_count_until_then():
    book = book_with(now=1000.0)
    assert str(book.missing("alice", "app", TREE[0], until=999.0)) == TRANSFER_ALL
    assert book.has("alice", "app", (TRANSFER_ALL, DATA_ACCESS), until=1000.0)


def test_what_lies_below_a_path_is_found():
    book = book_with()
    assert (book.below("alice", "app", (TRANSFER_ALL,)), book.below("alice", "app", ("openid",))) == ((DATA_ACCESS,), ())
