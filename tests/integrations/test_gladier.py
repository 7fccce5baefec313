"""Gladier from the registry, unmodified, on our logins: deployed, run, run again, changed, run, restarted, run."""

from __future__ import annotations

import copy
import functools
import importlib

import globus_sdk
import pytest

from jupyter_flowauth import FlowAuthLoginManager
from jupyter_flowauth.errors import ConsentRequired, InteractionRequired
from jupyter_flowauth.sandbox.services import COMPUTE_ALL, GUEST_COLLECTION, INGEST_ACTION, MAPPED_COLLECTION
from tests.flows.conftest import INGEST_URL, MANAGE_FLOWS, action

gladier = pytest.importorskip("gladier", reason="gladier is missing: pip install 'gladier==0.11.*' gladier-tools")
pytest.importorskip("gladier_tools", reason="gladier-tools is missing: pip install gladier-tools")

SHELL, TAR = "gladier_tools.posix.shell_cmd.ShellCmdTool", "gladier_tools.posix.tar.Tar"
TRANSFER = "gladier_tools.globus.transfer.Transfer"
ENDPOINT = "4b116d3c-1703-4f8f-9f6f-39921e5864df"
INPUT = {"input": {"args": "echo hello", "tar_input": "/data", "compute_endpoint": ENDPOINT}}
INGEST = action(INGEST_URL, parameters={"search_index": "i", "subject": "s", "visible_to": ["public"], "content": {}})

FORMS = {
    "FlowAuthLoginManager": lambda auth: FlowAuthLoginManager(auth),
    "force": lambda auth: gladier.CallbackLoginManager(auth.authorizers, callback=functools.partial(auth.login, force=True)),
    "plain": lambda auth: gladier.CallbackLoginManager(auth.authorizers, callback=auth.login),
}


@pytest.fixture(params=FORMS, autouse=True)
def form(request, sandbox, monkeypatch):
    """One of the three ways to hand our logins to Gladier."""
    # The Compute SDK takes no address from the environment: its one address is patched (and nothing of Gladier).
    monkeypatch.setattr("globus_compute_sdk.sdk.client.get_web_service_url", lambda environment=None: sandbox.url)
    return FORMS[request.param]


@pytest.fixture
def make_client(form, tmp_path):
    """Make a Gladier client, as a notebook does; one made again finds what the last one has stored."""

    def make(auth, *tools, manager=None):
        fields = {"gladier_tools": list(tools or [SHELL]), "secret_config_filename": str(tmp_path / "gladier.cfg")}
        built = type("IngestClient", (gladier.GladierBaseClient,), fields)
        return gladier.generate_flow_definition(built)(login_manager=manager or form(auth))

    return make


def grow(client):
    """Add a search ingest to the end of a client's flow."""
    changed = copy.deepcopy(client.get_flow_definition())
    (last,) = (state for state in changed["States"].values() if state.get("End"))
    last["Next"] = "Ingest"
    del last["End"]
    changed["States"]["Ingest"] = copy.deepcopy(INGEST)
    client.flow_definition = changed


def run(world, client, body=INPUT):
    """Run a client's flow to where it ends or waits."""
    started = client.run_flow(copy.deepcopy(body), label="A run")
    return world.sandbox.wait_for_run(started["run_id"])


def test_deploy_run_again_change_restart(world, make_client):
    auth = world.notebook()
    client = make_client(auth)
    assert (run(world, client), len(world.prompts)) == ("SUCCEEDED", 2)  # one to deploy it, one for the scope that it has since
    assert auth.flow(client.get_flow_id()).scope in world.asked()
    assert (run(world, client), len(world.prompts)) == ("SUCCEEDED", 2)
    grow(client)
    world.written.clear()
    assert (run(world, client), len(world.prompts)) == ("SUCCEEDED", 3)
    assert "+ Flow 'IngestClient flow' now also uses Globus Search (ingest)" in "".join(world.written)
    assert (run(world, client), len(world.prompts)) == ("SUCCEEDED", 3)
    again = make_client(world.notebook(user_agent="none"))
    grow(again)
    assert (run(world, again), len(world.prompts)) == ("SUCCEEDED", 3)
    assert world.count("runs_started", "action:compute", "action:search") == (5, 5, 3)


