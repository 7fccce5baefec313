"""The extension in its server: announcement, configuration, kinds of Jupyter login."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from jupyter_core.paths import jupyter_config_dir
from jupyter_server.auth import passwd

from jupyter_flowauth import wiring
from jupyter_flowauth.errors import StorageError
from jupyter_flowauth.ports import Rendezvous
from jupyter_flowauth.records import LoginRequest
from jupyter_flowauth.server.context import SETTINGS_KEY
from jupyter_flowauth.server.extension import FlowAuthExtension

from .conftest import Browser

OpenLogin = Callable[..., LoginRequest]
EXTENSIONS = {"jupyter_flowauth": True, "jupyter_server_terminals": False}


def extension_of(jp_serverapp: Any) -> FlowAuthExtension:
    app = jp_serverapp.extension_manager.extension_points["jupyter_flowauth"].app
    assert isinstance(app, FlowAuthExtension)
    return app


def test_kernels_inherit_the_id_under_which_the_server_is_announced(jp_serverapp: Any, rendezvous: Rendezvous) -> None:
    found = rendezvous.find_server(os.environ["FLOWAUTH_SERVER_ID"])
    assert found is not None
    assert (found.base_url, found.process, found.public_url) == (jp_serverapp.base_url, wiring.this_process(), None)
    assert wiring.find_server(rendezvous) == (found, None)


async def test_announcement_is_renewed_once_the_port_is_known(jp_serverapp: Any, rendezvous: Rendezvous) -> None:
    jp_serverapp.port = 4321
    await extension_of(jp_serverapp)._start_jupyter_server_extension(jp_serverapp)
    found = rendezvous.find_server(os.environ["FLOWAUTH_SERVER_ID"])
    assert found is not None
    assert ":4321/" in found.connection_url


async def test_announcement_is_taken_back_at_the_end(jp_serverapp: Any, rendezvous: Rendezvous) -> None:
    await extension_of(jp_serverapp).stop_extension()
    assert rendezvous.find_server(os.environ["FLOWAUTH_SERVER_ID"]) is None


@pytest.fixture
def inherited(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FLOWAUTH_SERVER_ID", "a" * 32)
    return "a" * 32


def test_server_started_from_a_notebook_has_an_id_of_its_own(inherited: str, own_environment: None, jp_serverapp: Any) -> None:
    assert os.environ["FLOWAUTH_SERVER_ID"] not in {"", inherited}


@pytest.fixture
def unusable_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise StorageError("the folder is another user's")

    monkeypatch.setattr(wiring, "open_rendezvous", fail)


async def test_without_a_rendezvous_the_server_runs_on_without_us(
    unusable_runtime_folder: None, jp_serverapp: Any, browser: Browser
) -> None:
    assert (await browser.get("api/status")).code == 200
    assert (await browser.get("flowauth/api/status")).code == 404
    assert not os.environ.get("FLOWAUTH_SERVER_ID")


@pytest.mark.parametrize("extension_config", [{"public_url": "jupyter.example.org"}, {"sandbox_url": "https://sandbox.example.org"}])
async def test_setting_that_cannot_be_used_switches_the_extension_off(jp_serverapp: Any, browser: Browser) -> None:
    assert (await browser.get("flowauth/api/status")).code == 404


@pytest.fixture
def one_of_two_unusable(own_environment: None) -> None:
    folder = Path(jupyter_config_dir())
    folder.mkdir(parents=True, exist_ok=True)
    secret = {"client_secret_file": str(folder / "gone")}
    providers = {"ci": {"kind": "globus", "client_id": "1", **secret}, "globus": {"kind": "globus", "client_id": "2"}}
    (folder / "jupyter_flowauth.json").write_text(json.dumps({"providers": providers}))


async def test_provider_that_cannot_be_used_is_logged_and_takes_no_other_one_along(
    one_of_two_unusable: None, jp_serverapp: Any, caplog: pytest.LogCaptureFixture, browser: Browser, rendezvous: Rendezvous
) -> None:
    answer = json.loads((await browser.get("flowauth/api/status")).body)
    assert [provider["name"] for provider in answer["providers"]] == ["globus"]
    found = rendezvous.find_server(os.environ["FLOWAUTH_SERVER_ID"])
    assert found is not None
    assert found.providers == ("globus",)
    extension_of(jp_serverapp).log.addHandler(caplog.handler)
    await extension_of(jp_serverapp)._start_jupyter_server_extension(jp_serverapp)
    extension_of(jp_serverapp).log.removeHandler(caplog.handler)
    assert "providers.ci can't be used" in caplog.text


@pytest.fixture
def hub_environment(monkeypatch: pytest.MonkeyPatch, own_environment: None) -> None:
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example.org/user/alice/")


def test_hub_says_where_the_browser_is(hub_environment: None, jp_serverapp: Any) -> None:
    place = jp_serverapp.web_app.settings[SETTINGS_KEY].public_place
    assert (place.origin, place.base_url) == ("https://hub.example.org", "/user/alice/")


@pytest.mark.parametrize("extension_config", [{"public_url": "https://configured.example.org"}])
def test_configured_public_url_wins_over_the_hubs(hub_environment: None, jp_serverapp: Any, rendezvous: Rendezvous) -> None:
    assert jp_serverapp.web_app.settings[SETTINGS_KEY].public_place.origin == "https://configured.example.org"
    found = rendezvous.find_server(os.environ["FLOWAUTH_SERVER_ID"])
    assert found is not None
    assert found.public_url == f"https://configured.example.org{jp_serverapp.base_url}"


def test_sandbox_secret_is_not_left_to_kernels(monkeypatch: pytest.MonkeyPatch, secret_environment: None, jp_serverapp: Any) -> None:
    assert "FLOWAUTH_SANDBOX_ADMIN_SECRET" not in os.environ
    assert "sesame" not in repr(jp_serverapp.web_app.settings)


@pytest.fixture
def secret_environment(monkeypatch: pytest.MonkeyPatch, own_environment: None) -> None:
    monkeypatch.setenv("FLOWAUTH_SANDBOX_ADMIN_SECRET", "sesame")


SERVER = {"jpserver_extensions": EXTENSIONS, "allow_unauthenticated_access": False, "token": ""}
NO_TOKEN = {"ServerApp": SERVER}


@pytest.mark.parametrize("jp_server_config", [NO_TOKEN])
async def test_server_without_a_token_logs_in(stranger: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    await stranger.open(request)
    assert (await stranger.come_back(request)).code == 303
    assert rendezvous.take_response(request.login_id) is not None


@pytest.mark.parametrize("jp_server_config", [NO_TOKEN])
async def test_server_without_a_token_still_wants_xsrf(stranger: Browser, open_login: OpenLogin, rendezvous: Rendezvous) -> None:
    request = open_login()
    assert (await stranger.post(f"flowauth/api/logins/{request.login_id}/cancel", xsrf=False)).code == 403
    assert not rendezvous.is_taken(request.login_id)


PASSWORD = {"ServerApp": SERVER, "PasswordIdentityProvider": {"hashed_password": passwd("sesame", "sha1")}}


@pytest.mark.parametrize("jp_server_config", [PASSWORD])
async def test_server_with_a_password_asks_for_it_and_comes_back_to_the_link(stranger: Browser, open_login: OpenLogin) -> None:
    request = open_login()
    asked = await stranger.get(f"flowauth/login/{request.login_id}")
    address = f"{urlsplit(stranger.base)._replace(path='').geturl()}{asked.headers['Location']}"
    await stranger.get(address)
    form = urlencode({"password": "sesame", "_xsrf": stranger.cookies["_xsrf"]})
    back = await stranger.request("POST", address, body=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert back.headers["Location"].endswith(f"/flowauth/login/{request.login_id}")
    await stranger.open(request)
    assert (await stranger.come_back(request)).code == 303


def test_traits_are_their_own_manual() -> None:
    for name in ("public_url", "sandbox_url"):
        assert len(FlowAuthExtension.class_traits()[name].help) > 200


def test_no_secret_can_be_given_on_the_command_line() -> None:
    assert not [name for name in FlowAuthExtension.class_own_traits(config=True) if "secret" in name or "token" in name]


def test_only_the_composition_root_imports_wiring() -> None:
    folder = Path(wiring.__file__).parent / "server"
    importers = {path.name for path in folder.glob("*.py") if "wiring" in path.read_text(encoding="utf-8")}
    assert importers == {"extension.py"}
