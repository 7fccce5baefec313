"""The one refresh transaction: one request per expiry, whoever asks, and however many.

Threads and processes share it: lock, re-read, adopt a sibling's fresh token if there is one, else reserve the space, write
``refresh_started``, send, write, unlock. Whoever waited for an attempt shares its outcome, good or bad.
"""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace

from .errors import FlowAuthError, LoginRequired, ProviderError, ScopesMissing, StorageError
from .given_tokens import RE_MINT
from .ports import Clock, Provider, TokenStore, Transaction
from .scopes import Requirement
from .tokens import NEVER, Account, AccountKey, Token

# A holder of the lock sends requests for at most ten seconds in all; who waits longer waits for a process that hangs.
LOCK_TIMEOUT_SECONDS = 15.0
# The lock and the request are bounded; what takes longer is a disk that hangs.
HANGING_SECONDS = 60.0
AHEAD_SECONDS = 240.0
RETRY_AHEAD_SECONDS = 30.0
SIBLING_LOOKS, SIBLING_LOOK_SECONDS = 10, 0.1

Attempt = tuple[int, str, bool]


def clamp_min_valid(token: Token, min_valid: float) -> float:
    """Return the seconds that a token must still be good for: what was asked, but at most half of its lifetime."""
    return min(min_valid, token.lifetime_seconds / 2)


def is_due(token: Token, min_valid: float, *, now: float) -> bool:
    """Tell whether a token must be renewed before it is used (the mandatory window)."""
    return token.seconds_left(now) < clamp_min_valid(token, min_valid)


def is_due_soon(token: Token, min_valid: float, *, now: float) -> bool:
    """Tell whether a token should be renewed while it is used (the advisory window: four minutes more, or a fifth of its lifetime)."""
    ahead = min(AHEAD_SECONDS, token.lifetime_seconds / 5)
    return token.refresh_token is not None and token.seconds_left(now) < clamp_min_valid(token, min_valid) + ahead


