"""A user's home: a folder of tokens, and the sandbox that issued them."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from jupyter_flowauth.held_tokens import HeldTokens
from jupyter_flowauth.ports import Clock
from jupyter_flowauth.providers.globus import GlobusProvider
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.catalogue import GROUPS_ALL, TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.system_clock import SystemClock
from jupyter_flowauth.tokens import Account, AccountKey, Identity, Token

if TYPE_CHECKING:
    from jupyter_flowauth.sandbox.server import Sandbox

__all__ = ["GROUPS_ALL", "TRANSFER_ALL", "VIEW_MY_GROUPS", "Home", "join_renewals", "store_folder"]


def store_folder() -> Path:
    """Return where the tokens of this process's user rest."""
    return Path(os.environ["JUPYTER_DATA_DIR"]) / "flowauth"


class Home:
    """What one user has: the same for the test's own process and for every other, which find it through the environment.

    :param sandbox: only in the process that serves it.
    """

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self._sandbox = sandbox
        self.folder = store_folder()
        self.store, self.provider = FileStore(self.folder), GlobusProvider(SANDBOX_CLIENT_ID)

    @property
    def sandbox(self) -> Sandbox:
        assert self._sandbox is not None
        return self._sandbox

    def key(self, user: str = "alice") -> AccountKey:
        return AccountKey(self.provider.registration, self.identity(user).sub)

    def identity(self, user: str = "alice") -> Identity:
        from jupyter_flowauth.sandbox.catalogue import DEMO_USERS

        found = next(one for one in DEMO_USERS if one.login == user)
        return Identity(found.sub, found.username, found.name)

    def issue(self, *scopes: str, user: str = "alice") -> Token:
        """Return a token that the sandbox has just issued, without a browser."""
        from jupyter_flowauth.providers.oauth_answers import build_token
        from jupyter_flowauth.sandbox.grants import issue_tokens
        from jupyter_flowauth.sandbox.ledger import Grant

        state = self.sandbox.state
        grant = Grant(secrets.token_hex(8), SANDBOX_CLIENT_ID, self.identity(user).sub, scopes, True, "", time.time())
        server = state.scopes[scopes[0]].resource_server
        return build_token(issue_tokens(state.ledger, grant, server, scopes, state.settings, now=time.time()), now=time.time())

    def seed(self, *scopes: str, user: str = "alice", expired: bool = True) -> Token:
        """Put an account with one token into the store, in the place of what was there; return the token."""
        token = self.issue(*(scopes or (TRANSFER_ALL,)), user=user)
        token = replace(token, expires_at_seconds=time.time() - 1) if expired else token
        self.keep(token, user=user)
        return token

    def keep(self, *tokens: Token, user: str = "alice") -> None:
        account = Account(self.key(user), self.identity(user), "globus", tokens, time.time())
        with self.store.transaction(account.key, timeout_seconds=10) as transaction:
            transaction.write(account)

    def account(self, user: str = "alice") -> Account:
        found = self.store.read(self.key(user))
        assert found is not None
        return found

    def held(self, clock: Clock = SystemClock) -> HeldTokens:  # type: ignore[assignment]
        """Return a notebook's view of it."""
        return HeldTokens(self.provider, self.store, clock=clock)

    def await_answers(self) -> None:
        """Return when the sandbox has served whatever a killed process had sent: it serves in the order of arrival, and this comes last."""
        form = {"grant_type": "none", "client_id": SANDBOX_CLIENT_ID}
        answer = requests.post(f"{self.sandbox.url}/v2/oauth2/token", data=form, timeout=60)
        assert answer.json()["error"] == "unsupported_grant_type"

    def refreshes(self) -> int:
        return self.sandbox.count("token:refresh_token")


def join_renewals() -> None:
    """Wait for what is renewed in the background."""
    import threading

    for thread in threading.enumerate():
        if thread.name == "flowauth-refresh":
            thread.join(60)
