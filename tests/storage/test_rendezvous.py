from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import replace

import pytest
from filelock import FileLock

from jupyter_flowauth.code_grant import AuthorizationResponse
from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.records import DeviceCode, LoginResult, Opening, ServerAnnouncement
from jupyter_flowauth.storage import rendezvous as rendezvous_module
from jupyter_flowauth.storage.processes import this_process
from jupyter_flowauth.storage.rendezvous import SWEEP_SECONDS, FolderRendezvous
from jupyter_flowauth.tokens import Identity
from tests.storage.children import child
from tests.storage.login_requests import build_request

DEAD = replace(this_process(), started_seconds=1.0)


@pytest.fixture
def rendezvous(folder):
    return FolderRendezvous(folder)


def names(folder):
    return sorted(entry.name.partition(".")[2] for entry in folder.iterdir())


def age(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)


def announcement(**changes):
    return replace(ServerAnnouncement(generate_login_id(), this_process(), "/user/x/", "http://localhost:1/", None, ("globus",)), **changes)


@pytest.mark.parametrize("device", [None, DeviceCode("WDJB-MJHT", "https://i.example/device", "", 7.0)])
def test_a_request_comes_back_as_it_was_left(rendezvous, device):
    request = build_request(device=device)
    rendezvous.open_request(request)
    assert rendezvous.read_request(request.login_id) == request


def test_folder_and_files_are_the_owners_alone(rendezvous, folder):
    """ATTACKS 13."""
    rendezvous.open_request(build_request())
    with rendezvous.exclusive():
        modes = {stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})


def test_every_file_says_which_protocol_it_speaks(rendezvous, folder):
    request = build_request()
    rendezvous.open_request(request)
    assert json.loads((folder / f"{request.login_id}.request.json").read_bytes())["protocol"] == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"protocol": 2}', b'{"protocol": 1}', b'{"protocol": 1, "authorization": 7}'])
def test_what_is_not_understood_is_nobodys_request(rendezvous, folder, content):
    request = build_request()
    rendezvous.open_request(request)
    (folder / f"{request.login_id}.request.json").write_bytes(content)
    assert (rendezvous.read_request(request.login_id), rendezvous.pending()) == (None, ())


def test_pending_are_the_oldest_first(rendezvous):
    requests = [build_request(created_at_seconds=number) for number in (3.0, 1.0, 2.0)]
    for request in requests:
        rendezvous.open_request(request)
    assert [request.created_at_seconds for request in rendezvous.pending()] == [1.0, 2.0, 3.0]


def test_nothing_is_pending_where_there_is_no_folder(rendezvous):
    assert rendezvous.pending() == ()


def test_a_dead_processs_request_is_not_pending(rendezvous):
    rendezvous.open_request(build_request(process=DEAD))
    assert rendezvous.pending() == ()


def test_a_request_whose_deadline_passed_is_not_pending(rendezvous):
    rendezvous.open_request(build_request(expires_at_seconds=time.time() - 1))
    assert rendezvous.pending() == ()


def test_a_living_processs_request_is_pending_until_it_is_killed(rendezvous, folder):
    with child("open_request", folder) as (kernel,):
        assert kernel.stdout is not None
        login_id = kernel.stdout.readline().strip()
        assert [request.login_id for request in rendezvous.pending()] == [login_id]
        kernel.kill()
        kernel.wait(60)
        assert rendezvous.pending() == ()


def test_a_state_is_taken_once_among_eight_processes(rendezvous, folder):
    """ATTACKS 5."""
    request = build_request()
    rendezvous.open_request(request)
    with child("take_once", folder, request.login_id, count=8) as takers:
        for taker in takers:
            assert taker.stdout.readline() == "ready\n"
        for taker in takers:
            taker.stdin.write("\n")
            taker.stdin.flush()
        taken = [taker.stdout.readline().strip() for taker in takers]
    assert sorted(taken) == ["False"] * 7 + ["True"]
    assert rendezvous.is_taken(request.login_id)


