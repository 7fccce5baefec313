"""Runs, with unmodified globus_sdk clients: started, watched, cancelled, released."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import globus_sdk
import pytest

from jupyter_flowauth.sandbox.services import RUN, RUN_MANAGE, RUN_STATUS, VIEW_FLOWS

STRICT = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}, "additionalProperties": False}


def refusal_of(call, *arguments, **options):
    with pytest.raises(globus_sdk.FlowsAPIError) as refused:
        call(*arguments, **options)
    return refused.value


@pytest.fixture
def slow(sandbox):
    """Runs that stay where they are until the test is over."""
    sandbox.configure(wait_scale=1.0)
    return {"Type": "Wait", "Seconds": 60, "End": True}


def test_a_run_ends_by_itself_and_shows_what_its_action_gave(world):
    run = world.run(world.action(world.hello, {"echo_string.$": "$.who"}), body={"who": "me"})
    result = run["details"]["output"]["Result"]
    assert (run["status"], result["details"], result["state_name"]) == ("SUCCEEDED", {"Hello": "World", "hello": "me"}, "S0")


def test_an_action_runs_once(world, sandbox):
    world.run(world.action(world.hello), world.action(world.ingest, {"search_index": "i"}))
    assert (sandbox.count("action:hello"), sandbox.count("action:search")) == (1, 1)


def test_a_run_carries_what_it_was_started_with(world):
    flow = world.deploy()
    run = world.finish(world.starter(flow).run_flow({}, label="A label", tags=["a", "b"]))
    assert (run["label"], run["tags"], run["flow_id"], run["user_role"]) == ("A label", ["a", "b"], flow["id"], "run_owner")


def test_a_run_is_accepted_at_once(world, slow):
    run = world.starter(world.deploy(slow)).run_flow({})
    assert (run.http_status, run["status"], run["details"]["code"]) == (201, "ACTIVE", "FlowStarting")


def test_while_it_goes_on_a_run_says_where_it_is(world, slow, sandbox):
    starter = world.starter(world.deploy({"Type": "Pass", "End": True}, slow))
    run_id, client = starter.run_flow({})["run_id"], world.flows()
    details = client.get_run(run_id)["details"]
    for _ in range(1000):
        if details["code"] == "WaitStarted":
            break
        details = client.get_run(run_id)["details"]
    assert (details["description"], details["details"]["state_name"]) == ("State S1 of type Wait started", "S1")


def test_the_log_tells_each_state(world):
    run = world.run(world.action(world.hello), {"Type": "Pass", "End": True})
    codes = [entry["code"] for entry in world.flows().get_run_logs(run["run_id"])]
    assert codes == ["FlowStarted", "ActionStarted", "ActionCompleted", "PassStarted", "PassCompleted", "FlowSucceeded"]


def test_the_log_comes_in_pages_and_in_either_order(world):
    run = world.run(*[{"Type": "Pass", "End": True}] * 6)
    client = world.flows()
    pages = [len(page["entries"]) for page in client.paginated.get_run_logs(run["run_id"])]
    assert pages == [10, 4]
    assert client.get_run_logs(run["run_id"], reverse_order=True, limit=1)["entries"][0]["code"] == "FlowSucceeded"


def test_the_definition_of_a_run_is_the_one_that_it_started_with(world):
    flow = world.deploy(world.action(world.hello))
    run = world.finish(world.starter(flow).run_flow({}))
    world.change(flow, world.action(world.ingest))
    assert world.flows().get_run_definition(run["run_id"])["definition"] == flow["definition"]


def test_a_run_can_show_its_flow(world):
    run = world.run()
    shown = world.flows().get_run(run["run_id"], include_flow_description=True)["flow_description"]
    assert (shown["title"], "definition" in shown) == ("Ingest", False)


def test_input_that_is_wrong_is_refused_before_anything_is_started(world, sandbox):
    starter = world.starter(world.deploy(input_schema=STRICT))
    error = refusal_of(starter.run_flow, {"name": 7})
    assert (error.http_status, error.code, error.messages) == (400, "FLOW_INPUT_ERROR", ["7 is not of type 'string'"])
    assert sandbox.count("runs_started") == 0


def test_a_run_can_be_validated_without_being_started(world, sandbox):
    starter = world.starter(world.deploy(input_schema=STRICT))
    assert starter.validate_run({"name": "a"}).data == {"message": "validation successful"}
    assert refusal_of(starter.validate_run, {}).code == "FLOW_INPUT_ERROR"
    assert sandbox.count("runs_started") == 0


def test_who_may_only_look_may_not_run(world):
    flow = world.deploy(flow_viewers=["public"])
    error = refusal_of(world.starter(flow, user="bob").run_flow, {})
    assert (error.http_status, error.code, "Missing permissions: RUN" in error.messages[0]) == (403, "FORBIDDEN", True)


def test_a_starter_runs_with_a_consent_of_her_own(world):
    flow = world.deploy(flow_starters=["all_authenticated_users"])
    run = world.starter(flow, user="bob").run_flow({})
    assert run["run_owner"] != flow["flow_owner"]


def test_a_run_of_a_deleted_flow_is_a_404(world):
    flow = world.deploy()
    starter = world.starter(flow)
    world.flows().delete_flow(flow["id"])
    error = refusal_of(starter.run_flow, {})
    assert (error.http_status, error.code) == (404, "NOT_FOUND")


def test_flows_own_token_starts_only_flows_without_actions(world):
    plain, acting = world.deploy({"Type": "Pass", "End": True}), world.deploy()
    client = world.flows(RUN)
    assert client.post(f"/flows/{plain['id']}/run", data={"body": {}})["status"] == "ACTIVE"
    error = refusal_of(client.post, f"/flows/{acting['id']}/run", data={"body": {}})
    assert (error.code, acting["globus_auth_scope"] in error.messages[0]) == ("MISSING_SCOPE", True)


@pytest.mark.parametrize("scope", [RUN_STATUS, RUN_MANAGE])
def test_watching_a_run_wants_a_scope_that_allows_it(world, scope):
    run = world.run()
    assert world.flows(scope).get_run(run["run_id"]).http_status == 200
    assert refusal_of(world.flows(VIEW_FLOWS).get_run, run["run_id"]).code == "MISSING_SCOPE"


def test_the_flows_own_token_watches_its_runs(world):
    starter = world.starter(world.deploy())
    run = world.finish(starter.run_flow({}))
    assert starter.get(f"/runs/{run['run_id']}")["status"] == "SUCCEEDED"


def test_a_run_that_is_not_for_somebody_is_not_there(world):
    assert refusal_of(world.flows(user="bob").get_run, world.run()["run_id"]).http_status == 404


def test_a_monitor_sees_a_run_and_does_no_more(world, sandbox):
    bob = f"urn:globus:auth:identity:{sandbox.state.users['bob'].sub}"
    run = world.finish(world.starter(world.deploy()).run_flow({}, run_monitors=[bob]))
    client = world.flows(user="bob")
    assert client.get_run(run["run_id"])["user_role"] == "run_monitor"
    assert refusal_of(client.delete_run, run["run_id"]).code == "FORBIDDEN"


def test_runs_are_listed_by_flow_and_role(world):
    first, second = world.run(), world.run()
    client = world.flows()
    assert [run["run_id"] for run in client.list_runs()] == [second["run_id"], first["run_id"]]
    assert [run["run_id"] for run in client.list_runs(filter_flow_id=first["flow_id"])] == [first["run_id"]]
    assert list(client.list_runs(filter_roles="run_monitor")) == []


def test_a_run_can_be_cancelled(world, slow):
    run, client = world.starter(world.deploy(slow)).run_flow({}), world.flows()
    cancelled = client.cancel_run(run["run_id"])
    assert (cancelled["status"], cancelled["details"]["code"]) == ("FAILED", "FlowCanceled")
    assert refusal_of(client.cancel_run, run["run_id"]).code == "STATE_CONFLICT"


def test_only_a_run_that_is_over_can_be_released(world, slow):
    run, client = world.starter(world.deploy(slow)).run_flow({}), world.flows()
    assert refusal_of(client.delete_run, run["run_id"]).http_status == 409
    client.cancel_run(run["run_id"])
    client.delete_run(run["run_id"])
    assert refusal_of(client.get_run, run["run_id"]).http_status == 404


def test_a_runs_label_can_be_changed(world):
    run = world.run()
    assert world.flows().update_run(run["run_id"], label="Later")["label"] == "Later"


def test_only_an_inactive_run_can_be_resumed(world):
    starter = world.starter(world.deploy())
    run = world.finish(starter.run_flow({}))
    assert refusal_of(starter.resume_run, run["run_id"]).code == "STATE_CONFLICT"


def test_a_run_whose_answer_is_lost_was_started_all_the_same(world, sandbox):
    starter = world.starter(world.deploy())
    sandbox.set_fault("run_start", "drop_answer", times=1)
    with pytest.raises(globus_sdk.GlobusConnectionError):
        starter.run_flow({})
    (run,) = world.flows().list_runs()
    assert world.finish(run)["status"] == "SUCCEEDED"


def test_twenty_runs_at_once(world, sandbox):
    starter = world.starter(world.deploy())
    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(lambda _: starter.run_flow({})["run_id"], range(20)))
    assert {sandbox.wait_for_run(run_id) for run_id in runs} == {"SUCCEEDED"}
    assert sandbox.count("action:hello") == 20


def test_waiting_for_a_run_has_an_end(world, slow, sandbox):
    run = world.starter(world.deploy(slow)).run_flow({})
    with pytest.raises(TimeoutError):
        sandbox.wait_for_run(run["run_id"], timeout=0.01)
