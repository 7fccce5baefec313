"""Eight processes of eight threads each meet an expired token with a rotating refresh token, all at once, on a real Keycloak."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING
from unittest.mock import patch

from .figures import Figure
from .processes import run_together, wait_for

if TYPE_CHECKING:
    from tests.interop.keycloak_server import Keycloak

PROCESSES, THREADS = 8, 8
CALLERS = PROCESSES * THREADS
_WHAT, _BOUND = f"{PROCESSES} processes × {THREADS} threads on Keycloak", f"1 request, {CALLERS} served"


def measure() -> list[Figure]:
    """Return the figures."""
    import pytest

    from tests.interop.keycloak_server import shared_keycloak

    try:
        return [_measure(shared_keycloak)]
    except pytest.skip.Exception as missing:
        return [Figure(_WHAT, _BOUND, "not measured", "–", None, str(missing))]


def _measure(shared_keycloak: Callable[[Path], AbstractContextManager[Keycloak]]) -> Figure:
    with tempfile.TemporaryDirectory(prefix="flowauth-bench-") as name, shared_keycloak(Path(name)) as keycloak:
        folders = {f"JUPYTER_{kind}_DIR": str(Path(name) / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
        with patch.dict(os.environ, folders):
            ours, theirs = count_refreshes(keycloak, "ours"), count_refreshes(keycloak, "theirs")
    peer = f"Authlib: {theirs[0]} requests, {theirs[1]} served"
    return Figure(_WHAT, _BOUND, f"{ours[0]} request, {ours[1]} served", peer, ours == (1, CALLERS))


def count_refreshes(keycloak: Keycloak, whose: str) -> tuple[int, int]:
    """Return how many requests Keycloak has counted, and how many callers were served."""
    client_id = keycloak.new_client("notebook")
    refresh_token = log_in(keycloak, client_id)
    where = json.dumps({"issuer": keycloak.issuer, "client_id": client_id, "endpoint": keycloak.discovery["token_endpoint"]})
    with tempfile.NamedTemporaryFile("w", prefix="flowauth-bench-") as file:
        file.write(refresh_token)
        file.flush()
        answers = run_together("benchmarks.keycloak_refresh", [whose, where, file.name], processes=PROCESSES)
    return keycloak.refreshes(client_id), sum(int(answer) for answer in answers if answer.isdigit())


def log_in(keycloak: Keycloak, client_id: str) -> str:
    """Hold a token that has expired here; return the refresh token with it."""
    from jupyter_flowauth import FlowAuth, OIDCProvider
    from jupyter_flowauth.user_agents import LoopbackUserAgent
    from jupyter_flowauth.user_agents.terminal import SilentPresenter
    from tests.interop.form_browser import FormBrowser

    person = keycloak.new_person()
    with FormBrowser({"username": person, "password": keycloak.password_of(person)}) as browser:
        agent = LoopbackUserAgent(open_browser=browser, presenter=SilentPresenter())
        auth = FlowAuth(OIDCProvider(keycloak.issuer, client_id), user_agent=agent)
        auth.login()
    account = auth.held.account()
    assert account is not None
    with auth.storage.transaction(account.key, timeout_seconds=10) as transaction:
        transaction.write(replace(account, tokens=tuple(replace(token, expires_at_seconds=1.0) for token in account.tokens)))
    return account.tokens[0].refresh_token or ""


def call_all(start: str, whose: str, where: str, refresh_token: str) -> int:
    """Return how many threads got a token."""
    place, ready = json.loads(where), Barrier(THREADS)
    call = _ours(place) if whose == "ours" else _theirs(place, Path(refresh_token).read_text())

    def one(_: int) -> bool:
        ready.wait()
        wait_for(start)
        try:
            return bool(call())
        except Exception:  # noqa: BLE001 - whatever it is, this caller was not served
            return False

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(one, range(THREADS)))


def _ours(place: dict[str, str]):  # type: ignore[no-untyped-def]
    from jupyter_flowauth import FlowAuth, OIDCProvider

    return FlowAuth(OIDCProvider(place["issuer"], place["client_id"]), user_agent="none").token


def _theirs(place: dict[str, str], refresh_token: str):  # type: ignore[no-untyped-def]
    from authlib.integrations.requests_client import OAuth2Session

    def call() -> object:
        token = {"access_token": "old", "token_type": "Bearer", "refresh_token": refresh_token, "expires_at": 1}
        session = OAuth2Session(place["client_id"], token=token, token_endpoint=place["endpoint"], token_endpoint_auth_method="none")
        return session.ensure_active_token(session.token)

    return call


if __name__ == "__main__":
    print(call_all(*sys.argv[2:]))
