"""The directives ``{commands}`` and ``{exit-codes}``: the shell's commands, from their own help, and how they end, from their own table."""

from __future__ import annotations

from collections.abc import Iterator

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jupyter_flowauth.cli.exits import EXIT_CODES
from jupyter_flowauth.cli.main import commands


def walk(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Yield each command that does something, with its help."""
    context = click.Context(command, info_name=path, max_content_width=100)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from walk(found, f"{path} {name}")
    else:
        yield path, command.get_help(context)


class CommandsDirective(SphinxDirective):
    """A section for each command."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        sections: list[nodes.Node] = []
        for path, text in walk(commands, "jupyter flowauth"):
            section = nodes.section(ids=[path.replace(" ", "-")])
            section += [nodes.title(text=path), nodes.literal_block(text, text, language="text")]
            sections.append(section)
        return sections


class ExitCodesDirective(SphinxDirective):
    """The table of exit codes, as a list of definitions."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        found = nodes.definition_list()
        for code, words in EXIT_CODES.items():
            sentence, _ = self.parse_inline(words)
            body = nodes.definition("", nodes.paragraph("", "", *sentence))
            found += nodes.definition_list_item("", nodes.term("", "", nodes.literal("", str(code))), body)
        return [found]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives."""
    app.add_directive("commands", CommandsDirective)
    app.add_directive("exit-codes", ExitCodesDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
