"""Who is at the other end of a connection on this machine. Linux tells; elsewhere it isn't known.

Our own few lines, for what libraries tell here (psutil) is a process, and only of processes that we may look into: not the owner.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED = "01"
_MAPPED = "0000000000000000FFFF0000" if sys.byteorder == "little" else "00000000000000000000FFFF"
_ROOT = 0


def is_another_users(peer: tuple[str, int], port: int) -> bool:
    """Tell whether a connection to a port of ours was made by another user of this machine.

    Root's is not another's: it is stopped by nothing here, and the relays of some systems (WSL) run as root. A connection that was closed
    at its other end already belongs to nobody any more, and so might be anybody's. In WSL the other end may be Windows, which isn't in
    the tables: there only what is in them counts.

    :param peer: address and port of its other end.
    """
    owners = _owners(peer, port)
    if not owners:
        return owners is not None and not _is_wsl()
    return not owners & {os.getuid(), _ROOT, _behind_sudo()}


def _behind_sudo() -> int:
    """Return who has started this process by sudo: theirs is the browser. Else ourselves."""
    behind = os.environ.get("SUDO_UID", "") if os.getuid() == _ROOT else ""
    return int(behind) if behind.isdigit() else os.getuid()


def _is_wsl() -> bool:
    return "microsoft" in platform.release().casefold()


def _owners(peer: tuple[str, int], port: int) -> set[int] | None:
    """Return the uid at the other end; empty if that is gone, None where the system doesn't say."""
    if not hasattr(os, "getuid"):
        return None
    spelled, ports = _spell(peer[0]), (f"{peer[1]:04X}", f"{port:04X}")
    found, tables = set[int](), 0
    for table in TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        tables += 1
        for fields in map(str.split, lines):
            (address, _, local_port), (_, _, remote_port) = fields[1].rpartition(":"), fields[2].rpartition(":")
            if fields[3] == _ESTABLISHED and address in spelled and (local_port, remote_port) == ports:
                found.add(int(fields[7]))
    return found if tables else None


def _spell(address: str) -> tuple[str, ...]:
    """Return an address as the tables write it: words of four bytes in the machine's own order, an IPv4 one mapped into IPv6 as well."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    words = [packed[start : start + 4] for start in range(0, len(packed), 4)]
    spelled = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return (spelled,) if family == socket.AF_INET6 else (spelled, _MAPPED + spelled)
