"""The card under the traceback of a refused call: when it is shown, what it says, what its button does."""

from __future__ import annotations

import threading

import globus_sdk
import pytest

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.errors import ScopesMissing
from jupyter_flowauth.kernel import magics, refusal_watch
from jupyter_flowauth.records import ProcessStamp, ServerAnnouncement
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from jupyter_flowauth.sandbox.services import COLLECTIONS, FLOWS_ALL, INGEST_ACTION
from jupyter_flowauth.user_agents.terminal import TextPresenter

RUN = "specific.run_flow({})"
SERVER = ServerAnnouncement("id", ProcessStamp("host", "boot", 1, 0.0), "/user/x/", "http://localhost:8888/")
MARKUP = "<img src=x onerror=alert(1)>"


def chain(*actions):
    names = [f"S{number}" for number in range(len(actions))]
    states = {
        name: {"Type": "Action", "ActionUrl": f"https://actions.globus.org/{action}", "Parameters": {}, "ResultPath": "$.R"}
        | ({"Next": names[number + 1]} if number + 1 < len(names) else {"End": True})
        for number, (name, action) in enumerate(zip(names, actions, strict=True))
    }
    return {"StartAt": "S0", "States": states}


class RefusedNotebook:
    """A notebook with the extension loaded, in which a flow was changed after the consent to it."""

    def __init__(self, shell, demo):
        self.shell, self.demo = shell, demo
        self.auth = shell.names["auth"] = demo.auth()
        shell.run("%load_ext jupyter_flowauth")
        self.watch = magics._WATCHES[id(shell.shell)]

    def grow_a_flow(self, title="Ingest", *, grown=True):
        """Deploy a flow, consent to it, and add a search ingest to it."""
        self.auth.login([FLOWS_ALL])
        self.flows = globus_sdk.FlowsClient(authorizer=self.auth.authorizers[FLOWS_ALL])
        flow = self.auth.flow(self.flows.create_flow(title, chain("hello_world"), {})["id"])
        flow.consent()
        if grown:
            self.flows.update_flow(flow.flow_id, definition=chain("hello_world", "search/ingest"))
        self.shell.names["specific"] = globus_sdk.SpecificFlowClient(flow.flow_id, authorizer=self.auth.authorizers[flow.scope])
        return flow

    def run(self, cell=RUN):
        self.shell.shell.execution_count += 1  # as a front end's cells count
        return self.shell.run(cell)

    @property
    def cards(self):
        return list(self.watch._cards.values())

    @property
    def card(self):
        (card,) = self.cards
        return card

    def press(self, card=None):
        """Press the button, and wait for the login to end."""
        card = card or self.card
        card._receive(card, {"type": "login"}, [])
        for thread in threading.enumerate():
            if thread.name == "flowauth-login":
                thread.join(60)


@pytest.fixture
def notebook(shell, demo, monkeypatch):
    """Somebody is there, and so is a Jupyter server; the browser is a script."""
    monkeypatch.setattr(FlowAuth, "way_to_ask", lambda auth: "server")
    monkeypatch.setattr(refusal_watch, "find_jupyter_server", lambda: SERVER)
    return RefusedNotebook(shell, demo)


def test_a_refused_call_gets_a_card_that_names_what_is_new(notebook):
    notebook.grow_a_flow()
    shown = notebook.run()
    assert shown.index("MISSING_SCOPE") < shown.index("Flow 'Ingest' now needs more")
    lines = [(line["depth"], line["new"], line["reason"]) for line in notebook.card.consent]
    assert lines == [
        (0, False, "Flow 'Ingest'"),
        (1, False, "Flow 'Ingest' uses Hello World"),
        (1, True, "Flow 'Ingest' now also uses Globus Search (ingest)"),
    ]


def test_the_card_says_which_cell_to_run_again(notebook):
    notebook.grow_a_flow()
    notebook.run()
    assert f"Consent, then run cell [{notebook.shell.shell.execution_count}] again." in notebook.card.message
    assert (notebook.card.mode, notebook.card.status, notebook.card.action) == ("refusal", "missing", "Consent")


def test_its_button_consents_and_the_same_call_goes_through(notebook):
    notebook.grow_a_flow()
    notebook.run()
    card = notebook.card
    notebook.press()
    assert (card.status, card.message.endswith("] again.")) == ("done", True)
    notebook.run()
    assert (notebook.shell.error, notebook.cards) == (None, [])


def test_the_prompt_asks_for_what_was_refused_and_nothing_besides(notebook, demo):
    flow = notebook.grow_a_flow()
    notebook.run()
    notebook.press()
    asked = demo.sandbox.state.authorize_requests[-1]["scope"]
    assert f"{flow.scope}[{INGEST_ACTION}]" in asked
    assert TRANSFER_ALL not in asked


