"""What a login could mend, when a cell has ended in an error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..auth import FlowAuth
from ..consents import ConsentTree, build_headline, build_tree, join_trees
from ..errors import ConsentRequired, FlowAuthError, LoginRequired, ScopesMissing
from ..flow_needs import parse_flow_scope
from ..refusals import Refusal, classify_error
from ..scopes import Requirement, bare_scopes, merge_requirements, parse_requirements

# The execution count of each cell, by what tells it from other cells.
Cells = Mapping[str, int]
_DEEPEST_CAUSE = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """A login that would mend an error.

    :param tree: why, where there is more to say than a list of scopes does.
    :param force: ask for the scopes though they are held.
    :param headline: what happened, in a few words; empty for the usual ones.
    :param sentence: what happened, and how it is mended.
    :param action: what the button says.
    :param is_about_the_session: it is another login that is wanted, and not a consent.
    """

    requirements: tuple[Requirement, ...]
    sentence: str
    action: str
    headline: str = ""
    tree: ConsentTree = field(default_factory=ConsentTree)
    parameters: Mapping[str, str] = field(default_factory=dict)
    force: bool = False
    is_about_the_session: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What is equal for two errors that the same login would mend."""
        return (tuple(sorted(map(str, self.requirements))), tuple(sorted(self.parameters.items())))

    @property
    def advice(self) -> str:
        """What to type for it, where there is no button."""
        return f"To be asked: {self._command}"

    @property
    def _command(self) -> str:
        flows = [flow_id for scope in bare_scopes(self.requirements) if (flow_id := parse_flow_scope(scope))]
        if len(flows) == len(self.requirements) == 1 and not self.parameters:
            return f"auth.flow('{flows[0]}').consent()"
        scopes, more = sorted(map(str, self.requirements)), f", parameters={dict(self.parameters)}" if self.parameters else ""
        return f"auth.login({scopes}{', force=True' if self.force else ''}{more})"


def name_cells(cells: Cells) -> str:
    """Return ``cell [7]``, or ``cells [7] and [9]``, by the counts that they show."""
    *others, last = [f"[{number}]" for number in sorted(cells.values())] or [""]
    return f"cells {', '.join(others)} and {last}" if others else f"cell {last}" if last else "the cell"


def build_offer(auth: FlowAuth, error: BaseException) -> Offer | None:
    """Return what would mend an error, or None: most errors are about something else.

    Makes no request, unless it is a deployed flow that was refused: then its definition and its consents are read.
    """
    for cause in _chain(error):
        if isinstance(cause, ScopesMissing) and cause.granted:
            return None  # somebody was asked a moment ago, and chose
        if isinstance(cause, ScopesMissing | LoginRequired | ConsentRequired):
            return _offer_missing(auth, cause)
        if refusal := classify_error(cause):
            return _offer_refused(auth, refusal)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, and those that it was raised from."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST_CAUSE):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def _offer_missing(auth: FlowAuth, error: ScopesMissing | LoginRequired | ConsentRequired) -> Offer | None:
    requirements = parse_requirements(error.missing)
    if isinstance(error, LoginRequired):
        again = requirements or auth.provider.login_requirements()
        return Offer(again, "Your login can't be used any more.", "Log in again", headline="A new login is needed")
    if not requirements:
        return None
    if isinstance(error, ScopesMissing):
        tree = _tree_of_flows(auth, requirements)
        return Offer(_with_tree(requirements, tree), "What this needs is not held here yet.", "Log in", headline=_headline(tree), tree=tree)
    return _offer_consent(auth, requirements)


def _offer_refused(auth: FlowAuth, refusal: Refusal) -> Offer | None:
    if refusal.required_scopes:
        return _offer_consent(auth, refusal.required_scopes, refusal)
    if not refusal.parameters:
        return None
    # It is the session that has to be another one: every token that is held gets issued anew in it, and nothing is consented to.
    held = parse_requirements(auth.status().scopes) or auth.provider.login_requirements()
    sentence = _wish_sentence(auth, refusal)
    return Offer(
        held,
        sentence,
        "Log in again",
        headline="Another login is wanted",
        parameters=refusal.parameters,
        force=True,
        is_about_the_session=True,
    )


def _offer_consent(auth: FlowAuth, requirements: tuple[Requirement, ...], refusal: Refusal | None = None) -> Offer:
    tree = _tree_of_flows(auth, requirements) or _tree_of_words(auth, requirements)
    wanted = _with_tree(requirements, tree)
    sentence = f"{auth.provider.title} refused this for want of your consent."
    if refusal and refusal.wish:
        sentence = f"{sentence} {_wish_sentence(auth, refusal)}"
    headline = _headline(tree) or "A consent is missing"
    return Offer(wanted, sentence, "Consent", headline, tree, refusal.parameters if refusal else {}, force=True)


def _wish_sentence(auth: FlowAuth, refusal: Refusal) -> str:
    return f"{auth.provider.title} {refusal.wish}."


def _headline(tree: ConsentTree) -> str:
    return build_headline(tree.lines()) if tree.entries else ""


def _with_tree(requirements: tuple[Requirement, ...], tree: ConsentTree) -> tuple[Requirement, ...]:
    return merge_requirements((*requirements, *tree.to_requirements()))


def _tree_of_flows(auth: FlowAuth, requirements: tuple[Requirement, ...]) -> ConsentTree:
    """Return what the flows among the scopes lack, as far as that may be read."""
    trees: list[ConsentTree] = []
    for scope in bare_scopes(requirements):
        if flow_id := parse_flow_scope(scope):
            flow = auth.flow(flow_id)
            flow.forget()
            with contextlib.suppress(FlowAuthError):  # a reason is a kindness: without it the scopes are shown in words
                trees.append(flow.missing())
    return join_trees(tree for tree in trees if tree.entries)


def _tree_of_words(auth: FlowAuth, requirements: tuple[Requirement, ...]) -> ConsentTree:
    """Return nested scopes as a tree with their titles: what is held at its top is shown as held. Scopes alone need none."""
    paths = list(dict.fromkeys(path for requirement in requirements for path in requirement.walk()))
    if all(len(path) == 1 for path in paths):
        return ConsentTree()
    titles = {path: (_title(auth, path[-1]),) * 2 for path in paths}
    return build_tree(requirements, titles).missing_from(path for path in paths if len(path) == 1 and not auth.missing(path))


def _title(auth: FlowAuth, scope: str) -> str:
    line = auth.provider.describe(scope)
    if line.title != scope:
        return f"{line.service}: {line.title}" if line.service and line.service not in line.title else line.title
    return f"The data of collection {scope.split('/')[-2]}" if scope.endswith("/data_access") else scope
