from __future__ import annotations

import re

import pytest

from jupyter_flowauth.pkce import (
    build_code_challenge,
    generate_code_verifier,
    generate_login_id,
    generate_nonce,
    generate_state,
    is_login_id,
    parse_state_login_id,
)


def test_the_challenge_is_the_one_of_the_specification():
    # RFC 7636 appendix B
    assert build_code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_is_256_bits_of_unreserved_characters():
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43}", generate_code_verifier())


@pytest.mark.parametrize("generate", [generate_code_verifier, generate_nonce, generate_login_id, lambda: generate_state("0" * 32)])
def test_no_two_are_alike(generate):
    assert len({generate() for _ in range(100)}) == 100


@pytest.mark.parametrize("generate", [generate_code_verifier, generate_nonce, lambda: generate_state("0" * 32)])
def test_what_is_generated_does_not_show_itself(generate):
    value = generate()
    assert value not in repr(value)


def test_a_state_names_its_login_and_holds_256_bits_more():
    login_id = generate_login_id()
    state = generate_state(login_id)
    assert parse_state_login_id(state) == login_id
    assert len(state.partition(".")[2]) == 43


@pytest.mark.parametrize("state", ["", ".", "x.y", "0" * 32, f"{'0' * 32}.", f"{'0' * 31}/.x", f"../{'0' * 29}.x"])
def test_a_strange_state_names_no_login(state):
    assert parse_state_login_id(state) is None


@pytest.mark.parametrize("name", ["", "../x", "0" * 31, "0" * 33, "G" * 32, "٠" * 32])
def test_only_a_login_id_is_safe_as_the_name_of_a_file(name):
    assert not is_login_id(name)
