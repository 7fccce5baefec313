"""What people have agreed to: kept per user and client, shown by the consents API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from .catalogue import ScopeEntry
from .scope_tree import RequestedScope, build_path

_FIRST_ID = 1001


@dataclass(frozen=True, slots=True)
class Consent:
    """One scope that one person allowed one client, below the scopes that lead to it."""

    consent_id: int
    sub: str
    client_id: str
    scope: str
    dependency_path: tuple[int, ...]
    allows_refresh: bool
    created: float
    updated: float

    def to_document(self, entry: ScopeEntry) -> dict[str, Any]:
        """Return what the consents API shows."""
        return {
            "id": self.consent_id,
            "client": self.client_id,
            "effective_identity": self.sub,
            "scope": entry.scope_id,
            "scope_name": self.scope,
            "dependency_path": list(self.dependency_path),
            "created": _to_timestamp(self.created),
            "updated": _to_timestamp(self.updated),
            "last_used": _to_timestamp(self.updated),
            "status": "approved",
            "allows_refresh": self.allows_refresh,
            "auto_approved": False,
            "atomically_revocable": len(self.dependency_path) > 1,
        }


class ConsentBook:
    """Every consent given."""

    def __init__(self) -> None:
        self._consents: dict[tuple[str, str, tuple[int, ...], str], Consent] = {}
        self._ids = count(_FIRST_ID)

    def record(
        self,
        sub: str,
        client_id: str,
        scopes: Iterable[RequestedScope],
        *,
        allows_refresh: bool,
        now: float,
        parents: tuple[int, ...] = (),
    ) -> None:
        """Remember that a person allowed a client these trees of scopes."""
        for requested in scopes:
            key = (sub, client_id, parents, requested.scope)
            known = self._consents.get(key)
            consent_id = known.consent_id if known else next(self._ids)
            path = (*parents, consent_id)
            fresh = known or Consent(consent_id, sub, client_id, requested.scope, path, allows_refresh, now, now)
            self._consents[key] = replace(fresh, updated=now, allows_refresh=fresh.allows_refresh or allows_refresh)
            self.record(sub, client_id, requested.dependents, allows_refresh=allows_refresh, now=now, parents=path)

    def given(self, sub: str, client_id: str | None = None) -> list[Consent]:
        """Return a person's consents, to one client or to all."""
        return [one for one in self._consents.values() if one.sub == sub and client_id in {None, one.client_id}]

    def covers(self, sub: str, client_id: str, scopes: Iterable[RequestedScope]) -> bool:
        """Say whether every scope of these trees was agreed to before."""
        return all(self.missing(sub, client_id, requested) is None for requested in scopes)

    def missing(self, sub: str, client_id: str, requested: RequestedScope, *, until: float | None = None) -> RequestedScope | None:
        """Return the part of a tree that was not agreed to, each branch cut at the first such scope; None if all was.

        :param until: count only what was agreed to by this moment.
        """
        return self._missing(sub, client_id, requested, (), until)

    def _missing(
        self, sub: str, client_id: str, requested: RequestedScope, parents: tuple[int, ...], until: float | None
    ) -> RequestedScope | None:
        """Do the same below the consents of `parents`."""
        known = self._consents.get((sub, client_id, parents, requested.scope))
        if known is None or (until is not None and known.created > until):
            return RequestedScope(requested.scope)
        below = (self._missing(sub, client_id, one, known.dependency_path, until) for one in requested.dependents)
        absent = tuple(one for one in below if one is not None)
        return RequestedScope(requested.scope, absent) if absent else None

    def has(self, sub: str, client_id: str, path: Sequence[str], *, until: float | None = None) -> bool:
        """Say whether the last scope of a path was agreed to below the ones before it."""
        return self.missing(sub, client_id, build_path(*path), until=until) is None

    def below(self, sub: str, client_id: str, path: Sequence[str]) -> tuple[str, ...]:
        """Return the scopes agreed to right below the last one of a path."""
        parents: tuple[int, ...] = ()
        for scope in path:
            known = self._consents.get((sub, client_id, parents, scope))
            if known is None:
                return ()
            parents = known.dependency_path
        return tuple(one.scope for key, one in self._consents.items() if key[:3] == (sub, client_id, parents))

    def rescind(self, sub: str | None, scope: str) -> None:
        """Forget a person's consents to a scope, and to what hangs below it (everybody's, if no person is named)."""
        gone = {one.consent_id for one in self._consents.values() if sub in {None, one.sub} and one.scope == scope}
        self._consents = {key: one for key, one in self._consents.items() if not gone & set(one.dependency_path)}


def build_consents_document(consents: Iterable[Consent], known: Mapping[str, ScopeEntry]) -> dict[str, Any]:
    """Return the answer of the consents API."""
    return {"consents": [one.to_document(known[one.scope]) for one in consents]}


def _to_timestamp(seconds: float) -> str:
    """Return a moment as Globus writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
