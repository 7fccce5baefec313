"""A question with nobody answering it ends when its login does."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading

import pytest

from jupyter_flowauth.errors import LoginDenied, LoginTimeout
from jupyter_flowauth.user_agents import typed_answer
from jupyter_flowauth.user_agents.paste import PasteUserAgent
from jupyter_flowauth.user_agents.typed_answer import ask_within, can_be_ended
from tests.storage.login_requests import build_request


class Until:
    """A patience that is at its end after so many looks."""

    def __init__(self, looks, error=None):
        self.left, self.error = looks, error or LoginTimeout("too late")

    def pause(self, seconds):
        threading.Event().wait(min(seconds, 0.01))
        self.left -= 1
        if self.left < 0:
            raise self.error


def never_answered(question):
    threading.Event().wait(60)
    return "too late"


@pytest.mark.parametrize("error", [LoginTimeout("too late"), LoginDenied("called off", error="cancelled")])
def test_it_ends_by_the_deadline_and_by_being_called_off(error):
    with pytest.raises(type(error), match=str(error)):
        ask_within(never_answered, "?", Until(5, error))


def test_an_answer_in_time_is_returned_and_no_interrupt_follows():
    for _ in range(20):
        assert ask_within(lambda question: f"{question}!", "?", Until(1000)) == "?!"


def test_an_answer_just_at_the_end_is_one_or_the_other_and_no_interrupt_escapes():
    for _ in range(50):
        with pytest.raises(LoginTimeout):
            ask_within(lambda question: threading.Event().wait(0.0005) or "x", "?", Until(0))


def test_a_question_that_fails_just_at_the_end_lets_no_interrupt_escape_either(monkeypatch):
    on_its_way, interrupt = threading.Event(), typed_answer._interrupt_main_thread

    def interrupt_late():
        on_its_way.set()
        threading.Event().wait(0.2)
        interrupt()

    def fail(question):
        on_its_way.wait(60)
        raise EOFError

    monkeypatch.setattr(typed_answer, "_interrupt_main_thread", interrupt_late)
    with pytest.raises(LoginTimeout):
        ask_within(fail, "?", Until(0))


def test_an_interrupt_of_the_persons_own_stays_one():
    def interrupted(question):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ask_within(interrupted, "?", Until(1000))


def test_in_another_thread_the_answer_is_waited_for_and_that_is_said(presenter):
    questions, outcome = [], []

    def run():
        agent = PasteUserAgent(presenter, lambda question: questions.append(question) or "")
        try:
            agent.wait(build_request(), Until(1000))
        except LoginDenied as error:
            outcome.append(error.error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert outcome == ["cancelled"]
    assert "nothing ends this question but an answer" in questions[0]


def test_where_somebody_else_handles_interrupts_none_is_sent():
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        assert not can_be_ended()
        with pytest.raises(LoginTimeout):
            ask_within(lambda question: "x", "?", Until(0))
    finally:
        signal.signal(signal.SIGINT, before)
    assert can_be_ended()


SCRIPT = """
import getpass, sys
from jupyter_flowauth.errors import LoginTimeout
from tests.user_agents.test_typed_answer import Until, ask_within
try:
    ask_within(getpass.getpass, "Paste: ", Until(40))
except LoginTimeout as error:
    print("ended:", error)
import termios
print("echoes:", bool(termios.tcgetattr(sys.stdin.fileno())[3] & termios.ECHO))
"""


def test_a_real_terminals_question_ends_too_and_the_terminal_echoes_again():
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, text=True, start_new_session=True
    )
    os.close(terminal)
    try:
        written, _ = process.communicate(timeout=60)
    finally:
        os.close(controller)
    assert written.splitlines() == ["ended: too late", "echoes: True"]
