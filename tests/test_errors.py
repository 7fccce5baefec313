from __future__ import annotations

import inspect

import pytest

from jupyter_flowauth import errors
from jupyter_flowauth.errors import FlowAuthError, ScopesMissing

BUILTINS = {
    "ScopesMissing": KeyError,
    "LoginRequired": PermissionError,
    "ConsentRequired": PermissionError,
    "InteractionRequired": RuntimeError,
    "LoginTimeout": TimeoutError,
    "LoginDenied": PermissionError,
    "IdentityMismatch": PermissionError,
    "StateMismatch": ValueError,
    "ProviderError": RuntimeError,
    "ConfigurationError": ValueError,
    "StorageError": OSError,
}
FIELDS = {
    "ScopesMissing": {"missing": ("a",)},
    "LoginDenied": {"error": "access_denied"},
    "IdentityMismatch": {"expected": "alice", "received": "bob"},
}


def build(name: str) -> FlowAuthError:
    return getattr(errors, name)("It happened.", **FIELDS.get(name, {}))


def test_every_error_is_in_the_tree_of_the_docstring():
    leaves = {name for name, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, FlowAuthError)} - {"FlowAuthError"}
    assert leaves == set(BUILTINS)
    assert all(f"── {name}" in (errors.__doc__ or "") for name in leaves)


@pytest.mark.parametrize("name", BUILTINS)
def test_a_leaf_is_also_the_builtin_that_a_caller_would_catch(name):
    with pytest.raises(BUILTINS[name]):
        raise build(name)


@pytest.mark.parametrize("name", BUILTINS)
def test_an_error_shows_its_sentence_alone(name):
    assert str(build(name)) == "It happened."


def test_missing_scopes_are_sorted_bare_strings():
    error = ScopesMissing("x", missing={"b", "a"}, granted=["d", "c"])
    assert (error.missing, error.granted) == (("a", "b"), ("c", "d"))


@pytest.mark.parametrize("name", ["LoginRequired", "InteractionRequired"])
def test_what_the_next_login_should_ask_for_is_a_field(name):
    assert getattr(errors, name)("x", missing=["b", "a"]).missing == ("a", "b")


def test_the_words_of_a_stranger_stay_fields():
    error = errors.ProviderError("A sentence.", error="server_error", error_description="<b>", status=500)
    assert (error.error, error.error_description, error.status, str(error)) == ("server_error", "<b>", 500, "A sentence.")
