"""How long a command of the shell takes from nothing, beside ``globus-cli``, which a person of the same world types."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from .figures import Figure, milliseconds
from .world import TRANSFER, log_in, running_world

ROUNDS = 11
PEERS = Path(__file__).parents[1] / ".venv-peers"
BIN = Path(sys.executable).parent


def measure() -> list[Figure]:
    """Return the figures."""
    peer = _install_peer()
    with running_world() as (sandbox, _):
        log_in(sandbox, [TRANSFER])
        commands = {
            "token": [str(BIN / "jupyter-flowauth"), "token", TRANSFER],
            "by jupyter": [str(BIN / "jupyter"), "flowauth", "token", TRANSFER],
            # Nobody is logged in there: it opens its storage, looks, and says so.
            "whoami": [peer, "whoami"],
            "help": [str(BIN / "jupyter-flowauth"), "--help"],
            "their help": [peer, "--help"],
        }
        seconds = _interleaved(commands)
    note = f"as `jupyter flowauth token`: {milliseconds(seconds['by jupyter'])}"
    return [
        _figure("cold `jupyter-flowauth token`", note, "globus whoami", seconds["token"], seconds["whoami"]),
        _figure("`jupyter-flowauth --help`", "", "globus --help", seconds["help"], seconds["their help"]),
    ]


def _figure(what: str, note: str, peer: str, ours: float, theirs: float) -> Figure:
    return Figure(what, f"≤ `{peer}`", milliseconds(ours), milliseconds(theirs), ours <= theirs, note)


def _interleaved(commands: dict[str, list[str]]) -> dict[str, float]:
    """Return the median seconds of each command, their runs interleaved so that the machine's moods are shared."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, capture_output=True, check=False)
            taken[name].append(time.perf_counter() - begin)
    return {name: median(seconds) for name, seconds in taken.items()}


def _install_peer() -> str:
    """Return the path of `globus`, in an environment of its own: it pins its SDK."""
    program = PEERS / "bin" / "globus"
    if not program.exists():
        uv = str(BIN / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(PEERS)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(PEERS / "bin" / "python"), "globus-cli"], check=True)
    return str(program)
