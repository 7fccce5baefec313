"""Gladier from the registry, unmodified, with a login manager of its own kind, against the sandbox."""

from __future__ import annotations

import copy

import globus_sdk
import pytest

from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from jupyter_flowauth.sandbox.services import COMPUTE_ALL, GUEST_COLLECTION, INGEST_ACTION, MANAGE_FLOWS, MAPPED_COLLECTION

gladier = pytest.importorskip("gladier", reason="gladier is missing: pip install 'gladier==0.11.*' gladier-tools")
pytest.importorskip("gladier_tools", reason="gladier-tools is missing: pip install gladier-tools")

INPUT = {"input": {"args": "echo hello", "compute_endpoint": "4b116d3c-1703-4f8f-9f6f-39921e5864df"}}
INGEST = {
    "Type": "Action",
    "ActionUrl": "https://actions.globus.org/search/ingest",
    "Parameters": {"search_index": "an-index", "subject": "a", "visible_to": ["public"], "content": {}},
    "ResultPath": "$.Ingest",
    "End": True,
}


@pytest.fixture
def asked(sandbox, login, monkeypatch):
    """The logins that Gladier's callback was called for, each a sorted list of scopes."""
    # The Compute SDK takes no address from the environment: its one address is patched (and nothing of Gladier).
    monkeypatch.setattr("globus_compute_sdk.sdk.client.get_web_service_url", lambda environment=None: sandbox.url)
    return []


@pytest.fixture
def login_manager(asked, login):
    """Gladier's own callback login manager, whose callback logs in with exactly what it is asked for."""

    def call_back(scopes):
        asked.append(sorted(map(str, scopes)))
        tokens = login(*asked[-1]).by_resource_server.values()
        return {scope: globus_sdk.AccessTokenAuthorizer(data["access_token"]) for data in tokens for scope in data["scope"].split()}

    return gladier.CallbackLoginManager({}, call_back)


@pytest.fixture
def make_client(login_manager, tmp_path):
    """Make a Gladier client of some tools, as a notebook does; one made again finds what the last one has stored."""

    def make(*tools, manager=login_manager):
        fields = {"gladier_tools": list(tools), "secret_config_filename": str(tmp_path / "gladier.cfg")}
        return gladier.generate_flow_definition(type("IngestClient", (gladier.GladierBaseClient,), fields))(login_manager=manager)

    return make


def with_ingest(definition):
    """A flow definition with a search ingest at its end."""
    changed = copy.deepcopy(definition)
    (last,) = (state for state in changed["States"].values() if state.get("End"))
    last["Next"] = "Ingest"
    del last["End"]
    changed["States"]["Ingest"] = copy.deepcopy(INGEST)
    return changed


def run(client, sandbox, body=INPUT):
    """Run a client's flow to where it ends or waits."""
    started = client.run_flow(body, label="A run")
    sandbox.wait_for_run(started["run_id"])
    return client.get_status(started["run_id"])


SHELL = "gladier_tools.posix.shell_cmd.ShellCmdTool"


def test_a_first_run_deploys_and_asks_twice(make_client, sandbox, asked):
    client = make_client(SHELL)
    assert run(client, sandbox)["status"] == "SUCCEEDED"
    (flow_scope,) = asked[1]
    assert ({COMPUTE_ALL, MANAGE_FLOWS} <= set(asked[0]), client.get_flow_id() in flow_scope, len(asked)) == (True, True, 2)


def test_a_function_returns_what_the_settings_say(make_client, sandbox):
    sandbox.configure(compute_outputs={"shell_cmd": [0, "hello\n", ""]})
    output = run(make_client(SHELL), sandbox)["details"]["output"]
    assert output["ShellCmd"]["details"]["result"] == [[0, "hello\n", ""]]


def test_a_second_run_asks_nothing(make_client, sandbox, asked):
    client = make_client(SHELL)
    run(client, sandbox)
    run(client, sandbox)
    assert (len(asked), sandbox.count("flows_created"), sandbox.count("action:compute")) == (2, 1, 2)


