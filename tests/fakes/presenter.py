"""A presenter that remembers what it was given to show."""

from __future__ import annotations

from jupyter_flowauth.records import LoginRequest, LoginResult


class RecordingPresenter:
    """What a person would have seen."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.shown: list[tuple[LoginRequest, str | None, str]] = []
        self.results: list[LoginResult] = []

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        self.shown.append((login, address, rung))

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        self.sentences.append(sentence)

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        self.results.append(result)