class Renewals:
    """The renewals of one process: those under way, and those to come."""

    def __init__(self, provider: Provider, store: TokenStore, clock: Clock) -> None:
        self._provider, self._store, self._clock = provider, store, clock
        self._lock = threading.Lock()
        self._under_way: dict[Attempt, Future[Token]] = {}
        self._ahead_not_before: dict[str, float] = {}

    def renew(self, key: AccountKey, scope: str | None, stale: Token, *, min_valid: float) -> Token:
        """Return a fresh token for a scope; callers in this process share one attempt and its outcome.

        :param scope: None for the newest token.
        :param min_valid: seconds; infinite for a token that must be replaced whatever its expiry says.
        :raises ScopesMissing: if it was logged out meanwhile.
        :raises LoginRequired: if the refresh token is dead, or there is none and the token has expired.
        :raises ProviderError, StorageError: if it can't be renewed now; nothing is lost.
        """
        try:
            return self._start(key, scope, stale, min_valid, ahead=False).result(timeout=HANGING_SECONDS)
        except FutureTimeout:
            raise StorageError(
                "renewing a token hangs (its storage doesn't answer); nothing was dropped; try again, or move the storage to a local folder"
            ) from None

    def renew_ahead(self, key: AccountKey, scope: str | None, stale: Token) -> None:
        """Renew a token in the background, unless it was tried a moment ago. Returns at once.

        It waits for no lock, and who fails here fails for nobody: the token is still good, and whoever needs it renewed is told then.
        """
        now = self._clock.monotonic()
        with self._lock:
            if now < self._ahead_not_before.get(stale.fingerprint, 0.0):
                return
            self._ahead_not_before = {stale.fingerprint: now + RETRY_AHEAD_SECONDS}
        self._start(key, scope, stale, NEVER, ahead=True)

    def _start(self, key: AccountKey, scope: str | None, stale: Token, min_valid: float, *, ahead: bool) -> Future[Token]:
        """Return the attempt for a token: the one under way, or one begun now, in a thread of its own.

        A thread, so that interrupting a cell ends its wait and not the request: a rotating refresh token that was sent is worth its answer.
        No daemon, so that the interpreter's exit doesn't cut it off before that is stored. It is bounded by the lock and the request.
        """
        with self._lock:
            # The process is part of it: a child that is forked meanwhile has the entry, and not the thread that would complete it.
            name = (os.getpid(), stale.fingerprint, ahead)
            if name in self._under_way:
                return self._under_way[name]
            attempt = self._under_way[name] = Future()
        thread = threading.Thread(target=self._run, args=(attempt, name, key, scope, stale, min_valid), name="flowauth-refresh")
        try:
            thread.start()
        except BaseException as error:
            # No thread is to be had (a limit of the system, or the interpreter ends): nobody may wait for one that never runs.
            if thread.ident is None:
                self._forget(name)
                attempt.set_exception(ProviderError(f"the token can't be renewed now ({error}); nothing was lost; try again later"))
            if not isinstance(error, RuntimeError):
                raise
        return attempt

    def _forget(self, name: Attempt) -> None:
        with self._lock:
            del self._under_way[name]

    def _run(self, attempt: Future[Token], name: Attempt, key: AccountKey, scope: str | None, stale: Token, min_valid: float) -> None:
        # Forgotten before it is told: who hears that it failed, and tries again at once, isn't to hear the same once more.
        try:
            renewed = self._renew_exclusively(key, scope, stale, min_valid, name[2])
        except BaseException as error:  # noqa: BLE001 - whatever it is, everybody who waits gets it
            self._forget(name)
            attempt.set_exception(error.with_traceback(None))
        else:
            self._forget(name)
            attempt.set_result(renewed)

    def _renew_exclusively(self, key: AccountKey, scope: str | None, stale: Token, min_valid: float, ahead: bool) -> Token:
        asked_at = self._clock.now()
        with self._store.transaction(key, timeout_seconds=0.0 if ahead else LOCK_TIMEOUT_SECONDS) as transaction:
            account = transaction.account
            held = account.token_for(scope) if account else None
            if account is None or held is None:
                lacking = (scope,) if scope else ()
                raise ScopesMissing(
                    f"{scope or 'it'} was logged out meanwhile; log in again: %login {scope or ''}".strip(), missing=lacking
                )
            if held.fingerprint != stale.fingerprint and not is_due(held, 0.0 if min_valid == NEVER else min_valid, now=self._clock.now()):
                return held  # a sibling was faster
            # Not one from the future: the clock was put back since, and it would be shared until that time comes again.
            if held.refresh_failure and asked_at <= held.refresh_failed_at_seconds <= self._clock.now():
                raise ProviderError(held.refresh_failure)  # a sibling tried while we waited, and that was our attempt as well
            if held.refresh_token is None and self._provider.grant != "client_credentials":
                return self._unrenewable(held, is_service=account.kind == "service_account")
            return self._send(transaction, account, scope, held, ahead=ahead)

    def _unrenewable(self, held: Token, *, is_service: bool) -> Token:
        """Return a token that can't be renewed while it lasts.

        :raises LoginRequired: if it has expired.
        """
        if held.seconds_left(self._clock.now()) > 0:
            return held
        if is_service:
            raise LoginRequired(
                f"the service account's token has expired, and {RE_MINT}, and give it (auth.login_with_token(...))", missing=held.scopes
            )
        scopes, why = " ".join(held.scopes), f" ({held.refresh_failure})" if held.refresh_failure else ""
        raise LoginRequired(
            f"the token for {scopes} has expired, and can't be renewed{why}; log in again: %login {scopes}", missing=held.scopes
        )

    def _send(self, transaction: Transaction, account: Account, scope: str | None, held: Token, *, ahead: bool) -> Token:
        started = replace(held, refresh_started=self._clock.now(), refresh_failure=None)
        transaction.write(account.with_refreshed(held, started))
        try:
            # From here on the answer has room to rest, whatever else fills the disk.
            transaction.reserve()
            renewed = self._obtain(held)
        except ProviderError as error:
            if error.error == "invalid_grant" and (adopted := self._written_elsewhere(account.key, scope, started)):
                return adopted
            raise self._refused(transaction, held, started, error, ahead=ahead) from None
        except FlowAuthError:
            with contextlib.suppress(StorageError):  # the one on its way says why
                self._write_back(transaction, started, replace(started, refresh_started=held.refresh_started))  # nothing was sent
            raise
        self._write_back(transaction, started, renewed)
        return renewed

    def _obtain(self, held: Token) -> Token:
        """Return the token that the provider gives for a refresh token, or for the client's own proof."""
        if held.refresh_token is not None:
            return self._provider.refresh(held, now=self._clock.now())
        issued = self._provider.issue_token(tuple(map(Requirement, held.scopes)), now=self._clock.now()).tokens
        return next((token for token in issued if token.resource_server == held.resource_server), issued[0])

    def _written_elsewhere(self, key: AccountKey, scope: str | None, started: Token) -> Token | None:
        """Return the token that another host has stored meanwhile, where two hosts share a home and not its locks.

        Who is refused for coming second may hear of it before the first has stored its answer, and may have overwritten the mark of its
        attempt: so the first is given a moment, always. A login that is over is found out once; a token dropped wrongly is a login lost.
        """
        for _ in range(SIBLING_LOOKS):
            account = self._store.read(key)
            found = account.token_for(scope) if account else None
            if account is None:
                return None
            if found and found.fingerprint != started.fingerprint and found.seconds_left(self._clock.now()) > 0:
                return found
            threading.Event().wait(SIBLING_LOOK_SECONDS)
        return None

    def _refused(self, transaction: Transaction, held: Token, started: Token, error: ProviderError, *, ahead: bool) -> FlowAuthError:
        """Drop the token if, and only if, its refresh token is dead; whatever else went wrong drops nothing."""
        if error.error != "invalid_grant":
            # An answer that was lost is a refresh that was interrupted: it may have been done, and nobody will know before the next one.
            mark = held.refresh_started if error.certainly_undone else started.refresh_started
            failed = replace(started, refresh_started=mark, refresh_failure=error.message, refresh_failed_at_seconds=self._clock.now())
            self._write_back(transaction, started, failed)
            return error
        scopes, interrupted = " ".join(started.scopes), held.refresh_started is not None
        why = "a refresh was interrupted, and the provider refused to repeat it" if interrupted else "the provider has ended this login"
        why += f": {error.reason}" if error.reason else ""
        if ahead:
            # The access token may serve to its end: only the service can say, and it will with a 401.
            self._write_back(transaction, started, replace(started, refresh_started=None, refresh_token=None, refresh_failure=why))
        else:
            self._write_back(transaction, started, None)
        return LoginRequired(f"{why}; the other tokens are kept; log in again: %login {scopes}", missing=started.scopes)

    def _write_back(self, transaction: Transaction, started: Token, outcome: Token | None) -> None:
        """Put the outcome in the place of the token that was sent, and leave everything else of the account as it is now.

        As it rests now, and not as it was read when the lock was taken: another host, whose locks don't reach here, may have added a
        login, or taken our own refresh for the end of this one. An account that was logged out meanwhile stays so.
        """
        account = self._store.read(transaction.account.key) if transaction.account else None
        if account is None:
            return
        is_there = any(token.fingerprint == started.fingerprint for token in account.tokens)
        if outcome is None:
            transaction.write(account.without(started))
        elif is_there:
            transaction.write(account.with_refreshed(started, outcome))
        elif outcome.fingerprint != started.fingerprint:
            transaction.write(account.with_tokens([outcome]))
