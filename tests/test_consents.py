"""Trees of consents: what is missing of them, what is asked for, and how they are drawn."""

from __future__ import annotations

import pytest

from jupyter_flowauth.consents import ConsentEntry, ConsentLine, ConsentTree, build_headline, build_tree, join_trees
from jupyter_flowauth.scopes import parse_requirements

DATA = "https://auth.globus.org/scopes/c/data_access"
REASONS = {("f",): ("Flow 'F'", ""), ("f", "a"): ("F uses A", "F now also uses A")}


def tree(spelling: str = f"f[a b[*{DATA}]]", **options):
    return build_tree(parse_requirements(spelling), REASONS, **options)


def test_a_tree_lists_parents_before_children():
    assert [entry.path for entry in tree()] == [("f",), ("f", "a"), ("f", "b"), ("f", "b", DATA)]


def test_a_line_without_a_reason_is_named_by_its_scope():
    assert [entry.reason for entry in tree("f[a b]")] == ["Flow 'F'", "F uses A", "needs b"]


def test_what_was_granted_is_not_missing():
    missing = tree().missing_from([("f",), ("f", "a")])
    assert [entry.scope for entry in missing] == ["b", DATA]


def test_what_is_new_beneath_what_is_granted_is_said_to_be_new():
    assert [entry.reason for entry in tree("f[a]").missing_from([("f",)])] == ["F now also uses A"]
    assert [entry.reason for entry in tree("f[a]").missing_from([])] == ["Flow 'F'", "F uses A"]


def test_a_line_with_one_reason_keeps_it():
    assert [entry.reason for entry in tree("f[b]").missing_from([("f",)])] == ["needs b"]


def test_a_tree_that_is_granted_is_empty_and_says_so():
    covered = tree("f[a]").missing_from([("f",), ("f", "a"), ("other",)])
    assert (bool(covered), len(covered), list(covered), covered.scopes) == (False, 0, [], ())
    assert str(covered) == "Nothing is missing."


def test_the_same_scope_under_another_is_another_consent():
    assert tree("f[a] g[a]").missing_from([("f",), ("f", "a"), ("g",)]).entries[0].path == ("g", "a")


def test_what_could_not_be_found_out_is_not_covered():
    unknown = tree("f", problems=["X does not answer"]).missing_from([("f",)])
    assert (bool(unknown), len(unknown), str(unknown)) == (True, 0, "? X does not answer")


def test_what_is_missing_is_asked_for_under_what_leads_to_it():
    missing = tree().missing_from([("f",), ("f", "a"), ("f", "b")])
    assert list(map(str, missing.to_requirements())) == [f"f[b[*{DATA}]]"]


def test_several_lines_are_asked_for_as_one_tree():
    assert list(map(str, tree().to_requirements())) == [f"f[a b[*{DATA}]]"]


def test_a_tree_is_drawn_with_signs_for_what_is_granted_and_what_is_new():
    drawn = str(tree("f[a b]").missing_from([("f",), ("f", "b")]))
    assert drawn.splitlines() == ["✓ Flow 'F'", "  f", "   ✓ needs b", "     b", "   + F now also uses A (new)", "     a"]


def test_a_tree_shows_itself_in_a_cell():
    assert repr(tree("f")) == str(tree("f")) == "+ Flow 'F' (new)\n  f"


def test_a_line_knows_its_depth():
    assert tree("f[a]").lines()[1] == ConsentLine(1, True, "F uses A", "a")


def test_trees_are_joined():
    both = join_trees([tree("f"), tree("g", problems=["?"]).missing_from([])])
    assert ([entry.scope for entry in both], both.problems) == (["f", "g"], ("?",))


def test_scopes_are_told_once_and_sorted():
    assert tree("f[b a] g[a]").scopes == ("a", "b", "f", "g")


@pytest.mark.parametrize("order", [("f[a b] g", ["f", "a", "b", "g"]), ("g f[b a]", ["g", "f", "b", "a"])])
def test_siblings_stay_in_the_order_they_came(order):
    assert [line.scope for line in tree(order[0]).lines()] == order[1]


def test_an_entry_is_a_value():
    assert ConsentTree((ConsentEntry("a", ("a",), "why"),)) == ConsentTree((ConsentEntry("a", ("a",), "why"),))


def headline(spelling, reason="Flow 'F'", *granted):
    reasons = {("f",): (reason, "")}
    return build_headline(build_tree(parse_requirements(spelling), reasons).missing_from(granted).lines())


def test_a_headline_says_whose_consents_they_are():
    assert headline("f[a]") == "Flow 'F' needs your consent"
    assert headline("f[a]", "Flow 'F'", ("f",)) == "Flow 'F' now needs more"


def test_a_headline_says_what_the_service_wants():
    assert headline("f", "Flow 'F' wants you to log in afresh") == "Flow 'F' wants you to log in afresh"


def test_a_headline_of_no_flow_is_a_missing_consent_and_of_nothing_is_empty():
    assert (headline("f", "Transfer"), build_headline(())) == ("A consent is missing", "")
