"""A run that meets a missing consent on its way: asked for once, and that run resumed; nothing is done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest

from jupyter_flowauth.errors import ConsentRequired, InteractionRequired
from jupyter_flowauth.flow_needs import RUN_STATUS, TRANSFER_ALL, VIEW_FLOWS, data_access_scope
from jupyter_flowauth.sandbox.services import GUEST_COLLECTION, INGEST_ACTION, MAPPED_COLLECTION, SECOND_MAPPED_COLLECTION
from jupyter_flowauth.sandbox.settings import RefusalShape
from tests.flows.conftest import BODY, definition, hello, ingest, transfer

SHAPES = [shape for shape in get_args(RefusalShape) if shape != "insufficient_scope"]  # that one is a header, and a run has none
MAPPED, SECOND = MAPPED_COLLECTION.collection_id, SECOND_MAPPED_COLLECTION.collection_id
GUEST = GUEST_COLLECTION.collection_id


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_gone_inactive_is_asked_for_once_and_resumed(world, auth, shape):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive", refusal_shape=shape)
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert len(world.prompts) == 1
    assert world.count("runs_started", "run_resume", "action:hello", "action:search") == (1, 1, 1, 1)


def test_the_run_that_is_resumed_is_the_one_that_was_started(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive")
    run = flow.run(BODY)
    run_id = run.run_id
    run.wait(60)
    assert (run.run_id, world.sandbox.state.runs.find(run_id).status) == (run_id, "SUCCEEDED")


def test_a_resumed_run_that_lacks_it_still_is_not_asked_for_again(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive", withheld_scopes={INGEST_ACTION})
    with pytest.raises(ConsentRequired, match="after the consent"):
        flow.run(BODY).wait(60)
    assert (len(world.prompts), world.count("runs_started")) == (1, (1,))


def test_what_was_consented_to_elsewhere_meanwhile_is_not_asked_for(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive")
    run = flow.run(BODY)
    assert world.sandbox.wait_for_run(run.run_id) == "INACTIVE"
    elsewhere = world.notebook(storage="memory")
    elsewhere.login([VIEW_FLOWS, RUN_STATUS])
    elsewhere.flow(flow.flow_id).consent()
    world.prompts.clear()
    assert (run.wait(60), world.prompts) == ("SUCCEEDED", [])


def test_many_inactive_runs_are_one_prompt(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive")
    runs = [flow.run(BODY) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda run: run.wait(60, progress=False), runs)) == ["SUCCEEDED"] * 8
    assert (len(world.prompts), world.count("runs_started", "action:hello", "action:search")) == (1, (8, 8, 8))


def test_two_who_watch_one_run_resume_it_once_or_see_that_it_went_on(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive")
    run = flow.run(BODY)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: run.wait(60, progress=False), range(2))) == ["SUCCEEDED"] * 2
    assert (len(world.prompts), world.count("action:search")) == (1, (1,))


def test_nobody_there_ends_in_consent_required_and_the_run_is_kept(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="inactive")
    run = world.notebook(user_agent="none").flow(flow.flow_id).run(BODY)
    with pytest.raises(ConsentRequired) as caught:
        run.wait(60)
    assert (caught.value.missing, type(caught.value.__cause__)) == ((INGEST_ACTION,), InteractionRequired)
    assert run.status() == "INACTIVE"


def test_a_run_that_fails_over_a_consent_says_so_and_is_not_started_again(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refuses_at="failed")
    run = flow.run(BODY)
    assert (run.wait(60), world.prompts, world.count("runs_started")) == ("FAILED", [], (1,))
    assert [requirement.scope for requirement in run.refusal.required_scopes] == [INGEST_ACTION]


def test_a_run_that_fails_for_other_reasons_lacked_nothing(world, auth):
    flow = world.consented_flow(auth)
    world.sandbox.configure(failing_actions={"hello"})
    run = flow.run(BODY)
    assert (run.wait(60), run.refusal) == ("FAILED", None)


def test_a_collection_that_was_not_named_is_asked_for_on_the_way(world, auth):
    flow = world.consented_flow(auth, definition(Move=transfer(MAPPED, GUEST)))
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert f"{flow.scope}[{TRANSFER_ALL}[*{data_access_scope(MAPPED)}]]" in world.asked()
    assert (len(world.prompts), world.count("action:transfer")) == (1, (1,))


def test_a_collection_that_was_named_is_consented_to_ahead(world, auth):
    flow = world.consented_flow(auth, definition(Move=transfer(MAPPED, GUEST)), collections=[MAPPED])
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert world.prompts == []


def test_only_the_collections_named_are_asked_for(world, auth):
    flow = world.consented_flow(auth, definition(Move=transfer(MAPPED, SECOND)), collections=[MAPPED])
    assert (data_access_scope(MAPPED) in world.asked(), data_access_scope(SECOND) in world.asked()) == (True, False)
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert (data_access_scope(MAPPED) in world.asked(), data_access_scope(SECOND) in world.asked()) == (False, True)


def test_a_flow_that_reaches_no_collections_asks_for_none(world, auth):
    flow = world.consented_flow(auth, definition(Hello=hello(following="Ingest"), Ingest=ingest()), collections=[MAPPED])
    assert "data_access" not in str(flow.required())


def test_the_wait_for_a_run_ends_in_time_and_the_run_goes_on(world, auth):
    world.sandbox.configure(state_seconds=600)
    run = world.consented_flow(auth).run(BODY)
    with pytest.raises(TimeoutError, match="it goes on"):
        run.wait(0.05)
    world.sandbox.configure(state_seconds=0)
    assert run.wait(60) == "SUCCEEDED"


def test_a_run_that_waits_for_something_else_is_told_as_it_is(world, auth):
    run = world.consented_flow(auth).run(BODY)
    world.sandbox.wait_for_run(run.run_id)
    seen = world.sandbox.state.runs.find(run.run_id)
    seen.status, seen.details = "INACTIVE", {"code": "WaitingForInput", "description": "Somebody has to answer"}
    assert (run.wait(60), world.prompts) == ("INACTIVE", [])
