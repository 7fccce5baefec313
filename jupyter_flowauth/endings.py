"""How the ends of a login went, there: at its provider and its instance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionEnding:
    """One way of ending a session there, and how it went.

    :param name: ``instance`` (its own logout), ``session`` (the provider's), or ``revocation`` (RFC 7009).
    :param message: one plain sentence.
    """

    name: str
    done: bool
    message: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.message