def test_an_answer_is_taken_once_and_without_its_state(rendezvous, folder):
    request = build_request()
    rendezvous.open_request(request)
    assert rendezvous.take_response(request.login_id) is None
    rendezvous.write_response(request.login_id, AuthorizationResponse("http://x", code="c", state="SENTINEL", iss="i"))
    assert "SENTINEL" not in (folder / f"{request.login_id}.response.json").read_text()
    taken = rendezvous.take_response(request.login_id)
    assert (taken.code, taken.state, taken.state_checked) == ("c", None, True)
    assert rendezvous.take_response(request.login_id) is None


def test_an_answer_that_is_not_understood_is_removed(rendezvous, folder):
    request = build_request()
    rendezvous.open_request(request)
    (folder / f"{request.login_id}.response.json").write_text("{")
    (folder / f"{request.login_id}.response.json").chmod(0o600)
    assert rendezvous.take_response(request.login_id) is None
    assert names(folder) == ["request.json"]


def test_the_newest_opening_counts(rendezvous):
    login_id = generate_login_id()
    assert rendezvous.read_opening(login_id) is None
    for number in (1, 2):
        rendezvous.record_opening(Opening(login_id, f"{number}", "http://x", number))
    assert rendezvous.read_opening(login_id) == Opening(login_id, "2", "http://x", 2)


def test_a_result_is_all_that_is_left_of_a_login(rendezvous, folder):
    request = build_request()
    rendezvous.open_request(request)
    rendezvous.record_opening(Opening(request.login_id, "1", "http://x", 1))
    rendezvous.take(request.login_id)
    rendezvous.write_response(request.login_id, AuthorizationResponse("http://x", code="c"))
    result = LoginResult(request.login_id, "done", "You are alice.", 1.0, Identity("s", "alice"), ("a",), ("b",))
    rendezvous.write_result(result)
    assert (names(folder), rendezvous.read_result(request.login_id)) == (["result.json"], result)


@pytest.mark.parametrize("ends_after", ["opening", "taking", "nothing"])
def test_an_answer_on_its_way_when_the_login_ends_leaves_nothing(rendezvous, folder, ends_after):
    """ATTACKS 20: a code that nobody waits for any more."""
    request = build_request()
    result = LoginResult(request.login_id, "cancelled", "It was cancelled.", 1.0)
    rendezvous.open_request(request)
    is_first = []
    for step, go in {
        "nothing": lambda: None,
        "opening": lambda: rendezvous.record_opening(Opening(request.login_id, "1", "http://x", 1)),
        "taking": lambda: is_first.append(rendezvous.take(request.login_id)),
        "answering": lambda: rendezvous.write_response(request.login_id, AuthorizationResponse("http://x", code="SENTINEL")),
    }.items():
        go()
        if step == ends_after:
            rendezvous.write_result(result)
    assert (names(folder), is_first) == (["result.json"], [ends_after == "taking"])


def test_an_answer_that_comes_while_another_one_is_read_is_there_at_the_next_look(rendezvous, monkeypatch, folder):
    request, read = build_request(), rendezvous_module.read_private_file
    rendezvous.open_request(request)
    rendezvous.write_response(request.login_id, AuthorizationResponse("http://x", error="first"))

    def read_late(path):
        monkeypatch.setattr(rendezvous_module, "read_private_file", read)
        content = read(path)
        rendezvous.write_response(request.login_id, AuthorizationResponse("http://x", error="second"))
        return content

    monkeypatch.setattr(rendezvous_module, "read_private_file", read_late)
    assert [rendezvous.take_response(request.login_id).error for _ in range(2)] == ["first", "second"]
    assert rendezvous.take_response(request.login_id) is None
    assert names(folder) == ["request.json"]


def test_a_result_of_nobody(rendezvous):
    login_id = generate_login_id()
    assert rendezvous.read_result(login_id) is None
    rendezvous.write_result(LoginResult(login_id, "denied", "No.", 1.0))
    assert rendezvous.read_result(login_id).identity is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "x" * 32, "0" * 31])
def test_only_a_login_id_names_a_file(rendezvous, name):
    for method in (rendezvous.read_request, rendezvous.take, rendezvous.is_taken, rendezvous.read_result, rendezvous.find_server):
        with pytest.raises(ValueError, match="not a login id"):
            method(name)


