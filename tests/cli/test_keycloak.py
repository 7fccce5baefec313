"""The shell at a real Keycloak: instances, given tokens, service accounts, logout."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jwt
import keyring
import keyring.backend
import pytest

from jupyter_flowauth import accounts
from tests.cli.conftest import PROGRAM, SECONDS, Ended
from tests.interop.instance import running_instance

SECRET = "throwaway-portal-secret"


@pytest.fixture
def school(keycloak, jupyter_home, monkeypatch):
    """A service on the realm, whose provider is configured without saying where it is, and a new person at the browser."""
    with running_instance(keycloak) as instance:
        person = keycloak.new_person()
        (jupyter_home / "config").mkdir()
        settings = {"providers": {"school": {"kind": "oidc", "client_id": "notebook"}}}
        (jupyter_home / "config" / "jupyter_flowauth.json").write_text(json.dumps(settings))
        monkeypatch.setenv("BROWSER", f"{sys.executable} {Path(__file__).with_name('form_person.py')} %s")
        monkeypatch.setenv("BROWSER_USER", person)
        yield instance


@pytest.fixture
def shell(jupyter_home):
    def run_there(*arguments, stdin="", **variables):
        environment = {**os.environ, **variables}
        done = subprocess.run(
            [PROGRAM, *arguments], capture_output=True, text=True, input=stdin, env=environment, timeout=SECONDS, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run_there


@pytest.fixture
def minted(keycloak):
    """Return a service account's token, as somebody else has minted it."""

    def mint(client="portal", secret=SECRET, **form):
        import httpx

        values = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, **form}
        answer = httpx.post(keycloak.discovery["token_endpoint"], data=values, timeout=60)
        return answer.raise_for_status().json()["access_token"]

    return mint


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "portal-secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.fixture
def own_keyring():
    """A keyring that ends with the test; the real SecretService has tests of its own."""

    class Memory(keyring.backend.KeyringBackend):
        priority = 1
        kept: dict[tuple[str, str], str] = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

    before, memory = keyring.get_keyring(), Memory()
    keyring.set_keyring(memory)
    yield memory.kept
    memory.kept.clear()
    keyring.set_keyring(before)


def test_two_instances_are_held_side_by_side_and_chosen_by_option_or_environment(keycloak, school, shell):
    with running_instance(keycloak) as other:
        assert shell("login", "school.read", "--instance-url", school.url).code == 0
        assert shell("login", "school.read", "--instance-url", f"{other.url}/").code == 0
        assert sorted(row["instance"] for row in shell("list", "--json").json) == sorted([school.url, other.url])
        undecided = shell("token")
        assert (undecided.code, undecided.out) == (7, "")
        assert school.url in undecided.err
        assert other.url in undecided.err
        assert "jupyter flowauth login --instance-url URL" in undecided.err
        first = shell("token", "--instance-url", school.url).out
        assert shell("token", FLOWAUTH_INSTANCE_URL=f"{school.url}/").out == first
        assert shell("token", FLOWAUTH_INSTANCE_URL=other.url).out not in ("", first)


