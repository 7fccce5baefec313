"""The border that errors of ours cross without what lies behind them."""

from __future__ import annotations

from .errors import FlowAuthError


class CleanErrors:
    """A block that errors of ours, and interrupts, leave without their frames and the errors behind them.

    A debugger, and a verbose traceback, print what frames hold. A class, for contextlib's generators give an error its old frames back.
    """

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        """Raise the error as if it came from here."""
        if isinstance(error, FlowAuthError | KeyboardInterrupt):
            error.__context__ = None
            raise error.with_traceback(None) from None
