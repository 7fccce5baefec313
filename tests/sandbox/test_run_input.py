from __future__ import annotations

import pytest

from jupyter_flowauth.sandbox.run_input import find_input_problems

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "count": {"type": "integer"}, "more": {"type": "object", "required": ["x"]}},
    "additionalProperties": False,
}


@pytest.mark.parametrize("value", [{"name": "a"}, {"name": "a", "count": 1, "more": {"x": 1}}])
def test_a_right_input_has_no_problems(value):
    assert find_input_problems(SCHEMA, value) == []


@pytest.mark.parametrize(
    "value,place",
    [
        ([], "$"),
        ({}, "$"),
        ({"name": 1}, "$.name"),
        ({"name": "a", "count": True}, "$.count"),
        ({"name": "a", "z": 1}, "$"),
        ({"name": "a", "more": {}}, "$.more"),
    ],
)
def test_a_problem_is_found_where_it_is(value, place):
    assert [problem["loc"] for problem in find_input_problems(SCHEMA, value)] == [[place]]


def test_an_empty_schema_takes_anything():
    assert find_input_problems({}, {"input": {"x": 1}}) == []
