"""A run of a deployed flow: followed to its end, resumed after a consent that it lacked on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from .consents import ConsentTree
from .errors import ConsentRequired, LoginDenied, LoginTimeout
from .flow_mending import Attempt, Mender
from .flow_needs import RunDocument
from .flow_ports import Flows
from .ports import Clock
from .refusals import Refusal, classify_details, classify_error
from .scopes import Requirement

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0


class AskConsent(Protocol):
    """Asks the person for requirements, held or not, with the tree that says why."""

    def __call__(
        self, requirements: tuple[Requirement, ...], *, tree: ConsentTree, parameters: Mapping[str, str], still_needed: Callable[[], bool]
    ) -> None:
        """Ask. ``still_needed`` is looked at again after waiting for somebody else's login.

        :raises InteractionRequired: if nobody is there.
        """


@dataclass(frozen=True, slots=True)
class FlowsContext:
    """What running flows needs of the outside world.

    :param missing: the bare scopes, of those given, that no token covers.
    :param renew: replaces the token of a scope by a fresh one; False if that can't be.
    :param pause: waits so many seconds.
    :param found: takes note of what the flow with this scope lacks; an empty tree for nothing.
    """

    flows: Flows
    clock: Clock
    missing: Callable[[tuple[str, ...]], tuple[str, ...]]
    ask: AskConsent
    renew: Callable[[str], bool]
    pause: Callable[[float], None]
    show_progress: Callable[[RunDocument], None]
    found: Callable[[str, ConsentTree], None] = lambda _scope, _tree: None


class FlowRun:
    """A run that was accepted.

    :param mender: what is done about refusals on its way.
    """

    def __init__(self, context: FlowsContext, flow_id: str, document: RunDocument, *, mender: Mender) -> None:
        self._context, self._flow_id, self._document, self._mender = context, flow_id, document, mender

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._document.run_id

    @property
    def refusal(self) -> Refusal | None:
        """The consent or session that it lacked, as it was last seen: in what state it waits, or why it failed. None for all else."""
        return classify_details(self._document.details) if self._document.status in ("INACTIVE", "FAILED") else None

    def status(self) -> str:
        """Return the run's status, with one request."""
        self._document = self._context.flows.read_run(self._flow_id, self.run_id)
        if self._document.status == "FAILED" and self.refusal:
            note = "It lacked a consent, and can't be resumed; consent before the next run: auth.flow(...).consent()"
            self._document = replace(self._document, note=note)
        return self._document.status

    def wait(self, timeout: float | None = None, *, progress: bool = True) -> str:
        """Follow the run to its end, and return its final status (``FAILED`` is a status, not an error).

        One that goes INACTIVE for want of a consent is resumed after one prompt. One that is INACTIVE for any other reason waits for
        something that can't be done from here: then ``INACTIVE`` is returned.

        :param timeout: seconds; None waits until interrupted.
        :param progress: show the state as it goes.
        :raises TimeoutError: when the time is up; the run goes on.
        :raises ConsentRequired: if it goes INACTIVE for want of a consent once more, or nobody is there (from ``InteractionRequired``).
        :raises LoginDenied, LoginTimeout: if the prompt came to nothing. The run is kept, and ``wait()`` asks again.
        """
        clock, attempt = self._context.clock, self._mender.begin()
        deadline = None if timeout is None else clock.monotonic() + timeout
        pause = FIRST_PAUSE_SECONDS
        while True:
            attempt.look()
            status = self.status()
            if progress:
                self._context.show_progress(self._document)
            if self._document.has_ended or (status == "INACTIVE" and not self.refusal):
                return status
            if status == "INACTIVE":
                self._go_on(attempt)
            left = pause if deadline is None else deadline - clock.monotonic()
            if left <= 0:
                raise TimeoutError(f"the run {self.run_id} is still {status}; it goes on, and so can you: run.wait()")
            self._context.pause(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def _go_on(self, attempt: Attempt) -> None:
        """Have the run resumed, once what it lacks is there. The resumption itself may be refused for want of the same."""
        refusal = self.refusal
        while refusal is not None:
            try:
                attempt.mend(refusal)
            except (ConsentRequired, LoginDenied, LoginTimeout) as error:
                raise self._waiting(error) from error.__cause__
            attempt.look()
            refusal = self._resume()

    def _waiting(self, error: ConsentRequired | LoginDenied | LoginTimeout) -> ConsentRequired | LoginDenied | LoginTimeout:
        """Return what is said of a start that was refused, as it is for a run that has begun: it waits, and is not to be started again."""
        if not isinstance(error, ConsentRequired):
            happened = error.message.partition(";")[0]
            told = f"{happened}; the run {self.run_id} waits, and what it has done is kept; to be asked again: run.wait()"
            if isinstance(error, LoginDenied):
                return LoginDenied(told, error=error.error, error_description=error.error_description)
            return LoginTimeout(told)
        if error.__cause__ is None:
            return ConsentRequired(f"the run {self.run_id} waits, and what it has done is kept: {error.message}", missing=error.missing)
        return ConsentRequired(
            f"the run {self.run_id} waits for a consent to {' '.join(error.missing)}, and nobody is there to be asked; what it has done is "
            f"kept; consent where somebody is: auth.flow('{self._flow_id}').consent(), then go on: run.wait()",
            missing=error.missing,
        )

    def _resume(self) -> Refusal | None:
        try:
            self._context.flows.resume_run(self._flow_id, self.run_id)
        except Exception as error:
            refusal = classify_error(error)
            if refusal is None:
                raise
            return refusal
        return None

    def __repr__(self) -> str:
        """Show the id and the status as it was last seen."""
        return f"<FlowRun {self.run_id}: {self._document.status}>"
