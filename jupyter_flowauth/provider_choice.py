"""The part of the composition root that chooses the provider and the instance: by argument, environment, configuration, or what is held."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from jupyter_core.paths import jupyter_config_dir, jupyter_config_path

from .configuration import NO_PROVIDER, ProviderSettings, Settings, read_settings, secret_of_environment
from .errors import ConfigurationError
from .instances import normalize_instance
from .ports import Provider, TokenStore
from .providers.globus import GlobusProvider
from .tokens import Account, Registration

if TYPE_CHECKING:
    from .providers.oidc import OIDCProvider

INSTANCE_VARIABLE = "FLOWAUTH_INSTANCE_URL"
CHOOSE = "choose one: %login --instance-url URL, or FLOWAUTH_INSTANCE_URL"


def current_settings() -> Settings:
    """Return the settings as the files and the environment say now.

    :raises ConfigurationError: with the file and the key.
    """
    # In a virtual environment Jupyter's own order has that one's folder first; here the user's wins, and is what we write to.
    return read_settings(list(dict.fromkeys((jupyter_config_dir(), *jupyter_config_path()))), os.environ)


def configured_providers(settings: Settings | None = None, *, unusable: list[ConfigurationError] | None = None) -> Mapping[str, Provider]:
    """Return every configured provider by its name.

    :param unusable: takes an error for every one that can't be used; without it the first of them is raised.
    :raises ConfigurationError: with the file and the key.
    """
    settings, providers = settings or current_settings(), dict[str, Provider]()
    for name in settings.providers:
        try:
            providers[name] = _configured(name, settings)
        except ConfigurationError as error:
            if unusable is None:
                raise
            unusable.append(error)
    return providers


def _configured(name: str, settings: Settings) -> Provider:
    """Return one configured provider, whatever becomes of the others."""
    try:
        return _build_provider(name, settings.providers[name], settings)
    except ConfigurationError as error:
        raise ConfigurationError(f"providers.{name} can't be used: {error}", source=error.source) from None


def _build_provider(name: str, settings: ProviderSettings, whole: Settings) -> Provider:
    if not settings.client_id:
        raise ConfigurationError(f"providers.{name}.client_id is missing; put the client id of your registration there")
    redirect_uris = None if settings.redirect_uris is None else tuple(settings.redirect_uris)
    secret, grant = _read_client_secret(settings), settings.grant
    if (given := secret_of_environment(os.environ)) and name == whole.default_provider:
        # An id with a secret in the environment is a program, with nobody there.
        secret, grant = given, "client_credentials"
    if settings.kind == "globus":
        named = (("name", name), ("grant", grant), ("redirect_uris", redirect_uris))
        return _one_provider(GlobusProvider, (settings.client_id, secret), named)
    from .providers.oidc import OIDCProvider

    options = {
        "name": name,
        "scopes": ("openid",) if settings.scopes is None else tuple(settings.scopes),
        "grant": grant,
        "private_key_file": settings.private_key_file or None,
        "redirect_uris": redirect_uris,
        "token_endpoint_auth_method": settings.token_endpoint_auth_method,
        "clock_skew_seconds": settings.clock_skew_seconds,
        "service_account_claim": settings.service_account_claim,
        "require_pushed_authorization_requests": settings.require_pushed_authorization_requests,
    }
    return _one_provider(OIDCProvider, (settings.issuer or None, settings.client_id, secret), tuple(options.items()))


@functools.lru_cache(maxsize=32)
def _one_provider(build: type[Any], arguments: tuple[Any, ...], options: tuple[tuple[str, Any], ...]) -> Provider:
    """Return one object for one registration, so that its discovery document is fetched once in a process."""
    return cast("Provider", build(*arguments, **dict(options)))


def _read_client_secret(settings: ProviderSettings) -> str | None:
    if not settings.client_secret_file:
        return None
    from .storage.client_secrets import read_client_secret

    return read_client_secret(settings.client_secret_file)


def choose_provider(
    wanted: str | Provider | None,
    settings: Settings,
    *,
    store: TokenStore | None = None,
    instance_url: str | None = None,
    asked_by: str = "kernel",
) -> Provider:
    """Return the provider that is named, given, or the default one; at the instance that is chosen, or the only one.

    :param store: where the logins are held whose instances can be chosen.
    :param instance_url: the option; None for the environment's, the configured one, or the only one that is held.
    :param asked_by: ``server``: a shared process, which asks no instance that isn't configured.
    :raises ConfigurationError: if there is none, or it can't be told which.
    """
    if wanted is not None and not isinstance(wanted, str):
        return _complete(wanted, store, instance_url)
    providers = settings.providers
    if instance_url or (wanted is None and os.environ.get(INSTANCE_VARIABLE)) or _is_oidc(providers.get(wanted or "")):
        given = instance_url or os.environ.get(INSTANCE_VARIABLE)
        if given:
            return _choose_for_instance(normalize_instance(given), wanted, settings, store, asked_by)
    chosen = _choose_by_name(wanted, settings, store)
    return _at_only_instance(chosen, settings, store) if _is_oidc(chosen) else chosen


def _is_oidc(provider: Provider | ProviderSettings | None) -> bool:
    return provider is not None and provider.kind == "oidc"


def _choose_by_name(wanted: str | None, settings: Settings, store: TokenStore | None) -> Provider:
    providers = settings.providers
    name = wanted or settings.default_provider or (next(iter(providers)) if len(providers) == 1 else None)
    if not providers:
        return _only_held(store)
    if name is None:
        raise ConfigurationError(
            f"several providers are configured and none is chosen: {', '.join(providers)}; name one (%login --provider NAME)"
        )
    if name not in providers:
        raise ConfigurationError(f"no provider is called {name!r}; configured are: {', '.join(providers)}")
    return _configured(name, settings)


def _choose_for_instance(
    instance: str, wanted: str | None, settings: Settings, store: TokenStore | None, asked_by: str
) -> Provider:
    """Return the provider that serves an instance: the one that lists it, else the only OpenID provider, else the environment's client."""
    providers = settings.providers
    listing = [name for name in providers if instance in _listed(settings, name)]
    is_known = bool(listing) or instance in _known_without_files(store)
    if asked_by == "server" and not is_known:
        raise ConfigurationError(f"this server logs in at configured instances only; list {instance} in its provider's instances")
    oidc = [name for name, provider in providers.items() if _is_oidc(provider)]
    if wanted is not None and wanted not in oidc:
        known = ", ".join(providers)
        raise ConfigurationError(f"{wanted!r} is no configured OpenID provider, so it has no instances; configured are: {known}")
    fitting = [wanted] if wanted else listing or oidc
    default = settings.default_provider
    name = default if default in fitting else fitting[0] if len(fitting) == 1 else None
    if name is not None:
        return _at(cast("OIDCProvider", _configured(name, settings)), instance, is_listed=name in listing, store=store)
    if fitting:
        raise ConfigurationError(f"several providers could serve {instance}: {', '.join(fitting)}; name one (%login --provider NAME)")
    return _at(_unconfigured(instance, store), instance, is_listed=False, store=store)


