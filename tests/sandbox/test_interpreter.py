"""What the interpreter makes of each kind of state."""

from __future__ import annotations

import pytest

PASS = {"Type": "Pass", "End": True}


def output_of(run):
    assert run["status"] == "SUCCEEDED", run["details"]
    return run["details"]["output"]


def failure_of(run):
    assert run["status"] == "FAILED"
    return run["details"]["details"]


def test_without_a_result_path_the_result_is_all_there_is(world):
    run = world.run(world.action(world.hello, ResultPath=None), body={"gone": 1})
    assert output_of(run)["details"] == {"Hello": "World", "hello": ""}


def test_pass_puts_a_constant_somewhere(world):
    assert output_of(world.run({**PASS, "Result": 7, "ResultPath": "$.n"}, body={"a": 1})) == {"a": 1, "n": 7}


def test_pass_fills_in_parameters(world):
    assert output_of(world.run({**PASS, "Parameters": {"b.$": "$.a"}, "ResultPath": "$.copy"}, body={"a": 1})) == {"a": 1, "copy": {"b": 1}}


@pytest.mark.parametrize("flag,way", [(True, "Yes"), (False, "No")])
def test_choice_takes_its_way(world, flag, way):
    rule = {"Variable": "$.flag", "BooleanEquals": True, "Next": "Yes"}
    states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "No"}}
    states |= {name: {**PASS, "Result": name, "ResultPath": "$.way"} for name in ("Yes", "No")}
    assert output_of(world.run(definition={"StartAt": "C", "States": states}, body={"flag": flag}))["way"] == way


def test_choice_without_a_way_fails(world):
    run = world.run(definition={"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": []}}})
    assert failure_of(run)["error"] == "States.NoChoiceMatched"


@pytest.mark.parametrize("wait", [{"Seconds": 1}, {"SecondsPath": "$.pause"}, {"Timestamp": "2026-01-01T00:00:00Z"}])
def test_wait_waits_and_goes_on(world, wait):
    assert output_of(world.run({"Type": "Wait", **wait, "End": True}, body={"pause": 1})) == {"pause": 1}


def test_fail_ends_a_run_with_its_own_words(world):
    run = world.run(definition={"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "TooBig", "Cause": "because"}}})
    assert (failure_of(run)["error"], failure_of(run)["cause"]) == ("TooBig", "because")


def test_succeed_ends_a_run(world):
    assert output_of(world.run(definition={"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}, body={"a": 1})) == {"a": 1}


def test_parallel_follows_every_branch(world, sandbox):
    branches = [world.chain(world.action(world.hello)), world.chain({**PASS, "Result": 2})]
    run = world.run({"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "End": True})
    first, second = output_of(run)["both"]
    assert (first["Result"]["status"], second, sandbox.count("action:hello")) == ("SUCCEEDED", 2, 1)


def test_a_branch_that_fails_fails_the_run(world):
    branches = [world.chain(PASS), {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad"}}}]
    assert failure_of(world.run({"Type": "Parallel", "Branches": branches, "End": True}))["error"] == "Bad"


def test_a_reference_that_leads_nowhere_fails_the_run(world):
    run = world.run(world.action(world.hello, {"echo_string.$": "$.absent"}))
    assert failure_of(run)["error"] == "States.ParameterPathFailure"


def test_a_definition_that_breaks_the_interpreter_fails_its_run_alone(world):
    run = world.run(definition={"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Default": "C"}]}}})
    assert "cannot be interpreted" in run["details"]["description"]
    assert world.run()["status"] == "SUCCEEDED"


def test_a_failed_action_fails_the_run(world, sandbox):
    sandbox.configure(failing_actions=("hello",))
    assert failure_of(world.run())["error"] == "ActionFailedException"


def test_a_failed_action_may_be_no_exception(world, sandbox):
    sandbox.configure(failing_actions=("hello",))
    run = world.run(world.action(world.hello, ExceptionOnActionFailure=False))
    assert output_of(run)["Result"]["status"] == "FAILED"


@pytest.mark.parametrize("error", ["ActionFailedException", "States.ALL"])
def test_a_trouble_can_be_caught(world, sandbox, error):
    sandbox.configure(failing_actions=("hello",))
    action = world.action(world.hello, Catch=[{"ErrorEquals": [error], "Next": "Caught", "ResultPath": "$.trouble"}])
    run = world.run(definition={"StartAt": "A", "States": {"A": action, "Caught": PASS}})
    assert output_of(run)["trouble"]["Error"] == "ActionFailedException"


@pytest.mark.parametrize("fault", ["status:503", "html", "drop"])
def test_an_action_provider_that_does_not_answer_is_an_action_unable_to_run(world, sandbox, fault):
    sandbox.set_fault("action_run:hello", fault)
    assert failure_of(world.run())["error"] == "ActionUnableToRun"
    assert sandbox.count("action:hello") == 0


def test_an_action_provider_that_is_not_there_is_an_action_unable_to_run(world, sandbox):
    sandbox.configure(accepts_unknown_actions=True)
    failure = failure_of(world.run(world.action("https://nobody.example/run")))
    assert (failure["error"], "https://nobody.example/run" in failure["cause"]) == ("ActionUnableToRun", True)


def test_a_body_that_an_action_provider_does_not_take_is_an_action_unable_to_run(world):
    assert failure_of(world.run(world.action(world.ingest)))["error"] == "ActionUnableToRun"


def test_an_action_runs_as_the_flow_itself(world, sandbox):
    run = world.run(world.action(world.hello, RunAs="Flow"))
    assert output_of(run)["Result"]["creator_id"].endswith(run["flow_id"])
