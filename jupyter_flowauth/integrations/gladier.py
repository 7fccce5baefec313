"""Gladier on our logins: a login manager for any Gladier client, and nothing else of the program changes.

::

    client = MyClient(login_manager=FlowAuthLoginManager(auth))

Gladier (0.11) asks its login manager for what is absent, and with scopes that are held to say "again": a deployed flow was changed, and
the consent to it falls short. This one tells which is which, and asks for each in one prompt that says why.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..auth import FlowAuth
from ..authorizers import AuthorizersByScope
from ..errors import ConsentRequired, InteractionRequired, ProviderError, ScopesMissing
from ..flow_needs import FLOWS_SCOPES, parse_flow_scope
from ..scopes import ScopeLike, scope_key

try:
    from gladier.managers.login_manager import BaseLoginManager
except ImportError:  # no dependency of ours: without it the name is there all the same (`import *`), and says what it lacks when called
    BaseLoginManager = None

COMPUTE_ALL = "https://auth.globus.org/scopes/facd7ccc-c5f4-42aa-916b-a0e270e2c2a9/all"
# What deploying takes and what running takes, as far as it can be known before a flow is deployed.
FORESEEABLE = (*(f"{FLOWS_SCOPES}{name}" for name in ("manage_flows", "view_flows", "run", "run_status", "run_manage")), COMPUTE_ALL)


class FlowAuthLoginManager(BaseLoginManager or object):  # type: ignore[misc]  # Gladier ships no types
    """The logins of a notebook, as Gladier wants them.

    :param auth: whose logins these are.
    :param foresee: ask at the first prompt for what both steps take, deploying and running, so that most users see one; a flow's own
        scope is among that once Gladier knows the flow's id.
    :param collections: the ids of mapped collections whose data the flow reaches: they are consented to with the flow.
    """

    def __init__(self, auth: FlowAuth, *, foresee: bool = True, collections: Iterable[str] = ()) -> None:
        """Take the logins.

        :raises ImportError: if Gladier isn't installed.
        """
        if BaseLoginManager is None:
            raise ImportError("FlowAuthLoginManager is for Gladier, which isn't installed: pip install gladier")
        super().__init__()
        self.auth, self.foresee, self.collections = auth, foresee, tuple(collections)

    def get_authorizers(self) -> AuthorizersByScope:
        """Return the live mapping; asks nobody."""
        return self.auth.authorizers

    def get_missing_authorizers(self, authorizers: object) -> set[ScopeLike]:
        """Return what is absent, and what is to be asked for again: by base string, whatever Gladier was given."""
        absent = set(self.auth.missing(_keys(self.required_scopes)))
        return {*(scope for scope in self.required_scopes if scope_key(scope) in absent), *self.scope_changes}

    def login(self, scopes: Iterable[ScopeLike]) -> None:
        """Ask for what is absent, and again for what is held; in one prompt, that shows what a changed flow needs and why.

        :raises InteractionRequired: if nobody is there for a first login.
        :raises ConsentRequired: (from that) if nobody is there for an "again".
        """
        given = {str(scope) for scope in scopes}
        asked = _keys(given)
        again = asked - set(self.auth.missing(asked))
        foreseen = self.auth.missing(FORESEEABLE) if self.foresee and asked - again else ()
        try:
            self.auth.login({*given, *foreseen, *self._collection_requirements(asked)}, force=True)
        except InteractionRequired as error:
            if not again:
                raise
            missing = self._lacking(again) or tuple(asked)
            raise ConsentRequired(
                f"a flow needs a consent to {' '.join(missing)}, and nobody is there to be asked; nothing was started; "
                "run it once where somebody is",
                missing=missing,
            ) from error

    def _collection_requirements(self, asked: set[str]) -> set[str]:
        """Return the flows' scopes with the collections beneath them, where that can be told already."""
        flows = [flow_id for scope in asked if (flow_id := parse_flow_scope(scope))] if self.collections else []
        found: set[str] = set()
        for flow_id in flows:
            try:
                missing = self.auth.flow(flow_id, collections=self.collections).missing()
            except (ProviderError, ScopesMissing):
                continue
            found |= {str(requirement) for requirement in missing.to_requirements()}
        return found

    def _lacking(self, again: set[str]) -> tuple[str, ...]:
        """Return the scopes that flows were not granted, as far as that can be told; else the flows' own."""
        lacking: set[str] = set()
        for scope in again:
            flow_id = parse_flow_scope(scope)
            try:
                lacking |= set(self.auth.flow(flow_id, collections=self.collections).missing().scopes if flow_id else ())
            except (ProviderError, ScopesMissing):
                lacking.add(scope)
        return tuple(sorted(lacking or again))


def _keys(scopes: Iterable[ScopeLike]) -> set[str]:
    return {scope_key(scope) for scope in scopes}
