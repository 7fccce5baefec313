"""What the doctor finds, and how it is shown: nothing secret, and nobody's name, so that it can be pasted into an issue."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import FlowAuthError

Mark = Literal["ok", "warning", "broken", "note"]
SIGNS: dict[Mark, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "broken": ("✗", "red"),
    "note": ("·", "blue"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    :param about: what it belongs to.
    :param sentence: how it is.
    :param advice: what to do, where there is something.
    """

    about: str
    mark: Mark
    sentence: str
    advice: str = ""

    def redacted(self) -> Finding:
        """Return it without what tells who looks: the home folder's path, and what an address holds before its @."""
        return Finding(self.about, self.mark, redact(self.sentence), redact(self.advice))


def redact(text: str) -> str:
    """Return a text without the home folder's path, and without the user and password of an address."""
    home = os.path.expanduser("~")
    if len(home) > 1:
        text = re.sub(rf"{re.escape(home)}(?=[/\\]|\b)", "~", text)
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)


def look(about: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return what a check finds; an error of ours is a finding, too."""
    try:
        return list(check())
    except FlowAuthError as error:
        return [Finding(about, "broken", str(error))]


def is_open_to_others(path: Path) -> bool:
    """Tell whether a file can be read by others than its owner, where the system has modes."""
    return hasattr(os, "getuid") and path.stat().st_mode & 0o077 != 0
