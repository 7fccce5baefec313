"""An account as JSON bytes, for whatever keeps it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

from ..secret import SecretBytes
from ..tokens import Account, AccountKey, Identity, Kind, Registration, Token

FORMAT = 1
_KINDS = {"str": str, "str | None": str | None, "float": int | float, "float | None": int | float | None, "bool": bool}


class NewerFormat(ValueError):
    """Content that a newer version of this package wrote."""


def to_json(account: Account) -> bytes:
    """Return an account as JSON. Holds its tokens: for private storage only."""
    values = dataclasses.asdict(account)
    return SecretBytes(json.dumps({"format": FORMAT, **values}, indent=1).encode())


def from_json(content: bytes) -> Account:
    """Return the account in JSON bytes.

    :raises NewerFormat: if a newer version wrote it.
    :raises ValueError: if it isn't an account.
    """
    found = _read(content)
    if isinstance(found, int):
        raise NewerFormat(f"was written by a newer version (format {found}, this one knows {FORMAT})")
    if found is None:
        raise ValueError("not an account")
    return found


def _read(content: bytes) -> Account | int | None:
    """Return the account, or the number of a format that is newer than ours, or None.

    It raises nothing: the JSON decoder's error, and the frames that it came through, hold the document, and so the tokens. A debugger
    finds them behind whatever is raised from there.
    """
    try:
        values = json.loads(content)
        if isinstance(values["format"], int) and values["format"] > FORMAT:
            return values["format"]
        return _build_account(values) if values.pop("format") == FORMAT else None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None


def _build_account(values: dict[str, Any]) -> Account:
    key = AccountKey(Registration(**_known(Registration, values["key"]["registration"])), values["key"]["sub"])
    tokens = tuple(_build_token(token) for token in values["tokens"])
    declined = _strings(values.get("declined", ()))
    identity = Identity(**_known(Identity, values["identity"]))
    account = Account(**{**_known(Account, values), "key": key, "identity": identity, "tokens": tokens, "declined": declined})
    for value in (account, account.key, account.key.registration, account.identity, *account.tokens):
        _validate_fields(value)
    if account.identity.sub != account.key.sub:
        raise ValueError("not an account")
    if account.kind not in get_args(Kind):
        raise ValueError("not an account")
    return account


def _build_token(values: dict[str, Any]) -> Token:
    # Before it is built: a token makes strings of its secrets.
    if not isinstance(values["access_token"], str) or not isinstance(values.get("refresh_token"), str | None):
        raise ValueError("not a token")
    return Token(**{**_known(Token, values), "scopes": _strings(values["scopes"])})


def _validate_fields(value: Any) -> None:
    """Check that every plain field is of the kind that it is declared as.

    :raises ValueError: if one isn't, or is a string that can't be written again (a lone surrogate).
    """
    for field in dataclasses.fields(value):
        found = getattr(value, field.name)
        if not isinstance(found, _KINDS.get(str(field.type), object)):
            raise ValueError("not an account")
        if isinstance(found, str):
            found.encode()


def _known(kind: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a version that knows more has added: a field that matters to older ones comes with another FORMAT."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _strings(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise ValueError("not a list of strings")
    "".join(values).encode()
    return tuple(values)
