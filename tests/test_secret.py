from __future__ import annotations

import dataclasses
import pprint

import pytest

from jupyter_flowauth import code_grant, device_grant, records, tokens
from jupyter_flowauth.code_grant import AuthorizationRequest, AuthorizationResponse
from jupyter_flowauth.records import LoginRequest, Secrets
from jupyter_flowauth.secret import Secret, SecretBytes, to_secret
from jupyter_flowauth.tokens import Identity, Registration, Token, TokenResponse
from tests.fakes.world import PROCESS, account_of

SENTINEL = "SENTINEL"
TOKEN = Token(SENTINEL, ("a",), refresh_token=SENTINEL)
REQUEST = AuthorizationRequest("https://x/authorize", "https://x", "c", "a", "challenge", SENTINEL, SENTINEL)
RESPONSE = AuthorizationResponse("http://x", code=SENTINEL, state=SENTINEL)
LOGIN = LoginRequest("0", "p", "P", "kernel", "paste", Registration("i", "c"), None, "memory", (), (), 0, 1, REQUEST, PROCESS)
VALUES = (
    TOKEN,
    TokenResponse((TOKEN,), Identity("s", "u"), SENTINEL),
    dataclasses.replace(account_of("alice", TOKEN), id_token=SENTINEL),
    REQUEST,
    RESPONSE,
    LOGIN,
    Secrets(SENTINEL, SENTINEL),
    Secret(SENTINEL),
    SecretBytes(SENTINEL.encode()),
    {"form": Secret(SENTINEL)},
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_no_value_shows_a_secret(value):
    assert SENTINEL not in repr(value) + str([value]) + pprint.pformat(value)


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_secret_field_is_a_secret_even_in_a_frame(name):
    assert SENTINEL not in repr(getattr(TOKEN, name))


@pytest.mark.parametrize("value", [REQUEST.state, REQUEST.nonce, RESPONSE.code, RESPONSE.state])
def test_what_was_read_from_the_rendezvous_is_masked_too(value):
    assert (SENTINEL in repr(value), value) == (False, SENTINEL)


SECRET_FIELDS = {"access_token", "refresh_token", "id_token", "code", "state", "nonce", "code_verifier", "device_code"}


def test_no_dataclass_of_the_domain_leaves_a_secret_to_its_repr():
    """The fields' own defence, whether or not what is in them masks itself."""
    found = {}
    for module in (tokens, code_grant, records, device_grant):
        for kind in vars(module).values():
            if dataclasses.is_dataclass(kind):
                found |= {f"{kind.__name__}.{field.name}": field.repr for field in dataclasses.fields(kind) if field.name in SECRET_FIELDS}
    assert len(found) >= 8
    assert [name for name, shown in found.items() if shown] == []


def test_a_secret_is_an_ordinary_string_everywhere_else():
    secret = Secret(SENTINEL)
    assert (f"Bearer {secret}", secret == SENTINEL, hash(secret)) == (f"Bearer {SENTINEL}", True, hash(SENTINEL))


def test_none_stays_none():
    assert to_secret(None) is None
