"""What an admin is told to configure: it is run as configuration, and held against the Hub's own names."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.services.service import Service
from jupyterhub.utils import subdomain_hook_idna
from traitlets.config import Config

from jupyter_flowauth.cli import hub_config
from jupyter_flowauth.cli.hub_config import build_snippet, look_at_hub
from jupyter_flowauth.cli.hub_login_check import look_at_hub_login
from jupyter_flowauth.errors import ProviderError
from tests.hub import chart

PAGE = (Path(__file__).parents[2] / "docs" / "jupyterhub.md").read_text(encoding="utf-8")


def configured(snippet: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FLOWAUTH_RELAY_API_TOKEN", "the token")
    config = Config()
    exec(compile(snippet, "jupyterhub_config.py", "exec"), {"c": config})
    return config


def added(config: Any, name: str) -> Any:
    """Return what a configuration file has appended to a list of the Hub's."""
    return config.JupyterHub[name].get_value([])


def test_the_printed_lines_are_a_service_that_the_hub_starts(monkeypatch: pytest.MonkeyPatch):
    (service,) = added(configured(build_snippet("https://hub.example.org/"), monkeypatch), "services")
    assert set(service) <= set(Service.class_trait_names())
    assert service["command"][1:] == ["-m", "jupyter_flowauth.hub"]
    assert service["oauth_no_confirm"] is True
    assert service["oauth_client_allowed_scopes"] == ["read:servers!user"]


def test_a_service_elsewhere_has_an_address_and_a_token(monkeypatch: pytest.MonkeyPatch):
    (service,) = added(configured(build_snippet("https://hub.example.org/jupyter/", "http://relay:10101"), monkeypatch), "services")
    assert "command" not in service
    assert (service["url"], service["api_token"]) == ("http://relay:10101", "the token")
    assert service["oauth_redirect_uri"] == "/jupyter/services/flowauth/oauth_callback"


def test_every_user_may_log_in_there_and_keeps_what_they_may_do(monkeypatch: pytest.MonkeyPatch):
    (role,) = added(configured(build_snippet("https://hub.example.org/"), monkeypatch), "load_roles")
    assert role == {"name": "user", "scopes": ["self", "access:services!service=flowauth"]}


def test_a_hub_whose_login_is_shared_lets_each_server_see_its_own_users(monkeypatch: pytest.MonkeyPatch):
    from jupyter_flowauth.hub.renewal import renew_in_time

    config = configured(build_snippet("https://hub.example.org/", hub_login=True), monkeypatch)
    (role,) = added(config, "load_roles")
    assert role["scopes"] == ["self", "access:services!service=flowauth", "admin:auth_state!user"]
    assert config.Spawner.server_token_scopes == ["users:activity!user", "access:servers!server", "admin:auth_state!user"]
    assert config.Authenticator == {"enable_auth_state": True, "auth_refresh_age": 60}
    assert config.OAuthenticator.refresh_user_hook is renew_in_time


HUB_SERVER = {"JUPYTERHUB_API_URL": "http://hub:8081/hub/api/", "JUPYTERHUB_USER": "al ice", "JUPYTERHUB_API_TOKEN": "the token"}
ISSUER = "https://sso.example.org"
STATE = {"access_token": "a", "scope": ["school.read"], "token_response": {"expires_in": 300}, "oauth_user": {"sub": "1", "email": "a@b"}}


def look(*scopes: str, state: object = None, issuers: dict[str, str] | None = None, **environment: str) -> list[tuple[bool, str]]:
    answers = {"http://hub:8081/hub/api/user": {"scopes": [*scopes]}, "http://hub:8081/hub/api/users/al%20ice": {"auth_state": state}}
    found = {"school": ISSUER} if issuers is None else issuers
    return list(look_at_hub_login(HUB_SERVER | environment, found, lambda url, token: answers[url], now=1000.0))


def signed_in(**claims: object) -> dict[str, object]:
    payload = base64.urlsafe_b64encode(json.dumps({"iss": ISSUER, "sub": "1", "iat": 900} | claims).encode()).decode()
    return STATE | {"id_token": f"a.{payload}.b"}


def test_a_server_that_sees_its_own_users_login_is_well_set_up():
    findings = look("self", "admin:auth_state!user=al ice", state=signed_in())
    assert [is_good for is_good, _ in findings] == [True, True]
    assert findings[1][1] == "school: the Hub's login is that of a@b, with school.read"


@pytest.mark.parametrize(
    ("scopes", "state", "why"),
    [
        (["users:activity!user=al ice"], signed_in(), "may not see what its user's login was issued (admin:auth_state!user)"),
        (["admin:auth_state!user=bob"], signed_in(), "may not see what its user's login was issued"),
        (["admin:auth_state"], signed_in(), "may see what every user's login was issued"),
        (["admin:users"], signed_in(), "may see what every user's login was issued"),
        (["admin:auth_state!user=al ice"], None, "enable_auth_state, JUPYTERHUB_CRYPT_KEY"),
        (["admin:auth_state!user=al ice"], signed_in(iss="https://other.example"), "school: The Hub logs in at another provider"),
        (["admin:auth_state!user=al ice"], signed_in(iat=1), "no token that is still good"),
    ],
)
def test_what_is_wrong_with_a_hubs_login_is_said(scopes: list[str], state: object, why: str):
    assert [sentence for is_good, sentence in look(*scopes, state=state) if not is_good and why in sentence]


