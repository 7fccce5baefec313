"""``list``, ``status`` and ``logout``."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import replace

import pytest

from jupyter_flowauth import FlowAuth, accounts
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from tests.cli.conftest import PROGRAM, SECONDS

HOUR, DAY = 3600, 86400


@pytest.fixture
def unrenewable(demo, aged):
    """Log in, and leave a login that ends for good in so many seconds."""

    def leave(seconds_left):
        demo.auth().login([TRANSFER_ALL])
        aged(seconds_left, renews=False)

    return leave


def test_list_shows_each_login_the_most_recent_first(demo, here):
    demo.auth().login([TRANSFER_ALL])
    demo.user = "bob"
    demo.auth(account="bob@sandbox.example").login([VIEW_MY_GROUPS])
    lines = here("list").out.splitlines()
    assert lines[0].split() == ["PROVIDER", "INSTANCE", "IDENTITY", "KIND", "SCOPES", "GOOD", "UNTIL"]
    assert [line.split()[:6] for line in lines[1:]] == [
        ["globus", "–", "bob@sandbox.example", "person", "4", "renews"],
        ["globus", "–", "alice@sandbox.example", "person", "4", "renews"],
    ]


def test_list_as_json_says_all_but_the_tokens(demo, here):
    demo.auth().login([TRANSFER_ALL])
    [row] = here("list", "--json").json
    held = accounts()[0]
    assert (row["id"], row["username"], row["sub"], row["kind"]) == (held.id, held.username, held.sub, "person")
    assert (row["renews_itself"], row["scopes"]) == (True, held.scopes)
    assert row["expires_at_seconds"] == min(held.scopes.values())


def test_list_names_what_must_not_be_used_and_lists_the_rest(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    (path,) = auth.storage.folder.glob("*.json")
    path.with_name(f"{path.stem[:17]}{'0' * 16}.json").write_text('{"format": 99}')
    asked = here("list")
    assert (asked.code, len(asked.out.splitlines())) == (0, 2)
    assert "was written by a newer version" in asked.err


def test_list_without_a_login_says_so_beside_the_empty_answer(demo, here):
    asked = here("list")
    assert (asked.code, asked.out) == (0, "")
    assert "No login is held here. Log in with jupyter flowauth login." in asked.err
    assert here("list", "--json").json == []


def test_status_says_who_and_what_is_missing(demo, here):
    demo.auth().login([TRANSFER_ALL])
    asked = here("status")
    assert asked.code == 0
    assert asked.out.startswith("alice@sandbox.example is logged in at Globus, with 4 scopes:")
    lacking = here("status", VIEW_MY_GROUPS, "--json")
    assert (lacking.code, lacking.json["missing"]) == (3, [VIEW_MY_GROUPS])
    assert lacking.json["identity"]["username"] == "alice@sandbox.example"


def test_status_of_nobody_exits_with_3(demo, here):
    asked = here("status")
    assert asked.code == 3
    assert "Log in with jupyter flowauth login" in asked.out
    assert here("status", "--json").json["identity"] is None


def test_status_makes_no_request(demo, here):
    demo.auth().login()
    before = sum(demo.sandbox.count(name) for name in ("configuration", "token", "userinfo", "jwk"))
    assert here("status", "--min-valid", "3600").code == 0
    assert sum(demo.sandbox.count(name) for name in ("configuration", "token", "userinfo", "jwk")) == before


def test_a_login_that_renews_itself_is_good_for_as_long_as_is_wanted(demo, here):
    demo.sandbox.configure(access_token_lifetime=60)
    demo.auth().login()
    assert here("status", "--min-valid", str(30 * DAY)).code == 0


def test_a_login_that_ends_sooner_than_is_wanted_exits_with_4(unrenewable, here):
    unrenewable(2 * HOUR)
    assert here("status", "--min-valid", str(HOUR)).code == 0
    short = here("status", "--min-valid", str(3 * HOUR))
    assert short.code == 4
    assert "is good for 120 min more, less than the 3 h wanted; log in again (jupyter flowauth login)" in short.err


def test_a_service_accounts_token_that_ends_sooner_than_is_wanted_is_to_be_minted_anew(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    account = auth.held.account()
    end = time.time() + 2 * DAY
    tokens = tuple(replace(token, refresh_token=None, expires_at_seconds=end) for token in account.tokens)
    with auth.storage.transaction(account.key, timeout_seconds=10) as transaction:
        transaction.write(replace(account, tokens=tokens, kind="service_account"))
    short = here("status", "--min-valid", str(3 * DAY))
    assert short.code == 4
    assert "mint a new token (jupyter flowauth service-account token), then: jupyter flowauth login --token -" in short.err


@pytest.mark.parametrize(("seconds_left", "warned"), [(2 * DAY, False), (DAY - 60, True), (-60, True)])
def test_the_end_of_a_login_is_said_from_a_day_ahead(unrenewable, here, seconds_left, warned):
    unrenewable(seconds_left)
    for command in (["status"], ["list"], ["token", TRANSFER_ALL], ["env", TRANSFER_ALL]):
        said = "Warning: the login of alice@sandbox.example" in here(*command).err
        assert said is (warned and (seconds_left > 0 or command[0] in ("status", "list")))
    assert ("EXPIRED" in here("list").out) is (seconds_left < 0)


def test_logout_forgets_here_and_revokes_there(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    token = auth.token(TRANSFER_ALL)
    done = here("logout")
    assert (done.code, done.out) == (0, "")
    assert "and revoked at Globus" in done.err
    assert accounts() == ()
    assert not demo.sandbox.is_active(token)


def test_logout_without_revoking_leaves_the_tokens_good(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    token = auth.token(TRANSFER_ALL)
    assert here("logout", "--no-revoke", "--json").json[0]["revoked"] is None
    assert demo.sandbox.is_active(token)


def test_logout_with_a_provider_that_is_down_still_clears_and_exits_with_0(demo, here):
    demo.auth().login([TRANSFER_ALL])
    demo.sandbox.set_fault("revoke", "status:500")
    done = here("logout", "--json")
    assert (done.code, done.json[0]["cleared"], done.json[0]["revoked"]) == (0, True, False)
    assert "could not all be revoked" in done.err
    assert accounts() == ()


def test_logout_all_ends_every_login_and_says_each(demo, here):
    demo.auth().login()
    demo.user = "bob"
    demo.auth(account="bob@sandbox.example").login()
    done = here("logout", "--all", "--json")
    assert sorted((row["account"], row["revoked"]) for row in done.json) == [("alice@sandbox.example", True), ("bob@sandbox.example", True)]
    assert accounts() == ()


def test_logout_all_says_each_as_it_ends_and_an_interrupt_says_what_stays_gone(demo):
    alice, bob = demo.auth(), demo.auth(account="bob@sandbox.example")
    alice.login()
    demo.user = "bob"
    bob.login()
    command = [PROGRAM, "logout", "--all", "--json"]
    with (
        alice.storage.transaction(alice.held.account().key, timeout_seconds=10),
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        written, said = process.communicate(timeout=SECONDS)
    assert first.startswith("bob@sandbox.example is logged out")
    assert process.returncode == 130
    assert said == "Interrupted. What is gone from here stays gone; jupyter flowauth list shows what is still held.\n"
    assert [row["account"] for row in json.loads(written)] == ["bob@sandbox.example"]
    assert [account.username for account in accounts()] == ["alice@sandbox.example"]


@pytest.mark.parametrize("configured", ["another client", "another provider"])
def test_logout_all_forgets_what_no_configured_provider_can_revoke(demo, here, monkeypatch, configured):
    demo.auth().login()
    monkeypatch.setenv(*("FLOWAUTH_CLIENT_ID", "another") if configured == "another client" else ("FLOWAUTH_PROVIDER", "elsewhere"))
    done = here("logout", "--all", "--json")
    assert (done.code, [(row["cleared"], row["revoked"]) for row in done.json]) == (0, [(True, False)])
    assert "not revoked" in done.err
    assert accounts() == ()


@pytest.mark.parametrize("broken", ["globus", "another"])
def test_logout_all_forgets_whatever_the_configuration_has_come_to(demo, here, monkeypatch, broken):
    demo.auth().login()
    monkeypatch.delenv("FLOWAUTH_CLIENT_ID")
    for name in ("globus", "another"):
        secret = ("--client-secret-file", str(demo.home / "gone")) if name == broken else ()
        assert here("provider", "add", name, "--client-id", SANDBOX_CLIENT_ID, *secret).code == 0
    done = here("logout", "--all", "--json")
    assert (done.code, [(row["cleared"], row["revoked"]) for row in done.json]) == (0, [(True, broken == "another")])
    assert accounts() == ()


def test_logout_all_goes_without_a_choice(demo, here):
    assert here("logout", "--all", "--account", "bob").code == 2


def test_logout_of_nobody_is_said_and_no_failure(demo, here):
    assert (here("logout").code, here("logout", "--all").code) == (0, 0)


def test_a_logout_in_the_shell_is_seen_by_the_notebook(demo, here):
    notebook = demo.auth()
    notebook.login([TRANSFER_ALL])
    here("logout")
    assert notebook.missing([TRANSFER_ALL]) == (TRANSFER_ALL,)
    assert FlowAuth().identity is None
