"""The random values of one login: code_verifier and code_challenge (RFC 7636), state, nonce, login id."""

from __future__ import annotations

import base64
import hashlib
import secrets

from .secret import Secret

CODE_CHALLENGE_METHOD = "S256"
_ENTROPY_BYTES = 32


def generate_code_verifier() -> str:
    """Return a fresh code_verifier: 256 random bits as 43 unreserved characters (RFC 7636 section 4.1)."""
    return Secret(secrets.token_urlsafe(_ENTROPY_BYTES))


def build_code_challenge(code_verifier: str) -> str:
    """Return the S256 code_challenge of a verifier, without padding (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def generate_login_id() -> str:
    """Return a fresh login id: 32 hexadecimal characters. It names a login and grants nothing."""
    return secrets.token_hex(16)


def generate_state(login_id: str) -> str:
    """Return a fresh state for one login: its id, a dot, and 256 random bits.

    The id in front lets whoever receives the callback find the login without searching; the randomness is the secret.
    """
    return Secret(f"{login_id}.{secrets.token_urlsafe(_ENTROPY_BYTES)}")


def parse_state_login_id(state: str) -> str | None:
    """Return the login id that a state names, or None if it isn't shaped like one of ours. Proves nothing by itself."""
    login_id, dot, rest = state.partition(".")
    return login_id if dot and rest and is_login_id(login_id) else None


def is_login_id(value: str) -> bool:
    """Tell whether a string is shaped like a login id, and so is safe as a file's name."""
    return len(value) == 32 and all(character in "0123456789abcdef" for character in value)


def generate_nonce() -> str:
    """Return a fresh OpenID Connect nonce of 256 random bits."""
    return Secret(secrets.token_urlsafe(_ENTROPY_BYTES))
