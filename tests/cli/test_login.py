"""``login`` as a person meets it: a process, a browser, a terminal."""

from __future__ import annotations

import os
import signal
import subprocess

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from tests.cli.conftest import PROGRAM, ended


def test_a_login_in_the_shell_is_there_in_the_notebook_at_once(demo, shell, browser):
    held_by_a_notebook = FlowAuth(user_agent="none")
    assert held_by_a_notebook.missing([TRANSFER_ALL]) == (TRANSFER_ALL,)
    done = shell("login", TRANSFER_ALL)
    assert (done.code, done.out) == (0, "")
    assert "You are alice@" in done.err
    assert held_by_a_notebook.missing([TRANSFER_ALL]) == ()
    assert demo.sandbox.is_active(held_by_a_notebook.token(TRANSFER_ALL))


def test_a_login_in_the_notebook_is_there_in_the_shell_at_once(demo, shell):
    demo.auth().login([TRANSFER_ALL])
    again = shell("login", TRANSFER_ALL)
    assert again.code == 0
    assert "nothing had to be asked" in again.err
    assert shell("status", TRANSFER_ALL).code == 0


def test_jupyter_finds_the_commands(demo, browser):
    done = subprocess.run(["jupyter", "flowauth", "login", "--json"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert '"username": "alice@' in done.stdout


def test_another_identity_is_added_beside_the_first(demo, shell, browser):
    assert shell("login").code == 0
    assert shell("login", "--account", "bob@sandbox.example", BROWSER_USER="bob").code == 0
    assert sorted(row["username"] for row in shell("list", "--json").json) == ["alice@sandbox.example", "bob@sandbox.example"]


def test_a_no_has_its_exit_code_and_loses_nothing(demo, shell, browser):
    shell("login")
    refused = shell("login", VIEW_MY_GROUPS, BROWSER_SAYS_NO="1")
    assert (refused.code, refused.out) == (5, "")
    assert "LoginDenied" in refused.err
    assert shell("status").code == 0


def test_where_nobody_is_there_it_fails_at_once_and_names_what_is_missing(shell):
    asked = shell("login", TRANSFER_ALL, "--json")
    assert asked.code == 3
    assert asked.json["error"] == "InteractionRequired"
    assert asked.json["missing"] == [TRANSFER_ALL]
    assert "FLOWAUTH_TOKEN" in asked.err
    assert "%login" not in asked.err


def test_how_says_each_way_and_asks_nobody(demo, shell):
    told = shell("login", "--how")
    assert told.code == 0
    assert "loopback: " in told.out
    assert demo.sandbox.count("authorize") == 0


def test_on_a_terminal_without_a_desktop_a_code_is_pasted(demo, terminal):
    child = terminal(PROGRAM, "login")
    child.expect(r"Log in here \(this waits 5 min\): (http\S+)")
    address = child.match.group(1)
    child.expect("Paste the code here: ")
    final = demo.sandbox.approve(address)
    code = demo.sandbox.visitor().get(final).text.partition('<code class="code">')[2].partition("</code>")[0]
    child.sendline(code)
    exit_code, written = ended(child)
    assert exit_code == 0
    assert code not in written
    assert "You are alice@sandbox.example" in written


def test_ctrl_c_ends_a_waiting_login_with_a_sentence(demo, terminal):
    child = terminal(PROGRAM, "login")
    child.expect("Paste the code here: ")
    child.sendintr()
    exit_code, written = ended(child)
    assert exit_code == 130
    assert "Interrupted. What was held before is still held." in written
    assert "Traceback" not in written
    assert list((demo.home / "runtime" / "flowauth").glob("*.request.json")) == []


def test_an_interrupt_reaches_a_login_that_waits_for_a_browser(demo):
    command = [PROGRAM, "login"]
    environment = {**os.environ, "BROWSER": "true %s"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("Log in here"))
        process.send_signal(signal.SIGINT)
        written = process.stderr.read()
    assert process.returncode == 130
    assert "Interrupted" in written
    assert "Traceback" not in written


def test_the_end_of_what_is_typed_ends_a_login_too(demo, terminal):
    child = terminal(PROGRAM, "login")
    child.expect("Paste the code here: ")
    child.sendeof()
    exit_code, written = ended(child)
    assert exit_code == 130
    assert "Nothing more could be read" in written


def test_a_login_says_where_to_go_on_standard_error_so_that_its_answer_can_be_read(demo, browser):
    script = f"{PROGRAM} login --json 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"kind\"])'"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert done.stdout.strip() == "person"
