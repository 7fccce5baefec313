"""The data of a run: JSONPath references into it, parameters filled in from it, and results put back into it."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']+)'\]|\[\"([^\"]+)\"\]")


class BadReference(ValueError):
    """A reference that cannot be read, or that leads nowhere."""


def _steps(path: str) -> list[str | int]:
    """Return the keys and indexes of a path that starts at $."""
    if not path.startswith("$"):
        raise BadReference(f"{path!r} is not a JSONPath")
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise BadReference(f"{path!r} cannot be read from character {position}")
        name, index, single, double = match.groups()
        steps.append(int(index) if index is not None else name or single or double)
        position = match.end()
    return steps


def read_path(data: Any, path: str) -> Any:
    """Return a copy of what a path leads to.

    :raises BadReference: nothing is there.
    """
    for step in _steps(path):
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            raise BadReference(f"{path!r} leads nowhere") from None
    return copy.deepcopy(data)


def has_path(data: Any, path: str) -> bool:
    """Say whether a path leads anywhere."""
    try:
        read_path(data, path)
    except BadReference:
        return False
    return True


def put_result(data: Any, path: str | None, result: Any) -> Any:
    """Return the data with a result in it: at a path, or in place of everything at `$` and without a path."""
    if path is None or path == "$":
        return result
    steps = _steps(path)
    filled = copy.deepcopy(data) if isinstance(data, dict) else {}
    place = filled
    for step in steps[:-1]:
        place = place.setdefault(step, {})
        if not isinstance(place, dict):
            raise BadReference(f"{path!r} leads into a value")
    place[steps[-1]] = result
    return filled


def fill_parameters(template: Any, data: Any) -> Any:
    """Return parameters with every `name.$` replaced by what its path leads to.

    :raises BadReference: a path leads nowhere, or a `name.=` asks for an expression, which the sandbox does not evaluate.
    """
    if isinstance(template, list):
        return [fill_parameters(one, data) for one in template]
    if not isinstance(template, Mapping):
        return template
    return dict(_fill_one(name, value, data) for name, value in template.items() if name != "__Private_Parameters")


def _fill_one(name: str, value: Any, data: Any) -> tuple[str, Any]:
    """Return one parameter, filled in."""
    if name.endswith(".="):
        raise BadReference(f"{name!r}: the sandbox evaluates no expressions")
    if name.endswith(".$"):
        return name[:-2], read_path(data, str(value))
    return name, fill_parameters(value, data)


def build_input(state: Mapping[str, Any], data: Any) -> Any:
    """Return what a state works on: its Parameters filled in, what its InputPath leads to, or all there is."""
    chosen = read_path(data, state["InputPath"]) if state.get("InputPath") else data
    return fill_parameters(state["Parameters"], chosen) if "Parameters" in state else copy.deepcopy(chosen)
