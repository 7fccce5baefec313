"""The magics in a real IPython shell."""

from __future__ import annotations

import json
import threading

import pytest
from IPython.core.completer import provisionalcompleter

from jupyter_flowauth import FlowAuth, InteractionRequired, LoginDenied
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.catalogue import GROUPS_ALL, TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.user_agents.ladder import Surroundings


def test_loading_defines_auth_and_the_magics(shell, demo):
    shell.run("%load_ext jupyter_flowauth")
    assert isinstance(shell.names["auth"], FlowAuth)
    assert {"login", "logout", "whoami"} <= set(shell.shell.magics_manager.magics["line"])


def test_loading_without_a_provider_says_what_to_do(shell):
    assert "no provider is configured" in shell.run("%load_ext jupyter_flowauth")
    assert "auth" not in shell.names


def test_a_name_that_is_taken_is_left_alone(shell, demo):
    shell.names["auth"] = "mine"
    shell.run("%load_ext jupyter_flowauth")
    assert "something else of yours" in shell.run("%whoami")
    assert shell.names["auth"] == "mine"


def test_unloading_removes_the_magics_and_keeps_auth(shell, notebook):
    notebook("%unload_ext jupyter_flowauth")
    assert "login" not in shell.shell.magics_manager.magics["line"]
    assert isinstance(shell.names["auth"], FlowAuth)


def test_logging_in_shows_the_link_and_the_end(notebook, shell):
    shown = notebook(f"%login {TRANSFER_ALL} {VIEW_MY_GROUPS}")
    assert shell.names["auth"].missing([TRANSFER_ALL, VIEW_MY_GROUPS]) == ()
    assert shell.error is None
    assert "Traceback" not in shown


def test_what_is_held_is_said_and_not_asked(notebook, demo):
    notebook(f"%login {TRANSFER_ALL}")
    assert "You are alice@sandbox.example, 1 scope held already; nothing had to be asked." in notebook(f"%login {TRANSFER_ALL}")
    assert demo.sandbox.count("authorize") == 1


def test_force_asks_again(notebook, demo):
    notebook(f"%login {TRANSFER_ALL}")
    notebook(f"%login --force {TRANSFER_ALL}")
    assert demo.sandbox.count("authorize") == 2


def test_without_a_scope_it_is_what_was_required_else_who_you_are(notebook, shell):
    notebook("%login")
    assert shell.names["auth"].identity.username == "alice@sandbox.example"
    notebook(f"auth.require('{GROUPS_ALL}')")
    notebook("%login")
    assert shell.names["auth"].missing() == ()


def test_a_login_that_is_not_waited_for_goes_on(notebook, shell):
    shown = notebook(f"%login --no-wait {TRANSFER_ALL}\nprint('at once')")
    assert ("at once" in shown, shell.error) == (True, None)
    for thread in threading.enumerate():
        if thread.name == "flowauth-login":
            thread.join(60)
    assert shell.names["auth"].missing([TRANSFER_ALL]) == ()


def test_who_one_is_and_was(notebook):
    assert "Nobody is logged in at Globus." in notebook("%whoami")
    assert "No login is held here." in notebook("%whoami --all")
    notebook("%login")
    assert "alice@sandbox.example is logged in at Globus, with 3 scopes:" in notebook("%whoami")
    assert "alice@sandbox.example at http://127.0.0.1" in notebook("%whoami --all")


def test_logging_out_is_said(notebook, shell):
    notebook("%login")
    assert "gone from here, and revoked at Globus." in notebook("%logout")
    assert "Nobody was logged in" in notebook("%logout")


def test_every_identity_is_logged_out(notebook, demo, shell):
    notebook("%login")
    demo.user = "bob"
    demo.auth(account="bob@sandbox.example").login()
    shown = notebook("%logout --all")
    assert all(f"{name}@sandbox.example is logged out" in shown for name in ("alice", "bob"))