def test_what_stays_is_a_sentence_without_a_widget(notebook, monkeypatch):
    updates = []
    monkeypatch.setattr("jupyter_flowauth.kernel.refusal_card.update_display", lambda bundle, **_: updates.append(bundle))
    notebook.grow_a_flow()
    notebook.run()
    notebook.press()
    (left,) = updates
    assert sorted(left) == ["text/html", "text/plain"]
    assert "Now run cell [" in left["text/plain"]


def test_the_newest_refusal_has_the_only_card(notebook):
    notebook.grow_a_flow()
    notebook.run()
    first = notebook.card
    notebook.run()
    one, two = sorted(notebook.card.cells.values())
    assert (first.is_over, notebook.card.again) == (True, f"run cells [{one}] and [{two}] again")


def test_a_cell_that_is_run_again_is_one_cell(notebook):
    notebook.grow_a_flow()
    for count in (7, 8):
        notebook.shell.shell.execution_count = count
        notebook.shell.shell.run_cell(RUN, cell_id="the-cell")
    assert notebook.card.again == "run cell [8] again"


def test_no_second_card_while_the_first_is_being_answered(notebook, monkeypatch):
    notebook.grow_a_flow()
    notebook.run()
    monkeypatch.setattr(type(notebook.card), "is_pending", True)
    first = notebook.card
    assert "asked for already, on the card under cell [" in notebook.run()
    assert notebook.cards == [first]


def test_nobody_there_gets_no_card(notebook, monkeypatch):
    notebook.grow_a_flow()
    monkeypatch.setattr(FlowAuth, "way_to_ask", lambda auth: None)
    assert "needs more" not in notebook.run()
    assert notebook.cards == []


def test_without_a_page_to_click_to_a_sentence_says_what_to_type(notebook, monkeypatch):
    flow = notebook.grow_a_flow()
    monkeypatch.setattr(FlowAuth, "way_to_ask", lambda auth: "paste")
    assert f"To be asked: auth.flow('{flow.flow_id}').consent(), then run cell [" in notebook.run()
    assert notebook.cards == []


def test_an_error_of_another_kind_gets_nothing(notebook):
    notebook.grow_a_flow()
    assert "refused" not in notebook.run("1 / 0")
    assert "refused" not in notebook.run("globus_sdk = __import__('globus_sdk'); specific.get_run('no-such-run')")
    assert notebook.cards == []


def test_an_error_that_was_raised_from_a_refusal_gets_the_card(notebook):
    notebook.grow_a_flow()
    notebook.run("try:\n    specific.run_flow({})\nexcept Exception as error:\n    raise RuntimeError('it failed') from error")
    assert notebook.card.headline == "Flow 'Ingest' now needs more"


def test_a_refusal_that_was_caught_gets_nothing(notebook):
    notebook.grow_a_flow()
    notebook.run("try:\n    specific.run_flow({})\nexcept Exception:\n    pass")
    assert notebook.cards == []


def test_a_scope_that_is_not_held_is_offered(notebook):
    notebook.auth.login()
    notebook.run(f"auth.authorizers['{TRANSFER_ALL}']")
    assert [line["scope"] for line in notebook.card.scopes] == [TRANSFER_ALL]
    notebook.press()
    assert notebook.auth.missing([TRANSFER_ALL]) == ()


def test_what_was_just_not_granted_is_not_offered_again(notebook):
    notebook.shell.names["error"] = ScopesMissing("less was granted", missing=["a"], granted=["b"])
    notebook.run("raise error")
    assert notebook.cards == []


def test_a_login_that_is_dead_is_offered_anew(notebook, demo):
    notebook.auth.login([TRANSFER_ALL])
    notebook.run(f"from jupyter_flowauth import LoginRequired\nraise LoginRequired('dead', missing=['{TRANSFER_ALL}'])")
    assert (notebook.card.headline, notebook.card.action) == ("A new login is needed", "Log in again")


def test_a_session_that_is_wanted_is_a_sentence_and_a_parameter(notebook, demo):
    notebook.grow_a_flow()
    demo.sandbox.configure(refusal_shape="session")
    notebook.run()
    assert "Globus wants you to log in with a second factor. Log in again, then run cell [" in notebook.card.message
    notebook.press()
    assert demo.sandbox.state.authorize_requests[-1]["session_required_mfa"] == "True"


def test_nobody_is_there_for_a_user_agent_that_asks_nobody(shell, demo):
    assert demo.auth(user_agent="none").way_to_ask() is None


