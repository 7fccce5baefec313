"""The interpreter of definitions: it takes runs from state to state, in the background, until they end or need a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .action_calls import ActionCaller, ActionOutcome, ActionTrouble
from .choices import choose_next
from .flow_definitions import ActionState
from .json_paths import BadReference, build_input, put_result, read_path
from .run_book import RunRecord, Strand
from .run_refusals import build_details
from .state import SandboxState

StateDocument = Mapping[str, Any]
_GLANCE_SECONDS = 0.1


class Halt(Exception):
    """A run that cannot go on by itself: the status it gets, and why."""

    def __init__(self, status: str, details: dict[str, Any]) -> None:
        super().__init__(status)
        self.status, self.details = status, details


def build_failure(name: str, error: str, cause: Any, **more: Any) -> Halt:
    """Return the end of a run that failed in a state."""
    details = {"state_name": name, "error": error, "cause": cause}
    description = f"The Flow run failed in state {name}: {error}"
    return Halt("FAILED", {"code": "FlowFailed", "description": description, "details": details, **more})


class RunEngine:
    """What takes every run of a sandbox along."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._caller = ActionCaller(state)
        self._tasks: set[asyncio.Task[None]] = set()
        self._work: dict[str, Callable[[RunRecord, Strand, str, StateDocument], Awaitable[str | None]]] = {
            "Action": self._act,
            "Pass": self._pass,
            "Choice": self._choose,
            "Wait": self._wait,
            "Fail": self._fail,
            "Succeed": self._succeed,
            "Parallel": self._branch,
        }

    def drive(self, run: RunRecord) -> None:
        """Take a run along from where it is, in the background."""
        task = asyncio.get_running_loop().create_task(self._drive(run))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._end(ended, run))

    def _end(self, task: asyncio.Task[None], run: RunRecord) -> None:
        """Let a run fail that broke the interpreter: a definition can be odder than its checks foresee."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            cause = f"The definition cannot be interpreted ({type(error).__name__})"
            run.settle("FAILED", {"code": "FlowFailed", "description": cause, "details": {}}, now=self._state.now())

    async def close(self) -> None:
        """Stop every run where it is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._caller.close()

    async def _drive(self, run: RunRecord) -> None:
        """Follow a run to its end."""
        try:
            await self._follow(run, run.strand)
        except Halt as halt:
            status, details = halt.status, halt.details
        else:
            description = "The Flow run reached a successful completion state"
            status, details = "SUCCEEDED", {"code": "FlowSucceeded", "description": description, "output": run.strand.context}
        if run.status == "ACTIVE":
            run.settle(status, details, now=self._state.now())

    async def _follow(self, run: RunRecord, strand: Strand) -> None:
        """Go from state to state until the line ends, or the run is cancelled."""
        while strand.position is not None and run.status == "ACTIVE":
            name = strand.position
            strand.position = await self._step(run, strand, name, strand.definition["States"][name])

    async def _stay(self) -> None:
        """Stay in a state for as long as the settings say, which may be changed meanwhile."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (left := began + self._state.settings.state_seconds - loop.time()) > 0:  # noqa: ASYNC110 - what is waited for is a setting
            await asyncio.sleep(min(left, _GLANCE_SECONDS))

    async def _step(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """Do one state, and return the next."""
        kind = state["Type"]
        said, noted = f"State {name} of type {kind}", {"state_name": name, "state_type": kind}
        run.note(f"{kind}Started", f"{said} started", {**noted, "input": strand.context}, now=self._state.now())
        await self._stay()
        try:
            following = await self._work[kind](run, strand, name, state)
        except BadReference as error:
            raise build_failure(name, "States.ParameterPathFailure", str(error)) from None
        if run.status == "ACTIVE":
            run.note(f"{kind}Completed", f"{said} completed", {**noted, "output": strand.context}, now=self._state.now())
        return following

    async def _pass(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """Put a constant, or what there is, somewhere."""
        result = state["Result"] if "Result" in state else build_input(state, strand.context)
        strand.context = put_result(strand.context, state.get("ResultPath"), result)
        return _next(state)

    async def _choose(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """Take the first way whose rule holds."""
        following = choose_next(state, strand.context)
        if following is None:
            raise build_failure(name, "States.NoChoiceMatched", "No rule holds, and there is no Default")
        return following

    async def _wait(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """Wait, as long as the settings make a second last; a Timestamp is not waited for."""
        seconds = read_path(strand.context, state["SecondsPath"]) if "SecondsPath" in state else state.get("Seconds", 0)
        await asyncio.sleep(float(seconds) * self._state.settings.wait_scale)
        return _next(state)

    async def _fail(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """End the run as failed."""
        raise build_failure(name, str(state.get("Error", "FlowFailed")), state.get("Cause"))

    async def _succeed(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """End the line."""
        return None

    async def _branch(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """Follow several lines at once; one that is done stays done when a run is resumed for another's sake."""
        if not strand.branches:
            strand.branches = [Strand(branch, build_input(state, strand.context), branch["StartAt"]) for branch in state["Branches"]]
        ends = await asyncio.gather(*(self._follow(run, branch) for branch in strand.branches), return_exceptions=True)
        troubles = [end for end in ends if end is not None]
        if troubles:
            raise next((end for end in troubles if not isinstance(end, Halt) or end.status == "FAILED"), troubles[0])
        results = [branch.context for branch in strand.branches]
        strand.context, strand.branches = put_result(strand.context, state.get("ResultPath"), results), []
        return _next(state)

    async def _act(self, run: RunRecord, strand: Strand, name: str, state: StateDocument) -> str | None:
        """Have an action done."""
        action = ActionState((name,), str(state["ActionUrl"]), state.get("ActionScope"), str(state.get("RunAs") or "User"))
        try:
            outcome = await self._caller.call(run, name, action, build_input(state, strand.context))
        except ActionTrouble as trouble:
            return self._catch(run, strand, name, state, trouble)
        if outcome.status == "INACTIVE":
            raise Halt("INACTIVE", self._inactive(run, name, outcome))
        if outcome.status == "FAILED" and state.get("ExceptionOnActionFailure", True):
            return self._catch(run, strand, name, state, ActionTrouble("ActionFailedException", outcome.document))
        strand.context = put_result(strand.context, state.get("ResultPath"), outcome.document)
        return _next(state)

    def _inactive(self, run: RunRecord, name: str, outcome: ActionOutcome) -> dict[str, Any]:
        """Return the details of a run that waits for a person (as globus-cli's tests of `flows run resume` have them)."""
        scope = f"{run.flow.scope}[{outcome.missing}]" if outcome.missing else run.flow.scope
        details = build_details(self._state.settings.refusal_shape, scope)
        return {"description": "The Flow is waiting for a consent", **details, "state_name": name, "action_statuses": [outcome.document]}

    def _catch(self, run: RunRecord, strand: Strand, name: str, state: StateDocument, trouble: ActionTrouble) -> str:
        """Return where a state wants to go with a trouble; a run fails if it says nothing of it."""
        run.note("ActionFailed", f"State {name} of type Action failed", {"state_name": name, "error": trouble.error}, now=self._state.now())
        for rule in state.get("Catch", ()):
            if {trouble.error, "States.ALL"} & set(rule.get("ErrorEquals", ())):
                said = {"Error": trouble.error, "Cause": trouble.cause}
                strand.context = put_result(strand.context, rule.get("ResultPath"), said)
                return str(rule["Next"])
        statuses = [trouble.cause] if isinstance(trouble.cause, dict) and "action_id" in trouble.cause else []
        raise build_failure(name, trouble.error, trouble.cause, action_statuses=statuses)


def _next(state: StateDocument) -> str | None:
    """Return the state that a state names as its next."""
    return None if state.get("End") else state.get("Next")
