"""Hubs set up in other ways: behind a proxy that ends TLS, with a host for each user, with TLS inside. A login from a notebook on each."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from certipy import Certipy
from playwright.sync_api import Browser, BrowserContext, expect

from jupyter_flowauth.cli.hub_config import build_snippet
from jupyter_flowauth.sandbox import running_sandbox
from tests.browser.chromium import new_context
from tests.browser.notebook import LOAD, open_notebook
from tests.browser.provider_pages import agree, open_popup

from .people import Person
from .test_managed import LOGIN, Home, check
from .world import SECRET_PREFIXES, HubWorld, build_replica, free_port, hub_port_of, register_relay, wait_for, write_config

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
# As JupyterHub's own documentation has it, but for what is logged: not the query, in which a provider sends its code.
NGINX_CONFIG = """
pid {root}/nginx.pid;
error_log {root}/nginx-error.log;
events {{}}
http {{
  log_format without_query '$remote_addr "$request_method $uri" $status';
  access_log {root}/nginx-access.log without_query;
  client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root}; uwsgi_temp_path {root}; scgi_temp_path {root};
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
      proxy_pass http://127.0.0.1:{hub};
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Scheme $scheme;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
    }}
  }}
}}
"""


@contextlib.contextmanager
def deployed(world: HubWorld, snippet: str, extra: str) -> Iterator[HubWorld]:
    """Run a Hub that is configured by a printed snippet, with alice's server on it; nothing that anybody logs holds a code."""
    register_relay(world)
    # Port 10101 may be taken on a machine that runs other tests.
    write_config(world, snippet.replace("10101", str(free_port())), extra=extra)
    with contextlib.ExitStack() as stack:
        for replica in world.replicas:
            replica.environment["JUPYTERHUB_API_URL"] = f"http://127.0.0.1:{hub_port_of(world)}{world.prefix}hub/api"
            replica.start()
            stack.callback(replica.kill)
        world.start()
        stack.callback(world.stop)
        world.prepare_user("alice")
        stack.callback(world.stop_servers)
        world.start_server("alice")
        yield world
    logs = world.logs()
    assert [prefix for prefix in SECRET_PREFIXES if prefix in logs] == []


@contextlib.contextmanager
def somewhere(root: Path) -> Iterator[HubWorld]:
    """Return where a Hub can be put."""
    with running_sandbox(admin_secret="not-used") as sandbox:
        yield HubWorld(root, sandbox, free_port(), admin_token=secrets.token_hex(32))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[HubWorld]:
    with somewhere(tmp_path) as place:
        yield place


def log_in_from_notebook(hub: HubWorld, context: BrowserContext) -> list[str]:
    """Log alice in from a notebook on her server, and return the addresses that her browser asked for on the way."""
    person = Person(hub, context, "alice")
    person.log_in_to_hub()
    notebook = open_notebook(context.new_page(), Home(hub, "alice"), "work.ipynb", LOAD, LOGIN, "auth.identity.username")
    notebook.run(0)
    notebook.start(1)
    card = notebook.expect_card(1)
    seen: list[str] = []
    context.on("request", lambda request: seen.append(request.url))
    agree(open_popup(card))
    notebook.expect_ended(1)
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("alice@sandbox.example")
    assert [asked["redirect_uri"] for asked in hub.sandbox.state.authorize_requests] == [hub.redirect_uri]
    return seen


@contextlib.contextmanager
def ending_tls(world: HubWorld, certificate: str, key: str) -> Iterator[None]:
    """Run the nginx that ends TLS before a Hub."""
    config = world.root / "nginx.conf"
    port = urlsplit(world.public_origin).port
    config.write_text(NGINX_CONFIG.format(root=world.root, port=port, hub=world.port, certificate=certificate, key=key), encoding="utf-8")
    process = subprocess.Popen([NGINX, "-e", str(world.root / "nginx-error.log"), "-c", str(config), "-g", "daemon off;"])
    try:
        wait_for(lambda: process.poll() is None and answers(port), "nginx")
        yield
    finally:
        process.terminate()
        process.wait(120)


def sign_for(world: HubWorld, *hosts: str) -> dict[str, str]:
    """Return the files of a certificate that an authority of the world's own has signed for these hosts."""
    certipy = Certipy(store_dir=str(world.root / "tls"))
    certipy.create_ca("authority")
    files: dict[str, str] = certipy.create_signed_pair("site", "authority", alt_names=list(hosts))["files"]
    return files


def answers(port: int | None) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port or 0), timeout=5):
        return True
    return False


@pytest.fixture(scope="module")
def behind_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubWorld]:
    if not os.access(NGINX, os.X_OK):
        pytest.skip("no nginx here: apt-get install nginx-light")
    with somewhere(tmp_path_factory.mktemp("tls")) as place:
        place.public_origin, place.prefix = f"https://localhost:{free_port()}", "/hub-x/"
        pair = sign_for(place, "DNS:localhost")
        authority = place.root / "tls" / "authority" / "authority.crt"
        extra = f"""
c.JupyterHub.public_url = "{place.url}"
c.Spawner.environment.update({{"SSL_CERT_FILE": "{authority}"}})
"""
        with ending_tls(place, pair["cert"], pair["key"]), deployed(place, build_snippet(place.url), extra):
            yield place


