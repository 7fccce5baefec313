"""The view's bundle, gzipped: what each card loads."""

from __future__ import annotations

import gzip
from importlib.resources import files
from pathlib import Path

import jupyter_flowauth

from .figures import Figure

BOUND_BYTES, LAB_BOUND_BYTES = 30_000, 60_000
# What is built in a checkout; a wheel carries it as shared data.
LAB_PLUGIN = Path(jupyter_flowauth.__file__).parent / "labextension" / "static"


def measure() -> list[Figure]:
    """Return the figure."""
    bundle = files("jupyter_flowauth.kernel").joinpath("static", "view.js").read_bytes()
    size = len(gzip.compress(bundle, 9))
    note = f"{len(bundle) / 1000:.1f} kB as it is"
    whole = sum(len(gzip.compress(path.read_bytes(), 9)) for path in LAB_PLUGIN.glob("*.js"))
    return [
        Figure("the view's bundle, gzipped", "≤ 30 kB", f"{size / 1000:.1f} kB", "–", size <= BOUND_BYTES, note),
        Figure("the Lab plugin, the view included, gzipped", "≤ 60 kB", f"{whole / 1000:.1f} kB", "–", 0 < whole <= LAB_BOUND_BYTES),
    ]
