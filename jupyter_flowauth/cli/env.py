"""``jupyter flowauth env``."""

from __future__ import annotations

import shlex

import click

from .options import login_options, min_valid_option, open_auth, scope_argument
from .printing import answer, answer_json
from .sessions import warn_ahead

INSTANCE_VARIABLE, BEARER_VARIABLE = "FLOWAUTH_INSTANCE_URL", "FLOWAUTH_BEARER"
SHELLS = ("bash", "zsh", "sh", "fish")


@click.command("env")
@scope_argument
@login_options
@min_valid_option
@click.option("--shell", type=click.Choice(SHELLS), default="bash", show_default=True, help="The shell that reads the lines.")
@click.option("--json", "as_json", is_flag=True, help="An object of names and values instead of lines.")
def command(scope: str | None, min_valid: float, shell: str, as_json: bool, **choice: str | None) -> None:
    """Print `export` lines for curl and other programs.

    FLOWAUTH_BEARER is an access token, good for minutes to days and not renewed: a script that runs longer calls `jupyter flowauth token`
    each time. FLOWAUTH_INSTANCE_URL is the instance's address, where the login is for one; the other commands take it as theirs.

    \b
    Examples:
      eval "$(jupyter flowauth env)"                     bash, zsh, sh
      eval "$(jupyter flowauth env --instance-url https://school.example.org)"
      jupyter flowauth env --shell fish | source         fish
      curl -H "Authorization: Bearer $FLOWAUTH_BEARER" "$FLOWAUTH_INSTANCE_URL/persona/search"
      lines=$(jupyter flowauth env) && eval "$lines"     a script stops here if nobody is logged in
    """
    auth = open_auth(choice)
    instance = auth.provider.registration.instance
    values = {INSTANCE_VARIABLE: instance} if instance else {}
    values[BEARER_VARIABLE] = auth.token(scope, min_valid=min_valid)
    warn_ahead(auth)
    if as_json:
        return answer_json(values)
    return answer("\n".join(_line(name, value, shell) for name, value in values.items()))


def _line(name: str, value: str, shell: str) -> str:
    """Return the line that sets a variable. Fish, unlike the others, takes a backslash in single quotes for an escape."""
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    return f"export {name}={shlex.quote(value)}"
