"""A JWT that an issuer has signed: PyJWT checks it, this says what is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..code_grant import printable
from ..errors import ProviderError

# Signatures by the issuer's private key only: "none", and HS256 with the public key as its secret, are not among them.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLOCK_SKEW_SECONDS = 60.0
FetchKeys = Callable[[bool], Mapping[str, Any]]


def decode_signed(
    token: str,
    *,
    issuer: str,
    audience: str | None,
    fetch_keys: FetchKeys,
    clock_skew_seconds: float,
    required: tuple[str, ...],
    refuse: Callable[[str], ProviderError],
) -> tuple[dict[str, Any], str]:
    """Return the claims of a JWT, and the algorithm that it is signed with, once signature, issuer, audience and time are right.

    :param audience: None where whom it is for isn't ours to know.
    :param fetch_keys: returns the issuer's JWKS document; called again with True, once, if the key isn't in it (it may have been rotated).
    :param refuse: makes the error of half a sentence.
    :raises ProviderError: with the check that failed.
    """
    import jwt

    try:
        key = _find_key(jwt, token, fetch_keys)
        decoded: dict[str, Any] = jwt.decode_complete(
            token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=issuer,
            audience=audience,
            leeway=clock_skew_seconds,
            options={"require": list(required), "verify_aud": audience is not None},
        )
    except jwt.ImmatureSignatureError:
        raise refuse("is from the future: is this machine's clock right?") from None
    except jwt.ExpiredSignatureError:
        raise refuse("has expired: is this machine's clock right?") from None
    # The last three are of what PyJWT doesn't look for: a time without end, nesting without end, a key for alg=none.
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, RecursionError, NotImplementedError) as error:
        # PyJWT's messages name the failed check, and of what is in the token its header at most.
        raise refuse(f"was refused: {printable(str(error)) or type(error).__name__}") from None
    subject = decoded["payload"].get("sub")
    if not isinstance(subject, str) or not subject or not subject.isprintable():
        raise refuse("names no subject")
    return decoded["payload"], decoded["header"]["alg"]


def _find_key(jwt: Any, token: str, fetch_keys: FetchKeys) -> Any:
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError("it isn't signed with a private key of the issuer")
    for again in (False, True):
        keys = [k for k in _listed(jwt, fetch_keys(again)) if isinstance(k, dict) and k.get("use", "sig") == "sig"]
        found = [k for k in keys if _fits(k, header)]
        if len(found) == 1:
            return jwt.PyJWK(found[0], algorithm=found[0].get("alg") or header["alg"])
    raise jwt.InvalidKeyError("its key is none of the issuer's")


def _listed(jwt: Any, document: Mapping[str, Any]) -> list[Any]:
    keys = document.get("keys", [])
    if not isinstance(keys, list):
        raise jwt.InvalidKeyError("the issuer's keys are no list")
    return keys


def _fits(key: dict[str, Any], header: dict[str, Any]) -> bool:
    """Tell whether a key is the one that a header names; without a name, the only one for its algorithm."""
    if header.get("kid"):
        return bool(key.get("kid") == header["kid"])
    return bool(key.get("alg", header["alg"]) == header["alg"])
