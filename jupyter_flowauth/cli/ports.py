"""A port for a server that is told its port before it starts."""

from __future__ import annotations

import contextlib
import secrets
import socket
from pathlib import Path

_LOWEST, _TRIES = 20_000, 100
# Where the system gives ports to whoever names none: Linux says it, others do as IANA has it.
_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST_GIVEN = 49_152
# While it is bound, its number is given to nobody who asks here, in no process.
_twins: list[socket.socket] = []


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free, and stays so until the server listens.

    Not one that the system chose: it may choose it again, for any program's next connection, in the seconds that the server takes to start.
    Nor one that was returned before, here or in another process that still runs: its server may not listen yet.
    """
    span = _lowest_given() - _LOWEST
    for _ in range(_TRIES if span > 0 else 0):
        if is_free(port := _LOWEST + secrets.randbelow(span)) and _is_reserved(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether nobody uses a port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return True
    return False


def _is_reserved(port: int) -> bool:
    """Bind a port's twin, the one of UDP, until this process ends; tell whether nobody had done so."""
    twin = socket.socket(type=socket.SOCK_DGRAM)
    try:
        twin.bind(("127.0.0.1", port))
    except OSError:
        twin.close()
        return False
    _twins.append(twin)
    return True


def _lowest_given() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(_RANGE_FILE.read_text(encoding="ascii").split()[0])
    return _LOWEST_GIVEN
