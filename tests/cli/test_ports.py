"""The port of a server that is told it before it starts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from jupyter_flowauth.cli import ports


@pytest.fixture
def range_file(tmp_path, monkeypatch):
    """What the system says of the ports that it gives; whatever was returned in a test before may be returned again."""
    file, twins = tmp_path / "range", []
    monkeypatch.setattr(ports, "_RANGE_FILE", file)
    monkeypatch.setattr(ports, "_twins", twins)
    yield file
    for twin in twins:
        twin.close()


def test_it_is_none_of_those_that_the_system_gives_to_connections(range_file):
    range_file.write_text("20010\t60999\n")
    assert {ports.free_port() for _ in range(5)} <= set(range(20_000, 20_010))


def test_a_port_in_use_is_passed_over(range_file):
    with socket.socket() as used:
        used.bind(("127.0.0.1", ports.free_port()))
        assert not ports.is_free(used.getsockname()[1])
    range_file.write_text("20002\t60999\n")
    with socket.socket() as used:
        used.bind(("127.0.0.1", ports.free_port()))
        assert ports.free_port() != used.getsockname()[1]


ASK = """import json, sys
from pathlib import Path
from jupyter_flowauth.cli import ports
ports._RANGE_FILE = Path(sys.argv[1])
print(json.dumps([ports.free_port() for _ in range(20)]), flush=True)
input()"""


def test_none_is_returned_twice_while_its_server_may_not_listen_yet(range_file):
    range_file.write_text("20040\t60999\n")
    with subprocess.Popen([sys.executable, "-c", ASK, range_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        theirs = json.loads(other.stdout.readline())
        ours = [ports.free_port() for _ in range(20)]
        other.communicate("\n")
    assert len({*theirs, *ours}) == 40


@pytest.mark.parametrize("says", ["1024\t60999\n", "nonsense", None])
def test_where_the_system_leaves_no_room_or_says_nothing_there_is_one_all_the_same(range_file, says):
    if says:
        range_file.write_text(says)
    assert ports.is_free(ports.free_port())
