"""Globus's scope strings: `a b[c *d]`, where c depends on b and * marks what may be left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

_PIECE = re.compile(r"\s+|[\[\]]|[^\s\[\]]+")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749 3.3, scope-token
_DEEPEST = 10


class MalformedScope(ValueError):
    """A scope string that cannot be read."""


@dataclass(frozen=True, slots=True)
class RequestedScope:
    """A scope as a client asked for it, with what it depends on."""

    scope: str
    dependents: tuple[RequestedScope, ...] = ()

    def walk(self) -> Iterator[RequestedScope]:
        """Yield this scope and everything below it."""
        yield self
        for dependent in self.dependents:
            yield from dependent.walk()

    def __str__(self) -> str:
        below = f"[{' '.join(map(str, self.dependents))}]" if self.dependents else ""
        return self.scope + below

    def without(self, withheld: Collection[str]) -> RequestedScope:
        """Return this scope without those below it that are withheld."""
        return RequestedScope(self.scope, tuple(one.without(withheld) for one in self.dependents if one.scope not in withheld))


def build_path(*names: str) -> RequestedScope:
    """Return the tree that is one line: each scope depends on the next."""
    first, *rest = names
    return RequestedScope(first, (build_path(*rest),) if rest else ())


def merge_scopes(scopes: Iterable[RequestedScope]) -> tuple[RequestedScope, ...]:
    """Return the trees with those of the same scope joined, at every depth."""
    merged: dict[str, RequestedScope] = {}
    for one in scopes:
        before = merged[one.scope].dependents if one.scope in merged else ()
        merged[one.scope] = RequestedScope(one.scope, merge_scopes((*before, *one.dependents)))
    return tuple(merged.values())


def expand_scopes(
    scopes: Iterable[RequestedScope], dependents_of: Callable[[str], Iterable[str]], above: frozenset[str] = frozenset()
) -> tuple[RequestedScope, ...]:
    """Return the trees with what each scope always depends on put below it, as Globus Auth does; a circle ends where it closes."""
    expanded = []
    for one in merge_scopes(scopes):
        path = above | {one.scope}
        always = [RequestedScope(name) for name in dependents_of(one.scope) if name not in path]
        expanded.append(RequestedScope(one.scope, expand_scopes((*always, *one.dependents), dependents_of, path)))
    return tuple(expanded)


def parse_scopes(text: str) -> tuple[RequestedScope, ...]:
    """Return the trees that a scope string describes; the same scope twice is one.

    :raises MalformedScope: brackets that do not match, or a character that no scope may hold.
    """
    pieces = [piece for piece in _PIECE.findall(text) if not piece.isspace()]
    scopes = _parse_list(pieces, 0)
    if pieces:
        raise MalformedScope("a ] closes nothing")
    return scopes


def _parse_list(pieces: list[str], depth: int) -> tuple[RequestedScope, ...]:
    """Consume pieces up to the ] that ends this level."""
    if depth > _DEEPEST:
        raise MalformedScope("too deep")
    found: dict[str, RequestedScope] = {}
    while pieces and pieces[0] != "]":
        scope = _scope_name(pieces.pop(0))
        dependents = found[scope].dependents if scope in found else ()
        if pieces and pieces[0] == "[":
            dependents = (*dependents, *_parse_dependents(pieces, depth))
        found[scope] = RequestedScope(scope, dependents)
    return tuple(found.values())


def _parse_dependents(pieces: list[str], depth: int) -> tuple[RequestedScope, ...]:
    """Consume a bracketed list."""
    pieces.pop(0)
    dependents = _parse_list(pieces, depth + 1)
    if not pieces or not dependents:
        raise MalformedScope("a [ is not closed, or nothing is in it")
    pieces.pop(0)
    return dependents


def _scope_name(piece: str) -> str:
    """Return the scope without its mark for optional."""
    name = piece.removeprefix("*")
    if not _SCOPE_TOKEN.fullmatch(name) or set(name) & set("*[]"):
        raise MalformedScope("not a scope")
    return name
