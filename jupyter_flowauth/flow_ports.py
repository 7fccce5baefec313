"""What running deployed flows needs of the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .consents import Path
from .flow_needs import ActionProvider, FlowDocument, RunDocument


class Flows(Protocol):
    """The Flows service, its action providers, and the consents at Auth, as the person who is logged in."""

    def read_flow(self, flow_id: str) -> FlowDocument:
        """Return a flow with its definition.

        :raises ScopesMissing: without a token that may read it (``view_flows``).
        :raises ProviderError: if there is no such flow for this person, or the service fails.
        """

    def ask_action_providers(self, urls: tuple[str, ...]) -> Mapping[str, ActionProvider]:
        """Return how action providers introspect, by address. One that can't be asked is told by its ``problem``, and is no error."""

    def granted_paths(self) -> frozenset[Path]:
        """Return every consent that was granted, as the path of scopes that leads to it.

        :raises ProviderError: if they can't be read.
        """

    def start_run(self, flow_id: str, body: Mapping[str, Any], options: Mapping[str, Any]) -> RunDocument:
        """Start a run, with one request that is never repeated. A refusal leaves as the service's own exception.

        :raises ProviderError: if there is no such flow for this person, or the answer was lost: then there may be a run.
        """

    def resume_run(self, flow_id: str, run_id: str) -> None:
        """Go on with a run that is INACTIVE; one that has gone on already is no error."""

    def read_run(self, flow_id: str, run_id: str) -> RunDocument:
        """Return how a run is doing, with one request.

        :raises ScopesMissing: without a token that may read it (``run_status``, or the flow's own).
        :raises ProviderError: if there is no such run for this person, or the service fails.
        """

    def specific_flow_client(self, flow_id: str) -> Any:
        """Return a ``globus_sdk.SpecificFlowClient`` with the flow's own authorizer."""
