"""What is held, as values to show: no token in them."""

from __future__ import annotations

from dataclasses import dataclass

from .given_tokens import describe_end
from .held_tokens import HeldTokens
from .hub_tokens import is_from_hub
from .login_outcomes import count_scopes
from .tokens import Account, Identity, Kind


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """One login that is held.

    :param id: names it among the others; grants nothing.
    :param kind: ``person``, or ``service_account``.
    :param instance: the normalized base URL of the instance that it is for, or None.
    :param scopes: each bare scope with the POSIX time at which its access token expires (None: not known). A renewable one is renewed then.
    :param from_hub: those of the scopes that come from the JupyterHub's own login.
    """

    id: str
    provider: str
    issuer: str
    username: str
    sub: str
    name: str | None
    scopes: dict[str, float | None]
    logged_in_at_seconds: float
    kind: Kind = "person"
    instance: str | None = None
    from_hub: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthStatus:
    """The login state of a notebook.

    :param ends: the sentence for a token that nothing renews and that ends within a day, or has ended; None where there is none.
    :param others: the usernames of other identities held for the same provider.
    :param from_hub: those of the scopes that come from the JupyterHub's own login.
    """

    provider: str
    identity: Identity | None
    scopes: dict[str, float | None]
    missing: tuple[str, ...]
    others: tuple[str, ...]
    checked_at_seconds: float
    kind: Kind = "person"
    ends: str | None = None
    from_hub: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as a few plain lines."""
        if self.identity is None and not self.scopes:
            lines = [f"Nobody is logged in at {self.provider}. Log in with %login."]
        else:
            who = self.identity.username if self.identity else "The environment's token"
            who = f"The service account {who}" if self.kind == "service_account" else who
            lines = [f"{who} is logged in at {self.provider}, with {count_scopes(len(self.scopes))}:"]
            lines += [f"  {scope}{_time_left(expires, self.checked_at_seconds)}" for scope, expires in self.scopes.items()]
        lines += [f"By the JupyterHub's own login, which renews it: {' '.join(self.from_hub)}"] if self.from_hub else []
        lines += [self.ends] if self.ends else []
        lines += [f"Missing: {' '.join(self.missing)}"] if self.missing else []
        lines += [f"Also held: {', '.join(self.others)} (choose with %login --account NAME)"] if self.others else []
        return "\n".join(lines)

    __repr__ = __str__


def build_status(held: HeldTokens, *, required: tuple[str, ...], now: float) -> AuthStatus:
    """Return the login state."""
    account = held.account()
    return AuthStatus(
        provider=held.provider.title,
        identity=account.identity if account else None,
        scopes={**(scope_expiries(account) if account else {}), **{s: t.expires_at_seconds for t in held.given for s in t.scopes}},
        missing=held.missing(required),
        others=tuple(other.identity.username for other in held.accounts() if account and other.key != account.key),
        checked_at_seconds=now,
        kind=held.from_environment.kind if held.given else account.kind if account else "person",
        ends=describe_held_end(held, now=now),
        from_hub=_hub_scopes(account) if account else (),
    )


def describe_held_end(held: HeldTokens, *, now: float) -> str | None:
    """Return the sentence for a token in use that nothing renews and that ends within a day, or has ended; else None."""
    account = held.account()
    if held.given or (account and account.kind == "service_account" and held.provider.grant == "authorization_code"):
        return describe_end(held.given or (account.tokens if account else ()), now=now)
    return None


def build_held_account(account: Account) -> HeldAccount:
    """Return an account without its tokens."""
    return HeldAccount(
        id=account.key.digest,
        provider=account.provider,
        issuer=account.key.registration.issuer,
        username=account.identity.username,
        sub=account.identity.sub,
        name=account.identity.name,
        scopes=scope_expiries(account),
        logged_in_at_seconds=account.logged_in_at_seconds,
        kind=account.kind,
        instance=account.key.registration.instance,
        from_hub=_hub_scopes(account),
    )


def _hub_scopes(account: Account) -> tuple[str, ...]:
    return tuple(scope for scope in account.scopes if (token := account.token_for(scope)) and is_from_hub(token))


def scope_expiries(account: Account) -> dict[str, float | None]:
    """Return each scope with the POSIX time at which the token that serves it expires."""
    served = {scope: account.token_for(scope) for scope in account.scopes}
    return {scope: token.expires_at_seconds if token else None for scope, token in served.items()}


def _time_left(expires_at_seconds: float | None, now: float) -> str:
    if expires_at_seconds is None:
        return ""
    minutes = (expires_at_seconds - now) / 60
    if minutes <= 0:
        return "  (expired; renewed when it is used, if it can be)"
    return f"  (good for {minutes / 60:.0f} h)" if minutes >= 120 else f"  (good for {minutes:.0f} min)"
