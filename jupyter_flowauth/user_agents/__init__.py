"""The ways to ask a person: one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .loopback import LoopbackUserAgent

__all__ = ["LoopbackUserAgent"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562): a notebook that asks through its server needs no http.server."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .loopback import LoopbackUserAgent

    return LoopbackUserAgent