def test_a_hub_under_a_prefix_behind_a_proxy_that_ends_tls(behind_tls: HubWorld, browser: Browser):
    with new_context(browser, ignore_https_errors=True) as context:
        seen = log_in_from_notebook(behind_tls, context)
        cookies = [cookie for cookie in context.cookies() if cookie["domain"] == "localhost"]
    assert [url for url in seen if url.startswith("http://localhost")] == []
    assert "flowauth-relay-session" in {cookie["name"] for cookie in cookies}
    # JupyterHub sends its own `_xsrf`, which is no login, without the mark.
    assert {cookie["name"] for cookie in cookies if not cookie["secure"]} <= {"_xsrf"}


def test_the_check_says_whose_certificate_it_does_not_trust(behind_tls: HubWorld, monkeypatch: pytest.MonkeyPatch):
    assert "isn't trusted here" in check(behind_tls.url).stderr
    monkeypatch.setenv("SSL_CERT_FILE", str(behind_tls.root / "tls" / "authority" / "authority.crt"))
    done = check(behind_tls.url)
    assert (done.returncode, done.stdout.count("✓")) == (0, 5), done.stdout + done.stderr


@contextlib.contextmanager
def with_subdomains(place: HubWorld, scheme: str, port: int) -> Iterator[HubWorld]:
    """A Hub with a host for each user and service; the relay runs beside it, as the printed lines say."""
    place.public_origin = f"{scheme}://hub.localhost:{port}"
    place.user_origin = f"{scheme}://{{user}}.hub.localhost:{port}"
    place.service_origin = f"{scheme}://flowauth--service.hub.localhost:{port}"
    replica = build_replica(place, secrets.token_hex(32), 0, 0)
    snippet = build_snippet(place.url, f"http://127.0.0.1:{replica.port}", "default")
    replica.environment |= dict(re.findall(r"^ +#   (JUPYTERHUB_\w+)=(.+)$", snippet, re.MULTILINE))
    place.replicas.append(replica)
    token = f"""
import os
os.environ["FLOWAUTH_RELAY_API_TOKEN"] = "{replica.environment["JUPYTERHUB_API_TOKEN"]}"
"""
    # Only browsers resolve these names.
    extra = f"""
c.JupyterHub.subdomain_host = "{place.public_origin}"
c.Spawner.environment.update({{"FLOWAUTH_RELAY_INTERNAL_URL": "http://127.0.0.1:{replica.port}/services/flowauth/"}})
"""
    with deployed(place, token + snippet, extra):
        yield place


def test_a_hub_with_a_host_for_each_user(place: HubWorld, browser: Browser):
    with with_subdomains(place, "http", place.port) as hub, new_context(browser) as context:
        seen = log_in_from_notebook(hub, context)
        cookies = {cookie["name"]: cookie["domain"] for cookie in context.cookies()}
    # The relay's cookie is sent to no user's server, and a server's to no relay.
    assert cookies["flowauth-relay-session"] == urlsplit(hub.service_origin).hostname
    assert [name for name in cookies if name.startswith("flowauth-") and cookies[name] == "alice.hub.localhost"]
    assert {urlsplit(url).netloc for url in seen if "/flowauth/callback/" in url} == {
        urlsplit(place).netloc for place in (hub.service_origin, hub.user_url("alice"))
    }


def test_with_tls_no_users_host_sets_a_cookie_for_the_relay_or_the_hub(place: HubWorld, browser: Browser):
    if not os.access(NGINX, os.X_OK):
        pytest.skip("no nginx here: apt-get install nginx-light")
    pair = sign_for(place, "DNS:hub.localhost", "DNS:*.hub.localhost")
    with (
        with_subdomains(place, "https", free_port()) as hub,
        ending_tls(hub, pair["cert"], pair["key"]),
        new_context(browser, ignore_https_errors=True) as context,
    ):
        log_in_from_notebook(hub, context)
        cookies = {cookie["name"]: (cookie["domain"], cookie["path"]) for cookie in context.cookies()}
    assert cookies["__Host-flowauth-relay-session"] == (urlsplit(hub.service_origin).hostname, "/")
    assert cookies["__Host-jupyterhub-hub-login"] == ("hub.localhost", "/")
    assert [name for name in cookies if name.startswith(("flowauth-relay-", "jupyterhub-"))] == ["jupyterhub-session-id"]


@pytest.fixture
def with_internal_tls(place: HubWorld) -> Iterator[HubWorld]:
    extra = f"""
c.JupyterHub.internal_ssl = True
c.JupyterHub.internal_certs_location = "{place.root / "internal"}"
c.ConfigurableHTTPProxy.api_url = c.ConfigurableHTTPProxy.api_url.replace("http:", "https:")
"""
    # The printed part stands at the end, as its users are told.
    with deployed(place, extra + build_snippet(place.url), ""):
        yield place


def test_a_hub_whose_parts_speak_tls_with_each_other(with_internal_tls: HubWorld, browser: Browser):
    with new_context(browser) as context:
        log_in_from_notebook(with_internal_tls, context)
    assert f"Hub API listening on https://127.0.0.1:{hub_port_of(with_internal_tls)}/" in with_internal_tls.logs()
    done = check(with_internal_tls.url)
    assert (done.returncode, done.stdout.count("✗")) == (0, 0), done.stdout + done.stderr
