"""What one account holds, followed live: every login and refresh, here or in another process, shows at the next look."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from .errors import ProviderError, ScopesMissing, StorageError
from .given_tokens import GivenTokens
from .ports import Clock, Provider, TokenStore
from .refresh import Renewals, clamp_min_valid, is_due, is_due_soon
from .tokens import NEVER, Account, AccountKey, Token

Listed = tuple[tuple[Account, ...], tuple[StorageError, ...]]


class HeldTokens:
    """The tokens of the account that a notebook uses, followed live.

    :param account: a username, an email or a sub; None for the most recent login. Which that is, is settled when it is first looked at,
        for as long as that account is held: what a client does mustn't become somebody else's because they logged in elsewhere.
    :param given: tokens that came with the environment. They win for the scopes they cover, and are never renewed.
    :param used: told each time whose token is handed out.
    """

    def __init__(
        self,
        provider: Provider,
        store: TokenStore,
        *,
        clock: Clock,
        account: str | None = None,
        given: tuple[Token, ...] = (),
        used: Callable[[AccountKey], None] = lambda key: None,
    ) -> None:
        self.provider, self.store, self.wanted = provider, store, account
        self.from_environment = GivenTokens(given, provider, clock)
        self._clock, self._renewals = clock, Renewals(provider, store, clock)
        self._used = used
        self._seen: tuple[Hashable, Listed] = (None, ((), ()))
        self._settled: AccountKey | None = None

    @property
    def given(self) -> tuple[Token, ...]:
        """The tokens that came with the environment."""
        return self.from_environment.tokens

    def accounts(self) -> tuple[Account, ...]:
        """Return every account of this registration that can be used, the most recent login first.

        :raises StorageError, LoginRequired: from the store.
        """
        return self._look()[0]

    def _look(self) -> Listed:
        """Return the accounts, and an error for each that must not be used; read again only if something was written."""
        # The stamp is taken before reading: what is written meanwhile makes the next look read again.
        seen, listed = self._seen
        current = self._choose(listed[0])
        stamp = (self.store.stamp(), self.store.stamp(current.key) if current else None)
        if stamp != seen:
            unusable: list[StorageError] = []
            listed = (self.store.accounts(self.provider.registration, unusable=unusable), tuple(unusable))
            # An owner or a mode that is put right shows in no stamp.
            self._seen = (None if unusable else stamp, listed)
        return listed

    def account(self) -> Account | None:
        """Return the account in use, or None if nobody has logged in (as whom was wanted).

        :raises StorageError: if it can't be told, because what may be it must not be used.
        """
        accounts, unusable = self._look()
        account = self._choose(accounts)
        # Which login was the latest can't be told where one can't be read: only who was in use before, or was named, is for sure.
        if unusable and (account is None or (account.key != self._settled and self.wanted is None)):
            raise unusable[0].with_traceback(None)
        self._settled = account.key if account else None
        return account

    def settle(self, key: AccountKey) -> None:
        """Use an account from now on."""
        self._settled = key

    def _choose(self, accounts: tuple[Account, ...]) -> Account | None:
        wanted, is_own = self.wanted, self.provider.grant == "client_credentials"
        kinds = [found for found in accounts if found.is_clients_own == is_own]
        fitting = [found for found in kinds if wanted is None or found.identity.is_called(wanted)]
        return next((found for found in fitting if found.key == self._settled), fitting[0] if fitting else None)

    def scopes(self) -> tuple[str, ...]:
        """Return every bare scope held, sorted."""
        account = self.account()
        return tuple(sorted({*(account.scopes if account else ()), *(scope for token in self.given for scope in token.scopes)}))

    def missing(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Return the bare scopes that aren't held, sorted. Makes no request."""
        held = set(self.scopes())
        return tuple(sorted(scope for scope in set(scopes) - held if self.from_environment.covering(scope) is None))

    def owner(self) -> AccountKey | None:
        """Return whose tokens these are: the account in use, or None."""
        account = self.account()
        return account.key if account else None

    def token(self, scope: str | None, *, min_valid: float, owner: AccountKey | None = None) -> Token:
        """Return the token that serves a bare scope; None: the newest, where ``unnamed_key`` allows that.

        It is renewed first if it isn't good for so many seconds more, and in the background if it won't be for long.

        :param min_valid: seconds; clamped to half of the token's lifetime.
        :param owner: whose it must be; None: of the account in use.
        :raises ScopesMissing: if no token covers it.
        :raises LoginRequired: if it can't be renewed.
        :raises ProviderError, StorageError: if it can't be renewed now; nothing is lost.
        """
        if given := self.from_environment.covering(scope):
            return self.from_environment.use(given)
        account, held = self._find(scope, owner)
        self._used(account.key)
        now = self._clock.now()
        if is_due(held, min_valid, now=now):
            return self._renewals.renew(account.key, scope, held, min_valid=min_valid)
        if is_due_soon(held, min_valid, now=now):
            self._renewals.renew_ahead(account.key, scope, held)
        return held

    def unnamed_key(self) -> str | None:
        """Return what stands for a scope where none is named: None, for the only token held, or the newest of an OIDC account.

        :raises ScopesMissing: otherwise, with the scopes that are held.
        """
        account = self.account()
        tokens = [*self.given, *(account.tokens if account else ())]
        if not tokens:
            raise ScopesMissing(f"nobody is logged in at {self.provider.title}; log in first: %login", missing=())
        if len(tokens) != 1 and self.provider.kind != "oidc":
            raise ScopesMissing(f"say which scope the token is for; held are: {' '.join(self.scopes())}", missing=())
        return None

    def seconds_until_renewal(self, token: Token, min_valid: float) -> float:
        """Return for how many seconds a token is good enough."""
        return max(0.0, token.seconds_left(self._clock.now()) - clamp_min_valid(token, min_valid))

    def replace_refused(self, scope: str | None, refused: Token, *, owner: AccountKey | None = None) -> bool:
        """Renew a token that a service refused though it looked valid; True if another one serves the scope now.

        :raises LoginRequired: if the provider has ended this login.
        """
        try:
            account, held = self._find(scope, owner)
            if held.fingerprint == refused.fingerprint:
                held = self._renewals.renew(account.key, scope, held, min_valid=NEVER)
        except (ScopesMissing, ProviderError, StorageError):
            return False
        return held.fingerprint != refused.fingerprint

    def renew(self, scope: str) -> bool:
        """Replace the token of a scope by a fresh one, whatever its expiry says; False if that can't be."""
        account = self.account()
        held = account.token_for(scope) if account else None
        return held is not None and self.replace_refused(scope, held)

    def _find(self, scope: str | None, owner: AccountKey | None) -> tuple[Account, Token]:
        account = self.account() if owner is None else next((found for found in self.accounts() if found.key == owner), None)
        held = account.token_for(scope) if account else None
        if account is None or held is None:
            lacking = (scope,) if scope else ()
            raise ScopesMissing(f"no login holds {scope or 'a token'}; log in for it: %login {scope or ''}".strip(), missing=lacking)
        return account, held
