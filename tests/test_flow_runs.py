"""A run, followed to its end: shown, asked about once, resumed."""

from __future__ import annotations

import pytest

from jupyter_flowauth.errors import ConsentRequired, InteractionRequired, LoginDenied, LoginTimeout
from jupyter_flowauth.flow_needs import RunDocument
from jupyter_flowauth.flow_runs import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
from jupyter_flowauth.scopes import parse_requirements
from tests.fakes.flows import COMPUTE, FLOW, SEARCH, FakeFlows, Refused

LACKING = {"code": "ConsentRequired", "required_scope": f"{FLOW}[{SEARCH}]"}
ACTIVE, DONE = RunDocument("run-1", "ACTIVE", {}), RunDocument("run-1", "SUCCEEDED", {})
INACTIVE = RunDocument("run-1", "INACTIVE", LACKING)


@pytest.fixture
def service():
    """A service whose flow was consented to, and then grew."""
    service = FakeFlows()
    service.grant(*parse_requirements(f"{FLOW}[{COMPUTE}]"))
    service.change("compute", "search")
    return service


def started(service, *statuses):
    service.statuses = list(statuses)
    return service.flow().run({})


def test_a_status_is_one_request(service):
    run = started(service, ACTIVE)
    assert (run.status(), service.sent) == ("ACTIVE", ["start", "run"])


def test_a_run_is_followed_to_its_end_and_shown(service):
    assert started(service, ACTIVE, ACTIVE, DONE).wait() == "SUCCEEDED"
    assert ([run.status for run in service.shown], service.paused[0]) == (["ACTIVE", "ACTIVE", "SUCCEEDED"], FIRST_PAUSE_SECONDS)


def test_a_failure_is_a_status(service):
    assert started(service, RunDocument("run-1", "FAILED", {"code": "FlowFailed"})).wait() == "FAILED"


def test_a_run_can_be_followed_without_showing_it(service):
    started(service, ACTIVE, DONE).wait(progress=False)
    assert service.shown == []


def test_the_pauses_grow_to_a_bound(service):
    started(service, *[ACTIVE] * 20, DONE).wait()
    assert max(service.paused) == LONGEST_PAUSE_SECONDS == service.paused[-1]


def test_the_wait_ends_in_time(service):
    run = started(service, ACTIVE)
    with pytest.raises(TimeoutError, match=r"it goes on, and so can you: run.wait\(\)"):
        run.wait(2.0)
    assert sum(service.paused) == pytest.approx(2.0)


def test_a_run_that_lacks_a_consent_is_asked_for_and_resumed(service):
    assert started(service, INACTIVE, ACTIVE, DONE).wait() == "SUCCEEDED"
    assert (service.prompts[0][0], service.sent.count("resume"), service.sent.count("start")) == ((f"{FLOW}[{SEARCH}]",), 1, 1)


def test_one_that_lacks_it_still_is_not_asked_about_again(service):
    with pytest.raises(ConsentRequired, match=r"the run run-1 waits, and what it has done is kept: the flow .* after the consent"):
        started(service, INACTIVE, INACTIVE).wait()
    assert (len(service.prompts), service.sent.count("resume")) == (1, 1)


def test_a_refused_resumption_is_a_refusal(service):
    run = started(service, INACTIVE, DONE)
    service.refusals = [Refused(SEARCH)]
    with pytest.raises(ConsentRequired):
        run.wait()
    assert (len(service.prompts), service.sent.count("resume")) == (1, 1)


def test_a_resumption_refused_for_an_old_token_is_sent_again_with_a_fresh_one(service):
    service.grant(*parse_requirements(f"{FLOW}[{SEARCH}]"))
    run = started(service, INACTIVE, DONE)
    service.refusals = [Refused(SEARCH)]
    assert run.wait() == "SUCCEEDED"
    assert (len(service.prompts), service.sent.count("renew"), service.sent.count("resume")) == (1, 1, 2)


def test_what_was_consented_to_elsewhere_is_not_asked_for(service):
    run = started(service, INACTIVE, DONE)
    service.grant(*parse_requirements(f"{FLOW}[{SEARCH}]"))
    assert (run.wait(), service.prompts, service.sent.count("resume")) == ("SUCCEEDED", [], 1)


def test_a_resumption_that_fails_otherwise_leaves_as_it_came(service):
    run = started(service, INACTIVE)
    service.refusals = [Refused(status=500)]
    with pytest.raises(Refused):
        run.wait()


def test_nobody_there_is_consent_required(service):
    service.is_somebody_there = False
    with pytest.raises(ConsentRequired) as caught:
        started(service, INACTIVE).wait()
    assert (caught.value.missing, type(caught.value.__cause__)) == ((SEARCH,), InteractionRequired)


def test_nobody_there_is_told_that_the_run_is_kept_and_how_it_goes_on(service):
    service.is_somebody_there = False
    words = rf"the run run-1 waits for a consent to {SEARCH}, and nobody .*; what it has done is kept; .* then go on: run\.wait\(\)"
    with pytest.raises(ConsentRequired, match=words):
        started(service, INACTIVE).wait()


@pytest.mark.parametrize(
    "error", [LoginDenied("the login was denied; run it again", error="access_denied"), LoginTimeout("it took too long; run it again")]
)
def test_a_prompt_that_came_to_nothing_is_told_with_the_run_that_waits(service, error):
    def fail():
        raise error

    service.when_asked = fail
    run = started(service, INACTIVE, ACTIVE, DONE)
    with pytest.raises(type(error)) as caught:
        run.wait()
    happened = error.message.partition(";")[0]
    assert str(caught.value) == f"{happened}; the run run-1 waits, and what it has done is kept; to be asked again: run.wait()"
    assert getattr(caught.value, "error", None) == getattr(error, "error", None)
    service.when_asked = lambda: None
    assert run.wait() == "SUCCEEDED"


def test_a_run_that_waits_for_something_else_is_told_as_it_is(service):
    run = started(service, RunDocument("run-1", "INACTIVE", {"code": "WaitingForInput"}))
    assert (run.wait(), run.refusal, service.prompts) == ("INACTIVE", None, [])


def test_a_run_that_failed_over_a_consent_says_what_to_do(service):
    run = started(service, RunDocument("run-1", "FAILED", LACKING))
    assert (run.wait(), service.prompts, service.sent.count("start")) == ("FAILED", [], 1)
    assert "consent before the next run" in service.shown[-1].sentence
    assert run.refusal.required_scopes == parse_requirements(f"{FLOW}[{SEARCH}]")


def test_a_run_that_is_well_lacked_nothing(service):
    run = started(service, ACTIVE)
    run.status()
    assert run.refusal is None


def test_a_run_shows_its_id_and_status(service):
    assert repr(started(service, ACTIVE)) == "<FlowRun run-1: ACTIVE>"
