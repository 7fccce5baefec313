"""Collects the sentences that the Python side shows on the card and in the panel, as templates that can be translated.

``python labextension/scripts/collect_sentences.py`` writes ``src/lab/sentences.json``; with ``--pot`` it prints a gettext template instead.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

LABEXTENSION = Path(__file__).parents[1]
PACKAGE = LABEXTENSION.parent / "jupyter_flowauth"
# What these say is read in a terminal, on a page of its own, or by whoever runs a Hub.
ELSEWHERE = {"cli", "hub", "integrations", "labextension", "sandbox"}
ELSEWHERE_FILES = {"pages.py", "magics.py", "terminal.py", "sandbox_link.py", "sandbox_proxy.py"}
# A template says something by itself: a word that is more than a plural's ending, with something beside it.
_SAYS = re.compile(r"[A-Za-z]{3}")
_BESIDE = re.compile(r"[A-Za-z.:;,)] +\S|%\d +[A-Za-z]|^Consent$")
# Formats of the log, patterns, types and markup aren't said to anybody.
_UNSAID = re.compile(r"%[sdr]|[\\|<$]|\.\*|^var\(")
# A sentence that is put in front of another one, or behind it, is translated by itself.
_BEFORE = re.compile(r"^\s*%\d+\s+(?=[A-Z])")
_BEHIND = re.compile(r"(?<=[.!?])\s*%\d+\s*$")


def collect(package: Path) -> dict[str, str]:
    """Return every template with the file that it is from."""
    found: dict[str, str] = {}
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if place.parts[0] not in ELSEWHERE and place.name not in ELSEWHERE_FILES:
            for template in templates_of(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(template, place.as_posix())
    return found


def templates_of(module: ast.Module) -> Iterator[str]:
    """Yield the templates in a module."""
    passed_over = {id(node) for part in ast.walk(module) for node in _unsaid(part)}
    for node in ast.walk(module):
        if id(node) not in passed_over and isinstance(node, ast.JoinedStr | ast.Constant):
            template = to_template(node)
            if _SAYS.search(template) and _BESIDE.search(template) and not _UNSAID.search(template):
                yield template


def _unsaid(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the strings below a node that nobody is shown: docstrings, helps, and the pieces of a template."""
    if isinstance(node, ast.JoinedStr):
        yield from (value for value in node.values if isinstance(value, ast.Constant))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.keyword) and node.arg == "help":
        yield from ast.walk(node.value)


def to_template(node: ast.JoinedStr | ast.Constant) -> str:
    """Return a string with ``%1``, ``%2``… for what is put into it, numbered from the left."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [str(part.value) if isinstance(part, ast.Constant) and isinstance(part.value, str) else None for part in parts]
    cut = _number(texts)
    cut = _BEHIND.sub("", _BEFORE.sub("", cut)).strip()
    return _number([None if piece.startswith("%") else piece for piece in re.split(r"(%\d+)", cut)] if "%" in cut else [cut])


def _number(texts: list[str | None]) -> str:
    numbers = iter(range(1, len(texts) + 1))
    return "".join(f"%{next(numbers)}" if text is None else text for text in texts)


def to_pot(found: dict[str, str]) -> str:
    """Return the templates as gettext takes them."""
    entries = ((place, json.dumps(template, ensure_ascii=False)) for template, place in found.items())
    return "\n".join(f'#: jupyter_flowauth/{place}\nmsgid {template}\nmsgstr ""\n' for place, template in entries)


if __name__ == "__main__":
    sentences = collect(PACKAGE)
    if "--pot" in sys.argv:
        sys.stdout.write(to_pot(sentences))
    else:
        target = LABEXTENSION / "src" / "lab" / "sentences.json"
        target.write_text(json.dumps(sorted(sentences), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
