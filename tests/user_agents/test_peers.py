"""ATTACKS 14: whose connection it is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from jupyter_flowauth.user_agents import peers
from jupyter_flowauth.user_agents.peers import is_another_users

NOBODY = 65534


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6])
def listener(request):
    with socket.socket(request.param) as listening:
        listening.bind(("127.0.0.1" if request.param == socket.AF_INET else "::1", 0))
        listening.listen()
        yield listening


def connect(listener):
    near = socket.create_connection(listener.getsockname()[:2])
    far, peer = listener.accept()
    return near, far, peer[:2]


def test_ones_own_connection_is_not_another_users(listener):
    near, far, peer = connect(listener)
    with near, far:
        assert not is_another_users(peer, listener.getsockname()[1])


def test_the_connection_of_a_stranger_is(listener, monkeypatch):
    near, far, peer = connect(listener)
    monkeypatch.setattr(peers, "_ROOT", -1)
    monkeypatch.setattr(os, "getuid", lambda: NOBODY - 1)
    with near, far:
        assert is_another_users(peer, listener.getsockname()[1])


def test_a_connection_that_is_gone_is_nobodys_and_so_might_be_anybodys(listener):
    """Whoever sends a request and hangs up at once: the system then says that nobody, which it spells as root, owns the socket."""
    near, far, peer = connect(listener)
    near.close()
    with far:
        assert is_another_users(peer, listener.getsockname()[1])


def test_the_same_ports_at_another_address_prove_nothing(listener):
    near, far, peer = connect(listener)
    with near, far:
        assert is_another_users(("127.0.0.9", peer[1]), listener.getsockname()[1])


def test_who_has_started_us_by_sudo_is_no_stranger(listener, monkeypatch):
    near, far, peer = connect(listener)
    monkeypatch.setattr(peers, "_ROOT", NOBODY - 1)
    monkeypatch.setenv("SUDO_UID", str(os.getuid()))
    monkeypatch.setattr(os, "getuid", lambda: NOBODY - 1)
    with near, far:
        assert not is_another_users(peer, listener.getsockname()[1])
        monkeypatch.setattr(peers, "_ROOT", -1)
        assert is_another_users(peer, listener.getsockname()[1])


def test_in_wsl_the_browser_may_be_on_the_other_side(listener, monkeypatch):
    """Its sockets are in no table of Linux's; those that are in one are judged as everywhere."""
    near, far, peer = connect(listener)
    monkeypatch.setattr("platform.release", lambda: "6.6.87.2-microsoft-standard-WSL2")
    with near, far:
        assert not is_another_users(("127.0.0.9", peer[1]), listener.getsockname()[1])
        monkeypatch.setattr(peers, "_ROOT", -1)
        monkeypatch.setattr(os, "getuid", lambda: NOBODY - 1)
        assert is_another_users(peer, listener.getsockname()[1])


def test_where_the_system_does_not_say_nobody_is_refused(listener, monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "TABLES", (tmp_path / "tcp",))
    assert not is_another_users(("127.0.0.1", 1), 2)
    monkeypatch.delattr(os, "getuid")
    assert not is_another_users(("127.0.0.1", 1), 2)


FETCH = """
import encodings.idna, os, socket, sys
port, path, user = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if user:  # only now: another user may have no way to this Python
    os.setgroups([]), os.setgid(user), os.setuid(user)
with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
    connection.sendall(f"GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n".encode())
    print(connection.recv(1000).split()[1].decode())
"""


def fetch_as(user, port, path):
    """Ask a port for a path as another user of this machine; return the status."""
    command = [sys.executable, "-c", FETCH, str(port), path, str(user)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try what another user can: run the tests as root, as CI does")
def test_another_user_of_this_machine_gets_nothing_even_with_the_link(visit):
    """They can read the link in the arguments of the browser that was started with it, and so would learn the state."""
    assert fetch_as(NOBODY, visit.port, visit.start_path) == 404
    assert fetch_as(NOBODY, visit.port, f"{visit.path}?code=theirs&state={visit.state}&iss=https://issuer.example") == 404
    assert fetch_as(0, visit.port, visit.start_path) == 302
    visit.answer()
    assert visit.wait().code == "SENTINEL-code"
