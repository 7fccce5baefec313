"""The rules of a Choice state."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .json_paths import has_path, read_path

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_KINDS: dict[str, tuple[type, ...]] = {"String": (str,), "Numeric": (int, float), "Boolean": (bool,), "Timestamp": (str,)}


def choose_next(state: Mapping[str, Any], data: Any) -> str | None:
    """Return the state that a Choice leads to; None if no rule holds and there is no Default."""
    for rule in state.get("Choices", ()):
        if holds(rule, data):
            return str(rule["Next"])
    return state.get("Default")


def holds(rule: Mapping[str, Any], data: Any) -> bool:
    """Say whether a rule is true of the data."""
    if "And" in rule:
        return all(holds(one, data) for one in rule["And"])
    if "Or" in rule:
        return any(holds(one, data) for one in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data)
    return _compare(rule, data)


def _compare(rule: Mapping[str, Any], data: Any) -> bool:
    """Say whether the one comparison of a rule holds."""
    variable = str(rule["Variable"])
    test, wanted = next((name, value) for name, value in rule.items() if name not in {"Variable", "Next", "Comment"})
    if test == "IsPresent":
        return has_path(data, variable) is bool(wanted)
    value = read_path(data, variable)
    if test == "IsNull":
        return (value is None) is bool(wanted)
    if test == "StringMatches":
        return isinstance(value, str) and fnmatchcase(value, str(wanted))
    if test.startswith("Is"):
        return _is_of_kind(value, test.removeprefix("Is")) is bool(wanted)
    if test.endswith("Path"):
        test, wanted = test.removesuffix("Path"), read_path(data, str(wanted))
    kind = next((kind for kind in _KINDS if test.startswith(kind)), "")
    comparison = _COMPARISONS.get(test.removeprefix(kind))
    return bool(kind and comparison and _is_of_kind(value, kind) and _is_of_kind(wanted, kind) and comparison(value, wanted))


def _is_of_kind(value: Any, kind: str) -> bool:
    """Say whether a value is a String, Numeric, Boolean or Timestamp; true is not a number here."""
    return isinstance(value, _KINDS.get(kind, ())) and (kind == "Boolean" or not isinstance(value, bool))
