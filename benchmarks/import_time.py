"""How long ``import jupyter_flowauth`` takes, beside ``import globus_sdk`` and its ``UserApp``; and what it drags in."""

from __future__ import annotations

from .figures import Figure, milliseconds
from .processes import interleaved_medians, run_python

ROUNDS = 21
HEAVY = ("requests", "tornado", "ipywidgets", "jwt", "cryptography", "globus_sdk", "anywidget", "IPython", "traitlets")
_TIMED = "import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
STATEMENTS = {
    "ours": "import jupyter_flowauth",
    "our FlowAuth": "from jupyter_flowauth import FlowAuth",
    "sdk": "import globus_sdk",
    "UserApp": "from globus_sdk import UserApp",
}


def measure() -> list[Figure]:
    """Return the figures."""
    medians = interleaved_medians({name: _TIMED.format(statement=s) for name, s in STATEMENTS.items()}, rounds=ROUNDS)
    seconds = {name: numbers[0] for name, numbers in medians.items()}
    heavy = run_python("-c", f"import sys, jupyter_flowauth; print(*(m for m in {HEAVY!r} if m in sys.modules))")
    bound = seconds["sdk"] / 2
    return [
        Figure(
            "import jupyter_flowauth",
            f"≤ half of import globus_sdk ({milliseconds(bound)})",
            milliseconds(seconds["ours"]),
            milliseconds(seconds["sdk"]),
            seconds["ours"] <= bound,
        ),
        Figure("heavy modules that it loads", "none", heavy or "none", "–", not heavy),
        Figure(
            "from jupyter_flowauth import FlowAuth",
            "≤ from globus_sdk import UserApp",
            milliseconds(seconds["our FlowAuth"]),
            milliseconds(seconds["UserApp"]),
            seconds["our FlowAuth"] <= seconds["UserApp"],
        ),
    ]
