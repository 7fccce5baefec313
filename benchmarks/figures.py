"""What a benchmark reports, and the table of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    :param is_ok: whether ours is within the bound; None where there is none.
    :param note: what else was seen.
    """

    what: str
    bound: str
    ours: str
    peer: str
    is_ok: bool | None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, ``OVER``, or nothing."""
        return "" if self.is_ok is None else "ok" if self.is_ok else "OVER"


def build_table(figures: Iterable[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [("what", "bound", "ours", "peer", "verdict")]
    rows += [(f.what + (f" ({f.note})" if f.note else ""), f.bound, f.ours, f.peer, f.verdict) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def milliseconds(seconds: float) -> str:
    """Return a duration for people."""
    return f"{seconds * 1e3:.1f} ms"


def microseconds(seconds: float) -> str:
    """Return a short duration for people."""
    return f"{seconds * 1e6:.2f} µs"
