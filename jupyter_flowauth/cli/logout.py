"""``jupyter flowauth logout``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..errors import StorageError
from .exits import INTERRUPTED, OK
from .options import json_option, login_options, open_auth
from .printing import answer_json, say, warn

if TYPE_CHECKING:
    from ..logout import LogoutOutcome


@click.command("logout")
@login_options
@click.option("--all", "everything", is_flag=True, help="Every login of every provider that is held here.")
@click.option("--revoke/--no-revoke", default=True, help="Revoke the tokens at the provider, or only forget them here.  [default: revoke]")
@json_option
def command(everything: bool, revoke: bool, as_json: bool, **choice: str | None) -> int:
    """Forget a login here, and end it at the provider.

    What rests here always goes. Then the sessions at the instance and the provider are ended and the tokens revoked, as far as they
    offer that, and what each of them said is told; that one could not be reached is no failure of this command, which exits with 0 once
    nothing is left here.

    \b
    Examples:
      jupyter flowauth logout                              the most recent login of the default provider
      jupyter flowauth logout --account bob@example.org    another one
      jupyter flowauth logout --instance-url https://school.example.org
      jupyter flowauth logout --all                        every one of every provider
      jupyter flowauth logout --no-revoke                  only forget it here
    """
    if everything and any(choice.values()):
        raise click.UsageError("--all means every login; it goes without --provider, --instance-url and --account.")
    outcomes, code = list[dict[str, Any]](), OK
    try:
        for outcome in _log_all_out(revoke) if everything else _log_out(choice, revoke):
            outcomes.append(outcome)
            say(outcome["message"])
    except KeyboardInterrupt:
        say("Interrupted. What is gone from here stays gone; jupyter flowauth list shows what is still held.")
        code = INTERRUPTED
    if as_json:
        answer_json(outcomes)
    return code


def _log_out(choice: dict[str, str | None], revoke: bool) -> Iterator[dict[str, Any]]:
    yield outcome_values(None, open_auth(choice).logout(revoke=revoke))


def _log_all_out(revoke: bool) -> Iterator[dict[str, Any]]:
    """End every login, one after another; one whose provider isn't known here any more is forgotten all the same."""
    from .. import wiring
    from ..logout import forget_account

    settings, store, unusable = wiring.current_settings(), wiring.open_store(), list[StorageError]()
    held = store.accounts(unusable=unusable)
    for account in held:
        provider = wiring.provider_of(account, settings, store)
        yield outcome_values(account.identity.username, forget_account(provider, store, account, revoke=revoke, server=True))
    for error in unusable:
        warn(f"{error.message[:1].upper()}{error.message[1:]}.")
    if not held:
        nobody: dict[str, Any] = {"account": None, "cleared": True, "revoked": None, "sessions_ended": None, "endings": []}
        yield {**nobody, "message": "No login is held here; there was nothing to forget."}


def outcome_values(username: str | None, outcome: LogoutOutcome) -> dict[str, Any]:
    """Return the outcome of one logout, for JSON."""
    return {
        "account": username,
        "cleared": outcome.cleared,
        "revoked": outcome.revoked,
        "sessions_ended": outcome.server,
        "endings": [{"name": ending.name, "done": ending.done, "message": ending.message} for ending in outcome.endings],
        "message": outcome.message,
    }