def test_another_account_binds_auth_anew(notebook, shell, monkeypatch):
    notebook("%login")
    before = shell.names["auth"]
    monkeypatch.setattr("jupyter_flowauth.wiring.build_ladder", lambda *_, **__: ())
    notebook("%login --account bob@sandbox.example")
    assert (shell.names["auth"] is before, shell.names["auth"].account) == (False, "bob@sandbox.example")
    assert isinstance(shell.error, InteractionRequired)


def test_how_one_would_be_asked_asks_nobody(notebook, demo):
    assert "loopback:" in notebook("%login --how")
    assert demo.sandbox.count("configuration") == 0


def test_a_code_is_pasted(notebook, demo, shell, monkeypatch):
    questions = []
    monkeypatch.setattr("jupyter_flowauth.wiring._read_secret", lambda question: questions.append(question) or "")
    notebook(f"%login --paste {TRANSFER_ALL}")
    assert questions == ["Paste the code here: "]
    assert isinstance(shell.error, LoginDenied)


def test_an_error_is_one_sentence_and_stays_its_type(notebook, demo, shell):
    demo.deny = True
    shown = notebook(f"%login {TRANSFER_ALL}")
    assert "LoginDenied: see above" in shown
    assert ("Traceback" in shown, "File " in shown, type(shell.error)) == (False, False, LoginDenied)


@pytest.mark.parametrize("cell", [f"%login {TRANSFER_ALL}", f"auth.login(['{TRANSFER_ALL}'])"])
def test_a_traceback_does_not_say_again_what_was_said_where_the_login_was_asked_for(notebook, demo, shell, cell):
    demo.deny = True
    shown = notebook(cell)  # and not what the question's own place says, which here is this process' stderr
    assert "LoginDenied: see above" in shown
    assert "what was held before" not in shown
    assert str(shell.error).startswith("the login was denied"), "for whoever runs the notebook, the error says it all the same"


@pytest.mark.parametrize(
    "line, sentence", [("%login --provider nowhere", "no provider is called 'nowhere'"), ("%login --nonsense", "unrecognized")]
)
def test_a_wrong_option_is_one_sentence(notebook, line, sentence):
    shown = notebook(line)
    assert sentence in shown
    assert "jupyter_flowauth/" not in shown


@pytest.mark.parametrize("line", ["%login a[", '%login "a\\b"'])
def test_what_is_no_scope_is_one_sentence(notebook, line):
    shown = notebook(line)
    assert "scope" in shown
    assert "jupyter_flowauth/" not in shown


def test_the_help_teaches_by_example(notebook):
    shown = notebook("%login?")
    assert "%login urn:globus:auth:scope:transfer.api.globus.org:all" in shown
    assert "--no-wait" in shown


@pytest.mark.parametrize("line, found", [("%login urn:globus:auth:scope:transfer", TRANSFER_ALL), ("%login --fo", "--force")])
def test_known_scopes_and_options_are_completed(notebook, shell, line, found):
    with provisionalcompleter():
        texts = [completion.text for completion in shell.shell.Completer.completions(line, len(line))]
    assert any(found.endswith(text) for text in texts)


def test_how_one_would_be_asked_is_told_for_the_provider_that_is_named(notebook, demo, shell, jupyter_home, monkeypatch):
    around = Surroundings("no server", in_kernel=True, in_server_kernel=False, allows_stdin=True, over_ssh=True, has_desktop=False)
    monkeypatch.setattr("jupyter_flowauth.wiring.look_around", lambda *_: around)
    provider = {"kind": "oidc", "issuer": demo.sandbox.url, "client_id": SANDBOX_CLIENT_ID}
    (jupyter_home / "config").mkdir(exist_ok=True)
    (jupyter_home / "config" / "jupyter_flowauth.json").write_text(json.dumps({"providers": {"school": provider}}))
    before = shell.names["auth"]
    assert "device: Globus offers no device codes" in notebook("%login --how")
    assert "→ device: used; a code can be entered" in notebook("%login --how --provider school")
    assert "no provider is called 'nowhere'" in notebook("%login --how --provider nowhere")
    assert shell.names["auth"] is before
