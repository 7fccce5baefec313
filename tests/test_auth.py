"""FlowAuth as a notebook holds it: the whole way, against the sandbox and with a browser that is a function."""

from __future__ import annotations

import asyncio
import threading
import time

import globus_sdk
import pytest

import jupyter_flowauth
from jupyter_flowauth import FlowAuth, InteractionRequired, LoginDenied, ScopesMissing, StorageError, accounts
from jupyter_flowauth.auth import describe_ladder, known_scopes
from jupyter_flowauth.sandbox.catalogue import GROUPS_ALL, TRANSFER, TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent

BOTH = [TRANSFER_ALL, VIEW_MY_GROUPS]


@pytest.fixture
def auth(demo):
    return demo.auth()


class Nobody:
    """A user agent whose person never comes."""

    name = "nobody"

    def __init__(self):
        self.shown, self.results = threading.Event(), []

    def show(self, login):
        self.shown.set()

    def wait(self, login, patience):
        while True:
            patience.pause(0.01)

    def finish(self, login, result):
        self.results.append(result)


def test_a_login_gives_authorizers_for_unmodified_sdk_clients(auth):
    authorizers = auth.login(BOTH)
    assert globus_sdk.TransferClient(authorizer=authorizers[TRANSFER_ALL]).task_list()["DATA"]
    assert globus_sdk.GroupsClient(authorizer=authorizers[VIEW_MY_GROUPS]).get_my_groups().http_status == 200


def test_the_browsers_last_page_says_who_and_how_much(auth, demo):
    auth.login(BOTH)
    for thread in threading.enumerate():
        if thread.name == "flowauth-browser":
            thread.join(60)
    assert "You are alice@sandbox.example, 2 scopes granted." in demo.pages[0]


def test_a_fresh_process_holds_the_same_without_prompt_or_request(auth, demo):
    auth.login(BOTH)
    before = demo.sandbox.count("configuration"), demo.sandbox.count("token")
    again = FlowAuth(user_agent="none")
    assert again.login(BOTH)[TRANSFER_ALL].get_authorization_header().startswith("Bearer ")
    assert (demo.sandbox.count("configuration"), demo.sandbox.count("token")) == before


def test_a_third_scope_of_the_same_service_leaves_all_three_working(auth):
    auth.login(BOTH)
    auth.login([GROUPS_ALL])
    assert auth.missing([*BOTH, GROUPS_ALL]) == ()
    for scope in (VIEW_MY_GROUPS, GROUPS_ALL):
        assert globus_sdk.GroupsClient(authorizer=auth.authorizers[scope]).get_my_groups().http_status == 200


def test_a_refused_token_is_renewed_once_and_the_sdk_tries_again(auth, demo):
    client = globus_sdk.TransferClient(authorizer=auth.login([TRANSFER_ALL])[TRANSFER_ALL])
    client.task_list()
    demo.sandbox.expire_access_tokens()
    assert client.task_list().http_status == 200
    assert (demo.sandbox.count("token:refresh_token"), demo.sandbox.count("task_list")) == (1, 3)


def test_logging_out_forgets_here_and_revokes_there(auth, demo):
    auth.login(BOTH)
    token = auth.token(TRANSFER_ALL)
    outcome = auth.logout()
    assert (outcome.cleared, outcome.revoked, auth.identity, demo.sandbox.is_active(token)) == (True, True, None, False)
    with pytest.raises(ScopesMissing):
        auth.authorizers[TRANSFER_ALL]


def test_nobody_there_is_an_error_at_once_without_any_request(demo):
    with pytest.raises(InteractionRequired) as caught:
        FlowAuth(user_agent="none").login(BOTH)
    assert set(caught.value.missing) == set(BOTH)
    assert (demo.sandbox.count("configuration"), demo.home.joinpath("data").exists()) == (0, False)


