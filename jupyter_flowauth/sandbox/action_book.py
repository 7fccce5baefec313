"""The actions that the action providers were asked for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from .flow_book import to_timestamp, to_urn


@dataclass(slots=True)
class ActionRecord:
    """One action: it changes as it goes on, and is ACTIVE for as many looks at it as `looks_left` says."""

    provider: str
    request_id: str
    sub: str
    label: str | None
    started: float
    status: str = "SUCCEEDED"
    details: Any = None
    looks_left: int = 0
    action_id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    completed: float | None = None

    def look(self, *, now: float) -> None:
        """Let the action go on a little, as it does each time somebody asks for its status."""
        if self.looks_left > 0:
            self.looks_left -= 1
        elif self.completed is None and self.status != "INACTIVE":
            self.completed = now

    @property
    def shown_status(self) -> str:
        """Return the status to show."""
        return "ACTIVE" if self.completed is None and self.status != "INACTIVE" else self.status

    def to_document(self) -> dict[str, Any]:
        """Return what the action provider shows."""
        is_over = self.shown_status != "ACTIVE"
        return {
            "action_id": self.action_id,
            "status": self.shown_status,
            "display_status": self.shown_status,
            "details": self.details if is_over else {},
            "creator_id": to_urn(self.sub),
            "start_time": to_timestamp(self.started),
            "completion_time": to_timestamp(self.completed),
            "label": self.label,
            "manage_by": [],
            "monitor_by": [],
            "release_after": "P30D",
        }


class ActionBook:
    """Every action that was not released."""

    def __init__(self) -> None:
        self._actions: dict[str, ActionRecord] = {}

    def keep(self, action: ActionRecord) -> None:
        """Remember an action."""
        self._actions[action.action_id] = action

    def find(self, provider: str, action_id: str, sub: str) -> ActionRecord | None:
        """Return a person's action at an action provider."""
        action = self._actions.get(action_id)
        return action if action is not None and (action.provider, action.sub) == (provider, sub) else None

    def find_request(self, provider: str, request_id: str, sub: str) -> ActionRecord | None:
        """Return the action that a request led to before: the same request is never done twice."""
        same = (one for one in self._actions.values() if (one.provider, one.request_id, one.sub) == (provider, request_id, sub))
        return next(same, None)

    def release(self, action: ActionRecord) -> None:
        """Forget an action."""
        self._actions.pop(action.action_id, None)
