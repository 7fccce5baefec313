from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import replace

import psutil

from jupyter_flowauth.storage.processes import _started, boot_id, is_alive, is_on_this_boot, this_process


def test_this_process_lives():
    assert is_alive(this_process())
    assert this_process().pid == os.getpid()


def test_a_process_that_ended_does_not():
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(60)
    assert not is_alive(replace(this_process(), pid=ended.pid))


def test_a_zombie_does_not_live():
    zombie = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert zombie.stdout is not None
    zombie.stdout.read()
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(replace(this_process(), pid=zombie.pid))
    zombie.stdout.close()
    zombie.wait(60)


def test_a_later_process_with_the_same_pid_is_another_one():
    assert not is_alive(replace(this_process(), started_seconds=1.0))


def test_one_from_before_the_last_boot_is_gone():
    assert not is_alive(replace(this_process(), boot_id="an-earlier-one"))


def test_one_on_another_host_cannot_be_judged_from_here():
    elsewhere = replace(this_process(), host=platform.node() + "-other", boot_id="x")
    assert (is_alive(elsewhere), is_on_this_boot(elsewhere)) == (True, False)


def test_a_boot_is_named_where_proc_is_not(monkeypatch):
    boot_id.cache_clear()
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError()))
    named = boot_id()
    boot_id.cache_clear()
    assert named.isdigit()


def test_a_clock_that_is_set_makes_nobody_another_process(monkeypatch):
    """What the system reckons its boot time to be moves with its clock."""
    before, boot_time = this_process(), psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot_time + 3600)
    assert is_alive(before)


def test_a_name_with_a_parenthesis_hides_no_start(tmp_path):
    odd = tmp_path / "a) Z 1 (b"
    odd.symlink_to(sys.executable)
    with subprocess.Popen([str(odd), "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        started = _started(process.pid)
        process.communicate(b"", timeout=60)
    assert started is not None
    assert started >= this_process().started_seconds
