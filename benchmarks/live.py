"""Word of a change: what a look costs the server, and how long it takes until a browser is told."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import timeit
from pathlib import Path

from jupyter_flowauth.server.watch import GLANCE_SECONDS, ChangeWatch
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.rendezvous import FolderRendezvous

from .figures import Figure, milliseconds

CHANGES, LOOKS = 10, 2_000
BOUND_SECONDS = 1.0


def measure() -> list[Figure]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        rendezvous, store = FolderRendezvous(Path(folder)), FileStore(Path(folder) / "tokens")
        look = timeit.timeit(lambda: (rendezvous.stamp(), store.stamp()), number=LOOKS) / LOOKS
        waits = asyncio.run(_wait_for_changes(Path(folder), rendezvous))
    share = f"{look / GLANCE_SECONDS:.4%} of one core while a page is open, nothing otherwise"
    slowest = max(waits)
    told = Figure("a change until browsers are told, the slowest of ten", "≤ 1 s", milliseconds(slowest), "–", slowest <= BOUND_SECONDS)
    usual = f"median {milliseconds(statistics.median(waits))}"
    return [told, Figure("one look at what has changed", "–", f"{look * 1e6:.1f} µs", "–", None, f"{usual}; {share}")]


async def _wait_for_changes(folder: Path, rendezvous: FolderRendezvous) -> list[float]:
    """Return how long each of some changes took to be told."""
    told = asyncio.Event()
    watch = ChangeWatch(rendezvous.stamp, told.set, time.monotonic)
    watch.attend()
    await asyncio.sleep(2 * GLANCE_SECONDS)
    waits = []
    for number in range(CHANGES):
        told.clear()
        start = time.perf_counter()
        (folder / f"change-{number}").touch()
        await told.wait()
        waits.append(time.perf_counter() - start)
        await asyncio.sleep(0.037 * number)
    watch.stop()
    return waits
