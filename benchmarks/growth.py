"""How the cost of a look grows with what is held: 1 to 1,000 scopes of one account, 1 to 1,000 accounts of one client."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from jupyter_flowauth.authorizers import AuthorizersByScope
from jupyter_flowauth.held_tokens import HeldTokens
from jupyter_flowauth.providers.globus import GlobusProvider
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.system_clock import SystemClock
from jupyter_flowauth.tokens import Account, AccountKey, Identity, Token

from .figures import Figure, milliseconds

SIZES = (1, 10, 100, 1000)
ROUNDS = 21
PROVIDER = GlobusProvider("00000000-0000-0000-0000-000000000000")


def measure() -> list[Figure]:
    """Return the figures: for their curve, not for a bound. No peer lists accounts, and Globus issues no token for each single scope."""
    looks = {size: _median_look(scopes=size, accounts=1) for size in SIZES}
    accounts = {size: _median_look(scopes=1, accounts=size) for size in SIZES}
    return [
        _figure("first look, by scopes held", {size: cold for size, (cold, _) in looks.items()}),
        _figure("look while nothing changes, by scopes", {size: warm for size, (_, warm) in looks.items()}),
        _figure("first look, by accounts held", {size: cold for size, (cold, _) in accounts.items()}),
        _figure("look while nothing changes, by accounts", {size: warm for size, (_, warm) in accounts.items()}),
    ]


def _figure(what: str, seconds: dict[int, float]) -> Figure:
    shown = (f"{size}: {milliseconds(value) if value > 0.001 else f'{value * 1e6:.0f} µs'}" for size, value in seconds.items())
    return Figure(what, "-", ", ".join(shown), "-", None)


def _median_look(*, scopes: int, accounts: int) -> tuple[float, float]:
    """Return the seconds of a first look-up and of a later one."""
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(Path(folder) / "tokens")
        for number in range(accounts):
            _keep(store, number, scopes)
        return median(_timed(lambda: _look(store)) for _ in range(ROUNDS)), _median_warm(store)


def _look(store: FileStore) -> HeldTokens:
    held = HeldTokens(PROVIDER, store, clock=SystemClock)
    AuthorizersByScope(held, clock=SystemClock)["scope-0"].get_authorization_header()
    return held


def _median_warm(store: FileStore) -> float:
    authorizers = AuthorizersByScope(_look(store), clock=SystemClock)
    return median(_timed(lambda: authorizers["scope-0"]) for _ in range(ROUNDS))


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _keep(store: FileStore, number: int, scopes: int) -> None:
    key = AccountKey(PROVIDER.registration, f"sub-{number}")
    now = time.time()
    tokens = tuple(
        Token(f"benchmark-{one}", (f"scope-{one}",), expires_at_seconds=now + 172800, obtained_at_seconds=now) for one in range(scopes)
    )
    with store.transaction(key, timeout_seconds=10) as transaction:
        transaction.write(Account(key, Identity(key.sub, f"user-{number}"), "globus", tokens, logged_in_at_seconds=now + number))