@pytest.mark.parametrize("name", ["bash", "fish"])
def test_env_is_all_that_curl_needs(name, school, shell):
    shell("login", "school.read", "--instance-url", school.url)
    call = 'curl -s -H "Authorization: Bearer $FLOWAUTH_BEARER" "$FLOWAUTH_INSTANCE_URL/read"'
    lines = "jupyter flowauth env --shell fish | source" if name == "fish" else 'eval "$(jupyter flowauth env)"'
    done = subprocess.run([name, "-c", f"{lines}; {call}"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"hello": os.environ["BROWSER_USER"], "is_service_account": False}


def test_logout_ends_the_sessions_and_says_each(keycloak, school, shell):
    shell("login", "school.read", "--instance-url", school.url)
    assert keycloak.sessions(os.environ["BROWSER_USER"]) == 1
    done = shell("logout", "--json")
    assert done.code == 0
    assert {ending["name"]: ending["done"] for ending in done.json[0]["endings"]}["instance"] is True
    assert school.logouts == [os.environ["BROWSER_USER"]]
    assert keycloak.sessions(os.environ["BROWSER_USER"]) == 0
    assert f"{school.url} has ended the session there." in done.err


def test_logout_with_the_instance_down_still_clears_and_says_so(keycloak, school, shell):
    with running_instance(keycloak) as gone:
        shell("login", "school.read", "--instance-url", gone.url)
    done = shell("logout", "--all", "--json")
    assert (done.code, done.json[0]["cleared"]) == (0, True)
    assert {ending["name"]: ending["done"] for ending in done.json[0]["endings"]}["instance"] is False
    assert accounts() == ()


@pytest.mark.parametrize("way", ["standard input", "environment", "command line"])
def test_a_token_that_was_made_elsewhere_is_kept_until_it_ends(way, school, shell, minted):
    token = minted(scope="school.read")
    given = {
        "standard input": lambda: shell("login", "--instance-url", school.url, "--token", "-", stdin=f"{token}\n"),
        "environment": lambda: shell("login", "--instance-url", school.url, "--token", "-", FLOWAUTH_TOKEN=token),
        "command line": lambda: shell("login", "--instance-url", school.url, "--token", token),
    }[way]()
    assert (given.code, given.out) == (0, "")
    assert ("is seen by everybody on this machine (ps)" in given.err) is (way == "command line")
    assert "(a service account) is kept" in given.err
    assert token not in given.err
    assert shell("token").out == f"{token}\n"
    [row] = shell("list", "--json").json
    assert (row["kind"], row["renews_itself"], row["instance"]) == ("service_account", False, school.url)


def test_the_end_of_a_given_token_is_said_before(school, shell, minted):
    shell("login", "--instance-url", school.url, "--token", "-", stdin=minted())
    status = shell("status", "--min-valid", "3600")
    assert status.code == 4
    assert status.out.startswith("The service account service-account-portal is logged in")
    assert "nothing renews it: mint another one (jupyter flowauth service-account token)" in status.out
    assert "is good for" in status.err
    assert "nothing renews it" in shell("token").err
    assert shell("status", "--min-valid", "1").code == 0


def test_a_given_token_that_has_ended_is_a_hard_stop(school, shell, minted, aged):
    shell("login", "--instance-url", school.url, "--token", "-", stdin=minted())
    # Not a token of three seconds: on a machine that is busy it has ended before the program looks at it.
    aged(-1, renews=False)
    asked = shell("token", "--min-valid", "0")
    assert (asked.code, asked.out) == (3, "")
    assert "LoginRequired: " in asked.err
    assert "EXPIRED" in shell("list").out


def test_a_token_of_the_environment_is_judged_before_a_script_relies_on_it(school, shell, minted):
    there = {"FLOWAUTH_INSTANCE_URL": school.url}
    good = shell("status", "--json", FLOWAUTH_TOKEN=minted(scope="school.read"), **there)
    assert (good.code, good.json["kind"], "school.read" in good.json["scopes"]) == (0, "service_account", True)
    assert "nothing renews it" in good.json["ends"]
    assert shell("status", "--min-valid", "3600", FLOWAUTH_TOKEN=minted(), **there).code == 4
    refused = shell("status", FLOWAUTH_TOKEN="a.b.c", **there)
    assert (refused.code, refused.out) == (3, "")
    assert "FLOWAUTH_TOKEN can't be used" in refused.err


def test_a_token_that_must_not_be_used_is_refused_and_nothing_kept(keycloak, school, shell, minted):
    parts = minted().split(".")
    forged = jwt.encode({**jwt.decode(".".join(parts), options={"verify_signature": False}), "exp": time.time() + 9e9}, "k" * 32)
    other = {"iss": "https://elsewhere.example", "sub": "s", "exp": time.time() + 600}
    for bad in ("not-a-jwt", forged, jwt.encode(other, "k" * 32), f"{parts[0]}.{parts[1]}.AAAA"):
        refused = shell("login", "--instance-url", school.url, "--token", "-", stdin=bad)
        assert (refused.code, refused.out) == (6, "")
        assert "nothing was stored" in refused.err
        assert bad not in refused.err
    assert shell("login", "--instance-url", school.url, "--token", "-").code == 2
    assert accounts() == ()


def add(here, keycloak, client_id, *options):
    """Configure the realm as the only provider."""
    added = here("provider", "add", "school", "--kind", "oidc", "--issuer", keycloak.issuer, "--client-id", client_id, *options)
    assert added.code == 0


@pytest.mark.parametrize("place", ["file", "environment", "keyring"])
def test_a_program_mints_its_own_token_and_no_secret_is_an_argument(place, keycloak, here, secret_file, own_keyring, monkeypatch):
    own_keyring["jupyter_flowauth", "keyring:portal"] = SECRET
    if place == "environment":
        monkeypatch.setenv("FLOWAUTH_CLIENT_ID", "portal")
        monkeypatch.setenv("FLOWAUTH_CLIENT_SECRET", SECRET)
        options = []
    else:
        options = ["--client-id", "portal", "--client-secret-file", str(secret_file) if place == "file" else "keyring:portal"]
    minted = here("service-account", "token", "school.read", "--issuer", keycloak.issuer, *options)
    assert minted.code == 0, minted.err
    claims = jwt.decode(minted.out.strip(), options={"verify_signature": False})
    assert (claims["azp"], claims["profile"]["is_service_account"]) == ("portal", True)
    assert "school.read" in claims["scope"].split()
    assert minted.out.count("\n") == 1
    assert SECRET not in minted.err
    assert accounts() == ()


def test_a_configured_client_mints_too_though_it_logs_people_in(keycloak, jupyter_home, here, secret_file):
    add(here, keycloak, "portal", "--client-secret-file", str(secret_file))
    values = here("service-account", "token", "--json").json
    assert jwt.decode(values["access_token"], options={"verify_signature": False})["azp"] == "portal"
    assert values["expires_at_seconds"] > time.time()


def test_a_secret_that_is_wrong_or_missing_is_said_without_it(keycloak, jupyter_home, here, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("SENTINELwrong")
    portal = ("service-account", "token", "--issuer", keycloak.issuer, "--client-id", "portal")
    refused = here(*portal, "--client-secret-file", str(wrong))
    assert (refused.code, refused.out) == (6, "")
    assert "SENTINEL" not in refused.err
    absent = here(*portal)
    assert absent.code == 7
    assert "no secret of the client portal is at hand; name its place with --client-secret-file" in absent.err
    assert here(*portal, "--client-secret-file", str(tmp_path / "gone")).code == 7


@pytest.fixture
def admin(keycloak, school, shell):
    """Log somebody in who may manage the realm's clients."""
    name = os.environ["BROWSER_USER"]
    management = keycloak.client("realm-management")["id"]
    role = keycloak.admin("GET", f"/clients/{management}/roles/manage-clients")
    keycloak.admin("POST", f"/users/{keycloak.user(name)['id']}/role-mappings/clients/{management}", [role])
    assert shell("login", "--instance-url", school.url).code == 0
    return name


@contextlib.contextmanager
def client_removed(keycloak, name):
    try:
        yield
    finally:
        for client in keycloak.admin("GET", "/clients", clientId=name):
            keycloak.admin("DELETE", f"/clients/{client['id']}")


def test_an_admin_sets_up_a_service_account_and_it_mints_tokens(keycloak, admin, school, shell, tmp_path):
    place = tmp_path / "secrets" / "ci-runner"
    with client_removed(keycloak, "ci-runner"):
        wanted = ("--secret-file", str(place), "--lifetime", "7200", "--scope", "school.read")
        made = shell("service-account", "create", "ci-runner", *wanted, "--json")
        assert made.code == 0, made.err
        said = {"client_id": "ci-runner", "issuer": keycloak.issuer, "client_secret_file": str(place), "scopes": ["school.read"]}
        assert made.json == said
        secret = place.read_text()
        assert place.stat().st_mode & 0o777 == 0o600
        assert secret not in made.out + made.err
        options = ("--issuer", keycloak.issuer, "--client-id", "ci-runner", "--client-secret-file", str(place))
        token = shell("service-account", "token", "school.read", *options).out.strip()
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["profile"]["is_service_account"], claims["exp"] - claims["iat"]) == (True, 7200)
        given = shell("login", "--instance-url", school.url, "--token", "-", stdin=token)
        assert "(a service account) is kept" in given.err
        client = keycloak.client("ci-runner")
        assert (client["standardFlowEnabled"], client["directAccessGrantsEnabled"], client["publicClient"]) == (False, False, False)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["portal"], 6, "has a client portal already"),
        (["new-one", "--scope", "no.such"], 6, "has no client scope no.such; nothing was set up"),
        (["a/b"], 2, "The name is a client id"),
    ],
)
def test_what_can_not_be_set_up_leaves_nothing(keycloak, admin, shell, tmp_path, options, code, words):
    place = tmp_path / "secret"
    refused = shell("service-account", "create", *options, "--secret-file", str(place))
    assert (refused.code, refused.out) == (code, "")
    assert words in refused.err
    assert not place.exists()
    assert keycloak.admin("GET", "/clients", clientId="new-one") == []


