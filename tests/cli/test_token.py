"""``token`` and ``env``: the only two that print a secret."""

from __future__ import annotations

import json
import subprocess

import pytest

from jupyter_flowauth.cli.env import _line
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from tests.cli.conftest import need

NASTY = "a'b\"c $HOME `id` \\' \\\\ \n;&|<>(){}*?~#!%é"
SHELLS = pytest.mark.parametrize("shell_name", ["bash", "zsh", "sh", "fish"])


def test_token_prints_the_token_and_nothing_else(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    printed = here("token", TRANSFER_ALL)
    assert (printed.code, printed.out, printed.err) == (0, f"{auth.token(TRANSFER_ALL)}\n", "")
    assert demo.sandbox.is_active(printed.out.strip())


def test_a_token_that_ends_soon_is_renewed_first(demo, here, aged):
    demo.auth().login([TRANSFER_ALL])
    aged(1000, renews=True)
    before = demo.sandbox.count("token")
    # By more than the four minutes in which it would be renewed in the background.
    assert here("token", TRANSFER_ALL, "--min-valid", "600").code == 0
    assert demo.sandbox.count("token") == before
    printed = here("token", TRANSFER_ALL, "--min-valid", "1200")
    assert demo.sandbox.is_active(printed.out.strip())
    assert demo.sandbox.count("token") == before + 1


def test_a_token_that_has_ended_and_can_not_be_renewed_exits_with_3(demo, here, aged):
    demo.auth().login([TRANSFER_ALL])
    aged(-1, renews=False)
    refused = here("token", TRANSFER_ALL)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith("LoginRequired: ")


def test_several_tokens_and_none_named_is_an_error_that_lists_the_scopes(demo, here):
    demo.auth().login([TRANSFER_ALL, VIEW_MY_GROUPS])
    refused = here("token")
    assert (refused.code, refused.out) == (3, "")
    assert TRANSFER_ALL in refused.err
    assert VIEW_MY_GROUPS in refused.err


def test_without_a_login_there_is_no_scope_to_choose(demo, here):
    for command in (["token"], ["env"], ["service-account", "create", "ci-runner", "--secret-file", str(demo.home / "secret")]):
        refused = here(*command)
        assert (refused.code, refused.out) == (3, "")
        assert "nobody is logged in at Globus; log in first: jupyter flowauth login" in refused.err


def test_json_says_what_the_token_is_for_and_until_when(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    values = here("token", TRANSFER_ALL, "--json").json
    assert values["access_token"] == auth.token(TRANSFER_ALL)
    assert (values["token_type"], values["scopes"]) == ("Bearer", [TRANSFER_ALL])
    assert values["expires_at_seconds"] == auth.status().scopes[TRANSFER_ALL]


@SHELLS
def test_the_lines_of_env_set_the_bearer_in_a_real_shell(shell_name, demo):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    command = f"jupyter flowauth env {TRANSFER_ALL} --shell {shell_name}"
    read = f"{command} | source" if shell_name == "fish" else f'eval "$({command})"'
    done = subprocess.run([need(shell_name), "-c", f"{read}; env"], capture_output=True, text=True, check=True)
    assert f"FLOWAUTH_BEARER={auth.token(TRANSFER_ALL)}" in done.stdout.splitlines()
    assert "FLOWAUTH_INSTANCE_URL" not in done.stdout


@SHELLS
def test_whatever_a_value_holds_it_arrives_unread(shell_name):
    line = _line("FLOWAUTH_BEARER", NASTY, shell_name)
    show = "python3 -c 'import os, json; print(json.dumps(os.environ[\"FLOWAUTH_BEARER\"]))'"
    done = subprocess.run([need(shell_name), "-c", f"{line}\n{show}"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == NASTY


def test_env_without_a_login_prints_no_line_at_all(demo, here):
    refused = here("env", TRANSFER_ALL)
    assert (refused.code, refused.out) == (3, "")


def test_env_as_json_is_an_object_of_names_and_values(demo, here):
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    assert here("env", TRANSFER_ALL, "--json").json == {"FLOWAUTH_BEARER": auth.token(TRANSFER_ALL)}


def test_no_other_command_prints_a_secret(demo, here):
    """ATTACKS 10: whatever a command prints but `token` and `env`, in either form, holds none of what the sandbox issues."""
    demo.auth().login([TRANSFER_ALL, VIEW_MY_GROUPS])
    asked = [["list"], ["status"], ["login"], ["storage", "show"], ["provider", "list"], ["doctor"]]
    asked += [["token", "a:scope"], ["env", "a:scope"], ["logout"], ["logout", "--all"]]
    written = [here(*arguments, *form) for arguments in asked for form in ([], ["--json"])]
    assert [found for ended in written for found in demo.leaks(ended.out + ended.err)] == []
    assert sum(bool(ended.out) for ended in written) > 10