def test_the_first_prompt_is_for_all_that_can_be_foreseen(world, make_client):
    client = make_client(world.notebook())
    run(world, client)
    foreseeable = importlib.import_module("jupyter_flowauth.integrations.gladier").FORESEEABLE
    assert set(foreseeable) <= set(world.sandbox.state.authorize_requests[0]["scope"].split())


def test_a_deployed_flow_is_one_prompt_for_who_comes_to_it(world, make_client):
    run(world, make_client(world.notebook()))
    world.prompts.clear()
    assert (run(world, make_client(world.notebook(storage="memory"))), len(world.prompts)) == ("SUCCEEDED", 1)


def test_another_tool_than_the_shells(world, make_client):
    client = make_client(world.notebook(), TAR, SHELL)
    assert run(world, client) == "SUCCEEDED"
    assert world.count("action:compute", "functions") == (2, 2)


def test_headless_the_first_login_is_interaction_required(world, make_client):
    with pytest.raises(InteractionRequired) as caught:
        run(world, make_client(world.notebook(user_agent="none")))
    assert {MANAGE_FLOWS, COMPUTE_ALL} <= set(caught.value.missing)


def test_a_no_leaves_the_mark_and_the_next_run_asks_again(world, make_client):
    client = make_client(world.notebook())
    run(world, client)
    grow(client)
    world.denies = True
    with pytest.raises(PermissionError):
        run(world, client)
    world.denies = False
    world.prompts.clear()
    assert (run(world, client), len(world.prompts)) == ("SUCCEEDED", 1)


def test_a_deleted_flow_is_deployed_anew(world, make_client):
    auth = world.notebook()
    client = make_client(auth)
    run(world, client)
    client.flows_manager.flows_client.delete_flow(client.get_flow_id())
    assert (run(world, client), len(world.prompts)) == ("SUCCEEDED", 3)


@pytest.mark.parametrize("form", ["FlowAuthLoginManager"], indirect=True)
def test_headless_a_changed_flow_is_consent_required(world, make_client):
    run(world, make_client(world.notebook()))
    client = make_client(world.notebook(user_agent="none"))
    grow(client)
    with pytest.raises(ConsentRequired) as caught:
        run(world, client)
    assert (caught.value.missing, type(caught.value.__cause__)) == ((INGEST_ACTION,), InteractionRequired)


@pytest.mark.parametrize("form", ["FlowAuthLoginManager"], indirect=True)
def test_requirements_are_compared_by_their_base_string(world):
    auth = world.notebook()
    auth.login([MANAGE_FLOWS])
    manager = FlowAuthLoginManager(auth)
    manager.add_requirements([MANAGE_FLOWS, globus_sdk.Scope.parse(f"{MANAGE_FLOWS}[{COMPUTE_ALL}]")])
    assert (manager.missing_authorizers, manager.is_logged_in()) == (set(), True)


@pytest.mark.parametrize("form", ["FlowAuthLoginManager"], indirect=True)
def test_who_foresees_nothing_is_asked_for_what_gladier_wants(world):
    auth = world.notebook()
    FlowAuthLoginManager(auth, foresee=False).login({COMPUTE_ALL})
    assert world.asked() == f"openid profile email {COMPUTE_ALL}"


@pytest.mark.parametrize("form", ["FlowAuthLoginManager"], indirect=True)
def test_collections_are_consented_to_with_the_flow(world, make_client):
    auth = world.notebook()
    client = make_client(auth, TRANSFER, manager=FlowAuthLoginManager(auth, collections=[MAPPED_COLLECTION.collection_id]))
    names = ("transfer_source_endpoint_id", "transfer_destination_endpoint_id")
    ids = dict(zip(names, (MAPPED_COLLECTION.collection_id, GUEST_COLLECTION.collection_id), strict=True))
    paths = {"transfer_source_path": "/a", "transfer_destination_path": "/b", "transfer_recursive": False}
    assert (run(world, client, {"input": {**ids, **paths}}), len(world.prompts)) == ("SUCCEEDED", 2)
