"""Which adapter is chosen, from what is configured and from where this runs."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from jupyter_flowauth import FlowAuth, wiring
from jupyter_flowauth.errors import ConfigurationError, InteractionRequired, ProviderError
from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.providers.globus import GlobusProvider
from jupyter_flowauth.records import ServerAnnouncement
from jupyter_flowauth.storage.file import FileStore
from jupyter_flowauth.storage.memory import MemoryStore
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from jupyter_flowauth.user_agents.terminal import SilentPresenter, TextPresenter
from tests.fakes.presenter import RecordingPresenter


@pytest.fixture(autouse=True)
def nowhere(jupyter_home):
    return jupyter_home


@pytest.fixture
def configure(jupyter_home):
    def write(**values):
        (jupyter_home / "config").mkdir(exist_ok=True)
        (jupyter_home / "config" / "jupyter_flowauth.json").write_text(json.dumps(values))
        return wiring.current_settings()

    return write


def globus(**values):
    return {"kind": "globus", "client_id": "c", **values}


def choose_agent(wanted, presenter=None):
    return wiring.choose_user_agent(wanted, ("a",), wiring.open_rendezvous(), presenter or RecordingPresenter())


@pytest.fixture
def server(monkeypatch):
    """A server that has announced itself to this process."""
    found = ServerAnnouncement(generate_login_id(), wiring.this_process(), "/x/", "http://localhost:8888/")
    wiring.open_rendezvous().announce(found)
    monkeypatch.setenv(wiring.SERVER_ID_VARIABLE, found.server_id)
    return found


def test_the_users_folder_wins_over_every_other_one(configure, tmp_path, monkeypatch):
    """It is the one that a storage's move is written to."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "jupyter_flowauth.json").write_text('{"storage": "memory", "login_timeout_seconds": 60}')
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "site"))
    settings = configure(storage="keyring")
    assert (settings.storage, settings.login_timeout_seconds) == ("keyring", 60)


def test_no_provider_says_how_to_register_one_or_try_the_demo():
    with pytest.raises(ConfigurationError, match=r"register a client at .* jupyter flowauth demo"):
        FlowAuth()


def test_the_only_provider_is_the_default_one(configure):
    settings = configure(providers={"school": globus()})
    assert wiring.choose_provider(None, settings).name == "school"


def test_several_and_none_chosen_is_an_error_that_lists_them(configure):
    settings = configure(providers={"a": globus(), "b": globus()})
    with pytest.raises(ConfigurationError, match="none is chosen: a, b"):
        wiring.choose_provider(None, settings)
    assert wiring.choose_provider("b", settings).name == "b"


def test_a_provider_that_is_not_configured_is_an_error_that_lists_them(configure):
    with pytest.raises(ConfigurationError, match="no provider is called 'x'; configured are: a"):
        wiring.choose_provider("x", configure(providers={"a": globus()}))


def test_a_provider_object_is_taken_as_it_is(configure):
    provider = GlobusProvider("mine")
    assert wiring.choose_provider(provider, configure()) is provider


def test_one_registration_has_one_provider_so_that_discovery_is_read_once(configure):
    settings = configure(providers={"a": globus()})
    assert wiring.choose_provider("a", settings) is wiring.choose_provider("a", wiring.current_settings())


def test_a_client_id_that_is_missing_is_named(configure):
    with pytest.raises(ConfigurationError, match=r"providers.a.client_id is missing"):
        wiring.choose_provider("a", configure(providers={"a": {"kind": "globus"}}))


def test_a_provider_that_cannot_be_used_is_named_and_stops_nobody_who_uses_another(configure):
    ci = {"kind": "oidc", "issuer": "https://sso.example.org", "client_id": "ci", "grant": "client_credentials"}
    school = {"kind": "oidc", "client_id": "c", "instances": ["https://school.example.org"]}
    settings = configure(default_provider="a", providers={"a": globus(), "ci": ci, "school": school})
    assert wiring.choose_provider(None, settings).name == "a"
    assert wiring.choose_provider(None, settings, instance_url="https://school.example.org").name == "school"
    with pytest.raises(ConfigurationError, match=r"^providers.ci can't be used: a client that acts for itself needs a client_secret"):
        wiring.choose_provider("ci", settings)


