"""Consents: what a deployed flow needs, what was granted, the difference with a reason for every line, as trees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .scopes import Requirement, merge_requirements

Path = tuple[str, ...]
_FLOW = re.compile(r"Flow ('.*'|[0-9a-f-]{36})")


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One line of a consent tree.

    :param path: the scopes from the top to this one: who asks on whose behalf.
    :param reason: why it is needed, as a sentence.
    :param added: the same sentence where what leads to it is granted already: "now also".
    """

    scope: str
    path: Path
    reason: str
    added: str = ""


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One line of a drawn tree.

    :param depth: 0 at the top.
    :param new: it isn't granted yet.
    """

    depth: int
    new: bool
    reason: str
    scope: str

    def __str__(self) -> str:
        """Draw it as text: ``+`` is new, and says so in a word, for whom a screen reader tells no signs; ``✓`` is granted."""
        indent = "   " * self.depth
        return f"{indent}{'+' if self.new else '✓'} {self.reason}{' (new)' if self.new else ''}\n{indent}  {self.scope}"


@dataclass(frozen=True, slots=True)
class ConsentTree:
    """Consents that are needed, or that are missing: falsy when there are none, iterable over its entries, printable as a tree.

    :param held: paths that are shown for the way to the entries, and are granted already.
    :param problems: a sentence for everything that couldn't be found out.
    """

    entries: tuple[ConsentEntry, ...] = ()
    held: tuple[ConsentEntry, ...] = ()
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything in it. Empty means covered, and not that something isn't known."""
        return bool(self.entries or self.problems)

    def __iter__(self) -> Iterator[ConsentEntry]:
        """Iterate over the entries, parents before children."""
        return iter(self.entries)

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self.entries)

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every bare scope in the entries, sorted."""
        return tuple(sorted({entry.scope for entry in self.entries}))

    def to_requirements(self) -> tuple[Requirement, ...]:
        """Return what to ask for: each entry under the scopes that lead to it."""
        return merge_requirements(_nest(entry.path) for entry in self.entries)

    def missing_from(self, granted: Iterable[Path]) -> ConsentTree:
        """Return what of this tree isn't granted; what is, and leads to it, is kept to be shown."""
        known = frozenset(granted)
        entries = tuple(_as_added(entry) if entry.path[:-1] in known else entry for entry in self.entries if entry.path not in known)
        if not entries:
            return ConsentTree(problems=self.problems)
        held = tuple(entry for entry in (*self.held, *self.entries) if entry.path in known)
        return ConsentTree(entries, held, self.problems)

    def lines(self) -> tuple[ConsentLine, ...]:
        """Return every line, parents before children, siblings in the order they came: what cards and terminals draw."""
        new = {entry.path for entry in self.entries}
        known = {entry.path: entry for entry in (*self.held, *self.entries)}
        order = {path: number for number, path in enumerate(known)}

        def place(path: Path) -> tuple[int, ...]:
            return tuple(order.get(path[:depth], len(order)) for depth in range(1, len(path) + 1))

        return tuple(ConsentLine(len(path) - 1, path in new, known[path].reason, known[path].scope) for path in sorted(known, key=place))

    def __str__(self) -> str:
        """Draw the tree as text: ``+`` is new, ``✓`` is granted."""
        unknown = [f"? {problem}" for problem in self.problems]
        return "\n".join([*map(str, self.lines() if self.entries else ()), *unknown]) or "Nothing is missing."

    __repr__ = __str__


def build_headline(lines: Iterable[ConsentLine]) -> str:
    """Return what a drawn tree says in one line: whose consents they are, and whether more are needed now. Empty without a tree."""
    root = next((line for line in lines if line.depth == 0), None)
    if root is None or not root.reason.startswith("Flow "):
        return "A consent is missing" if root else ""
    if not _FLOW.fullmatch(root.reason):
        return root.reason  # it says itself what the service wants
    return f"{root.reason} needs your consent" if root.new else f"{root.reason} now needs more"


def join_trees(trees: Iterable[ConsentTree]) -> ConsentTree:
    """Return several trees as one."""
    listed = list(trees)
    return ConsentTree(
        tuple(entry for tree in listed for entry in tree.entries),
        tuple(entry for tree in listed for entry in tree.held),
        tuple(problem for tree in listed for problem in tree.problems),
    )


def _as_added(entry: ConsentEntry) -> ConsentEntry:
    return replace(entry, reason=entry.added or entry.reason)


def _nest(path: Path) -> Requirement:
    nested = Requirement(path[-1], optional=len(path) > 1 and path[-1].endswith("/data_access"))
    for scope in reversed(path[:-1]):
        nested = Requirement(scope, dependencies=(nested,))
    return nested


def build_tree(requirements: Iterable[Requirement], reasons: Mapping[Path, tuple[str, str]], problems: Iterable[str] = ()) -> ConsentTree:
    """Return the tree of nested requirements, with the two reasons for each path; one without them is named by its scope."""
    paths = dict.fromkeys(path for requirement in requirements for path in requirement.walk())
    entries = (ConsentEntry(path[-1], path, *reasons.get(path, (f"needs {path[-1]}", ""))) for path in paths)
    return ConsentTree(tuple(entries), problems=tuple(problems))
