"""The directive ``{traits} module:Class``: a table of a class's settings, from their own help. What the code says is the manual."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from traitlets import Bool, Dict, Enum, Float, Int, List, TraitType, Unicode

_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Enum, "one of a few words"),
    (Unicode, "text"),
    (Float, "a number"),
    (Int, "a whole number"),
    (Bool, "true or false"),
    (List, "a list"),
    (Dict, "an object"),
)


def own_traits(cls: Any) -> Iterator[tuple[str, TraitType[Any, Any]]]:
    """Yield the traits that a class itself defines, in the order of its source."""
    for name, value in vars(cls).items():
        if isinstance(value, TraitType) and not name.startswith("_"):
            yield name, value


def describe_type(trait: TraitType[Any, Any]) -> str:
    """Return what a value has to be, in words."""
    if isinstance(trait, Enum):
        return " or ".join(f"`{value}`" for value in trait.values or ())
    return next((words for kind, words in _TYPES if isinstance(trait, kind)), "any value")


def describe_default(trait: TraitType[Any, Any]) -> str:
    """Return the default in JSON's spelling, or a dash where there is none."""
    value = trait.default()
    return "–" if value in (None, "", {}, []) else f"`{value}`"


class TraitsDirective(SphinxDirective):
    """A definition list of settings: name, type, default and help."""

    required_arguments = 1
    option_spec = {"prefix": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the list, its help parsed as Markdown."""
        module, _, name = self.arguments[0].partition(":")
        lines: list[str] = []
        for trait_name, trait in own_traits(getattr(importlib.import_module(module), name)):
            facts = f"{describe_type(trait)}; default: {describe_default(trait)}"
            # The first line of help stands unindented in its source, the others don't.
            text = inspect.cleandoc(trait.help).splitlines() or ["(no help)"]
            lines += [f"`{self.options.get('prefix', '')}{trait_name}` ({facts})", f": {text[0]}", *(f"  {line}" for line in text[1:]), ""]
        container = nodes.container(classes=["traits"])
        self.state.nested_parse(StringList(lines, source=module), self.content_offset, container)
        return [container]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("traits", TraitsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
