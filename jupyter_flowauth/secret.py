"""Strings and bytes that don't show themselves.

IPython's verbose tracebacks and its debugger print the ``repr`` of every value in a frame, and a notebook saves what they print. A
``Secret`` is an ordinary string everywhere else: in a header, in a form, in ``print``.
"""

from __future__ import annotations


class Secret(str):
    """A string whose ``repr`` is a mask."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a mask."""
        return "'********'"


class SecretBytes(bytes):
    """Bytes whose ``repr`` is a mask: what a file of ours holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return a mask."""
        return "b'********'"


def to_secret(value: str | None) -> Secret | None:
    """Return a string as a secret, None as None."""
    return None if value is None else Secret(value)
