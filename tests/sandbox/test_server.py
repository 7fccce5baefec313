"""The sandbox as a process, and what it writes."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys

import pytest
import requests

from jupyter_flowauth.sandbox import SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET, running_sandbox
from jupyter_flowauth.sandbox.catalogue import AUTH, TRANSFER_ALL
from jupyter_flowauth.sandbox.server import NotLoopback, bind_loopback
from jupyter_flowauth.sandbox.token_handlers import JwksHandler, TokenHandler

COMMAND = [sys.executable, "-m", "jupyter_flowauth.sandbox"]


@pytest.fixture
def process():
    environment = {**os.environ, "ADMIN_FOR_TEST": "sesame"}
    options = ("--admin-secret-env", "ADMIN_FOR_TEST", "--access-token-lifetime", "61")
    running = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    yield running
    running.kill()
    running.communicate()


def test_the_process_says_where_it_is_and_ends_on_sigterm(process):
    ready = json.loads(process.stdout.readline())
    assert ready["pid"] == process.pid
    assert requests.get(f"{ready['url']}/.well-known/openid-configuration", timeout=60).json()["issuer"] == ready["url"]
    assert requests.get(f"{ready['url']}/admin/counters", headers={"X-Sandbox-Admin": "sesame"}, timeout=60).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_the_lifetime_of_its_tokens_is_an_option(process):
    url, client = json.loads(process.stdout.readline())["url"], (SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET)
    form = {"grant_type": "client_credentials", "scope": TRANSFER_ALL}
    assert requests.post(f"{url}/v2/oauth2/token", data=form, auth=client, timeout=60).json()["expires_in"] == 61


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "localhost", "example.org", ""])
def test_only_loopback_is_served(host):
    with pytest.raises(NotLoopback, match="loopback only"):
        bind_loopback(host, 0)


def test_the_process_refuses_another_host_in_one_sentence():
    ended = subprocess.run([*COMMAND, "--host", "0.0.0.0"], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)


def test_a_port_in_use_is_one_sentence(sandbox):
    port = sandbox.url.rpartition(":")[2]
    ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


def test_two_sandboxes_stand_side_by_side():
    with running_sandbox() as one, running_sandbox() as two:
        assert one.url != two.url
        assert one.state.cookie_suffix != two.state.cookie_suffix


def test_importing_the_package_loads_no_server():
    code = "import sys, jupyter_flowauth.sandbox; print([name for name in ('tornado', 'jwt', 'cryptography') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_address_is_a_404(sandbox):
    assert requests.get(f"{sandbox.url}/elsewhere", timeout=60).json() == {"error": "not_found"}


def test_a_wrong_method_is_a_405(sandbox):
    assert requests.get(f"{sandbox.url}/v2/oauth2/token", timeout=60).status_code == 405


def test_no_secret_is_logged(sandbox, login, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.CRITICAL, logger="globus_sdk")
    caplog.set_level(logging.CRITICAL, logger="urllib3")
    tokens = login()
    requests.get(f"{sandbox.url}/v2/web/auth-code?code={tokens['access_token']}", timeout=60)
    assert not any(prefix in caplog.text for prefix in ("sbxcode_", "sbxaccess_", "sbxrefresh_", "the-state"))


def test_a_failure_of_ours_is_logged_without_its_values(sandbox, login, caplog, monkeypatch):
    def fail(handler):
        raise RuntimeError("sbxaccess_in_a_message")

    monkeypatch.setattr(JwksHandler, "get", fail)
    assert requests.get(f"{sandbox.url}/jwk.json?code=sbxcode_in_an_address", timeout=60).json() == {"error": "server_error"}
    assert "GET /jwk.json failed with RuntimeError" in caplog.text
    assert "sbx" not in caplog.text


def test_the_token_endpoints_answers_are_not_kept(sandbox):
    answer = requests.post(f"{sandbox.url}/v2/oauth2/token", timeout=60)
    assert (TokenHandler.endpoint, answer.headers["Cache-Control"]) == ("token", "no-store")


def test_scopes_can_be_added_while_it_runs(sandbox, login):
    entry = sandbox.state.scopes["openid"]
    sandbox.state.scopes["urn:later"] = type(entry)("urn:later", AUTH, "Later", "Later")
    assert login("urn:later").by_resource_server[AUTH]["scope"] == "urn:later"