def test_a_secret_comes_from_a_file_of_its_own(configure, tmp_path):
    (tmp_path / "secret").write_text("SENTINEL\n")
    provider = wiring.choose_provider(
        None, configure(providers={"a": globus(client_secret_file=str(tmp_path / "secret"), redirect_uris=["x"])})
    )
    assert (provider.redirect_uris, "SENTINEL" in repr(vars(provider))) == (("x",), False)


def test_a_secret_file_that_is_absent_is_named(configure, tmp_path):
    with pytest.raises(ConfigurationError, match=r"client_secret_file .*absent can't be read"):
        wiring.choose_provider(None, configure(providers={"a": globus(client_secret_file=str(tmp_path / "absent"))}))


@pytest.mark.parametrize("storage, kind", [(None, FileStore), ("file", FileStore), ("memory", MemoryStore)])
def test_a_storage_is_chosen_by_its_name(storage, kind):
    assert isinstance(wiring.open_store(storage), kind)


def test_a_folder_or_a_store_of_ones_own_is_a_storage_too(tmp_path):
    store = MemoryStore()
    assert wiring.open_store(tmp_path).location == wiring.open_store(str(tmp_path)).location
    assert wiring.open_store(store) is store


@pytest.mark.parametrize("storage", ["flie", "relative/folder", ""])
def test_an_unknown_storage_is_an_error(storage):
    with pytest.raises(ConfigurationError, match="is unknown"):
        wiring.open_store(storage)


def test_the_memory_is_one_for_the_process():
    assert wiring.open_store("memory") is wiring.open_store("memory")


def test_the_files_rest_in_the_jupyter_data_folder(jupyter_home):
    assert wiring.open_store().location == f"file:{jupyter_home / 'data' / 'flowauth'}"


@pytest.mark.parametrize("name, kind", [("loopback", "loopback"), ("device", "device"), ("paste", "paste")])
def test_a_user_agent_is_chosen_by_its_name(name, kind):
    assert choose_agent(name).name == kind


def choose_next(wanted, tried):
    client = wiring.ClientSide(("http://127.0.0.1:*/*", "https://x.example/code"), lambda: "")
    return wiring.choose_next_user_agent(wanted, ("a",), wiring.open_rendezvous(), RecordingPresenter(), client, tried)


def test_one_that_was_asked_for_by_name_has_none_below_it():
    with pytest.raises(ConfigurationError, match="nothing is registered"):
        choose_next("loopback", {"loopback": "nothing is registered"})


def test_one_that_was_given_or_chosen_has(monkeypatch):
    around = wiring.look_around("no server")
    monkeypatch.setattr(wiring, "look_around", lambda _why, note="": replace(around, allows_stdin=True))
    assert [choose_next(wanted, {"loopback": "x"}).name for wanted in (None, LoopbackUserAgent())] == ["device", "device"]
    monkeypatch.setattr(wiring, "look_around", lambda _why, note="": replace(around, allows_stdin=False, has_desktop=False))
    with pytest.raises(InteractionRequired):
        choose_next(None, {"loopback": "x"})


class Without:
    title, redirect_uris = "Some Auth", ("x",)


class With(Without):
    trouble = False

    def why_no_device(self):
        if self.trouble:
            raise ProviderError("Some Auth can't be reached; nothing was lost here")
        return "its discovery names no device endpoint"

    def start_device_login(self): ...

    def poll_device_login(self): ...


def test_what_a_provider_says_of_device_codes_is_passed_on():
    assert wiring.client_side(Without()).why_no_device() == "Some Auth offers no device codes (RFC 8628)"
    assert wiring.client_side(With()).why_no_device() == "its discovery names no device endpoint"
    With.trouble = True
    assert "Some Auth can't be reached)" in wiring.client_side(With()).why_no_device()


def test_the_server_is_chosen_where_it_runs(server):
    assert choose_agent("server").name == "server"


def test_the_server_where_it_does_not_run_is_an_error_that_says_why():
    with pytest.raises(ConfigurationError, match="no Jupyter server with this extension started this process"):
        choose_agent("server")


