"""The scripts in the manual, run as they stand there."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import definition, hello

pytest.importorskip("gladier_tools", reason="gladier-tools is missing: pip install 'gladier==0.11.*' gladier-tools")

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
# The Compute SDK takes no address from the environment: its one address is patched (and nothing of Gladier).
PATCHED = (
    "import os, runpy, sys; import globus_compute_sdk.sdk.client as client; "
    "client.get_web_service_url = lambda environment=None: os.environ['GLOBUS_SDK_SERVICE_URL_COMPUTE']; "
    "runpy.run_path(sys.argv[1], run_name='__main__')"
)


@pytest.fixture
def main_of(sandbox, monkeypatch):
    """Return an example's main function."""
    monkeypatch.setattr("globus_compute_sdk.sdk.client.get_web_service_url", lambda environment=None: sandbox.url)
    return lambda name: runpy.run_path(str(EXAMPLES / name), run_name="example")["main"]


def start_script(name):
    """Run an example as a program of its own, with nobody there to be asked."""
    command = [sys.executable, "-c", PATCHED, str(EXAMPLES / name)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "DISPLAY": ""}, stdin=-3)


@pytest.mark.parametrize("name", ["gladier_login_manager.py", "gladier_ready_made.py"])
def test_a_gladier_example_logs_in_deploys_and_runs(world, main_of, name):
    assert main_of(name)(world.notebook()) == "Flow result: SUCCEEDED"
    assert (len(world.prompts), world.count("action:compute")) == (2, (1,))


@pytest.mark.parametrize("name", ["gladier_login_manager.py", "gladier_ready_made.py"])
def test_started_again_as_another_process_it_asks_nobody(world, main_of, name):
    main_of(name)(world.notebook())
    again = start_script(name)
    assert ("Flow result: SUCCEEDED" in again.stdout, len(world.prompts)) == (True, 2), again.stderr


def test_with_nobody_there_it_says_what_it_needs(world):
    alone = start_script("gladier_login_manager.py")
    assert (alone.returncode, "InteractionRequired" in alone.stderr, world.prompts) == (1, True, [])


def test_a_flow_is_run_without_gladier(world, auth, main_of):
    flow_id = world.deploy(auth, definition(Hello=hello()))
    assert main_of("run_a_flow.py")(auth, flow_id, {}) == "SUCCEEDED"


def test_the_pictures_in_the_manual_are_what_their_tool_draws():
    tool = runpy.run_path(str(EXAMPLES.parent / "_tools" / "flow_pictures.py"), run_name="tool")
    static = EXAMPLES.parent / "_static"
    assert (static / "flow-prompts.svg").read_text(encoding="utf-8") == tool["draw_steps"]()
    assert (static / "flow-change.svg").read_text(encoding="utf-8") == tool["draw_tree"](tool["changed_tree"]().lines())
