"""ATTACKS 10: what a debugger finds in the frames behind an error of a store, through the whole chain."""

from __future__ import annotations

import dataclasses
import json
import os

import pytest

from jupyter_flowauth.errors import LoginRequired, StorageError
from jupyter_flowauth.storage.account_json import to_json
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.rendezvous import FolderRendezvous
from jupyter_flowauth.tokens import Token
from tests.fakes.world import account_of, keep
from tests.storage.login_requests import build_request

SENTINEL = "SENTINEL"
ALICE = account_of("alice", Token(f"{SENTINEL}-access", ("a",), refresh_token=f"{SENTINEL}-refresh"))


def found_behind(error):
    """Return the frames of this package, or of what it called, whose values show a secret."""
    found = []
    while error is not None:
        traceback = error.__traceback__.tb_next  # the first frame is the test's own
        while traceback is not None:
            frame = traceback.tb_frame
            found += [(frame.f_code.co_name, name) for name, value in frame.f_locals.items() if SENTINEL in repr(value)]
            traceback = traceback.tb_next
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text[:-3], LoginRequired),
        (lambda text: text.replace('"tokens"', '"nokens"'), LoginRequired),
        (lambda text: json.dumps({**json.loads(text), "format": 2}), StorageError),
    ],
    ids=["truncated", "no account", "newer"],
)
def test_a_file_that_cannot_be_used(store, folder, change, error):
    keep(store, ALICE)
    path = folder / f"{ALICE.key.digest}.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(error) as caught:
        FileStore(folder).accounts()
    assert found_behind(caught.value) == []


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "interrupt"])
def test_a_write_that_fails(store, folder, monkeypatch, trouble):
    def fail(_descriptor):
        raise trouble

    keep(store, account_of("alice"))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((StorageError, KeyboardInterrupt)) as caught:
        keep(store, ALICE)
    assert found_behind(caught.value) == []


def test_a_request_that_cannot_be_left(folder, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    request = build_request()
    secret = dataclasses.replace(request, authorization=dataclasses.replace(request.authorization, state=SENTINEL, nonce=SENTINEL))
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StorageError) as caught:
        FolderRendezvous(folder).open_request(secret)
    assert found_behind(caught.value) == []


def test_what_rests_in_a_keyring_is_masked_on_its_way():
    assert SENTINEL not in repr(to_json(ALICE))
