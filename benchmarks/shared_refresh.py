"""Eight processes of eight threads each meet an expired token with a rotating refresh token, all at once."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.server import Sandbox

from .figures import Figure
from .processes import run_together, wait_for
from .world import TRANSFER, log_in, running_world

PROCESSES, THREADS = 8, 8
CALLERS = PROCESSES * THREADS


def measure() -> list[Figure]:
    """Return the figures."""
    ours, theirs = _measure("ours"), _measure("theirs")
    peer = f"{theirs[0]} requests, {theirs[1]} served"
    return [
        Figure(
            f"{PROCESSES} processes × {THREADS} threads, expired rotating token",
            f"1 request, {CALLERS} served",
            f"{ours[0]} request, {ours[1]} served",
            peer,
            ours == (1, CALLERS),
        )
    ]


def _measure(whose: str) -> tuple[int, int]:
    with running_world() as (sandbox, folder):
        refresh_token = folder / "refresh-token"
        _log_in_for_a_moment(sandbox, refresh_token)
        answers = run_together("benchmarks.shared_refresh", [whose, refresh_token], processes=PROCESSES)
        return sandbox.count("token:refresh_token"), sum(int(answer) for answer in answers if answer.isdigit())


def _log_in_for_a_moment(sandbox: Sandbox, refresh_token: Path) -> None:
    """Hold tokens that have expired, though what they are renewed to won't."""
    sandbox.configure(access_token_lifetime=1)
    auth = log_in(sandbox, [TRANSFER])
    account = auth.storage.accounts()[0]
    token = account.token_for(TRANSFER)
    refresh_token.write_text(token.refresh_token or "" if token else "")
    sandbox.configure(access_token_lifetime=3600)
    time.sleep(1.1)


def call_all(start: str, whose: str, refresh_token: str) -> int:
    """Return how many threads got a header."""
    import globus_sdk

    from jupyter_flowauth import FlowAuth

    auth = FlowAuth()
    client = globus_sdk.NativeAppAuthClient(SANDBOX_CLIENT_ID)
    ready = Barrier(THREADS)

    def call(_: int) -> bool:
        ready.wait()
        wait_for(start)
        try:
            if whose == "ours":
                return bool(auth.authorizers[TRANSFER].get_authorization_header())
            theirs = globus_sdk.RefreshTokenAuthorizer(Path(refresh_token).read_text(), client, access_token="old", expires_at=1)
            return bool(theirs.get_authorization_header())
        except Exception:  # noqa: BLE001 - whatever it is, this caller was not served
            return False

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(call, range(THREADS)))


if __name__ == "__main__":
    print(call_all(*sys.argv[2:]))
