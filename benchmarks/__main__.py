"""Measure everything, or what is named, and print the table: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import importlib
import platform
import sys
from importlib.metadata import version

from .figures import Figure, build_table

NAMES = (
    "import_time",
    "first_authorizer",
    "warm_header",
    "login_requests",
    "flow_runs",
    "callback_to_return",
    "bundle_size",
    "opening",
    "live",
    "live_browser",
    "shared_refresh",
    "many_writers",
    "growth",
    "shell_start",
    "keycloak_refresh",
    "relay",
)


def main(names: list[str]) -> int:
    """Measure, print, and return how many figures are over their bound."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"No benchmark is called {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    figures: list[Figure] = []
    for name in names or NAMES:
        print(f"==> Measuring: {name}", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").measure()
    print(f"Python {platform.python_version()}, globus-sdk {version('globus-sdk')}, {platform.machine()}\n")
    print(build_table(figures))
    return sum(figure.is_ok is False for figure in figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
