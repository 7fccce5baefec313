"""``provider`` and ``storage``: what is written is what is read."""

from __future__ import annotations

import json
import subprocess

import pytest

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from tests.cli.conftest import PROGRAM


@pytest.fixture
def own_file(jupyter_home):
    return jupyter_home / "config" / "jupyter_flowauth.json"


def test_a_provider_that_was_added_can_be_logged_in_at(demo, here, monkeypatch, own_file):
    monkeypatch.delenv("FLOWAUTH_CLIENT_ID")
    added = here("provider", "add", "globus", "--client-id", SANDBOX_CLIENT_ID)
    assert (added.code, added.out) == (0, "")
    assert json.loads(own_file.read_text()) == {"providers": {"globus": {"kind": "globus", "client_id": SANDBOX_CLIENT_ID}}}
    demo.auth(provider="globus").login([TRANSFER_ALL])
    assert here("status", TRANSFER_ALL).code == 0


def test_a_program_without_a_secret_is_told_where_to_name_it(own_file, here, monkeypatch):
    school = ("school", "--kind", "oidc", "--issuer", "https://sso.example.org/realms/school", "--client-id", "ci-runner")
    assert here("provider", "add", *school).code == 0
    minting = here("service-account", "token")
    assert (minting.code, minting.out) == (7, "")
    assert "no secret of the client ci-runner is at hand; name its place with --client-secret-file, or set FLOWAUTH" in minting.err
    adding = here("provider", "add", *school, "--grant", "client_credentials", "--replace")
    assert (adding.code, here("status").code) == (2, 3)


def test_what_else_the_file_says_stays(own_file, here):
    own_file.parent.mkdir(parents=True)
    own_file.write_text(json.dumps({"storage": "memory", "providers": {"one": {"kind": "globus", "client_id": "1"}}}))
    assert here("provider", "add", "two", "--client-id", "2", "--redirect-uri", "http://localhost:*/x", "--default").code == 0
    assert json.loads(own_file.read_text()) == {
        "storage": "memory",
        "default_provider": "two",
        "providers": {
            "one": {"kind": "globus", "client_id": "1"},
            "two": {"kind": "globus", "client_id": "2", "redirect_uris": ["http://localhost:*/x"]},
        },
    }


def test_providers_that_are_added_at_the_same_moment_are_all_there(own_file):
    names = [f"provider-{number}" for number in range(12)]
    added = [subprocess.Popen([PROGRAM, "provider", "add", name, "--client-id", "1"], stderr=subprocess.DEVNULL) for name in names]
    assert [process.wait(120) for process in added] == [0] * len(names)
    assert sorted(json.loads(own_file.read_text())["providers"]) == sorted(names)


def test_a_name_that_is_taken_is_replaced_only_on_request(own_file, here):
    here("provider", "add", "one", "--client-id", "1")
    refused = here("provider", "add", "one", "--client-id", "2")
    assert (refused.code, json.loads(own_file.read_text())["providers"]["one"]["client_id"]) == (2, "1")
    assert here("provider", "add", "one", "--client-id", "2", "--replace").code == 0
    assert json.loads(own_file.read_text())["providers"]["one"]["client_id"] == "2"


def test_a_name_that_can_be_no_part_of_an_address_is_refused_and_nothing_written(own_file, here):
    refused = here("provider", "add", "a/b", "--client-id", "1")
    assert (refused.code, own_file.exists()) == (7, False)
    assert "the provider name 'a/b' has to be letters" in refused.err


