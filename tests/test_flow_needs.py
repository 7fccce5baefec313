"""A definition, read as what its run needs; and the data of runs."""

from __future__ import annotations

import globus_sdk
import pytest

from jupyter_flowauth.flow_needs import (
    ActionProvider,
    FlowDocument,
    RunDocument,
    action_states,
    action_urls,
    build_flow_tree,
    clean_words,
    data_access_scope,
    flow_scope,
    parse_flow_scope,
    validate_flow_id,
)
from tests.fakes.flows import COMPUTE, FLOW, FLOW_ID, PROVIDERS, SEARCH, TRANSFER_ALL, define

OLD_TRANSFER = "https://auth.globus.org/scopes/actions.globus.org/transfer/transfer"
COLLECTION = "543aade1-db97-4a4b-9bdf-0b58e78dfa69"


def build(definition, *collections, providers=PROVIDERS):
    return build_flow_tree(FlowDocument(FLOW_ID, "Ingest", "1", definition), providers, collections)


def paths(definition, *collections, **options):
    return [entry.path[1:] for entry in build(definition, *collections, **options)][1:]


def acting(**more):
    return {"StartAt": "S", "States": {"S": {"Type": "Action", "ActionUrl": "https://compute.example", **more}}}


def test_a_flow_needs_its_own_scope_and_its_action_providers_beneath():
    assert [entry.path for entry in build(define("compute", "search"))] == [(FLOW,), (FLOW, COMPUTE), (FLOW, SEARCH)]


def test_every_line_says_why():
    reasons = [(entry.reason, entry.added) for entry in build(define("search"))]
    assert reasons[0] == ("Flow 'Ingest'", "")
    assert reasons[1] == ("Flow 'Ingest' uses Globus Search (ingest)", "Flow 'Ingest' now also uses Globus Search (ingest)")


def test_an_action_provider_without_a_title_is_named_by_its_scope():
    providers = {"https://compute.example": ActionProvider("https://compute.example", "", COMPUTE)}
    assert build(define("compute"), providers=providers).entries[1].reason == f"Flow 'Ingest' uses {COMPUTE}"


def test_a_title_with_braces_in_it_is_only_words():
    provider = ActionProvider("https://transfer.example", "Transfer {0.__class__} {x}", TRANSFER_ALL)
    tree = build(define("transfer"), COLLECTION, providers={provider.url: provider})
    assert tree.entries[2].reason == f"{provider.title} reaches the data of collection {COLLECTION}"


def test_two_states_of_one_action_provider_are_one_consent():
    twice = {"States": {"A": define("compute")["States"]["Compute"], "B": define("compute")["States"]["Compute"]}}
    assert (paths(twice), action_urls(twice)) == ([(COMPUTE,)], ("https://compute.example",))


@pytest.mark.parametrize(
    "wrapped",
    [
        {"Type": "Parallel", "Branches": [define("compute"), define("search")]},
        {"Type": "Map", "Iterator": {"States": {"A": acting()["States"]["S"], "In": {"Type": "Map", "ItemProcessor": define("search")}}}},
    ],
)
def test_branches_and_iterators_are_looked_into(wrapped):
    assert paths({"States": {"Outer": wrapped}}) == [(COMPUTE,), (SEARCH,)]


@pytest.mark.parametrize(
    "odd", [{}, {"States": []}, {"States": {"A": 1}}, {"States": {"A": {"Branches": [1]}}}, {"States": {"A": {"Branches": 7}}}]
)
def test_an_odd_definition_needs_nothing(odd):
    assert (list(action_states(odd)), paths(odd)) == ([], [])


def test_a_definition_that_nests_without_end_is_read_as_deep_as_it_may_be():
    definition = acting()
    for _ in range(200):
        definition = {"States": {"P": {"Type": "Parallel", "Branches": [definition]}}}
    assert paths(definition) == []


def test_the_scope_that_a_state_names_wins():
    assert paths(acting(ActionScope="named:scope")) == [("named:scope",)]


def test_a_named_scope_does_without_its_action_provider():
    tree = build(acting(ActionUrl="https://dead.example", ActionScope="named:scope"))
    assert (tree.scopes, tree.problems) == ((FLOW, "named:scope"), ())


@pytest.mark.parametrize("scope", ["a b", "a[[", 1, "", None])
def test_a_named_scope_that_is_none_is_a_problem_or_is_asked_for(scope):
    tree = build(acting(ActionScope=scope, ActionUrl="https://dead.example"))
    assert (tree.scopes, len(tree.problems)) == ((FLOW,), 1)


def test_an_action_provider_that_does_not_answer_is_named_and_the_rest_goes_on():
    tree = build(define("dead", "search"))
    assert tree.problems == (
        "State 'Dead': the action provider https://dead.example could not be asked what it needs (it does not answer)",
    )
    assert tree.scopes == (FLOW, SEARCH)


