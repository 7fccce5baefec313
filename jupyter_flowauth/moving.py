"""The use case: move every account from one storage to another, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress

from .errors import StorageError
from .ports import TokenStore, Transaction
from .refresh import LOCK_TIMEOUT_SECONDS
from .tokens import Account, AccountKey

Move = tuple[Transaction, Transaction]


def move_accounts(source: TokenStore, target: TokenStore, *, commit: Callable[[], None]) -> int:
    """Move every account, and return how many.

    All of them stay locked in both places until it is done, so that no refresh meanwhile is lost. They are written and read back in the
    target before ``commit`` makes it the one in use, and removed from the source last; if anything fails before that, the target is put
    back as it was, and the source was never touched.

    :param commit: switches the configuration over.
    :raises StorageError: if something fails; it says so, and where the tokens are.
    """
    if source.location == target.location:
        raise StorageError(f"the tokens rest in {target.location} already; nothing was moved")
    target.prepare()  # also where nothing is moved yet: from now on logins will be kept there
    with ExitStack() as stack:
        moves = _hold_all(source, target, stack)
        before = [there.account for _, there in moves]
        try:
            for here, there in moves:
                _copy(here, there, target)
            commit()
        except BaseException:
            _put_back([there for _, there in moves], before)
            raise
        _remove_copies([here for here, _ in moves], source, target)
    return len(moves)


def _hold_all(source: TokenStore, target: TokenStore, stack: ExitStack) -> list[Move]:
    """Hold every account in both places; list them again until nobody has logged in meanwhile."""
    moves: dict[AccountKey, Move] = {}
    while new := [account.key for account in source.accounts() if account.key not in moves]:
        for key in new:
            here = stack.enter_context(source.transaction(key, timeout_seconds=LOCK_TIMEOUT_SECONDS))
            moves[key] = (here, stack.enter_context(target.transaction(key, timeout_seconds=LOCK_TIMEOUT_SECONDS)))
    return list(moves.values())


def _copy(here: Transaction, there: Transaction, target: TokenStore) -> None:
    if here.account is None:
        return  # logged out since it was listed
    merged = here.account if there.account is None else there.account.with_tokens(here.account.tokens)
    there.write(merged)
    if target.read(merged.key) != merged:
        raise StorageError(f"{target.location} doesn't hold what was written to it; nothing was moved; the tokens are where they were")


def _put_back(transactions: list[Transaction], before: list[Account | None]) -> None:
    """Leave the target as it was, as far as it can be written; it is not in use, and what failed is said by the error on its way."""
    for transaction, account in zip(transactions, before, strict=True):
        with suppress(StorageError):
            if account is None:
                transaction.delete()
            else:
                transaction.write(account)


def _remove_copies(transactions: list[Transaction], source: TokenStore, target: TokenStore) -> None:
    failed: StorageError | None = None
    for transaction in transactions:
        try:
            transaction.delete()
        except StorageError as error:
            failed = error
    if failed is not None:
        raise StorageError(
            f"the tokens rest in {target.location} now, and are used from there; "
            f"not all of their old copies could be removed from {source.location}: {failed}"
        )