def test_a_file_that_can_not_be_read_is_left_as_it_is(own_file, here):
    own_file.parent.mkdir(parents=True)
    own_file.write_text("{ not JSON")
    assert here("provider", "add", "one", "--client-id", "1").code == 7
    assert own_file.read_text() == "{ not JSON"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--issuer", "https://sso.example.org"], "--issuer says that it is an OpenID provider: --kind oidc"),
        (["--kind", "oidc", "--issuer", "sso.example.org/realms/x"], "the issuer 'sso.example.org/realms/x' isn't an https address"),
        (["--kind", "oidc", "--instance", "school a"], "'school a' isn't the address of an instance"),
        (["--grant", "client_credentials"], "a client that acts for itself needs --client-secret-file"),
        (["--kind", "oidc", "--issuer", "https://a.example", "--grant", "client_credentials"], "or --private-key-file"),
    ],
)
def test_what_could_never_be_used_is_refused_and_nothing_written(own_file, here, options, why):
    refused = here("provider", "add", "one", "--client-id", "1", *options)
    assert refused.code in (2, 7)
    assert why in refused.err
    assert not own_file.exists()


def test_a_secret_file_that_others_can_read_is_said_at_once(jupyter_home, here):
    secret = jupyter_home / "secret"
    absent = here("provider", "add", "one", "--client-id", "1", "--client-secret-file", str(secret))
    assert "is not there yet" in absent.err
    secret.write_text("s3cret")
    secret.chmod(0o644)
    warned = here("provider", "add", "one", "--client-id", "1", "--client-secret-file", str(secret), "--replace")
    assert f"others can read {secret}" in warned.err
    secret.chmod(0o600)
    assert "Warning" not in here("provider", "add", "one", "--client-id", "1", "--client-secret-file", str(secret), "--replace").err


def test_list_says_which_one_is_the_default(here):
    here("provider", "add", "one", "--client-id", "1")
    here("provider", "add", "two", "--client-id", "2", "--default")
    assert [line.split() for line in here("provider", "list").out.splitlines()] == [
        ["NAME", "KIND", "CLIENT", "ID", "ISSUER", "OR", "INSTANCES"],
        ["one", "globus", "1", "Globus", "Auth"],
        ["two", "(default)", "globus", "2", "Globus", "Auth"],
    ]
    assert [(row["name"], row["is_default"]) for row in here("provider", "list", "--json").json] == [("one", False), ("two", True)]


def test_list_of_none_says_how_to_add_one(jupyter_home, here):
    asked = here("provider", "list")
    assert (asked.code, asked.out) == (0, "")
    assert "jupyter flowauth provider add" in asked.err


def test_remove_takes_one_out_and_the_default_with_it(own_file, here):
    here("provider", "add", "one", "--client-id", "1")
    here("provider", "add", "two", "--client-id", "2", "--default")
    assert here("provider", "remove", "two", "--json").json["logins_held"] == 0
    assert json.loads(own_file.read_text()) == {"providers": {"one": {"kind": "globus", "client_id": "1"}}, "default_provider": ""}


def test_remove_says_where_a_provider_comes_from_that_the_file_has_not(demo, here):
    refused = here("provider", "remove", "globus")
    assert refused.code == 2
    assert "the environment, or a file of the system's has" in refused.err
    assert "nothing has" in here("provider", "remove", "nobody").err


def test_remove_warns_of_logins_that_are_held_for_it(demo, here):
    here("provider", "add", "globus", "--client-id", SANDBOX_CLIENT_ID, "--replace")
    demo.auth(provider="globus").login()
    assert "1 logins of globus are still held here" in here("provider", "remove", "globus").err


def test_storage_says_where_and_moves_everything(demo, here, tmp_path):
    demo.auth().login([TRANSFER_ALL])
    assert here("storage", "show").out.endswith("/data/flowauth: 1 login\n")
    moved = here("storage", "move", "--to", str(tmp_path / "elsewhere"), "--json").json
    assert (moved["moved"], moved["location"]) == (1, f"file:{tmp_path / 'elsewhere'}")
    assert here("storage", "show", "--json").json == {"location": moved["location"], "logins": 1}
    assert here("status", TRANSFER_ALL).code == 0


def test_storage_that_could_keep_nothing_is_not_moved_to(demo, shell):
    refused = shell("storage", "move", "--to", "keyring", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert refused.code == 8
    assert "the system's keyring can't be used" in refused.err
    assert shell("storage", "show").out.startswith("file:")


def test_storage_that_would_end_with_the_process_is_refused(demo, here):
    assert here("storage", "move", "--to", "memory").code == 7
