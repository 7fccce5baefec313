"""``doctor``: it finds what is broken, says what to do, and tells nobody's secret."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import threading
import time
from email.utils import formatdate

import pytest

from jupyter_flowauth.cli import doctor_local
from jupyter_flowauth.cli.doctor_provider import _judge_clock, _judge_sent_back
from jupyter_flowauth.cli.findings import redact
from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers.probe import probe
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL

NOW = 1_800_000_000.0


@pytest.fixture
def find(here):
    """Run the doctor, and return its findings that hold some words."""

    def run_doctor(words="", *arguments):
        examined = here("doctor", "--json", *arguments)
        found = [finding for finding in examined.json["findings"] if words in finding["sentence"]]
        assert examined.code == (1 if examined.json["is_broken"] else 0)
        return found

    return run_doctor


def configure(demo, **provider):
    folder = demo.home / "config"
    folder.mkdir(exist_ok=True)
    entry = {"kind": "globus", "client_id": "5a9db0c5-0e5a-4b0c-9d0c-5a9db0c50001", **provider}
    (folder / "jupyter_flowauth.json").write_text(json.dumps({"providers": {"globus": entry}}))


def test_where_all_is_well_nothing_is_broken(demo, here):
    examined = here("doctor")
    assert (examined.code, examined.err) == (0, "")
    assert "✗" not in examined.out
    assert "0 broken" in examined.out.splitlines()[-1]


def test_without_a_provider_it_says_how_to_add_one_and_exits_with_1(jupyter_home, find):
    [finding] = find("no provider is configured")
    assert (finding["mark"], finding["about"]) == ("broken", "configuration")
    assert finding["advice"] == "jupyter flowauth provider add globus --client-id YOUR-CLIENT-ID"


def test_each_way_to_ask_is_there_with_its_reason(demo, find, monkeypatch):
    assert find("nobody can be asked from here")[0]["mark"] == "warning"
    monkeypatch.setenv("BROWSER", "true %s")
    assert [(f["mark"], f["sentence"]) for f in find("loopback")[:1]] == [
        ("ok", "loopback is used: a browser can be opened on this machine")
    ]
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    assert "over SSH" in find("loopback: ")[0]["sentence"]


def test_the_redirect_uris_are_asked_of_the_provider(demo, find):
    known = find("it knows the redirect URI")
    assert [finding["mark"] for finding in known] == ["ok", "ok"]
    assert "http://127.0.0.1:" in known[0]["sentence"]
    assert "/v2/web/auth-code" in known[1]["sentence"]


def test_a_redirect_uri_that_is_not_registered_is_found(demo, find):
    configure(demo, redirect_uris=["https://hub.example.org/callback"])
    [refused] = find("it refuses the redirect URI")
    assert refused["mark"] == "broken"
    assert "register https://hub.example.org/callback" in refused["advice"]


def test_asking_leaves_no_login_and_no_request_behind(demo, find):
    find()
    assert demo.sandbox.count("token") == 0
    assert list((demo.home / "runtime" / "flowauth").glob("*.json")) == []


def test_offline_asks_nobody(demo, find):
    find("", "--offline")
    assert [demo.sandbox.count(name) for name in ("configuration", "authorize", "jwk")] == [0, 0, 0]


def test_a_provider_that_can_not_be_reached_is_said_with_the_reason(demo, find, monkeypatch):
    monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", "http://127.0.0.1:1")
    [finding] = find("can't be reached")
    assert finding["mark"] == "broken"
    assert "no connection could be made" in finding["sentence"]


@pytest.mark.parametrize(
    ("seconds", "mark", "words"),
    [
        (0, "ok", "within a second or two"),
        (-2, "ok", "within a second or two"),
        (30, "warning", "is 30 s behind"),
        (-30, "warning", "is 30 s ahead of"),
        (600, "broken", "is 10 min behind"),
    ],
)
def test_the_clocks_are_compared_by_the_date_of_an_answer(seconds, mark, words):
    finding = _judge_clock(formatdate(NOW + seconds, usegmt=True), NOW)
    assert finding.mark == mark
    assert words in finding.sentence


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_date_judges_no_clock(date):
    assert _judge_clock(date, NOW).mark == "note"


@pytest.mark.parametrize(("query", "mark"), [("error=login_required", "ok"), ("code=x", "ok"), ("error=invalid_scope", "warning")])
def test_what_the_provider_sends_back_is_judged(query, mark):
    assert _judge_sent_back("http://127.0.0.1", f"http://127.0.0.1?{query}&state=s").mark == mark


def test_a_storage_that_can_not_be_used_is_found(demo, find):
    (demo.home / "data").mkdir()
    (demo.home / "data" / "flowauth").write_text("in the way")
    [finding] = find("is a link or a file, and no folder")
    assert (finding["about"], finding["mark"]) == ("storage", "broken")


def test_a_version_that_is_too_old_or_missing_is_found(demo, find, monkeypatch):
    wanted = ["click>=99", "nothing-like-it>=1", "psutil>=1", "tox; extra == 'x'"]
    monkeypatch.setattr(doctor_local.metadata, "requires", lambda _name: wanted)
    assert [f["advice"] for f in find() if f["about"] == "versions" and f["mark"] == "broken"] == [
        "pip install 'click>=99'",
        "pip install 'nothing-like-it>=1'",
    ]


def test_extensions_that_are_switched_off_are_found(demo, find, monkeypatch):
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")  # in a virtual environment Jupyter's own order has that one's folder first
    assert [finding["mark"] for finding in find("extension is")] == ["ok", "ok"]
    config = demo.home / "config"
    (config / "labconfig").mkdir(parents=True)
    (config / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"jupyter_flowauth": False}}}))
    disabled = {"disabledExtensions": {"@jupyter-flowauth/labextension": True}}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(disabled))
    assert [(f["mark"], f["advice"]) for f in find("extension is")] == [
        ("warning", "jupyter server extension enable jupyter_flowauth"),
        ("warning", "jupyter labextension enable @jupyter-flowauth/labextension"),
    ]


def test_proxies_are_shown_without_their_password(demo, find, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3cret@proxy.example:3128")
    assert [f["sentence"] for f in find("PROXY=", "--offline")] == ["HTTPS_PROXY=http://proxy.example:3128"]
    assert "NO_PROXY" in find("a proxy is set for addresses of this machine", "--offline")[0]["advice"]
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert find("a proxy is set for addresses", "--offline") == []


@pytest.mark.parametrize("spelled", ["me:s3cret@", "me:s3://cret@", "http://me:s3/cret@", "http://me:s3@cret@", "http://m@e:s3cret@"])
def test_a_password_is_found_in_every_spelling_that_a_proxy_takes(demo, find, monkeypatch, spelled):
    monkeypatch.setenv("HTTPS_PROXY", f"{spelled}proxy.example:3128")
    shown = "http://" if spelled.startswith("http") else ""
    assert [f["sentence"] for f in find("PROXY=", "--offline")] == [f"HTTPS_PROXY={shown}proxy.example:3128"]


def test_certificates_that_are_not_there_are_found(demo, find, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    assert find("REQUESTS_CA_BUNDLE names", "--offline")[0]["mark"] == "broken"


def test_a_client_secret_that_others_can_read_is_found(demo, find, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    secret.chmod(0o640)
    configure(demo, client_secret_file=str(secret))
    assert find("others can read the client secret", "--offline")[0]["advice"] == f"chmod 600 {secret}"
    secret.chmod(0o600)
    assert find("is yours alone", "--offline")[0]["mark"] == "ok"


def test_a_login_that_ends_is_said(demo, find, aged):
    demo.auth().login([TRANSFER_ALL])
    assert find("can't renew itself", "--offline") == []
    aged(5 * 3600, renews=False)
    assert "ends in 5 h" in find("can't renew itself", "--offline")[0]["sentence"]
    aged(-5, renews=False)
    assert "has expired" in find("can't renew itself", "--offline")[0]["sentence"]


def test_what_it_prints_can_be_pasted_into_an_issue(demo, here, monkeypatch):
    """No secret, nobody's name, and no path of the home folder."""
    auth = demo.auth()
    auth.login([TRANSFER_ALL])
    monkeypatch.setenv("HOME", str(demo.home.parent))
    monkeypatch.setenv("FLOWAUTH_TOKEN", "SENTINELtoken")
    monkeypatch.setenv("FLOWAUTH_CLIENT_SECRET_UNUSED", "SENTINELsecret")
    monkeypatch.setenv("HTTPS_PROXY", "http://SENTINELuser:SENTINELpassword@proxy.example:3128")
    written = [here("doctor", *form) for form in ([], ["--json"])]
    shown = "".join(ended.out + ended.err for ended in written)
    personal = (auth.identity.username, auth.identity.sub, auth.identity.name, str(demo.home.parent))
    assert demo.leaks(shown) == []
    assert [one for one in (*personal, "SENTINEL") if one in shown] == []
    assert "file:~/home/data/flowauth" in shown


