"""The world of the flows' tests, for the integrations that run flows."""

from tests.flows.conftest import auth, sandbox, world

__all__ = ["auth", "sandbox", "world"]
