"""Every command line that the manual, the README and the help show is one that is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from jupyter_flowauth.cli.main import commands

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Where a shell's command ends, or something follows that is for people.
ENDS = re.compile(r"\s(?:\||&&|\|\||<|>|;|#)|\s{2,}|[)`;\"]|$")


def command_lines(text):
    """List the arguments of each call of ours in a text."""
    text = text.replace("\\\n", " ")
    for found in re.finditer(r"jupyter[ -]flowauth ([a-z-]+[^\n]*)", text):
        shown = re.sub(r"(?<=\S) {2,}(?=-)", " ", found[1])
        shown = shown[: ENDS.search(shown).start()].rstrip(".,:")
        if shown.split()[0] in commands.list_commands(click.Context(commands)):
            yield shlex.split(shown)


def parse(arguments):
    """Let click read a command line as it would, without doing anything."""
    command, context = commands, click.Context(commands, info_name="jupyter flowauth")
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    command.make_parser(context).parse_args(list(arguments))


def helps():
    context = click.Context(commands)
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        yield name, command.help
        yield from ((f"{name} {inner}", one.help) for inner, one in getattr(command, "commands", {}).items())


SOURCES = [*((page.name, page.read_text(encoding="utf-8")) for page in PAGES), *helps()]
SHOWN = sorted({(source, tuple(line)) for source, text in SOURCES for line in command_lines(text)})


@pytest.mark.parametrize(("source", "line"), SHOWN, ids=[f"{source}: {' '.join(line)}"[:90] for source, line in SHOWN])
def test_a_command_line_that_is_shown_is_understood(source, line):
    parse(list(line))
    assert line


def test_the_lines_are_found():
    assert len(SHOWN) > 60
    assert ("token", ("token", "--min-valid", "600")) in SHOWN


def test_a_line_that_is_not_understood_is_found():
    with pytest.raises(click.NoSuchOption):
        parse(["token", "--nonsense"])
    with pytest.raises(AssertionError):
        parse(["nonsense"])