def test_a_denial_is_an_error_and_changes_nothing(auth, demo):
    demo.deny = True
    with pytest.raises(LoginDenied):
        auth.login(BOTH)
    assert (auth.identity, accounts()) == (None, ())
    assert [path.rpartition(".")[0].rpartition(".")[2] for path in demo.files() if "runtime" in path and path.endswith(".json")] == [
        "result"
    ]


def test_what_was_required_is_what_is_asked_for(auth):
    auth.require([TRANSFER_ALL])
    auth.require(VIEW_MY_GROUPS)
    assert (auth.required, auth.missing()) == ((TRANSFER_ALL, VIEW_MY_GROUPS), tuple(sorted(BOTH)))
    auth.login()
    assert auth.missing() == ()


def test_without_any_scope_it_is_who_you_are(auth):
    auth.login()
    assert set(auth.authorizers) == {"openid", "profile", "email"}
    assert (auth.identity.username, auth.identity.name) == ("alice@sandbox.example", "Alice Sandbox")


def test_a_raw_token_is_had_by_its_scope(auth):
    auth.login([TRANSFER_ALL])
    assert auth.token(globus_sdk.Scope(TRANSFER_ALL)) == auth.authorizers[TRANSFER_ALL].get_authorization_header().removeprefix("Bearer ")


def test_a_token_without_a_scope_is_the_only_one(auth):
    with pytest.raises(ScopesMissing, match="log in first"):
        auth.token()
    auth.login()
    assert auth.token() == auth.token("openid")
    auth.login([TRANSFER_ALL])
    with pytest.raises(ScopesMissing, match="say which scope"):
        auth.bearer()


def test_exactly_these_authorizers_or_an_error_and_never_a_prompt(auth):
    auth.login([TRANSFER_ALL])
    assert set(auth.authorizers_for([TRANSFER_ALL], min_valid=1000)) == {TRANSFER_ALL}
    with pytest.raises(ScopesMissing) as caught:
        auth.authorizers_for([TRANSFER_ALL, VIEW_MY_GROUPS])
    assert caught.value.missing == (VIEW_MY_GROUPS,)


def test_a_login_that_must_not_be_used_is_left_out_of_the_list_and_named(auth, demo):
    auth.login([TRANSFER_ALL])
    (path,) = auth.storage.folder.glob("*.json")
    newer = path.with_name(f"{path.stem[:17]}{'0' * 16}.json")
    newer.write_text('{"format": 99}')
    with pytest.warns(UserWarning, match=f"{newer.name} was written by a newer version"):
        assert [account.username for account in accounts()] == ["alice@sandbox.example"]
    assert auth.missing([TRANSFER_ALL]) == ()
    path.unlink()
    with pytest.raises(StorageError, match="was written by a newer version"):
        accounts()


def test_two_identities_are_held_side_by_side(auth, demo):
    auth.login([TRANSFER_ALL])
    demo.user = "bob"
    bob = demo.auth(account="bob@sandbox.example")
    bob.login([TRANSFER_ALL])
    assert {account.username for account in accounts()} == {"alice@sandbox.example", "bob@sandbox.example"}
    assert demo.auth(account="alice@sandbox.example").identity.username == "alice@sandbox.example"
    assert bob.status().others == ("alice@sandbox.example",)


def test_a_login_can_be_awaited_while_the_kernel_goes_on(auth):
    async def go():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        authorizers = await auth.login_async([TRANSFER_ALL])
        ticking.cancel()
        return authorizers, ticks

    authorizers, ticks = asyncio.run(go())
    assert (TRANSFER_ALL in authorizers, ticks > 10) == (True, True)


def test_a_login_in_the_background_can_be_awaited_and_asked(auth):
    pending = auth.request_login([TRANSFER_ALL])
    assert len(pending.login_id) == 32

    async def go():
        return await pending

    assert TRANSFER_ALL in asyncio.run(go())
    assert (pending.done, pending.outcome.outcome, "granted" in repr(pending)) == (True, "done", True)


