"""ATTACKS 10: verbose tracebacks print every value in every frame, and a notebook is saved with them."""

from __future__ import annotations

import socket

import pytest

from jupyter_flowauth import IdentityMismatch, LoginDenied, LoginRequired, ProviderError, ScopesMissing, StateMismatch
from jupyter_flowauth.kernel.masked_tracebacks import mask_bearers
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.secret import Secret
from tests.fakes.demo import VERIFIER

LOGIN = f"auth.login(['{TRANSFER_ALL}'])"
ASYNC_LOGIN = f"import asyncio; asyncio.run(auth.login_async(['{TRANSFER_ALL}']))"


@pytest.fixture
def verbose(notebook, monkeypatch):
    monkeypatch.setattr("jupyter_flowauth.login.generate_code_verifier", lambda: Secret(VERIFIER))
    notebook("%xmode Verbose")
    return notebook


def search(demo, shown):
    """Return what a traceback gave away; it has to be one."""
    assert "Error" in shown or "Required" in shown or "Denied" in shown or "Missing" in shown or "Mismatch" in shown or "Interrupt" in shown
    return demo.leaks(shown)


FAULTS = {"html": "html", "drop": "drop", "drop_answer": "drop_answer", "500": "status:500", "404": "status:404"}


@pytest.mark.parametrize("statement", [LOGIN, f"%login {TRANSFER_ALL}", ASYNC_LOGIN])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_endpoint_that_fails(verbose, shell, demo, statement, fault):
    demo.sandbox.set_fault("token", FAULTS[fault])
    assert search(demo, verbose(statement)) == []
    assert isinstance(shell.error, ProviderError)


@pytest.mark.parametrize("fault", ["nonce", "iss", "aud", "key", "alg_none", "alg_hs256", "no_sub", "expired", "future"])
def test_an_id_token_that_is_wrong(verbose, shell, demo, fault):
    demo.sandbox.configure(id_token_faults=(fault,))
    assert search(demo, verbose(LOGIN)) == []
    assert isinstance(shell.error, ProviderError)


def test_a_denial(verbose, shell, demo):
    demo.deny = True
    assert search(demo, verbose(LOGIN)) == []
    assert isinstance(shell.error, LoginDenied)


def test_somebody_else_who_comes_back(verbose, shell, demo):
    verbose(LOGIN)
    demo.user = "bob"
    assert search(demo, verbose(f"auth.login(['{VIEW_MY_GROUPS}'])")) == []
    assert isinstance(shell.error, IdentityMismatch)


def test_less_granted(verbose, shell, demo):
    demo.sandbox.configure(withheld_scopes=(TRANSFER_ALL,))
    assert search(demo, verbose(LOGIN)) == []
    assert isinstance(shell.error, ScopesMissing)


def test_an_answer_that_was_forged(verbose, shell, demo, monkeypatch):
    monkeypatch.setattr("jupyter_flowauth.user_agents.loopback.validate_state", lambda *_: None)
    approve = demo.sandbox.approve
    monkeypatch.setattr(demo.sandbox, "approve", lambda url, **options: approve(url, **options).replace("state=", "state=x"))
    assert search(demo, verbose(LOGIN)) == []
    assert isinstance(shell.error, StateMismatch)


@pytest.mark.parametrize("fault", ["drop", "status:500", "html", "dead"])
@pytest.mark.parametrize(
    "statement",
    [
        f"auth.token('{TRANSFER_ALL}', min_valid=9e9)",
        f"auth.authorizers_for('{TRANSFER_ALL}', min_valid=9e9)['{TRANSFER_ALL}'].get_authorization_header()",
        f"import globus_sdk; globus_sdk.TransferClient(authorizer=auth.authorizers['{TRANSFER_ALL}']).task_list()",
    ],
)
def test_a_refresh_that_fails(verbose, shell, demo, monkeypatch, statement, fault):
    demo.sandbox.configure(access_token_lifetime=1)
    verbose(LOGIN)
    monkeypatch.setattr("jupyter_flowauth.storage.system_clock.SystemClock.now", staticmethod(lambda: 9e9))
    if fault == "dead":
        demo.sandbox.state.ledger.revoke_grant(next(iter(demo.sandbox.state.ledger._refresh.values())).grant.grant_id)
    else:
        demo.sandbox.set_fault("token", fault)
    assert search(demo, verbose(statement)) == []
    assert isinstance(shell.error, LoginRequired if fault == "dead" else ProviderError)


