"""A flow whose definition grew after it was consented to: noticed before, refused at the start, and asked for once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest

from jupyter_flowauth.errors import ConsentRequired, FlowAuthError, IdentityMismatch, InteractionRequired, LoginDenied, ScopesMissing
from jupyter_flowauth.flow_needs import VIEW_FLOWS
from jupyter_flowauth.sandbox.services import HELLO_ACTION, INGEST_ACTION
from jupyter_flowauth.sandbox.settings import RefusalShape
from tests.flows.conftest import BODY, GROWN, definition, hello, ingest

SHAPES = get_args(RefusalShape)


def test_what_is_new_is_told_before_it_fails(world, auth):
    flow = world.grown_flow(auth)
    flow.forget()
    (entry,) = flow.missing()
    assert (entry.scope, entry.path) == (INGEST_ACTION, (flow.scope, INGEST_ACTION))
    assert entry.reason == "Flow 'Ingest' now also uses Globus Search (ingest)"


def test_the_tree_shows_what_it_may_do_already_and_what_is_new(world, auth):
    flow = world.grown_flow(auth)
    flow.forget()
    signs = [line.strip() for line in str(flow.missing()).splitlines()[::2]]
    assert signs == ["✓ Flow 'Ingest'", "✓ Flow 'Ingest' uses Hello World", "+ Flow 'Ingest' now also uses Globus Search (ingest) (new)"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_refused_start_is_asked_for_once_and_started_once_more(world, auth, shape):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refusal_shape=shape)
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert (len(world.prompts), world.count("run_start", "runs_started", "action:search")) == (1, (2, 1, 1))


def test_after_a_refusal_what_was_refused_is_asked_for_and_nothing_besides(world, auth):
    flow = world.grown_flow(auth)
    flow.run(BODY)
    assert world.asked() == f"openid profile email {flow.scope}[{INGEST_ACTION}]"


def test_the_person_is_shown_the_tree(world, auth):
    flow = world.grown_flow(auth)
    world.written.clear()
    flow.run(BODY)
    assert "+ Flow 'Ingest' now also uses Globus Search (ingest)" in "".join(world.written)


def test_what_a_service_wants_of_the_session_is_asked_for_and_said(world, auth):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refusal_shape="session")
    flow.run(BODY)
    assert world.sandbox.state.authorize_requests[-1]["session_required_mfa"] == "True"
    assert "wants you to log in with a second factor" in "".join(world.written)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_service_that_refuses_after_the_consent_as_well_is_believed(world, auth, shape):
    flow = world.grown_flow(auth)
    world.sandbox.configure(refusal_shape=shape, withheld_scopes={INGEST_ACTION})
    with pytest.raises(ConsentRequired, match="refused after the consent"):
        flow.run(BODY)
    assert (len(world.prompts), world.count("runs_started")) == (1, (0,))


def test_a_token_that_is_older_than_the_consent_is_renewed_without_asking(world, auth):
    world.sandbox.configure(tokens_keep_consents=True)
    flow = world.grown_flow(auth)
    # Somebody else consents for the same client, so that this notebook's token alone is behind.
    elsewhere = world.notebook(storage="memory")
    elsewhere.login([VIEW_FLOWS])
    elsewhere.flow(flow.flow_id).consent()
    world.prompts.clear()
    before = world.count("token:refresh_token")[0]
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert (world.prompts, world.count("token:refresh_token")[0] - before, world.count("run_start")) == ([], 1, (2,))


def test_a_start_after_the_consent_goes_out_with_the_new_token(world, auth):
    world.sandbox.configure(tokens_keep_consents=True)
    assert world.grown_flow(auth).run(BODY).wait(60) == "SUCCEEDED"
    assert len(world.prompts) == 1


def start_together(world, auths, flow_id, number=20):
    """Start runs in threads, each by its own look at the flow."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda n: attempt(auths[n % len(auths)].flow(flow_id)), range(number)))


def attempt(flow):
    try:
        return flow.run(BODY).wait(60, progress=False)
    except FlowAuthError as error:
        return type(error)


def test_twenty_runs_in_threads_meet_the_refusal_together(world, auth):
    flow = world.grown_flow(auth)
    assert start_together(world, [auth], flow.flow_id) == ["SUCCEEDED"] * 20
    assert (len(world.prompts), world.count("runs_started", "action:search")) == (1, (20, 20))


