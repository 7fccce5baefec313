"""The deployed flows that one notebook has looked at, and what they were found to lack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from .consents import ConsentTree, join_trees
from .errors import ProviderError, ScopesMissing
from .flow_needs import ALL_FLOWS, VIEW_FLOWS, parse_flow_scope, validate_flow_id
from .flow_runs import FlowsContext
from .flows import DeployedFlow
from .scopes import Requirement, bare_scopes


class KnownFlows:
    """Each deployed flow once, so that cells and threads share its prompts.

    :param build_context: makes what flows take: called for the first one, so that a notebook without any doesn't load it.
    :param missing: the bare scopes, of those given, that no token covers.
    :param say: shows a sentence.
    """

    def __init__(
        self,
        build_context: Callable[[], FlowsContext],
        *,
        missing: Callable[[tuple[str, ...]], tuple[str, ...]],
        say: Callable[[str], None],
    ) -> None:
        self._build_context, self._missing, self._say = build_context, missing, say
        self._context: FlowsContext | None = None
        self._flows: dict[tuple[str, tuple[str, ...]], DeployedFlow] = {}
        self._found: dict[str, ConsentTree] = {}
        self._watchers: list[Callable[[], None]] = []

    def get(self, flow_id: str, collections: Iterable[str] = ()) -> DeployedFlow:
        """Return a flow.

        :raises ValueError: if it isn't a flow's id.
        """
        key = (validate_flow_id(flow_id), tuple(sorted({str(collection) for collection in collections})))
        if self._context is None:
            self._context = replace(self._build_context(), found=self.note)
        return self._flows.setdefault(key, DeployedFlow(self._context, key[0], collections=key[1]))

    def lacking(self, requirements: tuple[Requirement, ...]) -> ConsentTree:
        """Return by what the consents to held flow-shaped scopes, read afresh, fall short of the flows' definitions."""
        # Nothing is looked up for other scopes: a token file that is set aside at the look is the login's to tell.
        shaped = [(scope, flow_id) for scope in bare_scopes(requirements) if (flow_id := parse_flow_scope(scope))]
        flows = [self.get(flow_id) for scope, flow_id in shaped if not self._missing((scope,))]
        may_read = bool(flows) and len(self._missing((VIEW_FLOWS, ALL_FLOWS))) < 2
        return join_trees(self._missing_of(flow) for flow in flows if may_read)

    def _missing_of(self, flow: DeployedFlow) -> ConsentTree:
        """Return what a flow lacks; where that can't be told, that is said, and what is held is not asked for again."""
        flow.forget()
        try:
            return flow.missing()
        except (ProviderError, ScopesMissing) as error:
            self._say(f"Whether the flow {flow.flow_id} needs more than it was granted could not be told: {error}")
            return ConsentTree()

    @property
    def found(self) -> ConsentTree:
        """What the flows lack, as far as somebody has looked."""
        return join_trees(self._found.values())

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call back whenever ``found`` has changed, in whichever thread that was."""
        self._watchers.append(watcher)

    def note(self, scope: str, tree: ConsentTree) -> None:
        """Take note of what the flow with this scope lacks."""
        known = self._found.pop(scope, ConsentTree())
        if tree.entries:
            self._found[scope] = tree
        if known.entries != tree.entries:
            for watcher in self._watchers:
                watcher()

    def settle(self, tree: ConsentTree) -> None:
        """Take note that what a tree asks for was consented to."""
        for scope in {entry.path[0] for entry in tree}:
            self.note(scope, ConsentTree())
