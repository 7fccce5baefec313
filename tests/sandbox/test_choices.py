from __future__ import annotations

import pytest

from jupyter_flowauth.sandbox.choices import choose_next, holds

DATA = {"n": 3, "other": 4, "word": "hello", "yes": True, "none": None, "when": "2026-11-01T00:00:00Z"}


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.n", "NumericEquals": 3},
        {"Variable": "$.n", "NumericLessThanPath": "$.other"},
        {"Variable": "$.n", "NumericGreaterThanEquals": 3},
        {"Variable": "$.word", "StringEquals": "hello"},
        {"Variable": "$.word", "StringMatches": "he*o"},
        {"Variable": "$.yes", "BooleanEquals": True},
        {"Variable": "$.when", "TimestampLessThan": "2027-01-01T00:00:00Z"},
        {"Variable": "$.none", "IsNull": True},
        {"Variable": "$.absent", "IsPresent": False},
        {"Variable": "$.n", "IsNumeric": True},
        {"Variable": "$.yes", "IsNumeric": False},
        {"And": [{"Variable": "$.n", "NumericEquals": 3}, {"Variable": "$.yes", "BooleanEquals": True}]},
        {"Or": [{"Variable": "$.n", "NumericEquals": 9}, {"Variable": "$.n", "NumericEquals": 3}]},
        {"Not": {"Variable": "$.n", "NumericEquals": 9}},
    ],
)
def test_a_rule_holds(rule):
    assert holds(rule, DATA)
    assert not holds({"Not": rule}, DATA)


@pytest.mark.parametrize(
    "rule",
    [{"Variable": "$.word", "NumericEquals": 3}, {"Variable": "$.yes", "NumericEquals": 1}, {"Variable": "$.n", "SomethingElse": 3}],
)
def test_a_rule_about_another_kind_of_value_does_not_hold(rule):
    assert not holds(rule, DATA)


def test_the_first_rule_that_holds_decides():
    rules = [{"Variable": "$.n", "NumericEquals": 9, "Next": "A"}, {"Variable": "$.n", "NumericEquals": 3, "Next": "B"}]
    assert choose_next({"Choices": rules, "Default": "C"}, DATA) == "B"


@pytest.mark.parametrize("state,following", [({"Choices": [], "Default": "C"}, "C"), ({"Choices": []}, None)])
def test_without_a_rule_that_holds_the_default_is_taken(state, following):
    assert choose_next(state, DATA) == following
