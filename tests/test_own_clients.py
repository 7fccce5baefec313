"""Setting a service account up, as a whole: the realm and the place of its secret, both or neither."""

from __future__ import annotations

import pytest

from jupyter_flowauth.errors import ProviderError, StorageError
from jupyter_flowauth.own_clients import create_service_account
from jupyter_flowauth.providers import keycloak_admin

REALM = "https://sso.example.org/realms/school"


class Realm:
    """A realm that says yes, or fails."""

    def __init__(self, fails_with=None):
        self.clients, self.fails_with = {}, fails_with

    def __call__(self, issuer, access_token):
        return self

    def create_service_account(self, client_id, **_options):
        if self.fails_with:
            raise self.fails_with
        self.clients["42"] = client_id
        return keycloak_admin.ServiceAccount(client_id, "42", "s3cret")

    def remove(self, own_id):
        del self.clients[own_id]


@pytest.fixture
def use(monkeypatch):
    def use_realm(realm):
        monkeypatch.setattr(keycloak_admin, "RealmAdmin", realm)
        return realm

    return use_realm


def test_the_secret_rests_where_it_was_wanted(use, tmp_path):
    realm, place = use(Realm()), tmp_path / "secret"
    create_service_account(REALM, "token", "ci", secret_place=str(place))
    assert (realm.clients, place.read_text()) == ({"42": "ci"}, "s3cret")


@pytest.mark.parametrize("error", [ProviderError("no"), KeyboardInterrupt()])
def test_a_realm_that_refuses_leaves_no_file(use, tmp_path, error):
    use(Realm(fails_with=error))
    with pytest.raises(type(error)):
        create_service_account(REALM, "token", "ci", secret_place=str(tmp_path / "secret"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [StorageError("full"), KeyboardInterrupt()])
def test_a_secret_that_can_not_be_kept_leaves_no_client(use, tmp_path, monkeypatch, error):
    realm = use(Realm())

    def fail(*_arguments):
        raise error

    monkeypatch.setattr("jupyter_flowauth.storage.client_secrets.keep_client_secret", fail)
    with pytest.raises(type(error)):
        create_service_account(REALM, "token", "ci", secret_place=str(tmp_path / "secret"))
    assert (realm.clients, list(tmp_path.iterdir())) == ({}, [])


def test_a_place_that_is_taken_makes_no_client(use, tmp_path):
    realm, place = use(Realm()), tmp_path / "secret"
    place.write_text("another one's")
    with pytest.raises(StorageError, match="is there already"):
        create_service_account(REALM, "token", "ci", secret_place=str(place))
    assert (realm.clients, place.read_text()) == ({}, "another one's")
