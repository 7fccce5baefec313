"""Cells of a notebook that deploys a flow, runs it, and changes it."""

from __future__ import annotations

from .notebook import LOAD

FLOWS = "https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/"
NEEDED = tuple(f"{FLOWS}{name}" for name in ("manage_flows", "view_flows", "run_status"))

DEPLOY = f"""import globus_sdk

def chain(*urls):
    record = {{"search_index": "i", "subject": "s", "visible_to": ["public"], "content": {{}}}}
    action = {{"Type": "Action", "Parameters": record, "ResultPath": "$.R"}}
    ends = [{{"Next": f"S{{n}}"}} for n in range(1, len(urls))] + [{{"End": True}}]
    states = {{f"S{{n}}": {{**action, "ActionUrl": url, **end}} for n, (url, end) in enumerate(zip(urls, ends))}}
    return {{"StartAt": "S0", "States": states}}

HELLO, INGEST = "https://actions.globus.org/hello_world", "https://actions.globus.org/search/ingest"
flows = globus_sdk.FlowsClient(authorizer=auth.authorizers["{FLOWS}manage_flows"])
flow = auth.flow(flows.create_flow("Ingest", chain(HELLO), {{}})["id"])"""
CONSENT = "flow.consent()"
GROW = """flows.update_flow(flow.flow_id, definition=chain(HELLO, INGEST))
specific = globus_sdk.SpecificFlowClient(flow.flow_id, authorizer=auth.authorizers[flow.scope])"""
RUN_BARE = """specific.run_flow({})["status"]"""
RUN = 'flow.run({}, label="A run").wait()'

# How every notebook here begins, and how many cells that is.
BEGINNING = (LOAD, DEPLOY, CONSENT, GROW)

GLADIER = """import gladier, globus_compute_sdk.sdk.client, os
from jupyter_flowauth import FlowAuthLoginManager

# The Compute SDK takes no address from the environment: here, and nowhere else, it is told the sandbox's.
globus_compute_sdk.sdk.client.get_web_service_url = lambda environment=None: os.environ["GLOBUS_SDK_SERVICE_URL_COMPUTE"]

@gladier.generate_flow_definition
class IngestClient(gladier.GladierBaseClient):
    gladier_tools = ["gladier_tools.posix.shell_cmd.ShellCmdTool"]
    secret_config_filename = os.path.abspath("gladier.cfg")

client = IngestClient(login_manager=FlowAuthLoginManager(auth))
INPUT = {"input": {"args": "echo hello", "compute_endpoint": "4b116d3c-1703-4f8f-9f6f-39921e5864df"}}"""
GLADIER_RUN = (
    'started = client.run_flow(INPUT)\nclient.progress(started["run_id"], delay=0)\nclient.get_status(started["run_id"])["status"]'
)
GLADIER_GROW = """definition = client.get_flow_definition()
(last,) = [state for state in definition["States"].values() if state.pop("End", False)]
last["Next"] = "Ingest"
definition["States"]["Ingest"] = {"Type": "Action", "ActionUrl": "https://actions.globus.org/search/ingest", "ResultPath": "$.I",
    "Parameters": {"search_index": "i", "subject": "s", "visible_to": ["public"], "content": {}}, "End": True}
client.flow_definition = definition"""
