"""Every secret of a login, searched for in everything that is logged, shown or written."""

from __future__ import annotations

import logging

import globus_sdk
import pytest

from jupyter_flowauth import accounts
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.secret import Secret
from tests.fakes.demo import VERIFIER

CHATTY = ("filelock", "globus_sdk", "urllib3")
BOTH = [TRANSFER_ALL, VIEW_MY_GROUPS]


@pytest.fixture
def auth(demo):
    return demo.auth()


def test_no_secret_is_logged_shown_or_left_outside_the_token_file(demo, auth, caplog, capsys, monkeypatch):
    """ATTACKS 2, 10: DEBUG of every library, every repr, every file that was written."""
    monkeypatch.setattr("jupyter_flowauth.login.generate_code_verifier", lambda: Secret(VERIFIER))
    for chatty in ("", *CHATTY):  # each by its name: what ran before in this process may have quietened one
        caplog.set_level(logging.DEBUG, logger=chatty)
    auth.login(BOTH)
    demo.sandbox.expire_access_tokens()
    globus_sdk.TransferClient(authorizer=auth.authorizers[TRANSFER_ALL]).task_list()
    written = capsys.readouterr()
    shown = [auth, auth.status(), auth.authorizers, auth.authorizers[TRANSFER_ALL], auth.bearer(TRANSFER_ALL), accounts(), auth.provider]
    assert demo.leaks("\n".join([caplog.text, written.out, written.err, *demo.pages, *map(repr, shown), *map(str, shown)])) == []
    assert {record.name.split(".")[0] for record in caplog.records} >= set(CHATTY)
    tokens = {path: demo.leaks(content) for path, content in demo.files().items()}
    assert [path for path, found in tokens.items() if found and not ("/data/flowauth/" in path and path.endswith(".json"))] == []
    assert any(tokens.values())


def test_no_verifier_code_or_state_rests_anywhere(demo, auth, monkeypatch):
    """ATTACKS 2."""
    monkeypatch.setattr("jupyter_flowauth.login.generate_code_verifier", lambda: Secret(VERIFIER))
    auth.login(BOTH)
    states = [secret for secret in demo.leaks(" ".join(demo.addresses)) if not secret.startswith("sbx")]
    written = "".join(demo.files().values())
    assert states
    assert [secret for secret in (VERIFIER, "sbxcode_", *states) if secret in written] == []
