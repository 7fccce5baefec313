"""Logins as lines of text, or not shown at all."""

from __future__ import annotations

from collections.abc import Callable

from ..device_grant import describe_device
from ..flow_needs import RunDocument
from ..records import LoginRequest, LoginResult


class SilentPresenter:
    """Shows nothing: the person looks elsewhere (JupyterLab's own panel), or the script knows what it does."""

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        """Show nothing."""

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        """Say nothing."""

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Say nothing."""

    def show_run(self, run: RunDocument) -> None:
        """Show nothing."""


class TextPresenter:
    """Shows a login as lines of text.

    :param write: takes a line, with its end.
    :param origin: put in front of an address that is a path.
    """

    def __init__(self, write: Callable[[str], object], *, origin: str = "") -> None:
        self._write, self._origin = write, origin.rstrip("/")
        self._runs: dict[str, str] = {}

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        """Write who asks for what, where to go, and how long it waits."""
        if login.headline:
            self._write(f"{login.headline}.\n")
        minutes = max(1, round((login.expires_at_seconds - login.created_at_seconds) / 60))
        self._write(f"{login.client_title} asks for access through {login.provider_title} ({login.authorization.issuer}):\n")
        for consent in login.consent:
            self._write(f"{consent}\n")
        for line in login.other_missing:
            service = f"{line.service}: " if line.service else ""
            self._write(f"  - {service}{line.title}\n" + (f"    {line.scope}\n" if line.title != line.scope else ""))
        if login.device:
            self._write("".join(f"{line}\n" for line in describe_device(login.device, minutes=minutes)))
        elif address:
            self._write(f"Log in here (this waits {minutes} min): {self._origin if address.startswith('/') else ''}{address}\n")

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        """Write a sentence."""
        self._write(f"{sentence}\n")

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Write how it ended."""
        self._write(f"{result.message}\n")

    def show_run(self, run: RunDocument) -> None:
        """Write the state of a run, when it has changed; at first with its address."""
        sentence, before = run.sentence, self._runs.get(run.run_id)
        if before != sentence:
            self._runs[run.run_id] = sentence
            self._write(f"{sentence}\n" if before else f"{sentence} {run.web_address}\n")
