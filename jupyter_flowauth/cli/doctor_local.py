"""What the doctor finds on this machine, without asking a provider."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_core.paths import jupyter_config_dir, jupyter_config_path, jupyter_path
from packaging.requirements import Requirement

from .. import wiring
from ..configuration import FILE_NAME, NO_PROVIDER
from ..errors import FlowAuthError
from .findings import Finding, is_open_to_others
from .options import open_auth
from .sessions import build_session

if TYPE_CHECKING:
    from ..ports import Provider

PACKAGE = "jupyter_flowauth"
LABEXTENSION = "@jupyter-flowauth/labextension"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def check_ladder(choice: dict[str, str | None]) -> Iterator[Finding]:
    """Yield each way to ask a person from here, and why it is used or not."""
    ladder = wiring.current_ladder(_provider_of(choice))
    used = next((rung for rung in ladder if rung.usable), None)
    for rung in ladder:
        if rung is used:
            yield Finding("way to ask", "ok", f"{rung.name} is used: {rung.reason}")
        else:
            yield Finding("way to ask", "note", f"{rung.name}: {rung.reason}" + ("" if not rung.usable else " (not needed)"))
    if used is None:
        programs = "FLOWAUTH_TOKEN with FLOWAUTH_TOKEN_SCOPES, or FLOWAUTH_CLIENT_ID with FLOWAUTH_CLIENT_SECRET"
        advice = f"log in where somebody is, or let a program log in: {programs}"
        yield Finding("way to ask", "warning", "nobody can be asked from here; a login would fail at once", advice)


def _provider_of(choice: dict[str, str | None]) -> Provider | str | None:
    """Return the chosen provider; where it can't be, its name: the checks of the configuration say why."""
    try:
        return open_auth(choice, user_agent="none").provider
    except FlowAuthError:
        return choice["provider"]


