"""What is done about refusals: one fresh token or one prompt, shared by everybody who was refused together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from .errors import ConsentRequired, LoginDenied
from .refusals import Refusal

_INTERRUPTED = "the prompt that this waited for was interrupted; what was held before is still held; run it again to be asked again"


@dataclass(frozen=True, slots=True)
class Remedies:
    """What can be done about a refusal.

    :param renew_if_stale: replaces the token if everything is consented to and only the token is older; tells whether that was so.
    :param prompt: asks the person for what was refused.
    :param still_refused: returns the error for a refusal after the prompt.
    """

    renew_if_stale: Callable[[Refusal], bool]
    prompt: Callable[[Refusal], None]
    still_refused: Callable[[Refusal], ConsentRequired]


class Mender:
    """What callers that are refused together share: one prompt with its outcome, one fresh token."""

    def __init__(self, remedies: Remedies) -> None:
        self._remedies = remedies
        self._lock = threading.Lock()
        self._prompts = self._renewals = 0
        self._failure: Exception | None = None

    def begin(self) -> Attempt:
        """Return what follows one request through its refusals."""
        return Attempt(self)

    @property
    def marks(self) -> tuple[int, int]:
        """How many prompts have ended, and how many tokens were renewed: what a caller notes before it sends its request."""
        return self._prompts, self._renewals

    def ask_once(self, ask: Callable[[], None], *, seen: tuple[int, int]) -> None:
        """Ask, unless somebody was asked since ``seen``: then share how that ended."""
        with self._lock:
            self._ask_once(ask, seen[0])

    def _ask_once(self, ask: Callable[[], None], seen_prompts: int) -> None:
        if self._prompts != seen_prompts:
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            return
        self._failure = None
        try:
            ask()
        except BaseException as error:
            # An interrupt ends one cell; whoever waits for the same prompt was not consented for by it.
            self._failure = error if isinstance(error, Exception) else LoginDenied(_INTERRUPTED, error="interrupted")
            raise
        finally:
            self._prompts += 1

    def mend(self, refusal: Refusal, *, seen: tuple[int, int], may_renew: bool) -> bool:
        """Do what may help against a refusal of a request that was sent at ``seen``; True if a token was renewed, False for a prompt."""
        with self._lock:
            if may_renew and self._prompts == seen[0]:
                if self._renewals != seen[1]:
                    return True
                if self._remedies.renew_if_stale(refusal):
                    self._renewals += 1
                    return True
            self._ask_once(lambda: self._remedies.prompt(refusal), seen[0])
            return False

    def still_refused(self, refusal: Refusal) -> ConsentRequired:
        """Return the error for a refusal after the prompt."""
        return self._remedies.still_refused(refusal)


class Attempt:
    """One request, followed through its refusals: a token is renewed once at most, the person asked once at most."""

    def __init__(self, mender: Mender) -> None:
        self._mender, self._seen = mender, mender.marks
        self._renewed = self._prompted = False

    def look(self) -> None:
        """Note where things stand, before the request is sent."""
        self._seen = self._mender.marks

    def mend(self, refusal: Refusal) -> None:
        """Do what may help against a refusal, so that the request is worth sending once more.

        :raises ConsentRequired: if it was refused after the prompt as well.
        """
        if self._prompted:
            raise self._mender.still_refused(refusal)
        if self._mender.mend(refusal, seen=self._seen, may_renew=not self._renewed):
            self._renewed = True
        else:
            self._prompted = True
