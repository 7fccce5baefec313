"""Notebooks that are executed by nbclient, papermill and nbconvert: nobody is there, and what is saved holds no secret (ATTACKS 9)."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS

ROOT = Path(__file__).parents[2]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
LOGIN = f"%load_ext jupyter_flowauth\n%login {TRANSFER_ALL} {VIEW_MY_GROUPS}"
WORK = f"""
import globus_sdk, requests, httpx
print(globus_sdk.TransferClient(authorizer=auth.authorizers["{TRANSFER_ALL}"]).task_list()["DATA"][0]["status"])
url = "{{url}}/v2/groups/my_groups"
print(requests.get(url, auth=auth.bearer("{VIEW_MY_GROUPS}")).status_code, httpx.get(url, auth=auth.bearer("{VIEW_MY_GROUPS}")).status_code)
"""
SHOW = f"%whoami\nauth, auth.status(), auth.authorizers, auth.authorizers['{TRANSFER_ALL}'], auth.bearer('{TRANSFER_ALL}')"


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """Write a notebook of these cells, and return its path."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def save(*cells):
        path = tmp_path / "notebook.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=KERNEL), path)
        return path

    return save


def with_nbclient(path):
    notebook = nbformat.read(path, as_version=4)
    try:
        NotebookClient(notebook, timeout=100).execute()
    except CellExecutionError as error:
        return str(error)
    finally:
        nbformat.write(notebook, path)
    return ""


def with_papermill(path):
    try:
        papermill.execute_notebook(path, path, progress_bar=False)
    except papermill.PapermillExecutionError as error:
        return str(error)
    return ""


def with_nbconvert(path):
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "--allow-errors", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    return path.read_text()


executors = pytest.mark.parametrize("execute", [with_nbclient, with_papermill, with_nbconvert])
noise = ("DeprecationWarning", "ResourceWarning", "UserWarning", "FutureWarning")  # of the executors and their kernels
quietly = pytest.mark.filterwarnings(*(f"ignore::{name}" for name in noise))


@quietly
@executors
def test_a_login_with_nobody_there_is_an_error_at_once(demo, saved, execute):
    path, before = saved(LOGIN), time.monotonic()
    shown = execute(path)
    assert "InteractionRequired" in shown
    assert "a login is needed for" in shown
    # It names what is missing, and the two ways to provide it.
    assert all(part in shown for part in (TRANSFER_ALL, VIEW_MY_GROUPS, "log in once where somebody is", "FLOWAUTH_TOKEN"))
    assert time.monotonic() - before < 60  # two to four seconds here, the kernel's start included; the wait for a person is five minutes
    assert demo.sandbox.count("configuration") == 0


WAYS = "\n".join(
    f"try:\n    {call}\nexcept Exception as error:\n    print(type(error).__name__, error.missing)"
    for call in ("auth.login('a')", "auth.request_login('a')", "await auth.login_async('a')", "auth.flow(FLOW).consent()")
)


@quietly
@pytest.mark.parametrize("user_agent", ["None", "'none'"])
def test_no_way_to_log_in_asks_or_waits_with_nobody_there(demo, saved, user_agent):
    cell = (
        f"from jupyter_flowauth import FlowAuth\nFLOW = '0d2b1f0c-8a3c-4c34-9e0c-0d9b7d0d6a11'\nauth = FlowAuth(user_agent={user_agent})\n"
    )
    path, before = saved(cell + WAYS), time.monotonic()
    with_nbclient(path)
    content = path.read_text()
    assert content.count("InteractionRequired ('a',)") == 3
    assert (content.count("InteractionRequired"), "Timeout" in content) == (4, False)
    assert time.monotonic() - before < 120


@quietly
@executors
def test_what_is_held_runs_through_and_what_is_saved_holds_no_secret(demo, saved, execute):
    demo.auth().login([TRANSFER_ALL, VIEW_MY_GROUPS])
    path = saved(LOGIN, WORK.replace("{url}", demo.sandbox.url), SHOW, "auth.widget()")
    execute(path)
    content = path.read_text()
    assert ("SUCCEEDED" in content, "200 200" in content, "2 scopes held already" in content) == (True, True, True)
    assert '"output_type": "error"' not in content
    assert demo.leaks(content) == []


@quietly
def test_a_verbose_error_in_a_saved_notebook_holds_no_secret(demo, saved):
    """ATTACKS 10."""
    demo.sandbox.configure(access_token_lifetime=0)
    demo.auth().login([TRANSFER_ALL])
    demo.sandbox.set_fault("token", "status:500")
    cell = f"auth.authorizers['{TRANSFER_ALL}'].get_authorization_header()"
    path = saved("%load_ext jupyter_flowauth\n%xmode Verbose", cell)
    with_nbclient(path)
    content = path.read_text()
    assert '"output_type": "error"' in content
    assert demo.leaks(content) == []
