"""``jupyter flowauth login``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from ..login_outcomes import count_scopes
from .given_token import read_given_token
from .options import json_option, login_options, open_auth, scopes_argument
from .printing import answer, answer_json, say, warn
from .sessions import build_session, status_values

if TYPE_CHECKING:
    from ..auth import FlowAuth


@click.command("login")
@scopes_argument
@login_options
@click.option("--force", is_flag=True, help="Ask for these scopes even if they are held; without a scope, log in once more.")
@click.option("--device", "user_agent", flag_value="device", help="Enter a code on another device, such as a phone.")
@click.option("--paste", "user_agent", flag_value="paste", help="Open the link in any browser anywhere, and paste a code.")
@click.option("--token", "given", metavar="-|TOKEN", help="Keep a token that was made elsewhere: - reads FLOWAUTH_TOKEN or standard input.")
@click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="How long to wait for you; at most 900.")
@click.option("--how", is_flag=True, help="Say how you would be asked from here, and why not otherwise. Asks nobody.")
@json_option
def command(
    scopes: tuple[str, ...],
    force: bool,
    user_agent: str | None,
    given: str | None,
    timeout: float | None,
    how: bool,
    as_json: bool,
    **choice: str | None,
) -> None:
    """Log in, if anything is missing.

    It asks only for what is not held yet, and nobody if nothing is missing. The notebook has the login at once, for both look in the same
    place. Where nobody can be asked (cron, CI), it fails at once with exit code 3, and names what is missing.

    \b
    Examples:
      jupyter flowauth login                               who you are, and nothing more
      jupyter flowauth login urn:globus:auth:scope:transfer.api.globus.org:all
      jupyter flowauth login --account bob@example.org     use, or add, another identity
      jupyter flowauth login --instance-url https://school.example.org
      jupyter flowauth login --device                      with a phone, by a code
      jupyter flowauth login --paste                       the browser is on another machine
      jupyter flowauth login --token - < token.txt         a service account's token, kept until it ends
      jupyter flowauth login --how                         which way would be used from here, and why
    """
    if how:
        return answer(_describe_ways(choice))
    auth = open_auth(choice, user_agent=user_agent)
    if given is not None:
        _keep_given(auth, given)
    elif not force and not auth.missing(scopes or ("openid",)) and auth.provider.grant == "authorization_code":
        say(_held_sentence(auth, scopes or ("openid",)))
    else:
        auth.login(scopes, force=force, timeout=timeout)
        if auth.provider.grant == "client_credentials":
            say(f"The client acts for itself, and renews by itself; nobody had to be asked. {auth.status()}")
    if as_json:
        answer_json(status_values(auth.status()))
    return None


def _describe_ways(choice: dict[str, str | None]) -> str:
    from .. import wiring
    from ..errors import ConfigurationError

    try:
        return wiring.describe_ladder(open_auth(choice).provider)
    except ConfigurationError:
        return wiring.describe_ladder(choice["provider"])  # what this place allows can be told all the same


def _keep_given(auth: FlowAuth, given: str) -> None:
    """Keep a token that was made elsewhere, and say whose it is and when it ends."""
    auth.login_with_token(read_given_token(given))
    account = auth.held.account()
    if account is None:
        return
    session, now = build_session(account), time.time()
    kind = "a service account" if session.held.kind == "service_account" else "a person, not marked as a service account"
    say(f"The token of {session.held.username} ({kind}) is kept; it is good until {session.expiry_words(now)}, and is not renewed.")
    if ending := session.ending_words(now):
        warn(ending)


def _held_sentence(auth: FlowAuth, wanted: tuple[str, ...]) -> str:
    who = auth.identity.username if auth.identity else "logged in by the environment's token"
    return f"You are {who}, {count_scopes(len(wanted))} held already; nothing had to be asked."
