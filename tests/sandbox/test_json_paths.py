from __future__ import annotations

import pytest

from jupyter_flowauth.sandbox.json_paths import BadReference, build_input, fill_parameters, has_path, put_result, read_path

DATA = {"input": {"names": ["a", {"b-c": 2}], "flag": False}}


@pytest.mark.parametrize(
    "path,value",
    [
        ("$", DATA),
        ("$.input.flag", False),
        ("$.input.names[0]", "a"),
        ("$.input.names[1].b-c", 2),
        ("$['input'][\"flag\"]", False),
    ],
)
def test_a_path_leads_to_its_value(path, value):
    assert read_path(DATA, path) == value


@pytest.mark.parametrize("path", ["", "input", "$.input.names[7]", "$.absent", "$.input.flag.x", "$..input", "$.input[*]", "$.input."])
def test_a_path_that_leads_nowhere_is_said(path):
    with pytest.raises(BadReference):
        read_path(DATA, path)
    assert not has_path(DATA, path)


def test_what_is_read_is_a_copy():
    read_path(DATA, "$.input")["flag"] = True
    assert DATA["input"]["flag"] is False


def test_parameters_are_filled_in_at_every_depth():
    template = {"constant": 1, "deep": [{"flag.$": "$.input.flag"}], "__Private_Parameters": ["constant"]}
    assert fill_parameters(template, DATA) == {"constant": 1, "deep": [{"flag": False}]}


def test_expressions_are_not_evaluated():
    with pytest.raises(BadReference, match="expressions"):
        fill_parameters({"sum.=": "1 + 1"}, DATA)


@pytest.mark.parametrize(
    "path,result",
    [
        ("$", 1),
        (None, 1),
        ("$.new", {**DATA, "new": 1}),
        ("$.input.flag", {"input": {**DATA["input"], "flag": 1}}),
        ("$.a.b", {**DATA, "a": {"b": 1}}),
    ],
)
def test_a_result_goes_where_its_path_says(path, result):
    assert put_result(DATA, path, 1) == result


def test_a_result_cannot_go_into_a_value():
    with pytest.raises(BadReference):
        put_result(DATA, "$.input.flag.deeper", 1)


@pytest.mark.parametrize(
    "state,worked_on",
    [
        ({}, DATA),
        ({"InputPath": "$.input.names"}, DATA["input"]["names"]),
        ({"Parameters": {"x.$": "$.input.flag"}}, {"x": False}),
        ({"InputPath": "$.input", "Parameters": {"x.$": "$.flag"}}, {"x": False}),
    ],
)
def test_a_state_works_on_what_it_asks_for(state, worked_on):
    assert build_input(state, DATA) == worked_on
