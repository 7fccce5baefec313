"""A rendezvous in memory."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Hashable, Iterator

from jupyter_flowauth.code_grant import AuthorizationResponse
from jupyter_flowauth.records import LoginRequest, LoginResult, Opening, ServerAnnouncement


class MemoryRendezvous:
    """The rendezvous of one test."""

    def __init__(self) -> None:
        self.requests: dict[str, LoginRequest] = {}
        self.results: dict[str, LoginResult] = {}
        self.responses: dict[str, AuthorizationResponse] = {}
        self.openings: dict[str, Opening] = {}
        self.taken: set[str] = set()
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._lock:
            yield

    def open_request(self, request: LoginRequest) -> None:
        self.requests[request.login_id] = request

    def read_request(self, login_id: str) -> LoginRequest | None:
        return self.requests.get(login_id)

    def pending(self) -> tuple[LoginRequest, ...]:
        return tuple(self.requests.values())

    def record_opening(self, opening: Opening) -> None:
        self.openings[opening.login_id] = opening

    def read_opening(self, login_id: str) -> Opening | None:
        return self.openings.get(login_id)

    def take(self, login_id: str) -> bool:
        with self._lock:
            fresh = login_id not in self.taken
            self.taken.add(login_id)
        return fresh

    def is_taken(self, login_id: str) -> bool:
        return login_id in self.taken

    def write_response(self, login_id: str, response: AuthorizationResponse) -> None:
        self.responses[login_id] = response

    def take_response(self, login_id: str) -> AuthorizationResponse | None:
        return self.responses.pop(login_id, None)

    def stamp(self) -> Hashable:
        return (tuple(self.requests), tuple(self.results), tuple(self.responses), tuple(self.openings), tuple(self.taken))

    def write_result(self, result: LoginResult) -> None:
        self.results[result.login_id] = result
        self.requests.pop(result.login_id, None)

    def read_result(self, login_id: str) -> LoginResult | None:
        return self.results.get(login_id)

    def announce(self, announcement: ServerAnnouncement) -> None:
        raise NotImplementedError("no server meets anybody here")

    def withdraw(self, server_id: str) -> None:
        raise NotImplementedError("no server meets anybody here")

    def find_server(self, server_id: str) -> ServerAnnouncement | None:
        return None
