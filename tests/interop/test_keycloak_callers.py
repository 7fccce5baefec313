"""Sixty-four callers in eight processes, on a Keycloak that ends a session over a refresh token that comes twice."""

from __future__ import annotations

from pathlib import Path

from benchmarks.keycloak_refresh import CALLERS, count_refreshes
from tests.interop.keycloak_server import Keycloak


def test_64_callers_in_8_processes_make_one_request_and_are_all_served(keycloak: Keycloak, jupyter_home: Path) -> None:
    assert count_refreshes(keycloak, "ours") == (1, CALLERS)