def _known_without_files(store: TokenStore | None) -> tuple[str | None, ...]:
    """Return the instances of the environment, and of the logins that are held."""
    given = os.environ.get(INSTANCE_VARIABLE)
    held = (account.key.registration.instance for account in (store.accounts(unusable=[]) if store else ()))
    return (normalize_instance(given) if given else None, *held)


def _listed(settings: Settings, name: str) -> tuple[str, ...]:
    return tuple(map(normalize_instance, settings.providers[name].instances)) if name in settings.providers else ()


def _accounts(store: TokenStore | None) -> tuple[Account, ...]:
    """Return what is held, without what can't be read: who looks for that account is told."""
    return store.accounts(unusable=[]) if store else ()


def _unconfigured(instance: str, store: TokenStore | None) -> OIDCProvider:
    """Return a provider for an instance that no configuration speaks of: with the environment's client, or the one that is held."""
    from .providers.oidc import OIDCProvider

    known = [account.key.registration for account in (store.accounts(unusable=[]) if store else ())]
    held = [registration for registration in known if registration.instance == instance]
    client_id = os.environ.get("FLOWAUTH_CLIENT_ID") or (held[0].client_id if held else None)
    if not client_id:
        raise ConfigurationError(
            f"no OpenID provider is configured for {instance}; set FLOWAUTH_CLIENT_ID to the client id of your registration, "
            'or put {"providers": {"school": {"kind": "oidc", "client_id": "..."}}} into jupyter_flowauth.json'
        )
    secret = secret_of_environment(os.environ)
    return OIDCProvider(client_id=client_id, client_secret=secret, grant="client_credentials" if secret else "authorization_code")


def _at(provider: OIDCProvider, instance: str, *, is_listed: bool, store: TokenStore | None) -> OIDCProvider:
    return provider.at(instance, is_listed=is_listed, recall_issuer=_recall(store, provider.client_id, instance))


def _recall(store: TokenStore | None, client_id: str, instance: str) -> Callable[[], str | None]:
    """Return a function that finds the issuer of the newest login that is held for an instance."""

    def recall() -> str | None:
        held = (account.key.registration for account in (store.accounts(unusable=[]) if store else ()))
        return next((r.issuer for r in held if r.instance == instance and r.client_id == client_id), None)

    return recall


