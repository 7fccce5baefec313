"""``jupyter flowauth service-account``: tokens of a program's own, and the client in a Keycloak realm that they take."""

from __future__ import annotations

import re
from typing import Any

import click

from .options import account_option, instance_option, json_option, open_auth, provider_option, scopes_argument
from .printing import answer, answer_json, clock_words, say

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
secret_help = "A file of yours that holds the client secret, or keyring:NAME.  [default: the configured one, or FLOWAUTH_CLIENT_SECRET]"


@click.group("service-account")
def command() -> None:
    """Mint tokens for programs, or set up the client that they take.

    \b
    Examples:
      jupyter flowauth service-account create ci-runner --secret-file ~/.secrets/ci-runner
      jupyter flowauth service-account token --client-id ci-runner --client-secret-file ~/.secrets/ci-runner
    """


@command.command()
@scopes_argument
@provider_option
@instance_option
@click.option("--issuer", metavar="URL", help="The provider, if it isn't configured: https://HOST/realms/NAME at a Keycloak.")
@click.option("--client-id", metavar="ID", help="The client that acts for itself.  [default: the configured one, or FLOWAUTH_CLIENT_ID]")
@click.option("--client-secret-file", metavar="PLACE", help=secret_help)
@json_option
def token(scopes: tuple[str, ...], as_json: bool, provider: str | None, **client: str | None) -> None:
    """Mint a token of a program's own, and print it and nothing else.

    By client credentials: nobody is asked, and nothing is kept here. A secret is never an argument: it comes from a file, from the system's
    keyring, or from the environment. Programs that can hold the secret need no minting: with `"grant": "client_credentials"` in its
    configuration FlowAuth renews the token by itself.

    \b
    Examples:
      jupyter flowauth service-account token --client-id ci-runner --client-secret-file ~/.secrets/ci-runner
      FLOWAUTH_CLIENT_ID=ci-runner FLOWAUTH_CLIENT_SECRET=... jupyter flowauth service-account token --issuer https://sso.example.org/realms/school
      jupyter flowauth service-account token --client-secret-file keyring:ci-runner | gh secret set FLOWAUTH_TOKEN
    """
    from ..auth import FlowAuth
    from ..own_clients import choose_own_client

    auth = FlowAuth(choose_own_client(provider, **client), storage="memory", user_agent="none")
    auth.login(scopes, force=True)
    minted = auth.token(scopes[0] if scopes else None, min_valid=0)
    account = auth.held.account()
    found = next((one for one in account.tokens if one.access_token == minted), None) if account else None
    expires = found.expires_at_seconds if found else None
    if as_json:
        granted = list(found.scopes) if found else []
        return answer_json({"access_token": minted, "token_type": "Bearer", "scopes": granted, "expires_at_seconds": expires})
    if expires is not None:
        say(f"It ends at {clock_words(expires)}, and can't be renewed: mint another one by then.")
    return answer(minted)


@command.command()
@click.argument("name")
@provider_option
@instance_option
@account_option
@click.option("--secret-file", "secret_place", required=True, metavar="PLACE", help="Where its secret goes: a new file, or keyring:NAME.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="A client scope of the realm that it may ask for. Several times.")
@click.option("--lifetime", type=click.IntRange(min=60), metavar="SECONDS", help="How long its tokens are good.  [default: the realm's]")
@click.option("--claim", metavar="NAME", help="The claim that marks its tokens.  [default: profile.is_service_account]")
@json_option
def create(
    name: str, secret_place: str, scopes: tuple[str, ...], lifetime: int | None, claim: str | None, as_json: bool, **choice: Any
) -> None:
    """Set up a client for a program in a Keycloak realm.

    It takes an admin's login, held here like any other: somebody with the role manage-clients of realm-management in that realm (log in
    with `jupyter flowauth login --account ADMIN` first). The client acts for itself alone (no person can log in with it), and its tokens
    carry the claim that marks a service account. Its secret goes into a new file that only you can read, or into the keyring, and is never
    shown. If anything fails, nothing is left of it.

    \b
    Examples:
      jupyter flowauth service-account create ci-runner --secret-file ~/.secrets/ci-runner
      jupyter flowauth service-account create nightly --secret-file keyring:nightly --lifetime 86400 --scope school.read
      jupyter flowauth service-account create ci-runner --account admin@example.org --secret-file ~/.secrets/ci-runner
    """
    from ..own_clients import create_service_account

    if not _NAME.fullmatch(name):
        raise click.UsageError("The name is a client id: letters, digits, dots, dashes and underscores.")
    auth = open_auth(choice, user_agent="none")
    admin_token = auth.token(None)
    issuer = auth.provider.registration.issuer
    create_service_account(issuer, admin_token, name, secret_place=secret_place, claim=claim, scopes=scopes, lifetime_seconds=lifetime)
    say(f"{issuer} has a client {name} now; its secret rests in {secret_place}.")
    say(f"Mint a token: jupyter flowauth service-account token --issuer {issuer} --client-id {name} --client-secret-file {secret_place}")
    if as_json:
        answer_json({"client_id": name, "issuer": issuer, "client_secret_file": secret_place, "scopes": list(scopes)})