def test_after_a_restart_nothing_is_asked_or_deployed_again(make_client, sandbox, asked):
    run(make_client(SHELL), sandbox)
    assert run(make_client(SHELL), sandbox)["status"] == "SUCCEEDED"
    assert (len(asked), sandbox.count("flows_created"), sandbox.count("functions")) == (2, 1, 1)


def test_a_changed_flow_is_asked_for_again_and_runs(make_client, sandbox, asked):
    client = make_client(SHELL)
    run(client, sandbox)
    client.flow_definition = with_ingest(client.flow_definition)
    assert run(client, sandbox)["status"] == "SUCCEEDED"
    assert (asked[2], sandbox.count("flows_updated"), sandbox.count("runs_refused")) == (asked[1], 1, 1)
    assert (sandbox.count("action:compute"), sandbox.count("action:search"), sandbox.count("runs_started")) == (2, 1, 2)


def test_a_changed_flow_shows_what_is_new_at_the_prompt(make_client, sandbox, asked, start):
    client = make_client(SHELL)
    run(client, sandbox)
    client.flow_definition = with_ingest(client.flow_definition)
    client.sync_flow()
    visitor = sandbox.visitor()
    page = visitor.submit(visitor.open(start(*asked[1])), ("user", "alice"))
    text = visitor.open(page.location).text
    before, _, after = text.partition("Ingest records for you")
    assert (INGEST_ACTION in text, before.count('class="tag fresh">new'), after.startswith('<span class="tag fresh">new')) == (
        True,
        0,
        True,
    )


def test_a_run_that_still_lacks_consent_raises(make_client, sandbox):
    client = make_client(SHELL)
    run(client, sandbox)
    client.flow_definition = with_ingest(client.flow_definition)
    sandbox.configure(withheld_scopes=(INGEST_ACTION,))
    with pytest.raises(globus_sdk.FlowsAPIError, match="MISSING_SCOPE"):
        run(client, sandbox)


def test_a_deleted_flow_is_deployed_anew(make_client, sandbox, asked):
    client = make_client(SHELL)
    run(client, sandbox)
    first = client.get_flow_id()
    client.flows_manager.flows_client.delete_flow(first)
    assert run(client, sandbox)["status"] == "SUCCEEDED"
    assert client.get_flow_id() != first


def test_progress_follows_a_run(make_client, sandbox, capsys):
    client = make_client(SHELL)
    started = client.run_flow(INPUT)
    client.progress(started["run_id"], delay=0)
    assert client.get_status(started["run_id"])["status"] == "SUCCEEDED"


def test_the_transfer_tool_meets_a_mapped_collection(make_client, sandbox):
    body = {
        "transfer_source_endpoint_id": MAPPED_COLLECTION.collection_id,
        "transfer_destination_endpoint_id": GUEST_COLLECTION.collection_id,
        "transfer_source_path": "/a",
        "transfer_destination_path": "/b",
        "transfer_recursive": False,
    }
    status = run(make_client("gladier_tools.globus.transfer.Transfer"), sandbox, {"input": body})
    assert (status["status"], status["details"]["state_name"]) == ("INACTIVE", "Transfer")
    assert status["details"]["required_scope"].endswith(f"[{TRANSFER_ALL}[{MAPPED_COLLECTION.data_access}]]")


def test_the_publishing_tool_gathers_transfers_and_ingests(make_client, sandbox):
    transfer = {"source_endpoint": GUEST_COLLECTION.collection_id, "destination_endpoint": GUEST_COLLECTION.collection_id, "DATA": [{}]}
    sandbox.configure(compute_outputs={"publishv2_gather_metadata": {"search": {"search_index": "i"}, "transfer": transfer}})
    body = {"publishv2": {"enable_transfer": True, "enable_publish": True}, "compute_endpoint": "4b116d3c-1703-4f8f-9f6f-39921e5864df"}
    assert run(make_client("gladier_tools.publish.Publishv2"), sandbox, {"input": body})["status"] == "SUCCEEDED"
    assert [sandbox.count(f"action:{name}") for name in ("compute", "transfer", "search")] == [1, 1, 1]
