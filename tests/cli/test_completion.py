"""Completion in the real shells, with the Tab key, for both ways to call the commands."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from jupyter_flowauth import wiring
from jupyter_flowauth.sandbox.catalogue import VIEW_MY_GROUPS
from tests.cli.conftest import need

# A shell without the developer's own settings, a prompt that can be waited for, and the one line that the manual tells to put there.
STARTS = {
    "bash": ("bash", ["--norc", "--noprofile"], "PS1='READY> '", 'eval "$(jupyter flowauth completion bash)"'),
    "zsh": ("zsh", ["-f"], "PROMPT='READY> '; autoload -U compinit; compinit -u", 'eval "$(jupyter flowauth completion zsh)"'),
    "fish": ("fish", ["--no-config"], "function fish_prompt; echo 'READY> '; end", "jupyter flowauth completion fish | source"),
}
each_shell = pytest.mark.parametrize("name", STARTS)
each_way = pytest.mark.parametrize("called", ["jupyter flowauth", "jupyter-flowauth"])


@pytest.fixture
def interactive(terminal, tmp_path):
    def start(name):
        program, arguments, setting, line = STARTS[name]
        child = terminal(need(program), *arguments, HOME=str(tmp_path), ZDOTDIR=str(tmp_path), PS1="STARTED> ")
        child.sendline(setting)
        child.sendline(f"{line}; echo 'LOAD''ED'" if name != "fish" else f"{line}; echo LOAD'ED'")
        child.expect("LOADED")
        child.expect("READY> ")
        return child

    return start


def assert_completes(child, typed, wanted):
    """Type, press Tab, and wait for what the shell makes of it; then throw the line away."""
    child.send(f"{typed}\t")
    child.expect_exact(wanted)
    child.send("\x03")
    child.expect("READY> ")


@each_shell
@each_way
def test_commands_options_and_what_is_held_are_completed(name, called, interactive, demo):
    demo.auth().login()
    child = interactive(name)
    assert_completes(child, f"{called} stat", "us")
    assert_completes(child, f"{called} provider rem", "ove")
    assert_completes(child, f"{called} token --min-v", "alid")
    assert_completes(child, f"{called} token --account ali", "ce@sandbox.example")
    assert_completes(child, f"{called} status --provider glo", "bus")


@each_shell
def test_a_scope_is_completed_past_its_colons(name, interactive, demo):
    child = interactive(name)
    assert_completes(child, f"jupyter flowauth token {VIEW_MY_GROUPS.removesuffix('_memberships')}", "_memberships")


@each_shell
def test_a_name_of_a_stranger_is_an_argument_and_no_command(name, interactive, demo):
    """ATTACKS 18: what a provider calls somebody is on the line that Enter runs."""
    demo.auth().login()
    (held,) = wiring.open_store().accounts()
    with wiring.open_store().transaction(held.key, timeout_seconds=10) as transaction:
        transaction.write(replace(held, identity=replace(held.identity, username=f"mallory$(touch {demo.home}/owned);x y")))
    child = interactive(name)
    child.send("jupyter flowauth status --account mal\t")
    child.expect("x\\\\? y|x y'")
    child.sendline("; echo DO'NE'")
    child.expect("DONE")
    assert not (demo.home / "owned").exists()


@each_shell
def test_flowauth_is_completed_after_jupyter(name, interactive, demo):
    assert_completes(interactive(name), "jupyter flowa", "uth")


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_what_completed_jupyter_before_goes_on_doing_so(name, terminal, demo, tmp_path):
    program, arguments, setting, line = STARTS[name]
    before = {
        "bash": '_theirs() { COMPREPLY=(theirs-"${COMP_WORDS[COMP_CWORD]}"); }; complete -F _theirs jupyter',
        "zsh": "_theirs() { compadd -U -- theirs-$words[CURRENT] }; compdef _theirs jupyter",
    }
    child = terminal(need(program), *arguments, HOME=str(tmp_path), ZDOTDIR=str(tmp_path), PS1="STARTED> ")
    child.sendline(f"{setting}; {before[name]}; {line}; {line}; echo 'LOAD''ED'")
    child.expect("LOADED")
    child.expect("READY> ")
    assert_completes(child, "jupyter lab x", "theirs-x")
    assert_completes(child, "jupyter flowauth stat", "us")


def test_a_configuration_that_can_not_be_read_completes_nothing_and_says_nothing(demo, here, monkeypatch):
    (demo.home / "config").mkdir()
    (demo.home / "config" / "jupyter_flowauth.json").write_text("{ not JSON")
    monkeypatch.setenv("COMP_WORDS", "jupyter-flowauth status --provider g")
    monkeypatch.setenv("COMP_CWORD", "3")
    monkeypatch.setenv("_JUPYTER_FLOWAUTH_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit) as ended:
        here("status")
    assert ended.value.code == 0


@each_shell
def test_each_script_is_whole_by_its_shells_own_judgement(name, here, tmp_path):
    script = tmp_path / "script"
    script.write_text(here("completion", name).out)
    assert subprocess.run([need(name), "-n", str(script)], capture_output=True, text=True, check=False).stderr == ""