def test_an_interrupt_while_waiting(verbose, shell, demo, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("jupyter_flowauth.login.Deadline.pause", interrupt)
    monkeypatch.setattr(demo, "browser", lambda url: None)
    shell.names["auth"] = demo.auth()
    assert search(demo, verbose(LOGIN)) == []


@pytest.mark.parametrize("where", ["jupyter_flowauth.login.keep_issued", "jupyter_flowauth.providers.globus.validate_id_token"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupt_or_a_mistake_of_ours_in_the_middle(verbose, shell, demo, monkeypatch, where, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(where, fail)
    assert search(demo, verbose(LOGIN)) == []
    if error is KeyboardInterrupt:
        assert demo.leaks("\n".join(repr(frame.f_locals) for frame in frames_of(shell.error))) == []


def test_an_interrupt_in_the_middle_of_the_token_request(verbose, demo, monkeypatch):
    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("urllib3.connectionpool.HTTPConnectionPool.urlopen", fail)
    assert search(demo, verbose(LOGIN)) == []


@pytest.mark.parametrize(
    "statement",
    [
        f"requests.get(url, auth=auth.bearer('{TRANSFER_ALL}'))",
        f"httpx.get(url, auth=auth.bearer('{TRANSFER_ALL}'))",
        f"globus_sdk.TransferClient(authorizer=auth.authorizers['{TRANSFER_ALL}'], base_url=url, retry_config=none).task_list()",
    ],
)
def test_a_service_that_is_not_there(verbose, shell, demo, monkeypatch, statement):
    """The bearer is in frames that aren't ours: in the bytes that http.client couldn't send."""
    verbose(LOGIN)
    verbose("import globus_sdk, httpx, requests; none = globus_sdk.transport.RetryConfig(max_retries=0)")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        shell.names["url"] = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_TRANSFER", shell.names["url"])
        shown = verbose(statement)
    assert "Connect" in type(shell.error).__name__
    assert search(demo, shown) == []


def test_the_mask_goes_when_the_extension_does(verbose, shell):
    verbose("%unload_ext jupyter_flowauth")
    assert "_showtraceback" not in vars(shell.shell)


def test_a_mask_hides_a_bearer_and_nothing_else():
    text = "b'Authorization: Bearer abc.def-_~+/0123==\\r\\nX: y' of a bearer token"
    assert mask_bearers(text) == "b'Authorization: Bearer ********\\r\\nX: y' of a bearer token"


def frames_of(error):
    """Return every frame that an error came through."""
    at, frames = error.__traceback__, []
    while at is not None:
        frames.append(at.tb_frame)
        at = at.tb_next
    return frames


@pytest.mark.parametrize("fault", ["drop", "status:500", "html"])
def test_an_error_leaves_without_the_frames_it_came_through(verbose, shell, demo, fault):
    demo.sandbox.set_fault("token", fault)
    verbose(LOGIN)
    ours = {
        frame.f_code.co_filename.rpartition("/")[2] for frame in frames_of(shell.error) if "jupyter_flowauth" in frame.f_code.co_filename
    }
    assert ours == {"auth.py", "clean_errors.py"}


@pytest.mark.parametrize("statement", [LOGIN, f"%login {TRANSFER_ALL}", ASYNC_LOGIN])
@pytest.mark.parametrize("trouble", ["drop", "nonce", "key"])
def test_what_the_debugger_finds_behind_an_error(verbose, shell, demo, statement, trouble):
    """Not the traceback alone: nothing is behind the error, and no frame of it holds a secret."""
    if trouble == "drop":
        demo.sandbox.set_fault("token", trouble)
    else:
        demo.sandbox.configure(id_token_faults=(trouble,))
    verbose(statement)
    assert (shell.error.__cause__, shell.error.__context__) == (None, None)
    held = "\n".join(repr(frame.f_locals) for frame in frames_of(shell.error))
    assert demo.leaks(held) == []
    assert "eyJ" not in held  # how every ID token begins
