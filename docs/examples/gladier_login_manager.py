"""Gladier with a login manager of one's own: who has logged in before is not asked, and what is missing is asked for in the notebook.

Run it with the id of a Globus Compute endpoint of yours: python gladier_login_manager.py 4b116d3c-1703-4f8f-9f6f-39921e5864df
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from gladier import CallbackLoginManager, GladierBaseClient, generate_flow_definition
from globus_sdk import Scope

from jupyter_flowauth import FlowAuth

TUTORIAL_ENDPOINT = "4b116d3c-1703-4f8f-9f6f-39921e5864df"


# A simple shell tool will be used for demonstration. This one goes through our login manager: it is a tool with functions of its own,
# and not one of Gladier's Compute states, which make a client with the default login manager for themselves.
@generate_flow_definition
class GladierTestClient(GladierBaseClient):
    gladier_tools = ["gladier_tools.posix.shell_cmd.ShellCmdTool"]


def main(auth: FlowAuth, compute_endpoint: str = TUTORIAL_ENDPOINT) -> str:
    # What an earlier login has left, in any notebook or script of yours. If nothing is there, the callback below is called.
    initial_authorizers = auth.authorizers

    def callback(scopes: Iterable[str | Scope]) -> Mapping[str, object]:
        # 'force' is used for any underlying scope changes. For example, if a flow adds transfer functionality since it was last run,
        # running it again requires a consent to the flow's scope once more, though it is held.
        return auth.login(scopes, force=True)

    custom_login_manager = CallbackLoginManager(initial_authorizers, callback=callback)

    # Pass in any custom login manager to modify the behavior. Everything else stays the same.
    client = GladierTestClient(login_manager=custom_login_manager)
    run = client.run_flow(
        flow_input={
            "input": {
                "args": "echo 'Hello Custom Login!'",
                "capture_output": True,
                "compute_endpoint": compute_endpoint,
            }
        }
    )
    run_id = run["run_id"]
    client.progress(run_id, delay=1)
    return f"Flow result: {client.get_status(run_id)['status']}"


if __name__ == "__main__":
    print(main(FlowAuth(), *sys.argv[1:2]))