def test_a_home_is_redacted_only_where_it_ends(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert redact("/home/ann/x /home/anna/x /home/ann") == "~/x /home/anna/x ~"


@contextlib.contextmanager
def answering(respond):
    """A server on loopback that answers as told."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            respond(self)

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_look_follows_no_redirect_and_tells_what_was_answered():
    def respond(handler):
        handler.send_response(302)
        handler.send_header("Location", "https://elsewhere.example/")
        handler.end_headers()

    with answering(respond) as place:
        answer = probe(f"http://{place}/x?state=secret")
    assert (answer.status, answer.location) == (302, "https://elsewhere.example/")
    assert abs(answer.asked_at_seconds - time.time()) < 120
    assert answer.date


def unknown_host(*_arguments, **_options):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_look_tells_why_there_is_no_answer(monkeypatch):
    hang = threading.Event()
    with answering(lambda _handler: hang.wait(60)) as place, monkeypatch.context() as briefly:
        briefly.setattr("jupyter_flowauth.providers.probe.PROBE_SECONDS", 0.5)
        with pytest.raises(ProviderError, match="answer in time"):
            probe(f"http://{place}/x?state=secret")
        hang.set()
    with answering(lambda handler: handler.send_error(404)) as place, pytest.raises(ProviderError, match="certificate isn't trusted"):
        probe(f"https://{place}/")
    with monkeypatch.context() as without_network:
        # Not the machine's own DNS: where there is none, it may take its time to say so.
        without_network.setattr("socket.getaddrinfo", unknown_host)
        with pytest.raises(ProviderError, match=r"can't be found \(DNS\)"):
            probe("http://no-such-host.invalid/")
    with pytest.raises(ProviderError, match="no connection could be made"):
        probe("https://sso..example.org/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ProviderError, match="the proxy doesn't let"):
        probe("http://example.org/")
