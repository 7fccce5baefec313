from __future__ import annotations

import string

import globus_sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_flowauth.scopes import (
    Requirement,
    bare_scopes,
    merge_requirements,
    parse_requirements,
    parse_scope_string,
    scope_key,
    to_scope_parameter,
)

names = st.text(alphabet=string.ascii_letters + string.digits + ":/._-+*", min_size=1).filter(lambda name: name[0] != "*")
trees = st.recursive(
    st.builds(Requirement, names, st.booleans()),
    lambda below: st.builds(Requirement, names, st.booleans(), st.lists(below, max_size=3).map(tuple)),
    max_leaves=5,
)


@given(st.lists(trees, max_size=4))
def test_what_is_spelled_is_read_back(requirements):
    assert parse_scope_string(to_scope_parameter(requirements)) == tuple(requirements)


@given(st.text(max_size=40))
def test_any_text_is_scopes_or_a_value_error(text):
    try:
        parsed = parse_scope_string(text)
    except ValueError:
        return
    assert parse_scope_string(to_scope_parameter(parsed)) == parsed


@given(st.lists(trees, max_size=4))
def test_merging_twice_changes_nothing_more(requirements):
    once = merge_requirements(requirements)
    assert merge_requirements(once) == once


def test_dependent_scopes_are_parsed():
    (top,) = parse_scope_string("a[*b c[d]]")
    assert top == Requirement("a", dependencies=(Requirement("b", optional=True), Requirement("c", dependencies=(Requirement("d"),))))


def test_a_tree_can_be_walked_by_path():
    (top,) = parse_scope_string("a[b c[d]]")
    assert list(top.walk()) == [("a",), ("a", "b"), ("a", "c"), ("a", "c", "d")]


@pytest.mark.parametrize("text", ["[", "]", "a]", "a[", "a[]", "[a]", "a[[b]]", "a[b][c]", "a[b", "*", "**a", 'a"b', "a\\b", "ä", "a[*]"])
def test_a_malformed_spelling_is_refused(text):
    with pytest.raises(ValueError, match=r"scope|bracket"):
        parse_scope_string(text)


def test_a_set_of_strings_and_scope_objects_is_taken_in_sorted_order():
    mixed = {"b", globus_sdk.Scope("a"), "c[d]"}
    assert bare_scopes(parse_requirements(mixed)) == ("a", "b", "c")


def test_a_scope_of_the_sdk_keeps_its_dependencies():
    scope = globus_sdk.Scope("a").with_dependency(globus_sdk.Scope("b", optional=True))
    assert to_scope_parameter(parse_requirements(scope)) == "a[*b]"


def test_a_single_string_is_one_spelling_and_not_its_characters():
    assert bare_scopes(parse_requirements("openid email")) == ("openid", "email")


@pytest.mark.parametrize("wrong", [7, [7], [None], {"a": 1}.values()])
def test_what_is_no_scope_is_a_type_error(wrong):
    with pytest.raises(TypeError, match=r"globus_sdk\.Scope"):
        parse_requirements(wrong)


def test_the_same_scope_twice_is_merged_and_required_beats_optional():
    assert to_scope_parameter(parse_requirements(["*a[b]", "a[c *b]", "*d", "*d"])) == "a[b c] *d"


@pytest.mark.parametrize("spelling", ["a", "a[b]", "*a", " a ", globus_sdk.Scope("a").with_dependency(globus_sdk.Scope("b"))])
def test_the_key_is_the_bare_scope(spelling):
    assert scope_key(spelling) == "a"


@pytest.mark.parametrize("spelling", ["", "a b", " "])
def test_a_key_is_exactly_one_scope(spelling):
    with pytest.raises(ValueError, match="exactly one"):
        scope_key(spelling)
