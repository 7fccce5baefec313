from __future__ import annotations

import pytest

from jupyter_flowauth.sandbox.scope_tree import MalformedScope, RequestedScope, build_path, expand_scopes, parse_scopes


def test_scopes_stand_in_order_and_once():
    assert parse_scopes(" b  a b") == (RequestedScope("b"), RequestedScope("a"))


def test_dependents_are_parsed_and_the_mark_for_optional_is_dropped():
    assert parse_scopes("a[b *c[d]] e") == (
        RequestedScope("a", (RequestedScope("b"), RequestedScope("c", (RequestedScope("d"),)))),
        RequestedScope("e"),
    )


def test_the_same_scope_twice_gathers_its_dependents():
    assert parse_scopes("a[b] a[c]") == (RequestedScope("a", (RequestedScope("b"), RequestedScope("c"))),)


def test_walking_meets_every_scope():
    assert [one.scope for one in parse_scopes("a[b[c] d]")[0].walk()] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "text", ["[", "]", "a[", "a]", "a[]", "[a]", "a[b", "a[b]]", "*", "**a", "a*b", 'a"', "a\\b", "\u00e9", "a[" * 12 + "b" + "]" * 12]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(MalformedScope):
        parse_scopes(text)


DEPENDENTS = {"flow": ("ap", "transfer"), "ap": ("below",), "round": ("about",), "about": ("round",)}


def expanded(text):
    return " ".join(map(str, expand_scopes(parse_scopes(text), lambda scope: DEPENDENTS.get(scope, ()))))


@pytest.mark.parametrize(
    "asked,shown",
    [
        ("flow", "flow[ap[below] transfer]"),
        ("flow[transfer[*x]]", "flow[ap[below] transfer[x]]"),
        ("flow[ap] flow[ap[y]]", "flow[ap[below y] transfer]"),
        ("round", "round[about]"),
        ("other", "other"),
    ],
)
def test_a_scope_comes_with_what_it_always_depends_on(asked, shown):
    assert expanded(asked) == shown


def test_what_is_withheld_goes_with_what_hangs_below_it():
    (tree,) = parse_scopes("flow[ap[below] transfer]")
    assert str(tree.without({"ap"})) == "flow[transfer]"


def test_a_path_is_a_tree_of_one_line():
    assert str(build_path("a", "b", "c")) == "a[b[c]]"
