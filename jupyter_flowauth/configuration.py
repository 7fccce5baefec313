"""The settings, read the same by kernel, server, shell and relay: ``jupyter_flowauth.json`` in each folder of the Jupyter
configuration path, merged, the user's winning; then the environment. The help of each setting below is the manual.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from traitlets import Bool, Dict, Enum, Float, HasTraits, List, TraitError, Unicode

from .errors import ConfigurationError

FILE_NAME = "jupyter_flowauth.json"
S = TypeVar("S", bound=HasTraits)
# What says something of the provider, whichever client it is that comes there.
_OF_PROVIDER = frozenset({"kind", "issuer", "instances", "scopes", "clock_skew_seconds", "service_account_claim"})
NO_PROVIDER = (
    "no provider is configured, so there is nobody to log in with; register a client at https://app.globus.org/settings/developers, then: "
    "jupyter flowauth provider add globus --client-id YOUR-CLIENT-ID (or set FLOWAUTH_CLIENT_ID); for an OpenID provider such as Keycloak: "
    "jupyter flowauth provider add --help; to try it without any: jupyter flowauth demo"
)


class ProviderSettings(HasTraits):
    """The settings of one provider."""

    kind = Enum(["globus", "oidc"], default_value="globus", help="What it is: `globus` (Globus Auth), or `oidc` (any OpenID provider).")
    issuer = Unicode(
        help="The issuer of an OpenID provider, to the letter as its discovery document says it. Left out: an instance names it."
    )
    client_id = Unicode(help="The client id of your registration there. Required.")
    client_secret_file = Unicode(
        help="A file that holds the client secret of a confidential client, or `keyring:NAME` for an entry of the system's keyring. "
        "A native app has none."
    )
    private_key_file = Unicode(help="A PEM file with the private key of a client that proves itself with `private_key_jwt`.")
    token_endpoint_auth_method = Enum(
        ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        default_value=None,
        allow_none=True,
        help="How the client proves itself at an OpenID provider. Left out: by its key, by its secret as that takes it, or not at all.",
    )
    grant = Enum(
        ["authorization_code", "client_credentials"],
        default_value="authorization_code",
        help="Who gets tokens: people who log in (`authorization_code`), or the client itself, with nobody there (`client_credentials`).",
    )
    scopes = List(
        Unicode(), default_value=None, allow_none=True, help="What every login at an OpenID provider asks for besides. Left out: `openid`."
    )
    instances = List(
        Unicode(), help="The base URLs of the services that take this OpenID provider's tokens, such as https://a.example.org."
    )
    clock_skew_seconds = Float(60.0, help="By how many seconds the clocks of this machine and of an OpenID provider may differ.")
    service_account_claim = Unicode(
        "profile.is_service_account", help="The claim that marks a service account's token, with dots for what is nested."
    )
    require_pushed_authorization_requests = Bool(
        False,
        help="Whether this client of an OpenID provider may ask only by pushed authorization requests (RFC 9126), as it is registered. "
        "Where the provider says so for all of its clients, that is found by itself.",
    )
    hub_login = Bool(
        False,
        help="Whether the JupyterHub of this server logs its users in at this provider too, and shares what it was issued (`auth_state`): "
        "then that is used before anybody is asked.",
    )
    redirect_uris = List(
        Unicode(),
        default_value=None,
        allow_none=True,
        help="What is registered as redirect URIs there: `scheme://host[:port|:*][/path|/*]` each. Left out for a Globus native app: any "
        "port and path on loopback, and the page that shows codes.",
    )


class Settings(HasTraits):
    """The settings of the file."""

    default_provider = Unicode(help="The name of the provider to use where none is named. Not needed where there is only one.")
    storage = Unicode("file", help="Where tokens rest: `file` (the Jupyter data folder), `keyring`, `memory`, or the path of a folder.")
    login_timeout_seconds = Float(300.0, help="How long a login waits for the person, in seconds; at most 900.")
    providers = Dict(key_trait=Unicode(), help="The providers by name. The name is a segment of the redirect URI.")


def read_settings(folders: list[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings of all files and of the environment.

    :param folders: the Jupyter configuration path: the one that wins first.
    :raises ConfigurationError: with the file and the key, if a file can't be read, or a key is unknown or of the wrong type.
    """
    merged: dict[str, Any] = {}
    for folder in reversed(folders):
        path = Path(folder) / FILE_NAME
        values = read_file(path)
        build_settings(values, source=str(path))
        _merge(merged, values)
    _merge(merged, _environment_settings(merged, environment))
    return build_settings(merged, source="the environment")


