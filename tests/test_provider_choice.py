from __future__ import annotations

import json

import pytest

from jupyter_flowauth import FlowAuth, GlobusProvider, OIDCProvider, provider_choice
from jupyter_flowauth.errors import ConfigurationError

GLOBUS = {"kind": "globus", "client_id": "g"}
ISSUER, A, B = "https://sso.example/realms/school", "https://a.example", "https://b.example"


@pytest.fixture(autouse=True)
def configure(jupyter_home):
    def write(**providers):
        (jupyter_home / "config").mkdir(exist_ok=True)
        (jupyter_home / "config" / "jupyter_flowauth.json").write_text(json.dumps({"providers": providers}))

    return write


def school(**values):
    return {"kind": "oidc", "client_id": "notebook", **values}


def choose(wanted=None, **options):
    return provider_choice.choose_provider(wanted, provider_choice.current_settings(), **options)


def refused(*arguments, **options):
    with pytest.raises(ConfigurationError) as caught:
        choose(*arguments, **options)
    return str(caught.value)


def test_every_setting_of_an_openid_provider_arrives(configure, tmp_path):
    (tmp_path / "secret").write_text("SENTINEL\n")
    values = {"client_secret_file": str(tmp_path / "secret"), "grant": "client_credentials", "scopes": ["api"], "redirect_uris": ["x"]}
    configure(school=school(issuer=ISSUER, token_endpoint_auth_method="client_secret_post", clock_skew_seconds=5, **values))
    provider = choose()
    assert (provider.kind, provider.name, provider.issuer, provider.client_id) == ("oidc", "school", ISSUER, "notebook")
    assert (provider.grant, [str(scope) for scope in provider.login_requirements()]) == ("client_credentials", ["api"])
    assert "SENTINEL" not in repr(vars(provider))


def test_a_person_is_always_asked_who_they_are(configure):
    configure(school=school(issuer=ISSUER, scopes=["api"]))
    assert [str(scope) for scope in choose().login_requirements()] == ["openid", "api"]


def test_an_instance_is_served_by_who_lists_it(configure):
    configure(x=school(issuer="https://x.example", instances=["https://A.example/"]), y=school(issuer="https://y.example"))
    provider = choose(instance_url="https://a.example:443/")
    assert (provider.name, provider.registration.instance, provider.registration.issuer) == ("x", A, "https://x.example")


def test_an_instance_that_nobody_lists_is_served_by_the_only_openid_provider(configure):
    configure(globus=GLOBUS, y=school())
    assert choose(instance_url=A).name == "y"
    assert "'globus' is no configured OpenID provider" in refused("globus", instance_url=A)


def test_several_that_could_serve_it_are_listed(configure):
    configure(x=school(), y=school())
    assert "several providers could serve https://a.example: x, y" in refused(instance_url=A)
    assert choose("y", instance_url=A).name == "y"


def test_the_environments_client_serves_an_instance_where_nothing_is_configured(monkeypatch):
    assert "set FLOWAUTH_CLIENT_ID" in refused(instance_url=A)
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", "env")
    assert choose(instance_url=A).client_id == "env"
    monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", B)
    assert (choose().client_id, choose().instance, choose(instance_url=A).instance) == ("env", B, A)


def test_the_environments_client_keeps_what_is_the_providers(configure, monkeypatch):
    configure(globus=GLOBUS, school=school(issuer=ISSUER, instances=[A], redirect_uris=["x"]))
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", "env")
    monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", A)
    provider = choose()
    assert (provider.name, provider.client_id, provider.issuer, provider.instance) == ("school", "env", ISSUER, A)


def test_the_only_configured_instance_is_the_chosen_one(configure):
    configure(school=school(issuer=ISSUER, instances=[A]))
    assert choose().instance == A
    configure(school=school(issuer=ISSUER, instances=[A, B]))
    assert f"none is chosen: {A}, {B}" in refused()


def test_an_issuer_is_enough_and_neither_is_too_little(configure):
    configure(school=school(issuer=ISSUER))
    assert (choose().instance, choose().issuer) == (None, ISSUER)
    configure(school=school())
    assert "has neither an issuer nor an instance" in refused()


def test_a_named_provider_of_another_kind_heeds_no_instance(configure, monkeypatch):
    configure(globus=GLOBUS, school=school())
    monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", A)
    assert (choose("globus").kind, choose("school").instance, choose().instance) == ("globus", A, A)


def test_an_object_is_put_at_the_instance_and_given_the_environments_client(monkeypatch):
    assert FlowAuth(OIDCProvider(client_id="c"), instance_url=A).provider.instance == A
    assert "Globus has no instances" in refused(GlobusProvider("g"), instance_url=A)
    assert "neither an issuer nor an instance" in refused(OIDCProvider(client_id="c"))
    monkeypatch.setenv("FLOWAUTH_CLIENT_ID", "env")
    monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", B)
    chosen = choose(OIDCProvider())
    assert (chosen.client_id, chosen.instance) == ("env", B)
    assert choose(OIDCProvider(ISSUER, "c")).instance is None


def test_a_shared_server_asks_no_instance_that_is_not_configured(configure, monkeypatch):
    """ATTACKS 16."""
    configure(school=school(issuer=ISSUER, instances=[A]))
    assert choose(instance_url=A, asked_by="server").instance == A
    assert "configured instances only" in refused(instance_url=B, asked_by="server")
    monkeypatch.setenv("FLOWAUTH_INSTANCE_URL", B)
    assert choose(asked_by="server").instance == B
