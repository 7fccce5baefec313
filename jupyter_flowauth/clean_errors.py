"""The border that errors of ours cross without what lies behind them."""

from __future__ import annotations

import traceback as tracebacks

from .errors import FlowAuthError


class CleanErrors:
    """A block that errors of ours, and interrupts, leave without their frames and the errors behind them; any other, without their values.

    A debugger, and a verbose traceback, print what frames hold. A class, for contextlib's generators give an error its old frames back.
    """

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        """Raise the error as if it came from here; one that isn't ours is a mistake to be found, and so its lines stay."""
        if isinstance(error, FlowAuthError | KeyboardInterrupt):
            error.__context__ = None
            raise error.with_traceback(None) from None
        while error is not None:
            tracebacks.clear_frames(error.__traceback__)
            error = error.__cause__ or error.__context__