def test_who_may_not_is_told_which_role_it_takes(keycloak, school, shell, tmp_path):
    shell("login", "--instance-url", school.url)
    refused = shell("service-account", "create", "new-one", "--secret-file", str(tmp_path / "secret"))
    assert refused.code == 6
    assert "it needs the role manage-clients of realm-management" in refused.err
    assert not (tmp_path / "secret").exists()


def test_a_secret_that_is_there_is_never_overwritten(keycloak, admin, shell, secret_file):
    refused = shell("service-account", "create", "new-one", "--secret-file", str(secret_file))
    assert refused.code == 8
    assert secret_file.read_text() == SECRET
    assert keycloak.admin("GET", "/clients", clientId="new-one") == []


def test_the_doctor_asks_keycloak_about_the_redirect_uri(keycloak, jupyter_home, here):
    add(here, keycloak, "notebook")
    known = [f for f in here("doctor", "--json").json["findings"] if "redirect URI" in f["sentence"]]
    assert [(f["mark"], "it knows the redirect URI http://127.0.0.1:" in f["sentence"]) for f in known] == [("ok", True)]
    add(here, keycloak, "notebook", "--redirect-uri", "https://hub.example/callback", "--replace")
    refused = [f for f in here("doctor", "--json").json["findings"] if "redirect URI" in f["sentence"]]
    assert [(f["mark"], f["about"]) for f in refused] == [("broken", "provider")]
