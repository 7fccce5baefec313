"""``jupyter flowauth provider``: the providers in ``jupyter_flowauth.json``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import json_option, provider_name_argument
from .printing import answer, answer_json, build_table, say, warn

if TYPE_CHECKING:
    from ..configuration import Settings

KINDS = ("globus", "oidc")
GRANTS = ("authorization_code", "client_credentials")
METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")


@click.group("provider")
def command() -> None:
    """Say which providers are configured, add one, or remove one.

    \b
    Examples:
      jupyter flowauth provider list
      jupyter flowauth provider add globus --client-id 1b7c...
      jupyter flowauth provider add school --kind oidc --issuer https://sso.example.org/realms/school --client-id notebook
      jupyter flowauth provider remove globus
    """


@command.command("list")
@json_option
def list_providers(as_json: bool) -> None:
    """List the providers that are configured, by files and by the environment.

    \b
    Examples:
      jupyter flowauth provider list
      jupyter flowauth provider list --json
    """
    from .. import wiring

    settings = wiring.current_settings()
    rows = [_provider_values(name, settings) for name in settings.providers]
    if as_json:
        return answer_json(rows)
    if not rows:
        return say("No provider is configured. Add one: jupyter flowauth provider add NAME --client-id ID")
    return answer(build_table(("NAME", "KIND", "CLIENT ID", "ISSUER OR INSTANCES"), [_cells(row) for row in rows]))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    name = f"{row['name']}{' (default)' if row['is_default'] else ''}"
    where = row.get("issuer") or " ".join(row.get("instances", ())) or ("Globus Auth" if row["kind"] == "globus" else "–")
    return (name, row["kind"], row["client_id"] or "–", where)


def _provider_values(name: str, settings: Settings) -> dict[str, Any]:
    provider = settings.providers[name]
    set_ones = {key: getattr(provider, key) for key in sorted(provider.trait_names()) if getattr(provider, key) not in ("", None, [])}
    is_default = settings.default_provider == name or len(settings.providers) == 1
    return {"name": name, "is_default": is_default, "client_id": None, **set_ones}


@command.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default="globus", show_default=True, help="What it is.")
@click.option("--client-id", required=True, metavar="ID", help="The client id of your registration there.")
@click.option("--issuer", metavar="URL", help="The issuer of an OpenID provider, to the letter.  [default: the instance names it]")
@click.option("--instance", "instances", multiple=True, metavar="URL", help="A service that takes its tokens. Can be given several times.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What every login asks for besides. Can be given several times.")
@click.option("--grant", type=click.Choice(GRANTS), help="Who gets tokens: people (the default), or the client itself.")
@click.option("--client-secret-file", metavar="PLACE", help="A file of yours that holds a confidential client's secret, or keyring:NAME.")
@click.option("--private-key-file", metavar="FILE", help="A PEM file of yours, for a client that proves itself with a key.")
@click.option("--token-endpoint-auth-method", type=click.Choice(METHODS), help="How the client proves itself.  [default: what fits]")
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI", help="What is registered there. Can be given several times.")
@click.option("--default", "is_default", is_flag=True, help="Use it where none is named.")
@click.option("--replace", is_flag=True, help="Replace the provider that has this name.")
@json_option
def add(name: str, is_default: bool, replace: bool, as_json: bool, **values: Any) -> None:
    """Add a provider to your jupyter_flowauth.json.

    The rest of the file stays as it is. No secret belongs into it: name a file of its own.

    \b
    Examples:
      jupyter flowauth provider add globus --client-id 1b7c...
      jupyter flowauth provider add school --kind oidc --issuer https://sso.example.org/realms/school --client-id notebook
      jupyter flowauth provider add ci --kind oidc --instance https://school.example.org --client-id ci-runner \\
          --client-secret-file ~/.secrets/ci-runner --grant client_credentials
      jupyter flowauth provider add globus --client-id 1b7c... --redirect-uri 'http://localhost:*/flowauth/callback/globus' --replace
    """
    from .. import wiring
    from ..configuration import build_settings, read_file, write_setting

    _refuse_what_is_never_used(**values)
    entry = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items() if value not in (None, (), "")}
    with wiring.changing_settings() as path:
        own = read_file(path)
        if name in wiring.current_settings().providers and not replace:
            raise click.UsageError(f"A provider is called {name!r} already; --replace replaces it.")
        providers = {**own.get("providers", {}), name: entry}
        build_settings({**own, "providers": providers}, source="the command line")
        write_setting(path, "providers", providers)
        if is_default:
            write_setting(path, "default_provider", name)
    say(f"Added {name} to {path}. Log in with: jupyter flowauth login --provider {name}")
    _warn_of_secret_file(values.get("client_secret_file"))
    if as_json:
        answer_json({"name": name, "file": str(path), **entry})


def _refuse_what_is_never_used(
    *, kind: str, issuer: str | None, instances: tuple[str, ...], grant: str | None, client_secret_file: str | None, **others: Any
) -> None:
    """Refuse at once what every later command would fail at, as far as that can be told without asking anybody."""
    from ..code_grant import is_secure_address
    from ..instances import normalize_instance

    if kind != "oidc" and (issuer or instances):
        raise click.UsageError(f"{'--issuer' if issuer else '--instance'} says that it is an OpenID provider: --kind oidc")
    if issuer and not is_secure_address(issuer):
        raise click.UsageError(f"the issuer {issuer!r} isn't an https address; it looks like https://sso.example.org/realms/school")
    for instance in instances:
        normalize_instance(instance)
    if grant == "client_credentials" and not (client_secret_file or others["private_key_file"]):
        key = ", or --private-key-file" if kind == "oidc" else ""
        raise click.UsageError(f"a client that acts for itself needs --client-secret-file{key}")


def _warn_of_secret_file(name: str | None) -> None:
    """Say at once what would only be found at the first login."""
    import os
    import stat

    if not name or name.startswith("keyring:"):
        return
    path = Path(name).expanduser()
    if not path.is_file():
        warn(f"{path} is not there yet; put the secret into it, with chmod 600")
    elif hasattr(os, "getuid") and stat.S_IMODE(path.stat().st_mode) & 0o077:
        warn(f"others can read {path}; chmod 600 {path}")


@command.command()
@provider_name_argument
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove a provider from your jupyter_flowauth.json.

    Logins that are held for it stay where they are: log out first.

    \b
    Examples:
      jupyter flowauth logout --provider portal && jupyter flowauth provider remove portal
    """
    from .. import wiring
    from ..configuration import read_file, write_setting

    with wiring.changing_settings() as path:
        own, known = read_file(path), wiring.current_settings().providers
        if name not in own.get("providers", {}):
            where = "the environment, or a file of the system's" if name in known else "nothing"
            raise click.UsageError(f"{path} has no provider {name!r}; {where} has.")
        write_setting(path, "providers", {key: value for key, value in own["providers"].items() if key != name})
        if own.get("default_provider") == name:
            write_setting(path, "default_provider", "")
    held = [account for account in wiring.open_store().accounts() if account.provider == name]
    if held:
        warn(f"{len(held)} logins of {name} are still held here; jupyter flowauth logout --all forgets every login")
    say(f"Removed {name} from {path}.")
    if as_json:
        answer_json({"name": name, "file": str(path), "logins_held": len(held)})
