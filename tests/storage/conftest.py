from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_flowauth.storage.file import FileStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "flowauth"


@pytest.fixture
def store(folder: Path) -> FileStore:
    return FileStore(folder)