def test_twenty_runs_of_several_notebooks_meet_it_together(world, auth):
    flow = world.grown_flow(auth)
    notebooks = [auth, *(world.notebook() for _ in range(4))]
    assert start_together(world, notebooks, flow.flow_id) == ["SUCCEEDED"] * 20
    assert (len(world.prompts), world.count("runs_started")) == (1, (20,))


def test_a_no_is_shared_by_all_who_waited_for_it(world, auth):
    flow = world.grown_flow(auth)
    world.denies = True
    assert start_together(world, [auth], flow.flow_id) == [LoginDenied] * 20
    assert (len(world.prompts), world.count("runs_started")) == (1, (0,))


def test_a_first_run_in_many_threads_is_one_prompt(world, auth):
    flow_id = world.deploy(auth, GROWN)
    world.prompts.clear()
    assert start_together(world, [auth], flow_id, 8) == ["SUCCEEDED"] * 8
    assert len(world.prompts) == 1


def test_a_flow_that_changes_between_consent_and_run_is_asked_for_again(world, auth):
    flow = world.consented_flow(auth)
    assert not flow.missing()
    world.change(auth, flow.flow_id, GROWN)
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert len(world.prompts) == 1


def test_consent_asks_for_what_is_new_alone(world, auth):
    flow = world.grown_flow(auth)
    flow.consent()
    assert f"{flow.scope}[{INGEST_ACTION}]" in world.asked()
    assert HELLO_ACTION not in world.asked()


def test_who_grants_a_part_is_told_what_is_left(world, auth):
    world.sandbox.configure(withheld_scopes={INGEST_ACTION})
    flow = auth.flow(world.deploy(auth, GROWN))
    with pytest.raises(ScopesMissing) as caught:
        flow.consent()
    assert caught.value.missing == (INGEST_ACTION,)
    assert flow.missing().scopes == (INGEST_ACTION,)


def test_another_identity_replaces_nothing(world, auth):
    flow = world.grown_flow(auth)
    world.user = "bob"
    with pytest.raises(IdentityMismatch):
        flow.run(BODY)
    assert (auth.identity.username, world.count("runs_started")) == ("alice@sandbox.example", (0,))


def test_nobody_there_ends_in_consent_required(world, auth):
    flow = world.grown_flow(auth)
    alone = world.notebook(user_agent="none")
    with pytest.raises(ConsentRequired) as caught:
        alone.flow(flow.flow_id).run(BODY)
    assert caught.value.missing == (INGEST_ACTION,)
    assert isinstance(caught.value.__cause__, InteractionRequired)
    assert (world.prompts, world.count("runs_started")) == ([], (0,))


def test_nobody_there_for_a_first_consent_is_interaction_required(world, auth):
    flow_id = world.deploy(auth, GROWN)
    with pytest.raises(InteractionRequired) as caught:
        world.notebook(user_agent="none").flow(flow_id).consent()
    assert auth.flow(flow_id).scope in caught.value.missing


def test_a_login_for_a_held_flow_scope_notices_the_change(world, auth):
    flow = world.grown_flow(auth)
    auth.login([flow.scope])
    assert (len(world.prompts), bool(flow.missing())) == (1, False)
    assert f"{flow.scope}[{INGEST_ACTION}]" in world.asked()


def test_a_login_for_a_held_flow_scope_asks_nobody_while_all_is_well(world, auth):
    flow = world.consented_flow(auth)
    auth.login([flow.scope])
    assert world.prompts == []


def test_auth_missing_makes_no_request(world, auth):
    flow = world.grown_flow(auth)
    before = world.requests()
    assert (auth.missing([flow.scope]), world.requests()) == ((), before)


def test_the_consent_is_asked_for_as_who_is_logged_in(world, auth):
    world.grown_flow(auth).run(BODY)
    assert world.sandbox.state.authorize_requests[-1]["login_hint"] == "alice@sandbox.example"


def test_a_flow_that_needs_less_is_covered(world, auth):
    flow = world.consented_flow(auth, GROWN)
    world.change(auth, flow.flow_id, definition(Ingest=ingest()))
    flow.forget()
    assert not flow.missing()
    world.change(auth, flow.flow_id, definition(Hello=hello()))
    assert flow.run(BODY).wait(60) == "SUCCEEDED"
    assert world.prompts == []
