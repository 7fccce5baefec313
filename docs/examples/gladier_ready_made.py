"""The same with the login manager that comes with the package: it tells a first login from a changed flow, and shows what is new."""

from __future__ import annotations

import sys

from gladier import GladierBaseClient, generate_flow_definition

from jupyter_flowauth import FlowAuth, FlowAuthLoginManager

TUTORIAL_ENDPOINT = "4b116d3c-1703-4f8f-9f6f-39921e5864df"


@generate_flow_definition
class GladierTestClient(GladierBaseClient):
    gladier_tools = ["gladier_tools.posix.shell_cmd.ShellCmdTool"]


def main(auth: FlowAuth, compute_endpoint: str = TUTORIAL_ENDPOINT) -> str:
    client = GladierTestClient(login_manager=FlowAuthLoginManager(auth))
    run = client.run_flow(flow_input={"input": {"args": "echo hello", "compute_endpoint": compute_endpoint}})
    client.progress(run["run_id"], delay=1)
    return f"Flow result: {client.get_status(run['run_id'])['status']}"


if __name__ == "__main__":
    print(main(FlowAuth(), *sys.argv[1:2]))
