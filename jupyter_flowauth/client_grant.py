"""The use case: tokens of the client's own, where nobody is asked (RFC 6749 section 4.4)."""

from __future__ import annotations

import threading

from .errors import ScopesMissing
from .held_tokens import HeldTokens
from .keeping import keep_issued
from .scopes import Requirement, bare_scopes

# Threads that start at once share one request; processes may make one each: these tokens don't rotate.
_ISSUING = threading.Lock()


def issue_missing(held: HeldTokens, requirements: tuple[Requirement, ...], *, force: bool = False, now: float) -> None:
    """Make sure, where the client acts for itself, that it holds tokens for what is required; without requirements, one at all.

    :param force: have them issued anew.
    :raises ProviderError: if the provider refuses or fails.
    :raises ScopesMissing: if less was granted than asked; what was granted is kept.
    """
    if held.provider.grant != "client_credentials":
        return
    with _ISSUING:
        account = held.account()
        lacking = set(held.missing(bare_scopes(requirements)))
        if not force and not lacking and (requirements or (account and account.tokens)):
            return
        wanted = tuple(requirement for requirement in requirements if force or requirement.scope in lacking)
        keep_issued(held.provider.issue_token(wanted, now=now), held, asked=bare_scopes(wanted), now=now)
    if refused := held.missing(bare_scopes(requirements)):
        raise ScopesMissing(
            f"the client was granted less than was asked; what was granted is kept; still missing: {' '.join(refused)}", missing=refused
        )
