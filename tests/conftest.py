"""What holds for every test."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from jupyter_flowauth import provider_choice, refresh

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.fakes.demo import Demo
    from tests.fakes.school import School
    from tests.interop.keycloak_server import Keycloak

# A busy machine is no property of the code.
settings.register_profile("unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

WITH_BROWSERS = {Path(__file__).parent / name for name in ("browser", "hub")}

after_all = ExitStack()


def pytest_configure() -> None:
    """Let processes that tests start be interrupted: what runs in a shell's background inherits that SIGINT is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what drives a browser last: playwright keeps an event loop in the main thread, where no other one can run from then on."""
    items.sort(key=lambda item: not WITH_BROWSERS.isdisjoint(item.path.parents))


@pytest.fixture(autouse=True)
def nothing_read_before() -> None:
    """Forget the discovery documents of earlier tests: the system gives a port again, and with it the address of another server."""
    provider_choice._one_provider.cache_clear()


@pytest.fixture(autouse=True)
def no_second_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the moment that another host is given to store its answer: there is none, or it is a part of the test."""
    monkeypatch.setattr(refresh, "SIBLING_LOOK_SECONDS", 0.001)


def refuse_skip(report: Any) -> Any:
    """Turn a skip into a failure where CI is set: what a test needs, the scripts there install."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI skips nothing, and this was skipped: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return refuse_skip((yield))


@pytest.fixture
def jupyter_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter folders of the test's own, and nothing of the machine's environment."""
    for name in list(os.environ):
        if name.startswith(("FLOWAUTH_", "GLOBUS_", "JUPYTER", "JPY_", "IPYTHON", "SSH_")):
            monkeypatch.delenv(name)
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    for kind in ("DATA", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / "home" / kind.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "home" / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def demo(jupyter_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    """A sandbox that is configured as the only provider, and somebody at a browser."""
    from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
    from tests.fakes.demo import Demo

    with running_sandbox() as sandbox:
        for name, value in {**sandbox.environment, "FLOWAUTH_CLIENT_ID": SANDBOX_CLIENT_ID}.items():
            monkeypatch.setenv(name, value)
        yield Demo(sandbox, jupyter_home)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from tests.browser.chromium import running_chromium

    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Keycloak:
    """The one real Keycloak of this run, for all of xdist's processes."""
    from tests.interop.keycloak_server import shared_keycloak

    folder = tmp_path_factory.getbasetemp()
    return after_all.enter_context(shared_keycloak(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder))


def pytest_sessionfinish() -> None:
    """Leave what is shared with other processes: to wait for them is no part of the last test here, whose time is limited."""
    after_all.close()


@pytest.fixture
def school(jupyter_home: Path) -> Iterator[School]:
    """An OpenID provider with instances, and somebody at a browser."""
    from tests.fakes.oidc_server import running_oidc_server
    from tests.fakes.school import School

    with running_oidc_server() as server:
        yield School(server, jupyter_home)
