from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_flowauth import FlowAuth, OIDCProvider
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.user_agents import LoopbackUserAgent
from tests.interop.form_browser import FormBrowser
from tests.interop.instance import Instance, running_instance
from tests.interop.keycloak_server import Keycloak
from tests.torture.homes import Home


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox, and a home of this test's own that other processes find through the environment."""
    for name in ("DATA", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", SANDBOX_CLIENT_ID)
    with running_sandbox() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def home(sandbox: Sandbox) -> Home:
    return Home(sandbox)


@pytest.fixture
def instance(keycloak: Keycloak) -> Iterator[Instance]:
    """A service on the realm, at another address than the realm."""
    with running_instance(keycloak) as running:
        yield running


@pytest.fixture
def person(keycloak: Keycloak) -> str:
    """The name of somebody whom no other test knows."""
    return keycloak.new_person()


@pytest.fixture
def browser(keycloak: Keycloak, person: str) -> Iterator[FormBrowser]:
    """The person's browser."""
    with FormBrowser({"username": person, "password": keycloak.password_of(person)}, presses="accept") as browser:
        yield browser


@pytest.fixture
def at(instance: Instance, browser: FormBrowser, jupyter_home: object) -> Callable[..., FlowAuth]:
    """Return what a notebook holds for an instance, with the person's browser to ask."""

    def build(
        client_id: str = "notebook", *, url: str | None = None, scopes: tuple[str, ...] = ("school.read",), **options: Any
    ) -> FlowAuth:
        provider = OIDCProvider(client_id=client_id, scopes=("openid", *scopes), **options)
        return FlowAuth(provider, instance_url=url or instance.url, user_agent=LoopbackUserAgent(open_browser=browser))

    return build
