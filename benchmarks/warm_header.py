"""A header from an authorizer that has a good token, beside ``RefreshTokenAuthorizer``."""

from __future__ import annotations

import time
from timeit import Timer

import globus_sdk

from .figures import Figure, microseconds
from .world import TRANSFER, log_in, running_world

CALLS, ROUNDS = 100_000, 9


def measure() -> list[Figure]:
    """Return the figure: of several interleaved rounds the best, for the rest is other processes' doing."""
    with running_world() as (sandbox, _):
        ours = log_in(sandbox, [TRANSFER]).authorizers[TRANSFER]
        client = globus_sdk.NativeAppAuthClient("client")
        theirs = globus_sdk.RefreshTokenAuthorizer("refresh", client, access_token="access", expires_at=int(time.time()) + 100_000)
        timers = (Timer(ours.get_authorization_header), Timer(theirs.get_authorization_header))
        rounds = [[timer.timeit(CALLS) / CALLS for timer in timers] for _ in range(ROUNDS)]
    mine, peer = (min(seconds) for seconds in zip(*rounds, strict=True))
    return [Figure("get_authorization_header(), warm", "≤ RefreshTokenAuthorizer's", microseconds(mine), microseconds(peer), mine <= peer)]
