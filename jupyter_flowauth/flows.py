"""The use case: run a deployed flow, and re-consent when its definition needs more than was agreed to.

Refused at the start: consent, start once more. Inactive for want of a consent: consent, then resume *that* run. Never a second start
once there is a run id, never a loop of prompts. No extra request while all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .consents import ConsentEntry, ConsentTree, Path
from .errors import ConsentRequired, InteractionRequired, ProviderError, ScopesMissing
from .flow_mending import Mender, Remedies
from .flow_needs import ALL_FLOWS, RUN_STATUS, VIEW_FLOWS, FlowDocument, RunDocument, action_urls, build_flow_tree, flow_scope
from .flow_runs import FlowRun, FlowsContext
from .refusals import Refusal, classify_error
from .scopes import Requirement, merge_requirements

LOOK_AGAIN_SECONDS = 60.0


class DeployedFlow:
    """A deployed flow, and what it needs: ``auth.flow(flow_id)``.

    :param collections: mapped collections whose data it reaches; naming another kind of collection is an unknown scope at Globus.
    """

    def __init__(self, context: FlowsContext, flow_id: str, *, collections: tuple[str, ...] = ()) -> None:
        self._flow_id, self._collections, self._context = flow_id, collections, context
        self._read: tuple[str, ConsentTree] | None = None
        self._read_at = float("-inf")
        self._mender = Mender(Remedies(self._renew_if_stale, self._prompt, self._still_refused))

    @property
    def flow_id(self) -> str:
        """The flow's id."""
        return self._flow_id

    @property
    def scope(self) -> str:
        """The flow's own scope."""
        return flow_scope(self._flow_id)

    @property
    def collections(self) -> tuple[str, ...]:
        """The mapped collections that the caller named."""
        return self._collections

    def required(self) -> ConsentTree:
        """Return the tree of consents that a run needs: the flow's scope, and its action providers' beneath.

        The definition is looked at again after a minute, and its tree is kept until it changes. The tree's ``problems`` say which action
        providers couldn't be asked; the rest goes on without them.

        :raises ScopesMissing: without a ``view_flows`` token.
        :raises ProviderError: if there is no such flow for this person, or it can't be read.
        """
        kept, now = self._read, self._context.clock.monotonic()
        if kept is None or now - self._read_at > LOOK_AGAIN_SECONDS:
            document = self._context.flows.read_flow(self._flow_id)
            if kept is None or kept[0] != document.updated_at or kept[1].problems:
                kept = (document.updated_at, self._build_tree(document))
            self._read, self._read_at = kept, now
        return kept[1]

    def _build_tree(self, document: FlowDocument) -> ConsentTree:
        providers = self._context.flows.ask_action_providers(action_urls(document.definition))
        return build_flow_tree(document, providers, self._collections)

    def forget(self) -> None:
        """Forget the definition, so that it is read afresh."""
        self._read = None

    def missing(self) -> ConsentTree:
        """Return what of ``required()`` isn't granted. Empty means covered, never "don't know".

        :raises ScopesMissing: without a ``view_flows`` token, by which alone this can be told.
        :raises ProviderError: if there is no such flow for this person, or what is needed or granted can't be read.
        """
        required = self.required()
        tree = required.missing_from(() if self._lacks_scope() else self._context.flows.granted_paths())
        self._context.found(self.scope, tree)
        return tree

    def consent(self) -> None:
        """Ask for the flow's scope with everything beneath it that is missing, and for what watching it needs, in one go.

        Nobody is asked if nothing is missing. Where the flow can't be read yet, the first prompt is for the flow as a whole; a second
        one only for what that didn't bring.

        :raises InteractionRequired: if nobody is there.
        :raises ScopesMissing: if less was granted than asked; what was granted is kept.
        """
        self._mender.ask_once(self._consent, seen=self._mender.marks)

    def _consent(self) -> None:
        if self._cannot_read():
            self._ask(self._as_a_whole(), watching=True)
        if (tree := self._missing_afresh()).entries or self._unwatched():
            self._ask(tree, watching=True)
            if rest := self._missing_afresh().entries:
                scopes = " ".join(entry.scope for entry in rest)
                raise ScopesMissing(
                    f"less was granted than the flow {self._flow_id} needs; what was granted is kept; still missing: {scopes}; "
                    f"to be asked again: auth.flow('{self._flow_id}').consent()",
                    missing=[entry.scope for entry in rest],
                )

    def _missing_afresh(self) -> ConsentTree:
        self.forget()
        return self.missing()

    def client(self) -> Any:
        """Return a ``globus_sdk.SpecificFlowClient`` for this flow.

        :raises ScopesMissing: if its scope isn't held; ``consent()`` first.
        """
        if self._lacks_scope():
            raise ScopesMissing(f"the flow's own scope is not held: {self.scope}; ask for it: flow.consent()", missing=(self.scope,))
        return self._context.flows.specific_flow_client(self._flow_id)

    def run(
        self,
        body: Mapping[str, Any],
        *,
        label: str | None = None,
        tags: list[str] | None = None,
        run_monitors: list[str] | None = None,
        run_managers: list[str] | None = None,
        activity_notification_policy: str | Mapping[str, Any] | None = None,
    ) -> FlowRun:
        """Start a run, and return it as soon as it is accepted. Asks for consent if, and only if, the service refuses for want of it.

        The options are those of ``SpecificFlowClient.run_flow``. What the service refuses for other reasons is raised as the SDK does.

        :raises ConsentRequired: if it is refused once more after that, or nobody is there to be asked (from ``InteractionRequired``).
        :raises ProviderError: if there is no such flow for this person, or the answer was lost: then there may be a run.
        """
        options = {
            "label": label,
            "tags": tags,
            "run_monitors": run_monitors,
            "run_managers": run_managers,
            "activity_notification_policy": activity_notification_policy,
        }
        given = {name: value for name, value in options.items() if value is not None}
        if self._lacks_scope():
            self._mender.ask_once(self._consent_to_run, seen=self._mender.marks)
        return FlowRun(self._context, self._flow_id, self._start(body, given), mender=self._mender)

    def _start(self, body: Mapping[str, Any], options: Mapping[str, Any]) -> RunDocument:
        """Return the run. A refusal, which means that there is none, is mended by a fresh token or one prompt, and it is started again."""
        attempt = self._mender.begin()
        while True:
            attempt.look()
            try:
                return self._context.flows.start_run(self._flow_id, body, options)
            except Exception as error:
                refusal = classify_error(error)
                if refusal is None:
                    self.forget()  # whatever it was: the flow may be another one by now, or gone
                    raise
            attempt.mend(refusal)

    def _consent_to_run(self) -> None:
        if self._lacks_scope():
            self._as_consent_required(self._consent, (self.scope,))

    def _renew_if_stale(self, refusal: Refusal) -> bool:
        """Renew the token, if everything was consented to and it is only older than the consent; tell whether that was so."""
        self.forget()
        difference = None if refusal.parameters else self._difference(refusal)
        return difference is not None and not difference.entries and self._context.renew(self.scope)

    def _difference(self, refusal: Refusal) -> ConsentTree | None:
        """Return what was refused and isn't granted; where that is nothing, what else the flow needs; None if it can't be told."""
        named = self._named(refusal)
        if self._lacks_scope():
            return named or self._as_a_whole()
        try:
            found = named.missing_from(self._context.flows.granted_paths())
            return found if found.entries else self.missing()
        except (ProviderError, ScopesMissing):
            return None

    def _named(self, refusal: Refusal) -> ConsentTree:
        """Return the scopes that a refusal names, under the flow's own, with their reasons where the definition may be read."""
        paths = (path for requirement in refusal.required_scopes for path in requirement.walk())
        under = dict.fromkeys(path if path[0] == self.scope else (self.scope, *path) for path in paths)
        whole = dict.fromkeys(path[:depth] for path in under for depth in range(1, len(path) + 1))
        known = self._known_entries() if whole else {}
        return ConsentTree(tuple(known.get(path) or self._unknown_entry(path) for path in whole))

    def _known_entries(self) -> dict[Path, ConsentEntry]:
        try:
            return {entry.path: entry for entry in self.required()}
        except (ProviderError, ScopesMissing):
            return {}  # a reason is a kindness: what keeps it from being told must not keep the prompt away

    def _unknown_entry(self, path: Path) -> ConsentEntry:
        name = f"Flow {self._flow_id}"
        if len(path) == 1:
            return ConsentEntry(path[-1], path, name)
        what = f"the data of collection {path[-1].split('/')[-2]}" if path[-1].endswith("/data_access") else path[-1]
        return ConsentEntry(path[-1], path, f"{name} uses {what}", f"{name} now also uses {what}")

    def _as_a_whole(self) -> ConsentTree:
        """Return the flow's own scope alone: what it needs beneath comes with it."""
        path = (self.scope,)
        return ConsentTree((self._known_entries().get(path) or self._unknown_entry(path),))

    def _prompt(self, refusal: Refusal) -> None:
        """Ask for what was refused, and nothing besides."""
        found = None if refusal.parameters else self._difference(refusal)
        tree = self._named(refusal) if found is None else found
        tree = _with_wish(tree if tree.entries else self._as_a_whole(), refusal.wish)

        def still_needed() -> bool:
            left = self._difference(refusal)
            return bool(refusal.parameters) or left is None or bool(left.entries)

        ask = self._asking(tree, parameters=refusal.parameters, still_needed=still_needed)
        self._as_consent_required(ask, tree.scopes)

    def _asking(
        self, tree: ConsentTree, *, parameters: Mapping[str, str], still_needed: Callable[[], bool], watching: tuple[str, ...] = ()
    ) -> Callable[[], None]:
        requirements = merge_requirements((*tree.to_requirements(), *map(Requirement, watching)))

        def ask() -> None:
            self._context.ask(requirements, tree=tree, parameters=parameters, still_needed=still_needed)
            self.forget()
            self._context.found(self.scope, ConsentTree())

        return ask

    def _ask(self, tree: ConsentTree, *, watching: bool) -> None:
        def still_needed() -> bool:
            return self._cannot_read() or self._lacks_scope() or bool(self._missing_afresh().entries)

        self._asking(tree, parameters={}, still_needed=still_needed, watching=self._unwatched() if watching else ())()

    def _as_consent_required(self, ask: Callable[[], None], scopes: tuple[str, ...]) -> None:
        try:
            ask()
        except InteractionRequired as error:
            raise ConsentRequired(
                f"the flow {self._flow_id} needs a consent to {' '.join(scopes)}, and nobody is there to be asked; "
                f"nothing was started; consent once where somebody is: auth.flow('{self._flow_id}').consent()",
                missing=scopes,
            ) from error

    def _still_refused(self, refusal: Refusal) -> ConsentRequired:
        scopes = sorted({path[-1] for requirement in refusal.required_scopes for path in requirement.walk()})
        words = f" ({refusal.message[:200]})" if refusal.message else ""
        return ConsentRequired(
            f"the flow {self._flow_id} was refused after the consent as well{words}; what was consented to is kept, and nobody is asked "
            f"again; see what is missing: auth.flow('{self._flow_id}').missing()",
            missing=scopes,
        )

    def _lacks_scope(self) -> bool:
        return bool(self._context.missing((self.scope,)))

    def _cannot_read(self) -> bool:
        return len(self._context.missing((VIEW_FLOWS, ALL_FLOWS))) == 2

    def _unwatched(self) -> tuple[str, ...]:
        """Return the scopes for reading the flow and watching its runs that aren't held."""
        return self._context.missing((VIEW_FLOWS, RUN_STATUS)) if self._context.missing((ALL_FLOWS,)) else ()

    def __repr__(self) -> str:
        """Show the id."""
        return f"<DeployedFlow {self._flow_id}>"


def _with_wish(tree: ConsentTree, wish: str) -> ConsentTree:
    """Return a tree whose first line says what the service wants of the session besides."""
    first = tree.entries[0]
    return replace(tree, entries=(replace(first, reason=f"{first.reason} {wish}"), *tree.entries[1:])) if wish else tree
