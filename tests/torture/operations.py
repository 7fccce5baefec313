"""What the processes of these tests do before they die."""

from __future__ import annotations

import itertools
import os
import threading
import traceback
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_flowauth import refresh as refresh_module
from jupyter_flowauth.auth import FlowAuth
from jupyter_flowauth.errors import FlowAuthError
from jupyter_flowauth.keeping import keep_issued
from jupyter_flowauth.logout import forget_account
from jupyter_flowauth.moving import move_accounts
from jupyter_flowauth.providers import globus
from jupyter_flowauth.sandbox.visitor import Visitor
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.tokens import Token, TokenResponse
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from tests.torture.crash_points import CrashPoints
from tests.torture.homes import TRANSFER_ALL, Home

Say = Callable[[str], None]


def perform(name: str, arguments: Sequence[str], *, crash_at: int, say: int) -> None:
    """Do one operation and end: with 0 if it was completed, with 3 after an error of ours, with 4 after any other."""
    status = 0
    write = os.write  # before it has a crash point
    try:
        home = Home()
        if crash_at:
            CrashPoints(crash_at).install()
        globals()[name](home, lambda line: write(say, f"{line}\n".encode()), *arguments)
    except FlowAuthError as error:
        write(say, f"{type(error).__name__}: {error}\n".encode())
        status = 3
    except BaseException:  # noqa: BLE001 - it is said, and the process ends
        write(say, traceback.format_exc().encode())
        status = 4
    os._exit(status)


def refresh(home: Home, say: Say) -> None:
    """Use an expired token."""
    say(home.held().token(TRANSFER_ALL, min_valid=60).fingerprint)


def login(home: Home, say: Say, scope: str) -> None:
    """Keep what a login for one more scope was issued."""
    issued = TokenResponse((Token("x" * 2000, (scope,)),), home.identity())
    keep_issued(issued, home.held(), asked=(scope,), now=2.0)


def logout(home: Home, say: Say) -> None:
    """Forget the account here."""
    forget_account(home.provider, home.store, home.held().account(), revoke=False)


def move(home: Home, say: Say, target: str, settings: str) -> None:
    """Move everything to another folder; a file stands for the configuration."""
    move_accounts(home.store, FileStore(Path(target)), commit=lambda: Path(settings).touch())


def live(home: Home, say: Say, name: str) -> None:
    """Log in for scopes and refresh, over and over, and say what was kept."""
    held = home.held()
    for number in itertools.count():
        scope = f"{name}-{number % 5}"
        login(home, say, scope)
        say(scope)
        account = held.account()
        token = account.token_for(TRANSFER_ALL) if account else None
        assert token is not None
        assert held.replace_refused(TRANSFER_ALL, token)


def write(home: Home, say: Say, number: str) -> None:
    """Add tokens to one account, each in a transaction of its own."""
    for index in range(int(number)):
        with home.store.transaction(home.key(), timeout_seconds=280) as transaction:
            assert transaction.account is not None
            transaction.write(transaction.account.with_tokens([Token("x" * 200, (f"{os.getpid()}:{index}",))]))


def use(home: Home, say: Say, threads: str, request_seconds: str = "10", scope: str = TRANSFER_ALL) -> None:
    """Ask for a token in many threads at once; say the fingerprint of what each got, or the error."""
    globus.REQUEST_SECONDS = float(request_seconds)
    held = home.held()

    def use_once() -> None:
        try:
            say(held.token(scope, min_valid=60).fingerprint)
        except FlowAuthError as error:
            say(type(error).__name__)

    started = [threading.Thread(target=use_once) for _ in range(int(threads))]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def use_without_locks(home: Home, say: Say, hosts: str, meeting: str) -> None:
    """Use an expired token on one of so many hosts: every file lock succeeds at once, for they aren't forwarded.

    All of them send it, each when the last one is about to.
    """
    import fcntl

    fcntl.flock = lambda descriptor, operation: None
    refresh_module.SIBLING_LOOKS = 600  # whoever comes second waits for the first, however busy the machine is
    send = home.provider.refresh

    def send_together(token: Token, *, now: float) -> Token:
        (Path(meeting) / str(os.getpid())).touch()
        while len(os.listdir(meeting)) < int(hosts):
            threading.Event().wait(0.001)
        return send(token, now=now)

    home.provider.refresh = send_together  # type: ignore[method-assign]
    use(home, say, "1")


def log_in(home: Home, say: Say, scope: str, decision: str = "allow") -> None:
    """Log in for a scope, as a kernel does it."""
    FlowAuth(user_agent=build_user_agent("alice", deny=decision == "deny")).login([scope])


def build_user_agent(user: str, *, deny: bool = False) -> LoopbackUserAgent:
    """Return a user agent whose person is there, and says yes or no."""

    def browse(url: str) -> None:
        with urllib.request.urlopen(Visitor().approve(url, user=user, deny=deny)) as page:
            page.read()

    return LoopbackUserAgent(browse)


def log_in_for_one(home: Home, say: Say, index: str, *scopes: str) -> None:
    """Log in for one of these scopes: another one in each process."""
    log_in(home, say, scopes[int(index)])


def use_peer(home: Home, say: Say, threads: str, issuer: str) -> None:
    """Do as `use`, at another provider."""
    from tests.interop.oidc_peer import OidcPeer

    home.provider = OidcPeer(issuer)  # type: ignore[assignment]
    use(home, say, threads, scope="openid")


def use_app_or_notebook(home: Home, say: Say, index: str) -> None:
    """Use the transfer service, and log in if need be: through a UserApp in an even process, through a FlowAuth in an odd one."""
    import globus_sdk

    from jupyter_flowauth import NotebookLoginFlowManager, SharedTokenStorage, wiring
    from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID

    wiring.choose_user_agent = lambda *_: build_user_agent("alice")
    if int(index) % 2:
        client = globus_sdk.TransferClient(authorizer=FlowAuth().login([TRANSFER_ALL])[TRANSFER_ALL])
    else:
        config = globus_sdk.GlobusAppConfig(
            login_flow_manager=NotebookLoginFlowManager, token_storage=SharedTokenStorage, request_refresh_tokens=True
        )
        client = globus_sdk.TransferClient(app=globus_sdk.UserApp("my-app", client_id=SANDBOX_CLIENT_ID, config=config))
    say("served" if client.task_list()["DATA_TYPE"] == "task_list" else "not served")
