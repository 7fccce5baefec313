"""``jupyter flowauth``: the commands, each imported when it is called, so that a script waits for nothing that it doesn't use."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from .. import __version__
from ..errors import FlowAuthError
from .exits import EXIT_CODES, FAILED, INTERRUPTED, exit_code_of

PROGRAM = "jupyter flowauth"
COMPLETE_VARIABLE = "_JUPYTER_FLOWAUTH_COMPLETE"
# Each command's module in this folder, and its line in the list: the first sentence of its own help, as a test makes sure.
COMMANDS = {
    "login": ("login", "Log in, if anything is missing."),
    "logout": ("logout", "Forget a login here, and end it at the provider."),
    "list": ("sessions", "List the logins that are held here."),
    "status": ("status", "Say who is logged in, with which scopes until when."),
    "token": ("token", "Print an access token, and nothing else."),
    "env": ("env", "Print `export` lines for curl and other programs."),
    "doctor": ("doctor", "Look for what keeps logins from working, and say what to do."),
    "service-account": ("service_account", "Mint tokens for programs, or set up the client that they take."),
    "storage": ("storage", "Say where tokens rest, or move them."),
    "provider": ("provider", "Say which providers are configured, add one, or remove one."),
    "hub-config": ("hub_config", "Print what a JupyterHub needs for logins through one redirect URI, or look whether it has it."),
    "completion": ("completion", "Print the completion of these commands for a shell."),
    "demo": ("demo_command", "Start JupyterLab with a pretend provider on this machine."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; the list of them needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{COMMANDS[cmd_name][0]}", __package__)
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), words) for code, words in EXIT_CODES.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; where none is, say which one may have been."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            raise click.UsageError(f"{error.message}{f' Did you mean {near[0]!r}?' if near else ''}", ctx) from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM)
def commands() -> None:
    """Logins for notebooks: the same ones in the shell, the kernel and JupyterLab.

    \b
    jupyter flowauth login                       log in; a browser opens
    jupyter flowauth status                      who is logged in, with which scopes until when
    eval "$(jupyter flowauth env)"               then: curl -H "Authorization: Bearer $FLOWAUTH_BEARER" ...
    jupyter flowauth doctor                      something doesn't work? start here

    What a command answers goes to standard output, all other words to standard error; --json makes the answer JSON, an error's too.
    Each command shows examples with --help.
    """


def main() -> None:
    """Run a command. Any error of ours is one sentence, and an exit code that says its kind."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    chosen: dict[str, str] = {}
    try:
        result = commands.main(arguments, prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, standalone_mode=False, obj=chosen)
    except click.Abort as error:
        click.echo(_interrupted_sentence(error), err=True)
        return INTERRUPTED
    except KeyboardInterrupt:
        click.echo("Interrupted. What was held before is still held.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except FlowAuthError as error:
        return _report(error, chosen, as_json="--json" in arguments)
    except BrokenPipeError:
        return _broken_pipe()
    return result if isinstance(result, int) else 0


def _interrupted_sentence(error: click.Abort) -> str:
    how = "Nothing more could be read" if isinstance(error.__cause__, EOFError) else "Interrupted"
    return f"{how}. What was held before is still held."


def _report(error: FlowAuthError, chosen: dict[str, str], *, as_json: bool) -> int:
    from .printing import answer_json, say, to_shell_words

    name, code = type(error).__name__, exit_code_of(error)
    if as_json:
        fields: dict[str, Any] = {"error": name, "message": to_shell_words(str(error), chosen), "exit_code": code}
        answer_json({**fields, "missing": list(error.missing)} if hasattr(error, "missing") else fields)
    say(f"{name}: {error}", chosen)
    return code


def _broken_pipe() -> int:
    """Leave without a word: whoever read the answer has what they wanted. The interpreter mustn't flush into the pipe again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
