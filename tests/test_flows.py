"""The use case of running a deployed flow, read as a transcript: what is sent, who is asked, what comes of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_flowauth.errors import ConsentRequired, InteractionRequired, LoginDenied, ProviderError, ScopesMissing
from jupyter_flowauth.flow_needs import ALL_FLOWS, RUN_STATUS, VIEW_FLOWS, data_access_scope
from jupyter_flowauth.flows import LOOK_AGAIN_SECONDS
from jupyter_flowauth.scopes import parse_requirements
from tests.fakes.flows import COMPUTE, FLOW, FLOW_ID, SEARCH, TRANSFER_ALL, FakeFlows, Refused, define


@pytest.fixture
def service():
    return FakeFlows()


@pytest.fixture
def granted(service):
    """A service whose flow was consented to."""
    service.grant(*parse_requirements(f"{FLOW}[{COMPUTE}]"))
    return service


@pytest.fixture
def grown(granted):
    """A service whose flow was changed since: it uses Search as well."""
    granted.change("compute", "search")
    return granted


def test_what_a_flow_needs_is_read_once_a_minute(service):
    flow = service.flow()
    assert flow.required() is flow.required()
    assert service.sent == ["flow", "providers"]


def test_after_a_minute_the_flow_is_looked_at_and_its_tree_kept(service):
    flow = service.flow()
    flow.required()
    service.clock.advance(LOOK_AGAIN_SECONDS + 1)
    flow.required()
    assert service.sent == ["flow", "providers", "flow"]


def test_a_flow_that_changed_is_read_anew(service):
    flow = service.flow()
    flow.required()
    service.change("search")
    service.clock.advance(LOOK_AGAIN_SECONDS + 1)
    assert flow.required().scopes == (FLOW, SEARCH)


def test_what_could_not_be_asked_is_asked_again_though_the_flow_is_the_same(service):
    service.change("dead")
    flow = service.flow()
    flow.required()
    service.clock.advance(LOOK_AGAIN_SECONDS + 1)
    flow.required()
    assert service.sent == ["flow", "providers"] * 2


def test_what_is_missing_is_needed_and_not_granted(grown):
    assert grown.flow().missing().scopes == (SEARCH,)


def test_what_is_granted_is_not_missing(granted):
    assert not granted.flow().missing()


def test_without_its_token_a_flow_is_missing_whatever_was_granted(granted):
    granted.held.discard(FLOW)
    assert granted.flow().missing().scopes == (COMPUTE, FLOW)


def test_named_collections_are_needed(granted):
    granted.change("transfer")
    flow = granted.flow(collections=("a-collection",))
    assert (flow.collections, data_access_scope("a-collection") in flow.missing().scopes) == (("a-collection",), True)


def test_a_consent_asks_in_one_go(service):
    service.held.discard(RUN_STATUS)
    service.flow().consent()
    ((requirements, tree, parameters),) = service.prompts
    assert requirements == (f"{FLOW}[{COMPUTE}]", RUN_STATUS)
    assert (tree.scopes, parameters) == ((COMPUTE, FLOW), {})


def test_a_consent_asks_nobody_if_nothing_is_missing(granted):
    granted.flow().consent()
    assert granted.prompts == []


def test_a_consent_asks_for_watching_alone_if_that_is_missing(granted):
    granted.held.discard(RUN_STATUS)
    granted.flow().consent()
    assert [requirements for requirements, _, _ in granted.prompts] == [(RUN_STATUS,)]


def test_who_holds_all_of_flows_scopes_needs_no_other(granted):
    granted.held -= {VIEW_FLOWS, RUN_STATUS}
    granted.held.add(ALL_FLOWS)
    granted.flow().consent()
    assert granted.prompts == []


def test_a_flow_that_cannot_be_read_yet_is_consented_to_as_a_whole_first(service):
    service.held.clear()
    service.when_asked = lambda: service.grant(*parse_requirements(f"{FLOW}[{COMPUTE}]"))  # as Auth expands a flow's scope
    service.flow().consent()
    assert [requirements for requirements, _, _ in service.prompts] == [(FLOW, RUN_STATUS, VIEW_FLOWS)]


def test_what_the_first_prompt_did_not_bring_is_asked_for_in_a_second(service):
    service.held.clear()
    service.flow().consent()
    assert [requirements for requirements, _, _ in service.prompts][1] == (f"{FLOW}[{COMPUTE}]",)


def test_less_granted_than_asked_is_an_error_that_names_the_rest(grown):
    grown.withheld = {SEARCH}
    with pytest.raises(ScopesMissing, match=r"less was granted .* to be asked again: auth\.flow\(.*\)\.consent\(\)") as caught:
        grown.flow().consent()
    assert caught.value.missing == (SEARCH,)


def test_a_consent_with_nobody_there_is_interaction_required(service):
    service.is_somebody_there = False
    with pytest.raises(InteractionRequired):
        service.flow().consent()


def test_what_somebody_else_got_meanwhile_is_not_needed_any_more(grown):
    grown.flow().consent()
    assert grown.still_needed == [True, False]


def test_a_run_is_one_request_while_all_is_well(granted):
    run = granted.flow().run({}, label="L", tags=["t"])
    assert (granted.sent, granted.options, run.run_id) == (["start"], {"label": "L", "tags": ["t"]}, "run-1")


def test_a_run_of_a_flow_never_consented_to_asks_first(service):
    service.flow().run({})
    assert [requirements for requirements, _, _ in service.prompts] == [(f"{FLOW}[{COMPUTE}]",)]


def test_a_run_that_waited_for_another_ones_first_consent_asks_nobody(service):
    flow = service.flow()
    flow._lacks_scope = iter([True, False, False]).__next__
    flow.run({})
    assert service.prompts == []


def test_a_refused_start_is_mended_by_one_prompt_and_one_more_start(grown):
    grown.refusals = [Refused(SEARCH)]
    grown.flow().run({})
    ((requirements, tree, _),) = grown.prompts
    assert (requirements, [entry.reason for entry in tree]) == (
        (f"{FLOW}[{SEARCH}]",),
        ["Flow 'Ingest' now also uses Globus Search (ingest)"],
    )
    assert (grown.sent.count("start"), grown.still_needed) == (2, [True, False])


def test_a_refusal_that_names_the_whole_path_is_the_same(grown):
    grown.refusals = [Refused(f"{FLOW}[{SEARCH}]")]
    grown.flow().run({})
    assert grown.prompts[0][0] == (f"{FLOW}[{SEARCH}]",)


def test_a_refusal_that_names_no_scope_is_looked_up_in_the_definition(grown):
    grown.refusals = [Refused()]
    grown.flow().run({})
    assert grown.prompts[0][0] == (f"{FLOW}[{SEARCH}]",)


def test_a_refusal_that_names_the_flow_alone_is_looked_up_too(grown):
    grown.refusals = [Refused(FLOW)]
    grown.flow().run({})
    assert grown.prompts[0][0] == (f"{FLOW}[{SEARCH}]",)


def test_a_collection_that_the_refusal_names_is_asked_for(granted):
    granted.refusals = [Refused(f"{TRANSFER_ALL}[*{data_access_scope('c')}]")]
    granted.flow().run({})
    ((requirements, tree, _),) = granted.prompts
    assert requirements == (f"{FLOW}[{TRANSFER_ALL}[*{data_access_scope('c')}]]",)
    assert tree.entries[1].reason == f"Flow {FLOW_ID} uses the data of collection c"


def test_a_second_refusal_is_believed(grown):
    grown.refusals = [Refused(SEARCH), Refused(SEARCH, session_message="Still not")]
    with pytest.raises(ConsentRequired, match=r"refused after the consent as well \(Still not\)") as caught:
        grown.flow().run({})
    assert (caught.value.missing, len(grown.prompts), grown.sent.count("start")) == ((SEARCH,), 1, 2)


def test_a_token_older_than_the_consent_is_renewed_first(granted):
    granted.refusals = [Refused(COMPUTE)]
    granted.flow().run({})
    assert (granted.prompts, granted.sent.count("renew"), granted.sent.count("start")) == ([], 1, 2)


def test_if_a_fresh_token_does_not_help_the_person_is_asked_for_the_flow(granted):
    granted.refusals = [Refused(COMPUTE), Refused(COMPUTE)]
    granted.flow().run({})
    assert (granted.prompts[0][0], granted.sent.count("start")) == ((FLOW,), 3)


def test_a_token_that_cannot_be_renewed_is_asked_for(granted):
    granted.renews, granted.refusals = False, [Refused(COMPUTE)]
    granted.flow().run({})
    assert [requirements for requirements, _, _ in granted.prompts] == [(FLOW,)]


def test_what_is_wanted_of_the_session_is_asked_for_without_renewing(granted):
    granted.refusals = [Refused(session_required_mfa=True)]
    granted.flow().run({})
    ((requirements, tree, parameters),) = granted.prompts
    assert (requirements, parameters, "renew" in granted.sent) == ((FLOW,), {"session_required_mfa": "True"}, False)
    assert tree.entries[0].reason == "Flow 'Ingest' wants you to log in with a second factor"
    assert granted.still_needed == [True, True]


def test_scopes_that_come_with_it_are_asked_for_in_the_same_go(grown):
    grown.refusals = [Refused(SEARCH, prompt="login")]
    grown.flow().run({})
    assert (grown.prompts[0][0], grown.prompts[0][2]) == ((f"{FLOW}[{SEARCH}]",), {"prompt": "login"})


@pytest.mark.parametrize("trouble", ["consents", "flow"])
def test_trouble_in_finding_out_does_not_keep_the_prompt_away(grown, trouble):
    grown.trouble[trouble] = ProviderError("no")
    grown.refusals = [Refused(SEARCH)]
    grown.flow().run({})
    assert grown.prompts[0][0] == (f"{FLOW}[{SEARCH}]",)


def test_a_refusal_without_a_scope_of_a_flow_that_cannot_be_read_asks_for_the_flow(granted):
    granted.trouble["flow"], granted.refusals = ProviderError("no"), [Refused()]
    granted.flow().run({})
    ((requirements, tree, _),) = granted.prompts
    assert (requirements, tree.entries[0].reason) == ((FLOW,), f"Flow {FLOW_ID}")


def test_a_token_lost_on_the_way_is_asked_for_again(granted):
    granted.refusals = [Refused()]
    granted.trouble["start"] = None
    flow = granted.flow()

    def lose(*_arguments):
        granted.held.discard(FLOW)
        raise Refused()

    start, granted.start_run = granted.start_run, lose
    del granted.trouble["start"]
    granted.when_asked = lambda: setattr(granted, "start_run", start)
    granted.refusals = []
    flow.run({})
    assert granted.prompts[0][0] == (FLOW,)


def test_what_is_no_refusal_leaves_as_it_came(granted):
    granted.refusals = [Refused(status=500)]
    with pytest.raises(Refused):
        granted.flow().run({})
    assert granted.prompts == []


def test_nobody_there_is_consent_required_from_interaction_required(grown):
    grown.is_somebody_there, grown.refusals = False, [Refused(SEARCH)]
    with pytest.raises(ConsentRequired, match="nothing was started") as caught:
        grown.flow().run({})
    assert (caught.value.missing, type(caught.value.__cause__)) == ((SEARCH,), InteractionRequired)


def test_nobody_there_for_a_first_run_is_consent_required_too(service):
    service.is_somebody_there = False
    with pytest.raises(ConsentRequired) as caught:
        service.flow().run({})
    assert (caught.value.missing, service.sent.count("start")) == ((FLOW,), 0)


def together(service, number, run):
    """Let so many threads be refused before the first of them asks anybody."""
    barrier = threading.Barrier(number)
    flow, start = service.flow(), service.start_run

    def start_run(*arguments):
        if not service.prompts and "asked" not in service.sent:
            barrier.wait(60)
            raise Refused(SEARCH)
        return start(*arguments)

    service.start_run = start_run
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: run(flow), range(number)))


def test_threads_that_are_refused_together_share_one_prompt(grown):
    assert together(grown, 8, lambda flow: flow.run({}).run_id) == ["run-1"] * 8
    assert len(grown.prompts) == 1


def test_they_share_a_no_as_well(grown):
    def refuse(**_):
        grown.sent.append("asked")
        raise LoginDenied("no", error="access_denied")

    grown.when_asked = refuse

    def run(flow):
        with pytest.raises(LoginDenied):
            flow.run({})

    together(grown, 8, run)
    assert (len(grown.prompts), grown.sent.count("start")) == (1, 0)


def test_a_flow_hands_out_the_sdks_client(granted):
    assert granted.flow().client() == f"client of {FLOW_ID}"


def test_there_is_no_client_without_its_scope(service):
    with pytest.raises(ScopesMissing, match=r"flow\.consent\(\)"):
        service.flow().client()


def test_a_flow_shows_its_id(service):
    assert (repr(service.flow()), service.flow().scope, service.flow().flow_id) == (f"<DeployedFlow {FLOW_ID}>", FLOW, FLOW_ID)


def test_a_definition_can_be_read_anew_at_once(service):
    flow = service.flow()
    flow.required()
    service.definition = define("search")
    flow.forget()
    assert flow.required().scopes == (FLOW, SEARCH)
