"""`python -m jupyter_flowauth.sandbox`: serve until SIGTERM; the first line on stdout says where."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence

from .server import NotLoopback, bind_loopback, serve
from .settings import SandboxSettings
from .state import SandboxState


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m jupyter_flowauth.sandbox", description="A pretend Globus Auth on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; any other is refused")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    lifetime = SandboxSettings().access_token_lifetime
    parser.add_argument("--access-token-lifetime", type=int, default=lifetime, metavar="SECONDS", help="a short one shows refreshes")
    parser.add_argument("--admin-secret-env", metavar="NAME", help="the environment variable that holds the secret of the admin routes")
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace) -> None:
    """Serve until a signal asks for the end."""
    loop, until = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(until.set))
    secret = os.environ.get(options.admin_secret_env or "") or None
    state = SandboxState(SandboxSettings(access_token_lifetime=options.access_token_lifetime), admin_secret=secret)
    listener = bind_loopback(options.host, options.port)
    await serve(state, listener, until, when_ready=lambda: print(json.dumps({"url": state.url, "pid": os.getpid()}), flush=True))


def main() -> int:
    """Serve; return the exit status."""
    try:
        asyncio.run(run(parse_arguments()))
    except (NotLoopback, OSError) as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
