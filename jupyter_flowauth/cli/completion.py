"""``jupyter flowauth completion``: click's completion, for both ways to call these commands."""

from __future__ import annotations

from importlib import resources

import click

from .printing import answer

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion of these commands for a shell.

    It completes commands, options, scopes, and the names of your providers and logins, after `jupyter flowauth` as after
    `jupyter-flowauth`. What else completes `jupyter` goes on doing so.

    \b
    Examples:
      echo 'eval "$(jupyter flowauth completion bash)"' >> ~/.bashrc
      echo 'eval "$(jupyter flowauth completion zsh)"' >> ~/.zshrc          after compinit
      jupyter flowauth completion fish > ~/.config/fish/conf.d/flowauth.fish
    """
    answer(resources.files(__package__).joinpath(f"completion.{shell}").read_text(encoding="utf-8").rstrip())
