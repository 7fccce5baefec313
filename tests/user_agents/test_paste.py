from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from jupyter_flowauth.code_grant import AuthorizationRequest, validate_authorization_response
from jupyter_flowauth.errors import ConfigurationError, LoginDenied, LoginTimeout, StateMismatch
from jupyter_flowauth.records import LoginResult
from jupyter_flowauth.user_agents.paste import PasteUserAgent, choose_paste_redirect_uri, parse_pasted
from tests.storage.login_requests import build_request

ISSUER, CODE_PAGE, CALLBACK = "https://i.example", "https://i.example/auth-code", "https://hub.example/callback"
WITH_PAGE = AuthorizationRequest(
    f"{ISSUER}/authorize", ISSUER, "c", "a", "x", "the-state", "n", redirect_uris=("http://127.0.0.1:*/*", CODE_PAGE), code_page=CODE_PAGE
)
WITHOUT_PAGE = replace(WITH_PAGE, redirect_uris=("http://127.0.0.1:*/*", CALLBACK), code_page=None)


class Patient:
    def pause(self, seconds):
        pass


def address(base=CALLBACK, **changes):
    return f"{base}?{urlencode({'code': 'the-code', 'state': 'the-state', 'iss': ISSUER, **changes})}"


def paste(presenter, authorization, *texts):
    """Paste these texts one after another, and return the code that is taken."""
    left, login = list(texts), replace(build_request(), authorization=authorization)
    agent = PasteUserAgent(presenter, lambda question: left.pop(0))
    agent.show(login)
    return validate_authorization_response(authorization, agent.wait(login, Patient()))


def test_a_bare_code_is_taken_where_a_page_shows_codes(presenter):
    assert paste(presenter, WITH_PAGE, " the-code \n") == "the-code"


def test_a_bare_code_is_not_taken_elsewhere(presenter):
    with pytest.raises(LoginDenied):
        paste(presenter, WITHOUT_PAGE, "the-code", "the-code", "the-code")
    assert presenter.sentences[0].startswith("That is not it: it should be the whole address")


def test_the_whole_address_is_taken(presenter):
    assert paste(presenter, WITHOUT_PAGE, address()) == "the-code"


def test_the_whole_address_of_the_code_page_is_taken_too(presenter):
    assert paste(presenter, WITH_PAGE, address(CODE_PAGE)) == "the-code"


@pytest.mark.parametrize("changes", [{"state": "another"}, {"state": ""}, {"iss": "https://evil.example"}])
def test_an_address_of_another_login_or_provider_is_refused(presenter, changes):
    with pytest.raises(StateMismatch):
        paste(presenter, WITHOUT_PAGE, address(**changes))


def test_the_address_of_another_page_is_not_it(presenter):
    assert paste(presenter, WITHOUT_PAGE, address("https://hub.example/other"), address()) == "the-code"
    assert presenter.sentences == ["That is not it: it is the address of another page. Try again."]


def test_there_are_three_tries(presenter):
    with pytest.raises(LoginDenied, match="no code was entered") as caught:
        paste(presenter, WITH_PAGE, "two words", "two words", "two words", "the-code")
    assert (caught.value.error, len(presenter.sentences)) == ("cancelled", 3)
    assert not presenter.sentences[2].endswith("Try again.")


def test_nothing_entered_is_a_cancelled_login(presenter):
    with pytest.raises(LoginDenied):
        paste(presenter, WITH_PAGE, "  ")


def test_a_repeated_parameter_may_be_pasted_again_rightly(presenter):
    assert paste(presenter, WITHOUT_PAGE, address() + "&code=2", address()) == "the-code"


def test_the_address_to_open_comes_back_to_what_is_registered(presenter):
    paste(presenter, WITH_PAGE, "the-code")
    _, shown, rung = presenter.shown[0]
    assert (rung, parse_qs(urlsplit(shown).query)["redirect_uri"]) == ("paste", [CODE_PAGE])


def test_what_was_pasted_is_not_repeated(presenter):
    with pytest.raises(LoginDenied):
        paste(presenter, WITH_PAGE, *["SENTINEL two words"] * 3)
    assert "SENTINEL" not in str(presenter.sentences)
    assert "SENTINEL" not in repr(parse_pasted(WITH_PAGE, "SENTINEL"))


@pytest.mark.parametrize(
    "shows_codes, asked", [(True, "Paste the code here: "), (False, "Paste the whole address of the page that you ended on: ")]
)
def test_the_question_says_what_to_paste(presenter, shows_codes, asked):
    questions, login = [], replace(build_request(), authorization=WITH_PAGE if shows_codes else WITHOUT_PAGE)
    with pytest.raises(LoginDenied):
        PasteUserAgent(presenter, lambda question: questions.append(question) or "").wait(login, Patient())
    assert questions == [asked]


def test_a_deadline_that_passed_while_typing_counts(presenter):
    class Late:
        def pause(self, seconds):
            raise LoginTimeout("too late")

    login = replace(build_request(), authorization=WITH_PAGE)
    with pytest.raises(LoginTimeout):
        PasteUserAgent(presenter, lambda question: "the-code").wait(login, Late())


def test_without_anything_to_copy_from_it_says_so():
    with pytest.raises(ConfigurationError, match="no redirect URI to copy a code from"):
        choose_paste_redirect_uri(replace(WITHOUT_PAGE, redirect_uris=("http://127.0.0.1:*/*",)))


def test_how_it_ended_is_shown(presenter):
    login = build_request()
    PasteUserAgent(presenter, lambda question: "").finish(login, LoginResult(login.login_id, "denied", "No.", 0))
    assert presenter.results[0].message == "No."
