"""What a command prints: its answer to standard output, all other words to standard error.

Colours go to a terminal only, and not if NO_COLOR is set.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click


def answer(text: str) -> None:
    """Print what was asked for."""
    click.echo(text, color=_color())


def answer_json(value: Any) -> None:
    """Print what was asked for, for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say(sentence: str, chosen: Mapping[str, str] | None = None) -> None:
    """Print words for people, where they don't mix with the answer."""
    click.echo(to_shell_words(sentence, chosen), err=True, color=_color())


def warn(sentence: str) -> None:
    """Print a warning for people."""
    say(paint(f"Warning: {sentence}", "yellow"))


def paint(text: str, color: str, *, bold: bool = False) -> str:
    """Return a text in a colour; the colour is left out again where what is printed goes to no terminal."""
    return click.style(text, fg=color, bold=bold)


def _color() -> bool | None:
    """Return False where nobody wants colours (https://no-color.org), else None: that is for click to see."""
    return False if os.environ.get("NO_COLOR") else None


def to_shell_words(sentence: str, chosen: Mapping[str, str] | None = None) -> str:
    """Return a sentence of the package's with the shell's commands in the place of the notebook's.

    :param chosen: the options that said which login is meant, for these commands to mean the same; what the sentence names itself is left
        to it. None: those of the command that runs.
    """
    context = click.get_current_context(silent=True)
    options = chosen or (context and context.obj) or {}
    again = "".join(f" {name} {shlex.quote(value)}" for name, value in options.items() if name not in sentence)
    for magic, command in (("%login", "login"), ("%logout", "logout"), ("%whoami", "status")):
        sentence = sentence.replace(magic, f"jupyter flowauth {command}{again}")
    return sentence


def build_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns that line up."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (header, *rows)]
    return "\n".join([click.style(lines[0], bold=True), *lines[1:]])


def duration_words(seconds: float) -> str:
    """Return how long something takes or lasts, in the unit that people would say it in."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def clock_words(at_seconds: float) -> str:
    """Return a moment on this machine's clock, in its time zone."""
    return time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(at_seconds))


def hang(text: str, *, sign: str, indent: int) -> str:
    """Return a text behind a sign, its further lines indented below its first on a terminal; elsewhere it is one line, for `grep`.

    :param sign: what stands in front; its colours don't count.
    :param indent: how far the text stands in.
    """
    if sys.stdout.isatty():
        width = max(40, min(120, shutil.get_terminal_size().columns))
        text = click.wrap_text(text, width, " " * indent, " " * indent).lstrip()
    return f"{sign}{text}"
