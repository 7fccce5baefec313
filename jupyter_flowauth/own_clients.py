"""The part of the composition root for service accounts: a client that acts for itself, and setting one up in a Keycloak realm."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .configuration import ProviderSettings, Settings, secret_of_environment
from .errors import ConfigurationError
from .ports import Provider
from .provider_choice import choose_provider, current_settings

if TYPE_CHECKING:
    from .providers.keycloak_admin import ServiceAccount

UNCONFIGURED = "service"
CLIENT_VARIABLE = "FLOWAUTH_CLIENT_ID"


def choose_own_client(
    provider: str | None,
    *,
    instance_url: str | None = None,
    issuer: str | None = None,
    client_id: str | None = None,
    client_secret_file: str | None = None,
) -> Provider:
    """Return a client that acts for itself: the configured one, with what is given in the place of what is configured.

    :param client_secret_file: a file, or ``keyring:NAME``; None for the configured one, or FLOWAUTH_CLIENT_SECRET.
    :raises ConfigurationError: if it is not told which client, or there is no secret of it.
    """
    settings = current_settings()
    name = provider or settings.default_provider or (next(iter(settings.providers)) if len(settings.providers) == 1 else None)
    if issuer or (client_id and not settings.providers):
        name = UNCONFIGURED
        settings.providers = {**settings.providers, name: ProviderSettings(kind="oidc", issuer=issuer or "")}
    if name in settings.providers:
        _act_for_itself(settings, name, client_id or os.environ.get(CLIENT_VARIABLE), client_secret_file)
    return choose_provider(name, settings, instance_url=instance_url)


def _act_for_itself(settings: Settings, name: str, client_id: str | None, client_secret_file: str | None) -> None:
    chosen = settings.providers[name]
    chosen.grant = "client_credentials"
    chosen.client_id = client_id or chosen.client_id
    chosen.client_secret_file = client_secret_file or chosen.client_secret_file
    if not chosen.client_id:
        raise ConfigurationError("it is not told which client acts for itself; name it with --client-id, or set FLOWAUTH_CLIENT_ID")
    secret = secret_of_environment(os.environ)
    if chosen.client_id == os.environ.get(CLIENT_VARIABLE):
        settings.default_provider = name  # so that the environment's secret, if there is one, is this client's
    if not (chosen.client_secret_file or chosen.private_key_file or (secret and settings.default_provider == name)):
        raise ConfigurationError(
            f"no secret of the client {chosen.client_id} is at hand; name its place with --client-secret-file, "
            "or set FLOWAUTH_CLIENT_SECRET with FLOWAUTH_CLIENT_ID"
        )


def create_service_account(
    issuer: str,
    admin_token: str,
    client_id: str,
    *,
    secret_place: str,
    claim: str | None = None,
    scopes: Iterable[str] = (),
    lifetime_seconds: int | None = None,
) -> ServiceAccount:
    """Set a service account up in a Keycloak realm, and keep its secret at a place that was free.

    :param admin_token: of somebody who may manage the realm's clients.
    :param secret_place: a new file, or ``keyring:NAME``.
    :raises ProviderError: if the realm refuses; nothing is left then, here or there.
    :raises StorageError: if the secret can't be kept.
    """
    from .providers.keycloak_admin import RealmAdmin
    from .providers.service_token import SERVICE_ACCOUNT_CLAIM
    from .storage.client_secrets import keep_client_secret, release_client_secret, reserve_client_secret

    admin = RealmAdmin(issuer, admin_token)
    reserve_client_secret(secret_place)
    made = None
    try:
        mark = claim or SERVICE_ACCOUNT_CLAIM
        made = admin.create_service_account(client_id, claim=mark, scopes=scopes, lifetime_seconds=lifetime_seconds)
        keep_client_secret(secret_place, made.client_secret)
    except BaseException:  # an interrupt, too
        release_client_secret(secret_place)
        if made is not None:
            admin.remove(made.own_id)
        raise
    return made
