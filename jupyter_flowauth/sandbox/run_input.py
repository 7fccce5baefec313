"""The check of a run's input against the flow's input schema: the few keywords of JSON Schema that flows here use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def find_input_problems(schema: Mapping[str, Any], value: Any, path: str = "$") -> list[dict[str, Any]]:
    """Return what is wrong with a value: its type, a property that is missing or too many, and the same below."""
    kind = schema.get("type")
    if isinstance(kind, str) and not _is_of_type(value, kind):
        return [_problem(path, f"{value!r} is not of type {kind!r}")]
    if not isinstance(value, dict):
        return []
    properties = schema.get("properties", {})
    absent = [_problem(path, f"{name!r} is a required property") for name in schema.get("required", ()) if name not in value]
    extra = [name for name in value if name not in properties] if schema.get("additionalProperties") is False else []
    strange = [_problem(path, f"Additional properties are not allowed ({name!r} was unexpected)") for name in extra]
    below = [find_input_problems(properties[name], one, f"{path}.{name}") for name, one in value.items() if name in properties]
    return [*absent, *strange, *(problem for problems in below for problem in problems)]


def _is_of_type(value: Any, kind: str) -> bool:
    """Say whether a value is of a JSON type; true is no number."""
    return isinstance(value, _TYPES.get(kind, (object,))) and (kind == "boolean" or not isinstance(value, bool) or kind not in _TYPES)


def _problem(path: str, message: str) -> dict[str, Any]:
    """Return one problem as Flows lists it."""
    return {"loc": [path], "type": "InvalidActionInput", "msg": message}
