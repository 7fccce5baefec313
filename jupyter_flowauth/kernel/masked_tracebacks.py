"""Tracebacks without bearers, and without what a card has said already.

Whoever sends a bearer holds it in its frames: ``requests``, ``urllib3`` and ``http.client`` keep the request that they couldn't send as
plain bytes, ``%xmode Verbose`` prints what frames hold, and a notebook is saved with that.
"""

from __future__ import annotations

import re
from typing import Any

# RFC 6750 section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_SAID = "see above"
_BEARER = re.compile(r"\b(Bearer )[A-Za-z0-9._~+/-]{8,}=*", re.IGNORECASE)


def mask_tracebacks(shell: Any) -> None:
    """Let a shell show tracebacks with a mask in every bearer's place."""
    unmask_tracebacks(shell)
    show = shell._showtraceback

    def show_masked(kind: Any, error: Any, lines: list[str]) -> Any:
        return show(kind, error, [mask_bearers(leave_out_said(line, error)) for line in lines])

    # What a traceback looks like is decided before it, by modes and libraries that change; here every kind of shell has it as lines.
    shell._showtraceback = show_masked


def leave_out_said(text: str, error: object) -> str:
    """Return a text of a traceback without the sentence of an error that the person has just read in its card's place."""
    return text.replace(str(error), _SAID) if getattr(error, "is_said", False) else text


def unmask_tracebacks(shell: Any) -> None:
    """Let a shell show tracebacks as they come."""
    vars(shell).pop("_showtraceback", None)


def mask_bearers(text: str) -> str:
    """Return a text with a mask in every bearer's place."""
    return _BEARER.sub(r"\1********", text)
