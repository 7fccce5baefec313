"""Scopes and requirements: parsing, comparing and merging them.

A key is always a *bare* scope string. A requirement may say more: dependent scopes in brackets, a ``*`` in front of an optional one,
as Globus Auth spells them: ``scope_a[*scope_b scope_c[scope_d]]``. Anything with ``scope_string`` and a ``str()`` in that spelling
(``globus_sdk.Scope``) is accepted wherever a string is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

_PIECE = re.compile(r"[\[\]]|\s+|[^\[\]\s]+")
# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@runtime_checkable
class ScopeObject(Protocol):
    """An object that stands for a scope, such as ``globus_sdk.Scope``: ``str()`` of it gives the whole spelling."""

    @property
    def scope_string(self) -> str:
        """The bare scope."""


ScopeLike = str | ScopeObject


@dataclass(frozen=True, slots=True)
class Requirement:
    """A scope that somebody said they need, perhaps with dependent scopes."""

    scope: str
    optional: bool = False
    dependencies: tuple[Requirement, ...] = ()

    def __str__(self) -> str:
        """Return the Globus spelling: ``*scope[dependent dependent]``."""
        dependent = f"[{' '.join(map(str, self.dependencies))}]" if self.dependencies else ""
        return f"{'*' if self.optional else ''}{self.scope}{dependent}"

    def walk(self) -> Iterator[tuple[str, ...]]:
        """Yield the path of every scope in this tree, from the top: ``("a",)``, ``("a", "b")``."""
        yield (self.scope,)
        for dependency in self.dependencies:
            for path in dependency.walk():
                yield (self.scope, *path)


def scope_key(scope: ScopeLike) -> str:
    """Return the bare scope string of a scope in any spelling.

    :raises ValueError: if it isn't exactly one scope.
    """
    if not isinstance(scope, str):
        return scope.scope_string
    if "[" not in scope and not scope.startswith("*") and _SCOPE_TOKEN.fullmatch(scope):
        return scope
    parsed = parse_scope_string(scope)
    if len(parsed) != 1:
        raise ValueError(f"expected exactly one scope, got {len(parsed)}: {scope!r}")
    return parsed[0].scope


def parse_requirements(scopes: ScopeLike | Iterable[ScopeLike]) -> tuple[Requirement, ...]:
    """Return the requirements that any mixture of strings and scope objects spells, merged, in the order they came.

    A single string is one spelling, not a series of characters; a set is taken in sorted order, so that two runs ask alike.

    :raises ValueError: if a spelling is malformed.
    :raises TypeError: if something is neither a string nor a scope object.
    """
    if isinstance(scopes, str) or (not isinstance(scopes, Iterable) and isinstance(scopes, ScopeObject)):
        scopes = (scopes,)
    if not isinstance(scopes, Iterable):
        raise TypeError(f"scopes are strings or globus_sdk.Scope objects, not {type(scopes).__name__}")
    given = sorted(scopes, key=str) if isinstance(scopes, set | frozenset) else scopes
    return merge_requirements(requirement for scope in given for requirement in parse_scope_string(_spelling(scope)))


def _spelling(scope: object) -> str:
    if isinstance(scope, str | ScopeObject):
        return str(scope)
    raise TypeError(f"a scope is a string or a globus_sdk.Scope, not {type(scope).__name__}")


def parse_scope_string(text: str) -> tuple[Requirement, ...]:
    """Return the requirements in one space-separated spelling, nested ones included.

    :raises ValueError: if brackets don't match, a scope is empty, or it holds a character that RFC 6749 section 3.3 forbids.
    """
    pieces = [piece for piece in _PIECE.findall(text) if not piece.isspace()]
    requirements, rest = _parse_level(pieces, 0, text)
    if rest != len(pieces):
        raise ValueError(f"a closing bracket without its opening one in scope {text!r}")
    return tuple(requirements)


def _parse_level(pieces: list[str], start: int, text: str) -> tuple[list[Requirement], int]:
    found: list[Requirement] = []
    position = start
    while position < len(pieces) and pieces[position] != "]":
        if pieces[position] == "[":
            if not found or found[-1].dependencies or pieces[position - 1] == "[":
                raise ValueError(f"an opening bracket with no scope in front of it in {text!r}")
            dependencies, position = _parse_level(pieces, position + 1, text)
            if position >= len(pieces) or not dependencies:
                raise ValueError(f"brackets that are empty or not closed in scope {text!r}")
            found[-1] = replace(found[-1], dependencies=tuple(dependencies))
        else:
            found.append(_parse_scope(pieces[position], text))
        position += 1
    return found, position


def _parse_scope(piece: str, text: str) -> Requirement:
    scope = piece.removeprefix("*")
    if not _SCOPE_TOKEN.fullmatch(scope) or "*" in scope[:1]:
        raise ValueError(f"not a scope: {piece!r} in {text!r}")
    return Requirement(scope, optional=piece.startswith("*"))


def merge_requirements(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return the requirements with those of the same scope joined: their dependencies are merged, and required beats optional."""
    merged: dict[str, Requirement] = {}
    for requirement in requirements:
        known = merged.get(requirement.scope)
        dependencies = merge_requirements((*(known.dependencies if known else ()), *requirement.dependencies))
        optional = requirement.optional and (known is None or known.optional)
        merged[requirement.scope] = Requirement(requirement.scope, optional=optional, dependencies=dependencies)
    return tuple(merged.values())


def bare_scopes(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """Return the bare scopes at the top of the requirements, in their order."""
    return tuple(requirement.scope for requirement in requirements)


def to_scope_parameter(requirements: Iterable[Requirement]) -> str:
    """Return the value of the ``scope`` parameter of an authorization request (RFC 6749 section 3.3)."""
    return " ".join(map(str, requirements))
