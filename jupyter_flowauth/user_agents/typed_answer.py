"""A question that ends with its login, even while nobody has typed an answer yet."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable

from ..errors import FlowAuthError
from ..ports import Patience

_LOOK_SECONDS = 0.1


def can_be_ended() -> bool:
    """Tell whether a question that is asked from here can be ended without an answer: an interrupt has to reach it, and be Python's own."""
    here = threading.current_thread() is threading.main_thread()
    return here and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def ask_within(ask: Callable[[str], str], question: str, patience: Patience) -> str:
    """Return what was typed.

    :raises LoginTimeout, LoginDenied: from ``patience``, at once where the question can be ended, else after the answer.
    """
    if not can_be_ended():
        answer = ask(question)
        patience.pause(0)
        return answer
    watch = _Watch(patience)
    try:
        watch.start()
        try:
            answer = ask(question)
        except Exception:
            watch.end()
            raise
        watch.end()
        patience.pause(0)
        return answer
    except KeyboardInterrupt:
        if watch.error is None:
            raise
        raise watch.error from None
    finally:
        watch.is_answered.set()


class _Watch(threading.Thread):
    """Looks at a login's patience while the main thread waits for an answer, and interrupts it when that is at its end."""

    def __init__(self, patience: Patience) -> None:
        super().__init__(name="flowauth-question", daemon=True)
        self.lock, self.is_answered = threading.Lock(), threading.Event()
        self.error: FlowAuthError | None = None
        self._patience = patience

    def end(self) -> None:
        """Look no more. An interrupt that is on its way has to arrive here, and nowhere else."""
        with self.lock:
            self.is_answered.set()
        if self.error is not None:
            time.sleep(1)

    def run(self) -> None:
        """Be the thread."""
        try:
            while not self.is_answered.is_set():
                self._patience.pause(_LOOK_SECONDS)
        except FlowAuthError as error:
            with self.lock:
                if not self.is_answered.is_set():
                    self.error = error
                    _interrupt_main_thread()


def _interrupt_main_thread() -> None:
    """Do as Ctrl-C does. A real signal ends a read of a terminal, too; without signals for threads (Windows) it ends a kernel's wait."""
    ident = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and ident is not None:
        signal.pthread_kill(ident, signal.SIGINT)
    else:
        _thread.interrupt_main()