def _at_only_instance(provider: Provider, settings: Settings, store: TokenStore | None) -> Provider:
    """Return an OpenID provider at its only instance: of those that are configured, and those that are logged in to.

    :raises ConfigurationError: if there are several, or none and no issuer either.
    """
    oidc = cast("OIDCProvider", provider)
    if oidc.instance:
        return oidc
    listed, held = _listed(settings, oidc.name), _held_registrations(store, oidc)
    candidates: list[str | None] = list(dict.fromkeys([*listed, *(registration.instance for registration in held)]))
    if len(candidates) > 1:
        named = ", ".join(instance or f"{oidc.issuer} itself" for instance in candidates)
        raise ConfigurationError(f"several instances are there, and none is chosen: {named}; {CHOOSE}")
    only = candidates[0] if candidates else None
    if only is None and not oidc.issuer:
        raise ConfigurationError(f"the provider {oidc.name} has neither an issuer nor an instance; configure one, or {CHOOSE}")
    return oidc if only is None else _at(oidc, only, is_listed=only in listed, store=store)


def _held_registrations(store: TokenStore | None, provider: OIDCProvider) -> list[Registration]:
    held = [account.key.registration for account in (store.accounts(unusable=[]) if store else ())]
    return [r for r in held if r.client_id == provider.client_id and (r.issuer == provider.issuer or (r.instance and not provider.issuer))]


def _only_held(store: TokenStore | None) -> Provider:
    """Return the provider of the only instance that is logged in to, where nothing is configured.

    :raises ConfigurationError: if there is none, or there are several.
    """
    held = [account.key.registration for account in (store.accounts(unusable=[]) if store else ()) if account.key.registration.instance]
    instances = list(dict.fromkeys(registration.instance for registration in held))
    if not instances:
        raise ConfigurationError(NO_PROVIDER)
    if len(instances) > 1:
        raise ConfigurationError(f"several instances are there, and none is chosen: {', '.join(map(str, instances))}; {CHOOSE}")
    return _at(_unconfigured(str(instances[0]), store), str(instances[0]), is_listed=False, store=store)


def _complete(provider: Provider, store: TokenStore | None, instance_url: str | None) -> Provider:
    """Return a provider that was given as an object: at the instance that is chosen, and with the environment's client if it has none.

    :raises ConfigurationError: if it has no instances, or no client.
    """
    if not _is_oidc(provider) or not hasattr(provider, "at"):
        if instance_url:
            raise ConfigurationError(f"{provider.title} has no instances; leave instance_url out, or give an OIDCProvider")
        return provider
    oidc = cast("OIDCProvider", provider)
    if not oidc.client_id:
        oidc = oidc.at(oidc.instance, client_id=os.environ.get("FLOWAUTH_CLIENT_ID", ""))
    chosen = instance_url or (None if oidc.instance or oidc.issuer else os.environ.get(INSTANCE_VARIABLE))
    if chosen:
        # Who gives issuer and instance has said that they belong together.
        return _at(oidc, normalize_instance(chosen), is_listed=bool(oidc.configured_issuer), store=store)
    if not oidc.instance and not oidc.issuer:
        raise ConfigurationError(f"this OIDCProvider has neither an issuer nor an instance; give it an issuer, or {CHOOSE}")
    return oidc


def provider_for_client(client_id: str, client_secret: str | None = None) -> Provider:
    """Return the configured Globus provider with this client id, else one as Globus assumes it."""
    settings = current_settings()
    found = next((name for name, its in settings.providers.items() if its.kind == "globus" and its.client_id == client_id), None)
    return _configured(found, settings) if found else _one_provider(GlobusProvider, (client_id, client_secret), (("name", "globus"),))


def provider_of(account: Account, settings: Settings, store: TokenStore) -> Provider | None:
    """Return the provider that an account was logged in with, at its instance, or None if it can't be known, or used, here any more."""
    registration, instance = account.key.registration, account.key.registration.instance
    try:
        found = _configured(account.provider, settings) if account.provider in settings.providers else None
    except ConfigurationError:
        return None
    if found is not None and instance and _is_oidc(found):
        found = _at(cast("OIDCProvider", found), instance, is_listed=instance in _listed(settings, found.name), store=store)
    if found is not None and found.registration == registration:
        return found
    if instance is None:
        return None
    from .providers.oidc import OIDCProvider

    return OIDCProvider(registration.issuer, registration.client_id, name=account.provider).at(instance, is_listed=True)
