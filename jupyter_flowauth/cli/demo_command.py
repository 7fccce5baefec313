"""``jupyter flowauth demo``: the command; the demo itself is in ``demo``."""

from __future__ import annotations

import click

from .options import json_option
from .printing import answer_json, say


@click.command("demo")
@click.option("--port", type=int, default=0, help="The port of JupyterLab; 0 takes a free one.")
@click.option("--browser/--no-browser", default=None, help="Open a browser, or don't. Left out: if there is a desktop.")
@click.option("--check", is_flag=True, help="Start everything, see that it answers, and stop: the exit status says whether it does.")
@json_option
def command(port: int, browser: bool | None, check: bool, as_json: bool) -> None:
    """Start JupyterLab with a pretend provider on this machine.

    The notebook that it opens shows the main job. Everything rests in a folder of its own that is removed at the end: your logins, settings
    and extensions are not touched.

    \b
    Examples:
      jupyter flowauth demo
      jupyter flowauth demo --port 8899 --no-browser
      jupyter flowauth demo --check                    does it work here? nothing stays running
    """
    from .demo import run_demo

    run_demo(port=port, open_browser=browser, check_only=check, say=say if as_json else click.echo)
    if as_json:
        answer_json({"checked": check, "ended": True})
