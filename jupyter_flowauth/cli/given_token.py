"""The token that ``login --token`` is given: from the environment, from standard input, or from a person who pastes it."""

from __future__ import annotations

import os
import sys

import click

from ..secret import Secret
from .printing import say, warn

TOKEN_VARIABLE = "FLOWAUTH_TOKEN"
MOST_CHARACTERS = 64 * 1024


def read_given_token(value: str) -> Secret:
    """Return the token that an option's value names: ``-``, or, with a warning, the value itself.

    The environment comes before standard input: in some CI systems that one holds the rest of the job's script.

    :raises UsageError: if there is none.
    """
    if value != "-":
        warn("a token on the command line is seen by everybody on this machine (ps), and kept by the shell's history; use --token -")
        return Secret(value.strip())
    token = _from_environment() or _from_standard_input()
    if not token:
        raise click.UsageError(f"No token was given: set {TOKEN_VARIABLE}, or write the token to standard input.")
    return token


def _from_environment() -> Secret:
    token = Secret(os.environ.get(TOKEN_VARIABLE, "").strip())
    if token:
        say(f"The token is taken from {TOKEN_VARIABLE}.")
    return token


def _from_standard_input() -> Secret:
    if sys.stdin is None:
        return Secret("")
    if sys.stdin.isatty():
        import getpass

        return Secret(getpass.getpass("Paste the token (it is not shown): ").strip())
    return Secret(sys.stdin.read(MOST_CHARACTERS).strip())
