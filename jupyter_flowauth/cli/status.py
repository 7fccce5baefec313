"""``jupyter flowauth status``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from .exits import LOGIN_NEEDED, OK, TOO_SHORT
from .options import json_option, login_options, open_auth, scopes_argument
from .printing import answer, answer_json, duration_words, say, to_shell_words
from .sessions import build_session, status_values, warn_ahead

if TYPE_CHECKING:
    from ..auth import FlowAuth
    from ..tokens import Token


@click.command("status")
@scopes_argument
@login_options
@click.option(
    "--min-valid",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Exit with 4 if a login that doesn't renew itself (a service account's token) ends sooner than that.",
)
@json_option
def command(scopes: tuple[str, ...], min_valid: float | None, as_json: bool, **choice: str | None) -> int:
    """Say who is logged in, with which scopes until when.

    Makes no request (but to have FLOWAUTH_TOKEN checked, where that is set), and asks nobody. Exits with 0 if somebody is logged in and
    holds every SCOPE that is named, with 3 if not. From a day before a login ends that doesn't renew itself, it warns.

    \b
    Examples:
      jupyter flowauth status
      jupyter flowauth status SCOPE || jupyter flowauth login SCOPE
      jupyter flowauth status --min-valid 3600 || echo "mint a new token before the night's run"
    """
    auth = open_auth(choice)
    auth.require(scopes)
    for given in auth.held.given:
        auth.held.from_environment.use(given)  # only its provider can tell what it is good for, and until when
    status = auth.status()
    if as_json:
        answer_json(status_values(status))
    else:
        answer(to_shell_words(str(status)))
    warn_ahead(auth)
    if status.missing or not (status.identity or status.scopes or auth.held.given):
        return LOGIN_NEEDED
    if min_valid is not None and (short := _too_short(auth, scopes or tuple(status.scopes), min_valid)):
        say(short)
        return TOO_SHORT
    return OK


def _too_short(auth: FlowAuth, scopes: tuple[str, ...], min_valid: float) -> str | None:
    """Return the sentence for the first scope whose token ends too soon and does not renew itself."""
    from ..given_tokens import RE_MINT

    for scope in scopes:
        token, account = _serving(auth, scope), auth.held.account()
        renews = token is None or token.refresh_token is not None or (account is not None and account.is_clients_own)
        left = token.seconds_left(time.time()) if token and not renews else float("inf")
        if left < min_valid:
            advice = build_session(account).advice if account and not auth.held.given else RE_MINT
            return f"{scope} is good for {duration_words(left)} more, less than the {duration_words(min_valid)} wanted; {advice}"
    return None


def _serving(auth: FlowAuth, scope: str) -> Token | None:
    account = auth.held.account()
    given = next((token for token in auth.held.given if token.covers(scope)), None)
    return given or (account.token_for(scope) if account else None)