def test_nothing_missing_is_done_at_once(auth):
    auth.login([TRANSFER_ALL])
    pending = auth.request_login([TRANSFER_ALL])
    assert (pending.done, pending.login_id, repr(pending)) == (True, None, "<PendingLogin: waiting>")


def test_a_login_in_the_background_can_be_cancelled(demo):
    agent = Nobody()
    pending = demo.auth(user_agent=agent).request_login([TRANSFER_ALL])
    pending.cancel()

    async def go():
        await pending

    with pytest.raises(LoginDenied, match="was cancelled"):
        asyncio.run(go())
    assert (agent.results[0].outcome, pending.done) == ("cancelled", True)


def test_an_await_that_is_cancelled_interrupts_the_login(demo):
    agent = Nobody()

    async def go():
        task = asyncio.create_task(demo.auth(user_agent=agent).login_async([TRANSFER_ALL]))
        await asyncio.to_thread(agent.shown.wait, 30)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(go())
    deadline = time.monotonic() + 60
    while not agent.results and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert agent.results[0].outcome == "interrupted"


def test_a_deadline_of_ones_own_is_kept(demo):
    agent = Nobody()
    with pytest.raises(TimeoutError):
        demo.auth(user_agent=agent).login([TRANSFER_ALL], timeout=0.05)
    assert agent.results[0].outcome == "timed_out"


def test_two_notebooks_that_need_the_same_show_one_page(demo):
    opened, go_on = threading.Event(), threading.Event()

    def slow(url):
        opened.set()
        assert go_on.wait(60)
        demo.browser(url)

    first = demo.auth(user_agent=LoopbackUserAgent(slow)).request_login(BOTH)
    assert opened.wait(60)
    second = demo.auth().request_login([TRANSFER_ALL])
    go_on.set()

    async def both():
        return [await first, await second]

    assert all(TRANSFER_ALL in authorizers for authorizers in asyncio.run(both()))
    assert demo.sandbox.count("authorize") == 1


def test_a_corrupt_token_file_is_told_and_then_asked_anew(demo, auth, capsys):
    auth.login([TRANSFER_ALL])
    (path,) = (demo.home / "data" / "flowauth").glob("*.json")
    path.write_text("{")
    again = demo.auth()
    assert TRANSFER_ALL in again.login([TRANSFER_ALL])
    assert "set aside as" in capsys.readouterr().err


def test_what_auth_says_of_itself(auth, demo):
    assert repr(auth) == "<FlowAuth globus: nobody is logged in>"
    auth.login()
    assert repr(auth) == "<FlowAuth globus: alice@sandbox.example>"
    assert auth.held.scopes() == ("email", "openid", "profile")
    assert (auth.account, auth.storage.location, auth.provider.name) == (None, f"file:{demo.home}/data/flowauth", "globus")


def test_a_storage_that_cannot_be_read_is_shown_and_not_raised(auth, demo):
    auth.login()
    (path,) = (demo.home / "data" / "flowauth").glob("*.json")
    path.write_text('{"format": 99}')
    assert repr(auth) == "<FlowAuth globus: StorageError>"


def test_the_resource_server_is_known_from_the_token(auth):
    auth.login([TRANSFER_ALL])
    (account,) = auth.storage.accounts()
    assert account.scopes_at(TRANSFER) == (TRANSFER_ALL,)


def test_how_one_would_be_asked_is_told(jupyter_home):
    lines = describe_ladder().splitlines()
    assert [line.split(":")[0].strip(" →") for line in lines[:4]] == ["server", "loopback", "device", "paste"]
    assert sum(line.startswith("→") for line in lines) == 1
    assert TRANSFER_ALL in known_scopes()


def test_every_public_name_is_there_and_listed():
    assert jupyter_flowauth.__all__ == sorted(jupyter_flowauth.__all__)
    assert set(jupyter_flowauth.__all__) <= set(dir(jupyter_flowauth))
    assert all(getattr(jupyter_flowauth, name) for name in jupyter_flowauth.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = jupyter_flowauth.nonsense
