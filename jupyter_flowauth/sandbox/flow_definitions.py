"""A flow's definition, read and judged without running it: its states at every depth, and the action providers that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES = frozenset({"Action", "Pass", "Choice", "Wait", "Fail", "Succeed", "Parallel"})
_ENDLESS = frozenset({"Choice", "Fail", "Succeed"})  # types that need neither Next nor End
_DEEPEST = 8
_AIMLESS = 'must be defined as either terminal ("End": true) or transitional ("Next": "NextStateId")'

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ActionState:
    """What an Action state says of its action provider and of who it runs as."""

    location: Location
    action_url: str
    action_scope: str | None
    run_as: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a definition, and where."""

    location: Location
    message: str

    def to_document(self) -> dict[str, Any]:
        """Return what Flows lists under `detail`."""
        return {"loc": ["definition", *self.location], "msg": self.message, "type": "value_error"}


def iter_states(definition: Mapping[str, Any], above: Location = ()) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield every state with its location, those inside Parallel states included."""
    states = definition.get("States")
    for name, state in (states if isinstance(states, dict) else {}).items():
        location = (*above, "States", name)
        if isinstance(state, dict):
            yield location, state
            branches = state.get("Branches") if len(above) < _DEEPEST * 2 else None
            for number, branch in enumerate(branches if isinstance(branches, list) else ()):
                if isinstance(branch, dict):
                    yield from iter_states(branch, (*location, "Branches", number))


def iter_actions(definition: Mapping[str, Any]) -> Iterator[ActionState]:
    """Yield every Action state, at any depth; a role other than the person's own stands in RunAs."""
    for location, state in iter_states(definition):
        if state.get("Type") == "Action":
            yield ActionState(location, str(state.get("ActionUrl", "")), state.get("ActionScope"), str(state.get("RunAs") or "User"))


def find_problems(definition: Any) -> list[Problem]:
    """Return what is wrong with the shape of a definition, nested ones included."""
    if not isinstance(definition, dict):
        return [Problem((), "value is not a valid dict")]
    problems = _level_problems(definition, ())
    for location, state in iter_states(definition):
        problems += _state_problems(location, state, _siblings(definition, location))
        branches = state.get("Branches", []) if state.get("Type") == "Parallel" else []
        for number, branch in enumerate(branches):
            problems += _level_problems(branch if isinstance(branch, dict) else {}, (*location, "Branches", number))
    return problems


def _level_problems(definition: Mapping[str, Any], above: Location) -> list[Problem]:
    """Return what is wrong with StartAt and States of one level."""
    states, start = definition.get("States"), definition.get("StartAt")
    if not isinstance(states, dict) or not states:
        return [Problem((*above, "States"), "field required")]
    if not isinstance(start, str):
        return [Problem((*above, "StartAt"), "field required")]
    strangers = [name for name, state in states.items() if not isinstance(state, dict)]
    problems = [Problem((*above, "States", name), "value is not a valid dict") for name in strangers]
    return problems + ([] if start in states else [Problem((*above, "StartAt"), f"There is no state named {start!r}")])


def _siblings(definition: Mapping[str, Any], location: Location) -> Mapping[str, Any]:
    """Return the states among which a state stands."""
    place: Any = definition
    for step in location[:-1]:
        place = place[step]
    return place if isinstance(place, dict) else {}


def _state_problems(location: Location, state: Mapping[str, Any], siblings: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with one state."""
    kind = state.get("Type")
    if kind not in _TYPES:
        return [Problem((*location, "Type"), f"{kind!r} is not a type of state that is known here")]
    problems = []
    if kind not in _ENDLESS and not state.get("End") and "Next" not in state:
        problems.append(Problem(location, f"A state of type '{kind}' {_AIMLESS}"))
    if kind == "Action" and not state.get("ActionUrl"):
        problems.append(Problem((*location, "ActionUrl"), "field required"))
    unknown = [name for name in _targets(state) if name not in siblings]
    return problems + [Problem(location, f"There is no state named {name!r}") for name in unknown]


def _targets(state: Mapping[str, Any]) -> list[str]:
    """Return every state that this one may lead to."""
    rules = [*_dicts(state.get("Choices")), *_dicts(state.get("Catch"))]
    named = [state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)]
    return [str(name) for name in named if name is not None]


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return the dictionaries in what should be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def scopes_by_role(definition: Mapping[str, Any], scope_of: Callable[[ActionState], str | None]) -> dict[str, tuple[str, ...]]:
    """Return the scopes that a flow needs for each role that its actions run as, without doubles, in their order.

    :param scope_of: an action's scope; None adds nothing.
    """
    found: dict[str, dict[str, None]] = {}
    for action in iter_actions(definition):
        scope = scope_of(action)
        if scope is not None:
            found.setdefault(action.run_as, {})[scope] = None
    return {role: tuple(scopes) for role, scopes in found.items()}