def test_a_collection_that_is_refused_is_a_tree_in_words(notebook):
    notebook.auth.login([TRANSFER_ALL])
    scope = f"{TRANSFER_ALL}[*{COLLECTIONS[0].data_access}]"
    notebook.run(f"""class Refused(Exception):
    http_status, headers = 403, {{}}
    raw_json = {{"code": "ConsentRequired", "required_scopes": ["{scope}"]}}
raise Refused()""")
    top, beneath = notebook.card.consent
    assert (top["new"], beneath["new"], notebook.card.headline) == (False, True, "A consent is missing")
    assert COLLECTIONS[0].collection_id in beneath["scope"]


def test_a_no_can_be_thought_over_but_not_for_ever(notebook, demo):
    notebook.grow_a_flow()
    notebook.run()
    card, demo.deny = notebook.card, True
    notebook.press()
    assert (card.status, card.is_over, card.action) == ("denied", False, "Consent")
    notebook.press()
    notebook.press()
    assert card.is_over


def test_a_look_while_the_login_ends_does_not_take_the_word_from_it(notebook, monkeypatch):
    """What was consented to is held a moment before the login says so, and JupyterLab sends a refresh in between."""
    notebook.grow_a_flow()
    notebook.run()
    card = notebook.card
    show_end = type(card)._show_end

    def look_first(card, error, result):
        card._receive(card, {"type": "refresh"}, [])
        assert not card.is_over
        show_end(card, error, result)

    monkeypatch.setattr(type(card), "_show_end", look_first)
    notebook.press()
    assert (card.status, card.message.startswith("You are alice"), card.is_pending) == ("done", True, False)


def test_another_identity_that_answers_replaces_nothing(notebook, demo):
    notebook.grow_a_flow()
    notebook.run()
    demo.user = "bob"
    notebook.press()
    assert (notebook.card.status, notebook.auth.identity.username) == ("mismatch", "alice@sandbox.example")
    assert {"alice@sandbox.example", "bob@sandbox.example"} <= set(notebook.card.message.replace(",", " ").replace(";", " ").split())


def test_what_was_consented_to_twice_in_vain_is_not_asked_for_again(notebook, demo):
    demo.sandbox.configure(withheld_scopes=(INGEST_ACTION,))
    notebook.grow_a_flow()
    for _ in range(2):
        notebook.run()
        notebook.press()
    assert "asking again is of no use" in notebook.run()
    assert notebook.cards == []


def test_what_was_consented_to_elsewhere_closes_the_card(notebook):
    flow = notebook.grow_a_flow()
    notebook.run()
    card = notebook.card
    notebook.run(f"%login {flow.scope}")
    assert (card.is_over, card.message.startswith("It is held by now.")) == (True, True)


def test_markup_in_a_flows_title_stays_text(notebook):
    notebook.grow_a_flow(MARKUP)
    shown = notebook.run()
    assert notebook.card.headline == f"Flow '{MARKUP}' now needs more"
    assert "<img" not in shown.replace(f"Flow '{MARKUP}' now needs more", "", 1)


def test_login_shows_the_tree_of_a_changed_flow(notebook, monkeypatch):
    flow, shown = notebook.grow_a_flow(), []
    monkeypatch.setattr(TextPresenter, "show", lambda self, login, **_: shown.append(login))
    notebook.run(f"%login {flow.scope}")
    (login,) = shown
    assert (login.headline, str(login.consent[-1]).split("\n")[0].strip()) == (
        "Flow 'Ingest' now needs more",
        "+ Flow 'Ingest' now also uses Globus Search (ingest) (new)",
    )
    assert "nothing had to be asked" in notebook.run(f"%login {flow.scope}")


def test_the_panel_shows_what_a_flow_was_found_to_lack(notebook):
    flow = notebook.grow_a_flow()
    panel = notebook.auth.widget()
    assert panel.consent == []
    flow.forget()
    flow.missing()
    assert (panel.status, panel.headline, len(panel.consent)) == ("missing", "Flow 'Ingest' now needs more", 3)
    panel._receive(panel, {"type": "login"}, [])
    notebook.press(panel)
    assert (panel.status, panel.consent) == ("logged_in", [])


def test_unloading_ends_the_watch(notebook):
    notebook.grow_a_flow()
    notebook.run()
    card = notebook.card
    notebook.run("%unload_ext jupyter_flowauth")
    notebook.run()
    assert (card.is_over, notebook.cards) == (True, [])


def test_loading_twice_shows_one_card(notebook):
    notebook.grow_a_flow()
    notebook.run("%reload_ext jupyter_flowauth")
    assert notebook.run().count("Flow 'Ingest' now needs more") == 1
