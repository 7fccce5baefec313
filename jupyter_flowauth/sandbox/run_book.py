"""The runs of flows: how far each has come, its log, and how the service shows it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from .flow_book import DeployedFlow, includes, to_timestamp, to_urn

ENDED = frozenset({"SUCCEEDED", "FAILED"})


@dataclass(slots=True)
class Strand:
    """One line of states that a run follows: its position (None at the end), the data there, and the lines that branch off it."""

    definition: Mapping[str, Any]
    context: Any
    position: str | None
    branches: list[Strand] = field(default_factory=list)


@dataclass(slots=True)
class RunRecord:
    """One run of a flow, as it was deployed when the run started.

    :param client_id: the application whose consents the run rests on; the one that resumed it last.
    :param until: the moment up to which consents count; None is always now.
    """

    flow: DeployedFlow
    sub: str
    client_id: str
    body: Mapping[str, Any]
    started: float
    until: float | None = None
    label: str | None = None
    tags: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    run_id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "ACTIVE"
    details: dict[str, Any] = field(default_factory=dict)
    completed: float | None = None
    entries: list[dict[str, Any]] = field(default_factory=list)
    strand: Strand = field(init=False)
    settled: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Put the run at its first state."""
        definition = self.flow.definition
        self.strand = Strand(definition, self.body, str(definition["StartAt"]))
        self.details = {"code": "FlowStarting", "description": "The Flow is starting execution", "details": {"input": self.body}}

    def note(self, code: str, description: str, details: Mapping[str, Any], *, now: float) -> None:
        """Write a line of the log; while the run goes on, its details are the last line."""
        self.entries.append({"time": to_timestamp(now), "code": code, "description": description, "details": dict(details)})
        if self.status == "ACTIVE":
            self.details = dict(self.entries[-1])

    def settle(self, status: str, details: dict[str, Any], *, now: float) -> None:
        """End the run, or let it wait for a person."""
        self.status, self.details = status, details
        self.completed = now if status in ENDED else None
        self.note(str(details.get("code", status)), str(details.get("description", status)), details, now=now)
        self.settled.set()

    def reopen(self, client_id: str, until: float | None) -> None:
        """Let an inactive run go on, with the consents given to this client."""
        self.settled.clear()
        self.status, self.client_id, self.until = "ACTIVE", client_id, until
        self.details = {"code": "FlowResumed", "description": "The Flow is resuming execution", "details": {}}

    def role(self, sub: str) -> str | None:
        """Return what an identity is to this run."""
        roles = {
            "run_owner": sub == self.sub,
            "run_manager": includes(self.managers, sub),
            "run_monitor": includes(self.monitors, sub),
            "flow_run_manager": includes(self.flow.principals["run_managers"], sub),
            "flow_run_monitor": includes(self.flow.principals["run_monitors"], sub),
        }
        return next((role for role, is_held in roles.items() if is_held), None)

    def to_document(self, sub: str) -> dict[str, Any]:
        """Return what the service shows of it to an identity (in the fields of `globus_sdk.testing`)."""
        return {
            "run_id": self.run_id,
            "action_id": self.run_id,
            "flow_id": self.flow.flow_id,
            "flow_title": self.flow.title,
            "flow_last_updated": to_timestamp(self.flow.updated),
            "status": self.status,
            "display_status": self.status,
            "details": self.details,
            "label": self.label,
            "tags": list(self.tags),
            "start_time": to_timestamp(self.started),
            "completion_time": to_timestamp(self.completed),
            "created_by": to_urn(self.sub),
            "run_owner": to_urn(self.sub),
            "run_managers": list(self.managers),
            "run_monitors": list(self.monitors),
            "manage_by": list(self.managers),
            "monitor_by": list(self.monitors),
            "user_role": self.role(sub),
        }


class RunBook:
    """Every run that was not released."""

    def __init__(self) -> None:
        self._runs: dict[str, RunRecord] = {}

    def keep(self, run: RunRecord) -> None:
        """Remember a run."""
        self._runs[run.run_id] = run

    def find(self, run_id: str) -> RunRecord | None:
        """Return a run."""
        return self._runs.get(run_id)

    def remove(self, run_id: str) -> None:
        """Forget a run."""
        self._runs.pop(run_id, None)

    def visible(self, sub: str) -> list[RunRecord]:
        """Return the runs that an identity may see, the newest first."""
        return sorted((run for run in self._runs.values() if run.role(sub)), key=lambda run: -run.started)
