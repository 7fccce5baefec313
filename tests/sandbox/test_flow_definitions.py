from __future__ import annotations

import pytest

from jupyter_flowauth.sandbox.flow_definitions import find_problems, iter_actions, scopes_by_role

ACTION = {"Type": "Action", "ActionUrl": "https://a", "End": True}
INNER = {"StartAt": "B", "States": {"B": {**ACTION, "ActionUrl": "https://b", "RunAs": "Flow"}}}
NESTED = {
    "StartAt": "A",
    "States": {"A": {**ACTION, "End": False, "Next": "P"}, "P": {"Type": "Parallel", "Branches": [INNER, INNER], "End": True}},
}


def test_actions_are_found_at_every_depth():
    assert [(action.action_url, action.run_as) for action in iter_actions(NESTED)] == [
        ("https://a", "User"),
        ("https://b", "Flow"),
        ("https://b", "Flow"),
    ]


def test_scopes_are_told_apart_by_role_and_named_once():
    assert scopes_by_role(NESTED, lambda action: action.action_url) == {"User": ("https://a",), "Flow": ("https://b",)}


def test_a_right_definition_has_no_problems():
    assert find_problems(NESTED) == []


@pytest.mark.parametrize(
    "definition,location",
    [
        ([], ()),
        ({}, ("States",)),
        ({"States": {"A": ACTION}}, ("StartAt",)),
        ({"StartAt": "B", "States": {"A": ACTION}}, ("StartAt",)),
        ({"StartAt": "A", "States": {"A": 7}}, ("States", "A")),
        ({"StartAt": "A", "States": {"A": {"Type": "Dance"}}}, ("States", "A", "Type")),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, ("States", "A")),
        ({"StartAt": "A", "States": {"A": {"Type": "Action", "End": True}}}, ("States", "A", "ActionUrl")),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Z"}}}, ("States", "A")),
        ({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Next": "Z"}]}}}, ("States", "A")),
        ({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [{}], "End": True}}}, ("States", "A", "Branches", 0, "States")),
    ],
)
def test_a_problem_is_found_where_it_is(definition, location):
    assert [problem.location for problem in find_problems(definition)] == [location]


def test_an_aimless_state_is_said_in_the_services_own_words():
    (problem,) = find_problems({"StartAt": "Step1", "States": {"Step1": {**ACTION, "End": False}}})
    assert problem.to_document() == {
        "loc": ["definition", "States", "Step1"],
        "msg": 'A state of type \'Action\' must be defined as either terminal ("End": true) or transitional ("Next": "NextStateId")',
        "type": "value_error",
    }
