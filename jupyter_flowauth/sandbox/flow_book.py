"""The flows deployed: what they are, who may do what with them, and how the service shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from .services import build_scope

EVERYBODY = frozenset({"public", "all_authenticated_users"})
GROUP_PRINCIPAL, IDENTITY_PRINCIPAL = "urn:globus:groups:id:", "urn:globus:auth:identity:"
ROLE_LISTS = ("flow_viewers", "flow_starters", "flow_administrators", "run_managers", "run_monitors")
_TEXTS = {"subtitle": "", "description": "", "keywords": (), "subscription_id": None, "authentication_policy_id": None}


def to_timestamp(seconds: float | None) -> str | None:
    """Return a moment as Flows writes it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def to_urn(sub: str) -> str:
    """Return the principal of an identity."""
    return IDENTITY_PRINCIPAL + sub


def includes(principals: Iterable[str], sub: str) -> bool:
    """Say whether an identity is among principals; everybody here is a member of every group, as of the one that Groups shows."""
    return any(one in EVERYBODY or one == to_urn(sub) or one.startswith(GROUP_PRINCIPAL) for one in principals)


@dataclass(frozen=True, slots=True)
class DeployedFlow:
    """A flow as it is deployed now."""

    flow_id: str
    owner: str
    title: str
    definition: Mapping[str, Any] = field(repr=False)
    input_schema: Mapping[str, Any] = field(repr=False)
    texts: Mapping[str, Any] = field(repr=False)
    principals: Mapping[str, tuple[str, ...]] = field(repr=False)
    created: float
    updated: float

    @property
    def scope(self) -> str:
        """Return the scope that a person agrees to so that this flow may run for her."""
        return build_scope(self.flow_id, f"flow_{self.flow_id.replace('-', '_')}_user")

    def roles(self, sub: str) -> tuple[str, ...]:
        """Return what an identity is to this flow, the strongest role first."""
        roles = {
            "flow_owner": sub == self.owner,
            "flow_administrator": includes(self.principals["flow_administrators"], sub),
            "flow_starter": includes(self.principals["flow_starters"], sub),
            "flow_viewer": includes(self.principals["flow_viewers"], sub),
        }
        return tuple(role for role, is_held in roles.items() if is_held)

    def may_run(self, sub: str) -> bool:
        """Say whether an identity may start runs."""
        return bool(set(self.roles(sub)) - {"flow_viewer"})

    def may_manage(self, sub: str) -> bool:
        """Say whether an identity may change and delete it."""
        return bool({"flow_owner", "flow_administrator"} & set(self.roles(sub)))

    def to_document(self, sub: str, *, service_url: str) -> dict[str, Any]:
        """Return what the service shows of it to an identity (in the fields of `globus_sdk.testing`)."""
        address = f"{service_url}/flows/{self.flow_id}"
        return {
            "id": self.flow_id,
            "title": self.title,
            "definition": self.definition,
            "input_schema": self.input_schema,
            **self.texts,
            "globus_auth_scope": self.scope,
            "globus_auth_username": f"{self.flow_id}@clients.auth.globus.org",
            "principal_urn": to_urn(self.flow_id),
            "synchronous": False,
            "log_supported": True,
            "types": ["Action"],
            "api_version": "1.0",
            "created_at": to_timestamp(self.created),
            "updated_at": to_timestamp(self.updated),
            "created_by": to_urn(self.owner),
            "flow_owner": to_urn(self.owner),
            "user_role": (*self.roles(sub), "none")[0],
            "action_url": address,
            "flow_url": address,
            **{name: list(principals) for name, principals in self.principals.items()},
            "visible_to": [],
            "runnable_by": [],
            "administered_by": [],
        }


def build_flow(owner: str, body: Mapping[str, Any], *, now: float) -> DeployedFlow:
    """Return a new flow from a body that was found right."""
    return DeployedFlow(
        flow_id=str(uuid4()),
        owner=owner,
        title=body["title"],
        definition=body["definition"],
        input_schema=body["input_schema"],
        texts={name: body.get(name, default) for name, default in _TEXTS.items()},
        principals={name: tuple(body.get(name) or ()) for name in ROLE_LISTS},
        created=now,
        updated=now,
    )


def change_flow(known: DeployedFlow, body: Mapping[str, Any], *, now: float) -> DeployedFlow:
    """Return a flow with the fields of a body in place of its own."""
    return DeployedFlow(
        flow_id=known.flow_id,
        owner=known.owner,
        title=body.get("title", known.title),
        definition=body.get("definition", known.definition),
        input_schema=body.get("input_schema", known.input_schema),
        texts={name: body.get(name, value) for name, value in known.texts.items()},
        principals={name: tuple(body.get(name, value) or ()) for name, value in known.principals.items()},
        created=known.created,
        updated=now,
    )


class FlowBook:
    """Every flow that is deployed now."""

    def __init__(self) -> None:
        self._flows: dict[str, DeployedFlow] = {}

    def keep(self, flow: DeployedFlow) -> None:
        """Remember a flow, in place of what it was."""
        self._flows[flow.flow_id] = flow

    def find(self, flow_id: str) -> DeployedFlow | None:
        """Return a flow."""
        return self._flows.get(flow_id)

    def remove(self, flow_id: str) -> None:
        """Forget a flow."""
        self._flows.pop(flow_id, None)

    def visible(self, sub: str) -> list[DeployedFlow]:
        """Return the flows that an identity may see, the newest first."""
        return sorted((flow for flow in self._flows.values() if flow.roles(sub)), key=lambda flow: -flow.updated)
