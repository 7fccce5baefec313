"""The group: its help, its exit codes, its manners on a terminal and in a pipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from jupyter_flowauth import errors
from jupyter_flowauth.cli.exits import EXIT_CODES, exit_code_of
from jupyter_flowauth.cli.main import COMMANDS, commands
from jupyter_flowauth.cli.printing import duration_words, to_shell_words
from tests.cli.conftest import PROGRAM, ROOT, ended

# What a command that only prints may not wait for.
HEAVY = ("jupyter_flowauth.wiring", "traitlets", "globus_sdk", "requests", "jupyter_core", "jupyter_server", "tornado", "jupyterlab_server")


def every_command():
    context = click.Context(commands, info_name="jupyter flowauth")
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        inner = command.commands if isinstance(command, click.Group) else {}
        yield from [(name, command), *((f"{name} {below}", one) for below, one in inner.items())]


COMMAND_IDS = [name for name, _ in every_command()]


def test_the_list_says_of_each_command_what_its_own_help_says():
    listed = {name: words for name, (_, words) in COMMANDS.items()}
    context = click.Context(commands)
    own = {name: commands.get_command(context, name).help.split("\n")[0] for name in listed}
    assert listed == own


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=COMMAND_IDS)
def test_the_help_of_each_command_teaches_by_example(name, command):
    text = command.get_help(click.Context(command, info_name=f"jupyter flowauth {name}"))
    assert "Examples:" in text
    assert f"jupyter flowauth {name}" in text.partition("Examples:")[2].partition("Options:")[0]


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=COMMAND_IDS)
def test_each_command_that_answers_has_json(name, command):
    if name == "completion":  # its answer is a script
        assert "--json" not in {option for parameter in command.params for option in parameter.opts}
    elif not isinstance(command, click.Group):
        assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_the_help_shows_every_exit_code(here):
    shown = " ".join(here("--help").out.split())
    assert [code for code, words in EXIT_CODES.items() if f"{code} {words}" not in shown] == []


def test_every_error_has_an_exit_code_of_the_table():
    leaves = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.FlowAuthError)]
    codes = {leaf.__name__: exit_code_of(leaf.__new__(leaf)) for leaf in leaves}
    assert set(codes.values()) <= set(EXIT_CODES)
    assert [name for name, code in codes.items() if code == 1] == ["FlowAuthError"]


def test_a_mistyped_command_is_told_what_may_be_meant(here):
    mistyped = here("tokne")
    assert (mistyped.code, mistyped.out) == (2, "")
    assert "Did you mean 'token'?" in mistyped.err


def test_without_a_provider_each_command_says_what_to_do(jupyter_home, here):
    asked = here("token")
    assert (asked.code, asked.out) == (7, "")
    assert asked.err.startswith("ConfigurationError: no provider is configured")


def test_an_error_is_json_where_json_was_asked_for(demo, here):
    refused = here("token", "a:scope", "--json")
    assert refused.code == 3
    assert refused.json == {
        "error": "ScopesMissing",
        "message": "no login holds a:scope; log in for it: jupyter flowauth login a:scope",
        "exit_code": 3,
        "missing": ["a:scope"],
    }


def test_a_provider_that_is_down_has_its_exit_code(demo, here, aged):
    demo.auth().login()
    aged(-1, renews=True)
    demo.sandbox.set_fault("token", "status:500")
    refused = here("token", "openid")
    assert (refused.code, refused.out) == (6, "")


def test_a_storage_that_can_not_be_used_has_its_exit_code(demo, here):
    demo.auth().login()
    account = next((demo.home / "data" / "flowauth").glob("*.json"))
    account.with_name("other").hardlink_to(account)
    refused = here("status")
    assert (refused.code, refused.out) == (8, "")
    assert "hard links" in refused.err


def test_what_is_said_is_said_in_the_shells_words():
    assert to_shell_words("log in (%login a), then %whoami") == "log in (jupyter flowauth login a), then jupyter flowauth status"


def test_what_to_type_next_repeats_the_choice_that_was_typed(demo, here):
    said = here("status", "--account", "bob@sandbox.example").out
    assert said.endswith("Log in with jupyter flowauth login --account bob@sandbox.example.\n")
    refused = here("token", "a:scope", "--provider=globus", "--account", "it's me", "--json").json
    assert refused["message"].endswith("log in for it: jupyter flowauth login --provider globus --account 'it'\"'\"'s me' a:scope")
    assert here("status").out.endswith("Log in with jupyter flowauth login.\n")


def test_what_a_sentence_names_itself_is_not_repeated():
    chosen = {"--provider": "globus", "--account": "alice"}
    sentence = "use both: %login --account bob; or %logout, then %login"
    words = "use both: jupyter flowauth login --provider globus --account bob; or jupyter flowauth logout --provider globus"
    assert to_shell_words(sentence, chosen) == f"{words}, then jupyter flowauth login --provider globus"


@pytest.mark.parametrize(("seconds", "words"), [(-5, "0 s"), (90, "90 s"), (150, "2 min"), (7300, "2 h"), (200000, "2 days")])
def test_durations_are_said_in_the_unit_that_people_would_use(seconds, words):
    assert duration_words(seconds) == words


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["login", "--help"], ["completion", "bash"], ["env", "--help"]])
def test_what_needs_no_login_loads_nothing_of_one(arguments):
    code = f"import sys; from jupyter_flowauth.cli.main import run; run({arguments!r}); "
    code += f"print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stderr.strip(), bool(done.stdout)) == ("", True)


def test_a_token_that_is_good_takes_no_network_library(demo):
    demo.auth().login()
    code = "import sys; from jupyter_flowauth.cli.main import run; run(['token', 'openid']); "
    code += "print(*(name for name in ('globus_sdk', 'requests', 'jwt', 'tornado', 'http.server') if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == ""


def test_whoever_reads_only_the_first_line_meets_no_traceback(shell):
    script = f"{PROGRAM} --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.splitlines()[0], done.stderr) == ("Usage: jupyter flowauth [OPTIONS] COMMAND [ARGS]...", "")


def test_a_pipe_that_is_closed_before_the_answer_meets_no_traceback(demo):
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([PROGRAM, "storage", "show"], stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")


def test_colours_go_to_a_terminal_alone_and_not_with_no_color(demo, shell, terminal):
    assert "\x1b[" not in shell("doctor", "--offline").out
    assert "\x1b[" in ended(terminal(PROGRAM, "doctor", "--offline"))[1]
    assert "\x1b[" not in ended(terminal(PROGRAM, "doctor", "--offline", NO_COLOR="1"))[1]


def test_long_sentences_hang_below_their_sign_on_a_terminal_and_are_one_line_in_a_pipe(demo, shell, terminal):
    written = ended(terminal(PROGRAM, "doctor", "--offline", NO_COLOR="1", COLUMNS="60"))[1].splitlines()
    versions = next(number for number, line in enumerate(written) if "anywidget" in line)
    assert written[versions].startswith("  ✓ anywidget")
    assert written[versions + 1].startswith("    ")
    assert max(map(len, written[versions : versions + 4])) <= 60
    assert any(line.startswith("  ✓ anywidget") and "traitlets" in line for line in shell("doctor", "--offline").out.splitlines())


def test_the_version_is_the_packages(here):
    from jupyter_flowauth import __version__

    assert here("--version").out == f"jupyter flowauth, version {__version__}\n"


def test_an_answer_for_programs_is_one_json_document_and_words_go_elsewhere(demo, shell):
    for arguments in (["list"], ["status"], ["storage", "show"], ["provider", "list"], ["logout", "--all"], ["doctor", "--offline"]):
        assert json.loads(shell(*arguments, "--json").out) is not None
