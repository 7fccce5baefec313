"""The benchmarks that can be named are there, and what one of them found stays so."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.figures import Figure, build_table

HOLD_NOTHING = """
import sys
from jupyter_flowauth import FlowAuth
loaded = set(sys.modules)
assert "a:scope" not in FlowAuth().authorizers
print(*(name for name in set(sys.modules) - loaded if name.startswith("jupyter_flowauth")))
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_can_be_run_by_its_name(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").measure)


def test_the_table_says_what_is_over_its_bound() -> None:
    figures = [Figure("a", "≤ 1", "2", "3", False, "a note"), Figure("b", "≤ 1", "1", "–", True), Figure("c", "–", "1", "–", None)]
    lines = build_table(figures).splitlines()
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["OVER", "ok", ""]
    assert "a (a note)" in lines[2]


def test_the_first_look_at_the_authorizers_imports_nothing_more_of_ours(tmp_path: Path) -> None:
    settings = {"providers": {"globus": {"kind": "globus", "client_id": "client"}}}
    (tmp_path / "jupyter_flowauth.json").write_text(json.dumps(settings))
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path) for kind in ("CONFIG", "DATA", "RUNTIME")}
    done = subprocess.run([sys.executable, "-c", HOLD_NOTHING], capture_output=True, text=True, env={**os.environ, **folders}, check=False)
    assert (done.stdout.split(), done.stderr) == ([], "")