def test_what_is_older_than_a_quarter_of_an_hour_is_swept_out(rendezvous, folder):
    old, young, server = build_request(), build_request(), announcement()
    for request in (old, young):
        rendezvous.open_request(request)
    rendezvous.announce(server)
    age(folder / f"{old.login_id}.request.json", SWEEP_SECONDS + 60)
    age(folder / f"server-{server.server_id}.json", SWEEP_SECONDS + 60)
    with rendezvous.exclusive():
        pass
    assert [request.login_id for request in rendezvous.pending()] == [young.login_id]
    assert rendezvous.find_server(server.server_id) == server


def test_a_link_that_is_old_is_swept_and_not_what_it_points_to(rendezvous, folder, tmp_path):
    with rendezvous.exclusive():
        pass
    (tmp_path / "mine").write_text("x")
    (folder / "old").symlink_to(tmp_path / "mine")
    os.utime(folder / "old", (0, 0), follow_symlinks=False)
    with rendezvous.exclusive():
        pass
    assert ((tmp_path / "mine").exists(), (folder / "old").is_symlink()) == (True, False)


@pytest.mark.parametrize("error", [OSError(37, "No locks available"), NotImplementedError("flock")])
def test_where_locks_do_not_work_it_says_what_to_set(rendezvous, error, monkeypatch):
    def fail(*_values, **_options):
        raise error

    monkeypatch.setattr(FileLock, "acquire", fail)
    with pytest.raises(StorageError, match="JUPYTER_RUNTIME_DIR"), rendezvous.exclusive():
        pass


def test_a_server_is_found_by_its_id_and_gone_when_withdrawn(rendezvous):
    server = announcement()
    rendezvous.announce(server)
    assert rendezvous.find_server(server.server_id) == server
    rendezvous.withdraw(server.server_id)
    assert rendezvous.find_server(server.server_id) is None


def test_a_server_whose_process_is_gone_is_not_found_and_removed_by_the_next(rendezvous, folder):
    dead, elsewhere = announcement(process=DEAD), announcement(process=replace(this_process(), host="other"))
    rendezvous.announce(dead)
    rendezvous.announce(elsewhere)
    assert rendezvous.find_server(dead.server_id) is None
    rendezvous.announce(announcement())
    left = {path.name for path in folder.glob("server-*.json")}
    assert (f"server-{dead.server_id}.json" in left, f"server-{elsewhere.server_id}.json" in left) == (False, True)


def test_what_a_newer_version_says_besides_is_left_out(rendezvous, folder):
    """Kernel and server may be of different versions."""
    request, found = build_request(), announcement()
    rendezvous.open_request(request)
    rendezvous.record_opening(Opening(request.login_id, "1", "http://x", 1))
    rendezvous.announce(found)
    for path in folder.glob("*.json"):
        values = json.loads(path.read_text())
        nested = {name: {**value, "later": 1} for name, value in values.items() if isinstance(value, dict)}
        path.write_text(json.dumps({**values, **nested, "later": 1}))
    assert rendezvous.read_request(request.login_id) == request
    assert (rendezvous.read_opening(request.login_id).binding_sha256, rendezvous.find_server(found.server_id)) == ("1", found)


@pytest.mark.parametrize("part", ["request", "opened", "response", "result"])
def test_what_is_damaged_is_nobodys(rendezvous, folder, part):
    with rendezvous.exclusive():
        login_id = generate_login_id()
    (folder / f"{login_id}.{part}.json").write_text('{"protocol": 1, "identity": 7}')
    readers = (rendezvous.read_request, rendezvous.read_opening, rendezvous.take_response, rendezvous.read_result)
    assert [read(login_id) for read in readers] == [None] * 4


def test_a_folder_that_is_none_of_ours_keeps_nobody_from_logging_in(rendezvous, folder):
    (folder / "theirs").mkdir(parents=True)
    age(folder / "theirs", SWEEP_SECONDS + 60)
    with rendezvous.exclusive():
        assert (folder / "theirs").is_dir()
