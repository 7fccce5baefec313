"""The one classifier, row by row of what was published, beside the SDK's own."""

from __future__ import annotations

from typing import Any

import globus_sdk.gare
import pytest

from jupyter_flowauth.refusals import Refusal, classify_details, classify_error, classify_refusal
from jupyter_flowauth.scopes import parse_requirements
from tests.refusal_bodies import DETAILS, NESTED, OTHERS, REFUSALS, TRANSFER, Row


def classify(row: Row) -> Refusal | None:
    return classify_refusal(status=row.status, body=row.body, headers=row.headers)


def says(refusal: Refusal) -> tuple[list[str], dict[str, str]]:
    return list(map(str, refusal.required_scopes)), dict(refusal.parameters)


@pytest.mark.parametrize("row", REFUSALS, ids=str)
def test_a_published_refusal_is_read(row):
    refusal = classify(row)
    assert refusal is not None
    assert says(refusal) == (list(row.scopes), dict(row.parameters))


@pytest.mark.parametrize("row", DETAILS, ids=str)
def test_a_refusal_inside_a_runs_details_is_read(row):
    refusal = classify_details(row.body)
    assert refusal is not None
    assert says(refusal) == (list(row.scopes), dict(row.parameters))


@pytest.mark.parametrize("row", OTHERS, ids=str)
def test_what_is_not_a_consent_matter_is_not_recognised(row):
    assert classify(row) is None


def in_the_sdks_words(row: Row) -> tuple[list[str], dict[str, str]] | None:
    """Return what the SDK's classifier makes of a row, put as ours is, or None where it has no opinion."""
    found = globus_sdk.gare.to_gare(row.body) if isinstance(row.body, dict) else None
    if found is None:
        return None
    wanted = found.authorization_parameters
    lists = ("session_required_identities", "session_required_single_domain", "session_required_policies")
    parameters: dict[str, Any] = {name: ",".join(getattr(wanted, name)) for name in lists if getattr(wanted, name)}
    parameters |= {name: str(getattr(wanted, name)) for name in ("session_required_mfa", "prompt") if getattr(wanted, name) is not None}
    return list(map(str, parse_requirements(wanted.required_scopes or []))), parameters


@pytest.mark.parametrize("row", REFUSALS, ids=str)
def test_where_the_sdk_has_an_opinion_ours_is_no_worse(row):
    theirs, ours = in_the_sdks_words(row), classify(row)
    if theirs is not None:
        assert (set(theirs[0]) <= set(says(ours)[0]), theirs[1].items() <= says(ours)[1].items()) == (True, True)


def test_the_sdk_has_an_opinion_on_half_the_table_and_we_on_all():
    rows = [in_the_sdks_words(row) is not None for row in REFUSALS]
    assert (sum(rows) >= 14, all(classify(row) for row in REFUSALS)) == (True, True)


def test_an_error_of_the_sdks_is_read_by_what_it_carries():
    class Refused(Exception):
        http_status, raw_json, headers = 403, {"code": "ConsentRequired", "required_scopes": [TRANSFER]}, {}

    assert classify_error(Refused()).required_scopes == parse_requirements(TRANSFER)


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_that_is_no_answer_is_none_of_ours(error):
    assert classify_error(error) is None


def test_an_error_without_headers_is_read_all_the_same():
    class Refused(Exception):
        http_status, raw_json, headers = 403, {"code": "ConsentRequired"}, None

    assert classify_error(Refused()) == Refusal("ConsentRequired")


def test_the_message_is_the_services_own_on_one_line():
    body = {"code": "ConsentRequired", "required_scope": NESTED, "description": "Missing\n\x1b[31mconsent"}
    assert classify_refusal(status=403, body=body).message == "Missing [31mconsent"


def test_what_is_wanted_of_the_session_is_a_sentence():
    refusal = Refusal("x", parameters={"session_required_mfa": "True", "session_required_identities": "bob"})
    assert refusal.wish == "wants you to log in with a second factor and wants you to log in as bob besides"


def test_what_is_about_consents_alone_wants_nothing_of_the_session():
    assert Refusal("ConsentRequired").wish == ""


def test_nesting_without_end_is_given_up():
    body: Any = {"code": "ConsentRequired"}
    for _ in range(30):
        body = {"error": body}
    assert classify_refusal(status=403, body=body) is None
    assert classify_details("[" * 100_000) is None


def test_a_second_factor_that_is_not_wanted_is_not_spoken_of():
    assert Refusal("x", parameters={"session_required_mfa": "False"}).wish == ""