def test_outside_of_a_users_server_nothing_is_said_of_the_hubs_login():
    assert look(JUPYTERHUB_API_TOKEN="") == look(issuers={}) == []


def test_with_subdomains_servers_are_told_where_it_is(monkeypatch: pytest.MonkeyPatch):
    snippet = build_snippet("https://hub.example.org/", subdomain="https://services.hub.example.org")
    environment = configured(snippet, monkeypatch).Spawner["environment"].get_value({})
    assert environment["FLOWAUTH_RELAY_URL"] == "https://services.hub.example.org/services/flowauth/"


@pytest.mark.parametrize(
    "url, subdomain, is_on",
    [("https://hub.example.org/", "default", True), ("http://hub.example.org/", "default", None), ("https://hub.example.org/", None, None)],
)
def test_with_subdomains_the_hubs_own_cookies_are_its_hosts_alone(monkeypatch: pytest.MonkeyPatch, url: str, subdomain: str, is_on: object):
    """ATTACKS 24: else a page on bob's host has the Hub itself take alice's browser for his. Browsers want https for that."""
    config = configured(build_snippet(url, subdomain=subdomain), monkeypatch)
    assert config.JupyterHub.get("cookie_host_prefix_enabled") is is_on


def test_without_an_address_the_hosts_are_those_that_the_hub_makes(monkeypatch: pytest.MonkeyPatch):
    snippet = build_snippet("https://hub.example.org/x/", "http://relay:10101", "default")
    config = configured(snippet, monkeypatch)
    own_host = f"https://{subdomain_hook_idna('flowauth', 'hub.example.org', 'service')}/x/services/flowauth/"
    assert config.Spawner["environment"].get_value({}) == {"FLOWAUTH_RELAY_URL": own_host}
    (service,) = added(config, "services")
    assert service["oauth_redirect_uri"] == f"{own_host}oauth_callback"
    assert f"JUPYTERHUB_OAUTH_CALLBACK_URL={own_host}oauth_callback\n" in snippet


def test_the_check_looks_at_the_services_own_host(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    monkeypatch.setattr(hub_config, "_read_json", lambda url: asked.append(url) or {})
    monkeypatch.setattr(hub_config, "_ask", lambda url: asked.append(url) or (404, ""))
    list(look_at_hub("https://hub.example.org/", "default"))
    assert {urlsplit(url).netloc for url in asked if "/services/" in url} == {"flowauth--service.hub.example.org"}


def test_the_command_prints_it_and_says_where_to_put_it(here):
    ended = here("hub-config", "--public-url", "https://hub.example.org")
    assert ended.code == 0
    assert "https://hub.example.org/services/flowauth/callback/PROVIDER-NAME" in ended.out
    assert "hub-config --check https://hub.example.org/" in ended.err


def test_the_command_answers_programs_too(here):
    assert "services.append" in here("hub-config", "--json").json["jupyterhub_config"]


@pytest.mark.parametrize("url", ["hub.example.org", "ftp://hub", "https://user@hub/", "https://hub/?x", "javascript:alert(1)"])
def test_what_is_no_address_is_refused(here, url: str):
    ended = here("hub-config", "--public-url", url)
    assert (ended.code, ended.out) == (7, "")


def test_a_hub_that_does_not_answer_is_said():
    with pytest.raises(ProviderError, match="nothing answers"):
        list(look_at_hub("http://127.0.0.1:1/"))


def test_the_charts_values_are_what_the_hub_calls_things():
    service = chart.read_values()["hub"]["services"]["flowauth"]
    assert set(service) <= set(Service.class_trait_names())
    assert set(chart.read_values()["hub"]["config"]["JupyterHub"]) <= set(JupyterHub.class_trait_names())


def test_what_the_page_says_for_kubernetes_fits_together():
    manifests, container = chart.read_manifests(), chart.read_container()
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    for selector in (
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    environment = chart.build_environment("token", 8081)
    address = urlsplit(chart.read_values()["hub"]["services"]["flowauth"]["url"])
    assert (address.hostname, address.port) == (manifests["Service"]["metadata"]["name"], manifests["Service"]["spec"]["ports"][0]["port"])
    assert container["command"][-1].endswith(f":{address.port}")
    for probe in (container["readinessProbe"], container["livenessProbe"]):
        assert probe["httpGet"] == {"path": f"{environment['JUPYTERHUB_SERVICE_PREFIX']}health", "port": address.port}


@pytest.mark.parametrize("kind", ["Deployment", "Service", "PodDisruptionBudget"])
@pytest.mark.parametrize("version", ["1.32", "1.34"])
def test_kubernetes_knows_all_that_a_manifest_says(kind: str, version: str):
    """With the oldest version that the chart runs on, and a newer one; a name that it doesn't know is an error."""
    assert str(kubernetes_validate.validate(chart.read_manifests()[kind], version, strict=True)) == version


def test_a_name_that_kubernetes_does_not_know_would_be_noticed():
    manifest = chart.read_manifests()["Deployment"]
    manifest["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_the_page_shows_a_configuration_that_is_read(tmp_path: Path):
    from jupyter_flowauth.configuration import read_settings

    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "jupyter_flowauth.json").write_text(text)
    settings = read_settings([str(tmp_path)], {})
    assert settings.providers["globus"].redirect_uris == json.loads(text)["providers"]["globus"]["redirect_uris"]


def test_a_wrong_address_is_an_error_of_ours(here):
    assert here("hub-config", "--check", "nowhere").code == 7