def test_what_a_definition_calls_its_states_and_addresses_is_no_order_for_a_terminal():
    """ATTACKS 18: a definition is a stranger's."""
    definition = {"States": {"Move\x1b[2J\u202e": {"ActionUrl": "https://dead.example/\x1b]0;x\x07"}}}
    (problem,) = build(definition).problems
    assert (problem.isprintable(), "State 'Move[2J': the action provider https://dead.example/]0;x " in problem) == (True, True)
    assert run(details={"state_name": "Move\x1b[2J\u202e"}).sentence == "Run run-1: ACTIVE, in state 'Move[2J'."


def test_an_action_provider_that_nobody_asked_is_a_problem():
    assert "it was not asked" in build(define("compute"), providers={}).problems[0]


def test_an_action_provider_without_a_scope_is_a_problem():
    providers = {"https://compute.example": ActionProvider("https://compute.example", "C", None)}
    assert "it names no scope" in build(define("compute"), providers=providers).problems[0]


@pytest.mark.parametrize(("role", "needed"), [("User", True), ("user", True), ("Flow", False), ("Curator", False), (["a"], False)])
def test_only_what_is_done_as_the_person_is_asked_of_the_person(role, needed):
    definition = acting(RunAs=role)
    assert (bool(paths(definition)), bool(action_urls(definition))) == (needed, needed)


def test_named_collections_hang_under_transfer():
    tree = build(define("transfer", "search"), COLLECTION)
    assert [entry.path[1:] for entry in tree][1:] == [(TRANSFER_ALL,), (TRANSFER_ALL, data_access_scope(COLLECTION)), (SEARCH,)]
    assert tree.entries[2].added == f"Globus Transfer now also reaches the data of collection {COLLECTION}"


def test_beneath_the_older_transfer_they_hang_one_deeper():
    assert paths(acting(ActionScope=OLD_TRANSFER), COLLECTION)[-1] == (OLD_TRANSFER, TRANSFER_ALL, data_access_scope(COLLECTION))


def test_collections_are_asked_for_as_optional():
    assert f"[*{data_access_scope(COLLECTION)}]" in str(build(define("transfer"), COLLECTION).to_requirements()[0])


def test_no_collection_is_asked_for_that_was_not_named():
    assert paths(define("transfer")) == [(TRANSFER_ALL,)]


def test_scopes_are_spelled_as_the_sdk_does():
    assert flow_scope(FLOW_ID) == str(globus_sdk.SpecificFlowClient(FLOW_ID).scopes.user)
    assert data_access_scope(FLOW_ID) == str(globus_sdk.scopes.GCSCollectionScopes(FLOW_ID).data_access).removeprefix("*")


def test_a_flow_is_known_by_its_scope():
    assert parse_flow_scope(FLOW) == FLOW_ID


@pytest.mark.parametrize("scope", ["openid", FLOW.replace("0d2b1f0c", "1d2b1f0c", 1), FLOW + "x", FLOW.upper()])
def test_another_scope_is_no_flows(scope):
    assert parse_flow_scope(scope) is None


def test_a_flow_id_is_taken_in_any_spelling():
    assert validate_flow_id(f" {FLOW_ID.upper()} ") == FLOW_ID


def test_what_is_no_flow_id_is_refused():
    with pytest.raises(ValueError, match="a flow's id is a UUID"):
        validate_flow_id("../runs")


@pytest.mark.parametrize(
    ("words", "cleaned"), [("a\nb\t c", "a b c"), ("\x1b[31mred\u202e", "[31mred"), (None, ""), (3, ""), ("x" * 300, "x" * 200)]
)
def test_a_strangers_words_stay_on_their_line(words, cleaned):
    assert clean_words(words) == cleaned


def run(status="ACTIVE", details=None, **more):
    return RunDocument("run-1", status, details or {}, **more)


@pytest.mark.parametrize(
    ("status", "ended"), [("ACTIVE", False), ("INACTIVE", False), ("SUCCEEDED", True), ("FAILED", True), ("NEW", True)]
)
def test_a_run_has_ended_or_goes_on(status, ended):
    assert run(status).has_ended == ended


@pytest.mark.parametrize("details", [{"details": {"state_name": "Move"}}, {"state_name": "Move"}])
def test_a_run_says_which_state_it_is_in(details):
    assert run(details=details, label="L").sentence == "Run L: ACTIVE, in state 'Move'."


def test_a_run_that_says_nothing_of_its_state_is_told_without():
    assert run(details={"details": {"state_name": 3}}).sentence == "Run run-1: ACTIVE."


def test_a_run_that_has_ended_is_in_no_state():
    assert run("FAILED", {"state_name": "Move"}, note="Consent first").sentence == "Run run-1: FAILED. Consent first"


def test_a_run_has_an_address_for_people():
    assert run().web_address == "https://app.globus.org/runs/run-1"


def test_a_failed_run_says_what_the_service_says_of_it():
    details = {"description": "The Flow run failed in state Move: ActionFailed."}
    assert run("FAILED", details).sentence == "Run run-1: FAILED. The Flow run failed in state Move: ActionFailed."