def test_none_is_nobody_there():
    with pytest.raises(InteractionRequired, match="user agent is 'none'"):
        choose_agent("none")


def test_an_unknown_user_agent_is_an_error(configure):
    configure(providers={"a": globus()})
    with pytest.raises(ConfigurationError, match="is one of server, loopback"):
        FlowAuth(user_agent="telepathy")


def test_a_user_agent_of_ones_own_is_always_used_and_shown_like_ours():
    agent, presenter = LoopbackUserAgent(lambda url: None), RecordingPresenter()
    assert choose_agent(agent, presenter) is agent
    assert agent.presenter is presenter


def test_the_ladder_is_climbed_where_none_is_named(server):
    assert choose_agent(None).name == "server"


@pytest.mark.parametrize("server_id", ["", "x", "../etc"])
def test_an_id_that_is_none_finds_no_server(monkeypatch, server_id):
    monkeypatch.setenv(wiring.SERVER_ID_VARIABLE, server_id)
    assert wiring.find_server(wiring.open_rendezvous())[0] is None


def test_a_server_is_never_the_first_one_found(server, monkeypatch):
    monkeypatch.setenv(wiring.SERVER_ID_VARIABLE, generate_login_id())
    found, why = wiring.find_server(wiring.open_rendezvous())
    assert (found, why) == (None, "the Jupyter server that started this process has ended, or shares no files with it")


def test_an_announcement_that_must_not_be_read_is_said(server, jupyter_home, tmp_path):
    path = jupyter_home / "runtime" / "flowauth" / f"server-{server.server_id}.json"
    os.link(path, tmp_path / "other")
    assert "can't be read" in wiring.find_server(wiring.open_rendezvous())[1]


def test_the_server_itself_shows_nothing_and_a_program_writes_lines(server):
    assert isinstance(wiring.choose_presenter(wiring.open_rendezvous(), asked_by="server"), SilentPresenter)
    assert isinstance(wiring.choose_presenter(wiring.open_rendezvous(), asked_by="kernel"), TextPresenter)


def test_a_program_writes_whole_addresses(server, capsys):
    from tests.storage.login_requests import build_request

    wiring.choose_presenter(wiring.open_rendezvous(), asked_by="kernel").show(build_request(), address="/x/y", rung="server")
    assert "http://localhost:8888/x/y" in capsys.readouterr().err


def test_a_token_from_the_environment_covers_the_scopes_that_it_says(configure, monkeypatch):
    configure(providers={"a": globus()})
    monkeypatch.setenv("FLOWAUTH_TOKEN", "SENTINEL")
    assert FlowAuth(storage="memory").missing(["a"]) == ("a",)
    monkeypatch.setenv("FLOWAUTH_TOKEN_SCOPES", "a b")
    auth = FlowAuth(storage="memory")
    assert (auth.missing(["a", "b", "c"]), auth.token("a")) == (("c",), "SENTINEL")


def test_who_asks_is_named(configure):
    configure(providers={"a": globus()}, login_timeout_seconds=60)
    context = wiring.build_context(None)
    assert (context.client_title, context.timeout_seconds) == ("This program", 60)
    assert wiring.build_context(None, asked_by="server").client_title == "JupyterLab"
    assert replace(context).asked_by == "kernel"


def test_the_ladder_is_told_for_the_provider_that_is_chosen(configure, monkeypatch):
    around = replace(wiring.look_around("no server"), allows_stdin=True, has_desktop=True)
    monkeypatch.setattr(wiring, "look_around", lambda _why, note="": around)
    configure(providers={"a": globus(redirect_uris=["https://hub.example/flowauth/callback/a"])}, default_provider="a")
    lines = dict(line.strip("→ ").split(": ", 1) for line in wiring.describe_ladder().splitlines())
    assert "no redirect URI on loopback" in lines["loopback"]
    assert lines["device"] == "Globus offers no device codes (RFC 8628)"
    assert lines["paste"].startswith("used;")
    assert "no provider is called 'b'" in {rung.name: rung.reason for rung in wiring.current_ladder("b")}["device"]


def test_the_ladder_is_told_in_words():
    assert wiring.describe_ladder().splitlines()[0].lstrip("→ ").startswith("server: ")
    assert "openid" in wiring.known_scopes()