def check_versions() -> Iterator[Finding]:
    """Yield the versions of what takes part, judged by what this package asks for."""
    about = "versions"
    yield Finding(about, "ok", f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding(about, "ok", f"{PACKAGE} {metadata.version(PACKAGE)}")
    wanted = [Requirement(line) for line in metadata.requires(PACKAGE) or ()]
    good = []
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Finding(about, "broken", f"{requirement.name} is not installed", _install(requirement))
            continue
        if requirement.specifier.contains(found, prereleases=True):
            good.append(f"{requirement.name} {found}")
        else:
            yield Finding(about, "broken", f"{requirement.name} is {found}, and has to be {requirement.specifier}", _install(requirement))
    yield Finding(about, "ok", ", ".join(sorted(good)))


def _install(requirement: Requirement) -> str:
    return f"pip install '{requirement.name}{requirement.specifier}'"


def check_configuration() -> Iterator[Finding]:
    """Yield the files that are read, and what they choose."""
    about = "configuration"
    folders = list(dict.fromkeys((jupyter_config_dir(), *jupyter_config_path())))
    files = [path for folder in folders if (path := Path(folder) / FILE_NAME).is_file()]
    yield Finding(about, "note", f"read, the first wins: {', '.join(map(str, files))}" if files else f"there is no {FILE_NAME}")
    settings = wiring.current_settings()
    providers = wiring.configured_providers(settings)
    if not providers:
        yield Finding(about, "broken", NO_PROVIDER, "jupyter flowauth provider add globus --client-id YOUR-CLIENT-ID")
        return
    default = settings.default_provider or (next(iter(providers)) if len(providers) == 1 else None)
    for name, provider in providers.items():
        chosen = " (used where none is named)" if name == default else ""
        yield Finding(about, "ok", f"{name}: {provider.kind}, client {settings.providers[name].client_id}{chosen}")
        for secret_file in (settings.providers[name].client_secret_file, settings.providers[name].private_key_file):
            if secret_file and not secret_file.startswith("keyring:"):
                yield _judge_secret_file(Path(secret_file).expanduser())
    if default is None:
        advice = "name one with --provider, or make one the default: default_provider in the file"
        yield Finding(about, "warning", "several providers are configured, and none is the default", advice)


def _judge_secret_file(path: Path) -> Finding:
    if not path.is_file():
        return Finding("configuration", "broken", f"{path} is not there", "put the secret there, or correct the configuration")
    if is_open_to_others(path):
        return Finding("configuration", "warning", f"others can read the client secret in {path}", f"chmod 600 {path}")
    return Finding("configuration", "ok", f"the client secret in {path} is yours alone")


def check_environment() -> Iterator[Finding]:
    """Yield which variables change what is done here: names, and of proxies the address without its password."""
    about = "environment"
    ours = sorted(name for name in os.environ if name.startswith(("FLOWAUTH_", "GLOBUS_SDK_")))
    yield Finding(about, "note", f"set: {', '.join(ours)}" if ours else "no variable of ours is set")
    if "FLOWAUTH_TOKEN" in os.environ and "FLOWAUTH_TOKEN_SCOPES" not in os.environ:
        advice = "name the scopes that it covers in FLOWAUTH_TOKEN_SCOPES, separated by spaces"
        yield Finding(about, "warning", "FLOWAUTH_TOKEN is set without FLOWAUTH_TOKEN_SCOPES: for Globus it serves no scope", advice)
    found = {name: value for name in PROXY_VARIABLES if (value := os.environ.get(name) or os.environ.get(name.lower()))}
    for name, value in found.items():
        yield Finding(about, "note", f"{name}={_without_password(value)}")
    if found.keys() - {"NO_PROXY"} and "127.0.0.1" not in found.get("NO_PROXY", ""):
        advice = "add localhost,127.0.0.1 to NO_PROXY"
        yield Finding(about, "warning", "a proxy is set for addresses of this machine, too", advice)
    if not found:
        yield Finding(about, "note", "no proxy is set")
    for name in CERTIFICATE_VARIABLES:
        path = os.environ.get(name)
        if path and not Path(path).exists():
            yield Finding(about, "broken", f"{name} names {path}, which isn't there", "correct it, or unset it")
        elif path:
            yield Finding(about, "note", f"{name}={path}")


def _without_password(proxy: str) -> str:
    """Return a proxy's address without what is before its last @, of which any sign may be a part; it may come without a scheme."""
    before, _, host = proxy.rpartition("@")
    scheme, mark, _ = before.partition("://")
    return f"{scheme}{mark}{host}" if scheme.isalnum() and mark else host


def check_storage() -> Iterator[Finding]:
    """Yield whether a login could be kept: the folder is ours alone, its lock works, the disk has room. Makes the folder if need be."""
    store = wiring.open_store()
    store.prepare()
    yield Finding("storage", "ok", f"{store.location} can be written, is yours alone, and its locks work")
    rendezvous = wiring.open_rendezvous()
    with rendezvous.exclusive():
        waiting = len(rendezvous.pending())
    yield Finding("storage", "ok", f"the meeting place of kernels and servers can be used; logins under way: {waiting}")


def check_logins() -> Iterator[Finding]:
    """Yield how many logins are held, and which of them end: by number and provider, for names are nobody's business in an issue."""
    now, sessions = time.time(), [build_session(account) for account in wiring.open_store().accounts()]
    yield Finding("logins", "note", f"{len(sessions)} held here")
    for session in sessions:
        expires = session.expires_at_seconds
        if session.renews or expires is None:
            continue
        kind, left = session.held.kind.replace("_", " "), expires - now
        where = session.held.instance or session.held.issuer
        if left <= 0:
            yield Finding("logins", "warning", f"a {kind}'s login at {where} has expired, and can't renew itself", session.advice)
        elif session.ending_words(now):
            sentence = f"a {kind}'s login at {where} ends in {left / 3600:.0f} h, and can't renew itself"
            yield Finding("logins", "warning", sentence, session.advice)


def check_extensions() -> Iterator[Finding]:
    """Yield whether JupyterLab and its server would load this package's extensions."""
    from jupyter_server.extension.config import ExtensionConfigManager
    from jupyterlab_server.config import get_federated_extensions, get_page_config

    about = "extensions"
    enabled = ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()
    if enabled.get(PACKAGE):
        yield Finding(about, "ok", "the server extension is enabled")
    else:
        advice = f"jupyter server extension enable {PACKAGE}"
        yield Finding(about, "warning", "the server extension is not enabled: notebooks ask by another way", advice)
    folders = jupyter_path("labextensions")
    disabled = get_page_config(folders).get("disabledExtensions", [])
    if LABEXTENSION not in get_federated_extensions(folders):
        advice = f"pip install --force-reinstall {PACKAGE}"
        yield Finding(about, "warning", "the labextension is not installed: no status-bar item, no side panel", advice)
    elif any(name.partition(":")[0] == LABEXTENSION for name in disabled):
        yield Finding(about, "warning", "the labextension is disabled", f"jupyter labextension enable {LABEXTENSION}")
    else:
        yield Finding(about, "ok", "the labextension is installed and enabled")