def build_settings(values: dict[str, Any], *, source: str) -> Settings:
    """Return the settings in parsed JSON.

    :raises ConfigurationError: with the source and the key.
    """
    settings = _fill(Settings(), values, source=source, where="")
    providers = {}
    for name, provider in settings.providers.items():
        if not name.replace("-", "").replace("_", "").isalnum():
            raise ConfigurationError(
                f"{source}: the provider name {name!r} has to be letters, digits, - and _ (it is part of an address)", source=source
            )
        if not isinstance(provider, dict):
            raise ConfigurationError(f"{source}: providers.{name} has to be an object", source=source)
        providers[name] = _fill(ProviderSettings(), provider, source=source, where=f"providers.{name}.")
    settings.providers = providers
    return settings


def _fill(target: S, values: dict[str, Any], *, source: str, where: str) -> S:
    for key, value in values.items():
        if key == "client_secret":
            raise ConfigurationError(
                f"{source}: {where}client_secret: no secret in this file; name a file of its own in client_secret_file", source=source
            )
        if not target.has_trait(key):
            known = ", ".join(sorted(target.trait_names()))
            raise ConfigurationError(f"{source}: unknown key {where}{key}; known are: {known}", source=source)
        try:
            target.set_trait(key, value)
        except TraitError:
            choices = _what_fits(target.traits()[key])
            raise ConfigurationError(f"{source}: {where}{key} has to be {choices}, not {json.dumps(value)[:80]}", source=source) from None
    return target


def _what_fits(trait: object) -> str:
    if isinstance(trait, Enum):
        return f"one of {', '.join(filter(None, trait.values or ()))}"
    return {Float: "a number", Dict: "an object", List: "a list of strings"}.get(type(trait), "a string")


def read_file(path: Path) -> dict[str, Any]:
    """Return what one file holds, unjudged; nothing if it isn't there.

    :raises ConfigurationError: if it can't be read as a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} can't be read as JSON ({error}); correct it, or remove it", source=str(path)) from None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path} has to hold a JSON object", source=str(path))
    return values


def write_setting(path: Path, key: str, value: object) -> None:
    """Change one key of a file, and leave the others, its mode, and the link that leads to it, as they are.

    :raises ConfigurationError: if the file can't be read or written; then it is unchanged.
    """
    content = json.dumps({**read_file(path), key: value}, indent=2) + "\n"
    try:
        _replace_file(path.resolve(), content)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written ({error.strerror}); it is unchanged", source=str(path)) from None


def _replace_file(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody can foresee, and so nobody can have put a link there.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _merge(base: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value


def _environment_settings(merged: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment says, in the file's shape. Another client has nothing of what the file says of its own."""
    values: dict[str, Any] = {}
    if name := environment.get("FLOWAUTH_PROVIDER"):
        values["default_provider"] = name
    if client_id := environment.get("FLOWAUTH_CLIENT_ID"):
        providers = merged.get("providers", {})
        has_instance = bool(environment.get("FLOWAUTH_INSTANCE_URL"))
        name = name or _provider_of_client(providers, merged.get("default_provider"), has_instance=has_instance)
        before = providers.get(name, {"kind": "oidc"} if has_instance else {})
        if before.get("client_id") != client_id:
            providers.pop(name, None)
            before = {key: value for key, value in before.items() if key in _OF_PROVIDER}
        values.update(default_provider=name, providers={name: {**before, "client_id": client_id}})
    return values


def _provider_of_client(providers: Mapping[str, Any], default: str | None, *, has_instance: bool) -> str:
    """Return the name of the provider that the environment's client is for: where an instance is chosen, an OpenID provider."""
    fitting = [name for name, provider in providers.items() if not has_instance or provider.get("kind") == "oidc"]
    if default in fitting or (default and not has_instance):
        return default or ""
    return fitting[0] if len(fitting) == 1 else "oidc" if has_instance else "globus"


def secret_of_environment(environment: Mapping[str, str]) -> str | None:
    """Return the client secret in the environment.

    :raises ConfigurationError: if it comes without the client that it is of.
    """
    secret = environment.get("FLOWAUTH_CLIENT_SECRET")
    if secret and not environment.get("FLOWAUTH_CLIENT_ID"):
        raise ConfigurationError("FLOWAUTH_CLIENT_SECRET is set without FLOWAUTH_CLIENT_ID; set both, or neither")
    return secret or None
