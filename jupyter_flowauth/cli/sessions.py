"""``jupyter flowauth list``, and what a login looks like without its tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .options import json_option
from .printing import answer, answer_json, build_table, clock_words, duration_words, say, warn

if TYPE_CHECKING:
    from ..auth import FlowAuth
    from ..errors import StorageError
    from ..status import AuthStatus, HeldAccount
    from ..tokens import Account

WARN_AHEAD_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Session:
    """One login that is held, as it is shown.

    :param renews: whether it renews itself, so that the expiry is that of an access token and no end.
    """

    held: HeldAccount
    renews: bool

    @property
    def expires_at_seconds(self) -> float | None:
        """When the first of its access tokens expires; None if that isn't known."""
        return min((expiry for expiry in self.held.scopes.values() if expiry is not None), default=None)

    def expiry_words(self, now: float) -> str:
        """Return until when it is good."""
        if self.renews:
            return "renews itself"
        if self.expires_at_seconds is None:
            return "not known"
        left = self.expires_at_seconds - now
        return f"{clock_words(self.expires_at_seconds)} ({duration_words(left)} left)" if left > 0 else "EXPIRED"

    def ending_words(self, now: float) -> str | None:
        """Return a warning if this login ends for good within a day, or has ended."""
        if self.renews or self.expires_at_seconds is None or self.expires_at_seconds - now > WARN_AHEAD_SECONDS:
            return None
        left = self.expires_at_seconds - now
        when = f"ends in {duration_words(left)}, at {clock_words(self.expires_at_seconds)}" if left > 0 else "has expired"
        where = self.held.instance or self.held.issuer
        return f"the login of {self.held.username} at {where} {when}, and can't renew itself; {self.advice}"

    @property
    def advice(self) -> str:
        """What to do about a login that ends."""
        if self.held.kind == "person":
            return "log in again (%login)"
        return "mint a new token (jupyter flowauth service-account token), then: %login --token -"


def build_session(account: Account) -> Session:
    """Return a login without its tokens."""
    from ..status import build_held_account

    renews = bool(account.tokens) and all(token.refresh_token for token in account.tokens)
    return Session(build_held_account(account), renews or account.is_clients_own)


def warn_ahead(auth: FlowAuth) -> None:
    """Warn if the login in use ends for good within a day, or has ended, unless the use of it has said so already."""
    account = auth.held.account()
    if auth.status().ends is None and account and (ending := build_session(account).ending_words(time.time())):
        warn(ending)


def session_values(session: Session) -> dict[str, Any]:
    """Return a login for JSON."""
    held = session.held
    return {
        "id": held.id,
        "provider": held.provider,
        "issuer": held.issuer,
        "instance": held.instance,
        "username": held.username,
        "name": held.name,
        "sub": held.sub,
        "kind": held.kind,
        "scopes": held.scopes,
        "expires_at_seconds": session.expires_at_seconds,
        "renews_itself": session.renews,
        "logged_in_at_seconds": held.logged_in_at_seconds,
        "from_hub": list(held.from_hub),
    }


def status_values(status: AuthStatus) -> dict[str, Any]:
    """Return the login state for JSON."""
    who = status.identity
    return {
        "provider": status.provider,
        "identity": {"username": who.username, "name": who.name, "sub": who.sub} if who else None,
        "kind": status.kind if who or status.scopes else None,
        "scopes": status.scopes,
        "ends": status.ends,
        "missing": list(status.missing),
        "others": list(status.others),
        "from_hub": list(status.from_hub),
    }


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """List the logins that are held here.

    Every one of every provider, the most recent first; never a token. Makes no request.

    \b
    Examples:
      jupyter flowauth list
      jupyter flowauth list --json | jq -r '.[].username'
    """
    from .. import wiring

    unusable: list[StorageError] = []
    sessions, now = [build_session(account) for account in wiring.open_store().accounts(unusable=unusable)], time.time()
    for error in unusable:
        warn(f"{error.message[:1].upper()}{error.message[1:]}.")
    if as_json:
        return answer_json([session_values(session) for session in sessions])
    if not sessions:
        return say("No login is held here. Log in with %login.")
    answer(build_table(("PROVIDER", "INSTANCE", "IDENTITY", "KIND", "SCOPES", "GOOD UNTIL"), [_row(s, now) for s in sessions]))
    for ending in filter(None, (session.ending_words(now) for session in sessions)):
        warn(ending)
    return None


def _row(session: Session, now: float) -> tuple[str, ...]:
    held = session.held
    kind = held.kind.replace("_", " ")
    return (held.provider, held.instance or "–", held.username, kind, str(len(held.scopes)), session.expiry_words(now))
