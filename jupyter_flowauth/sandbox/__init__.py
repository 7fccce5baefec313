"""The sandbox: a pretend Globus Auth on loopback, with a small resource service, for the demo and the tests.

Run it as `python -m jupyter_flowauth.sandbox`, or in a test's own process::

    with running_sandbox(access_token_lifetime=60) as sandbox:
        code_url = sandbox.approve(authorize_url, user="alice")
        sandbox.set_fault("token", "status:503", times=1)
        assert sandbox.count("token:refresh_token") == 0
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .catalogue import SANDBOX_CLIENT_ID, SANDBOX_CONFIDENTIAL_CLIENT_ID, SANDBOX_CONFIDENTIAL_SECRET

if TYPE_CHECKING:
    from .server import Sandbox

__all__ = ["SANDBOX_CLIENT_ID", "SANDBOX_CONFIDENTIAL_CLIENT_ID", "SANDBOX_CONFIDENTIAL_SECRET", "running_sandbox"]


@contextmanager
def running_sandbox(*, admin_secret: str | None = None, port: int = 0, **settings: Any) -> Iterator[Sandbox]:
    """Serve a sandbox in a thread of this process until the block ends.

    :param settings: the fields of `SandboxSettings`.
    """
    from .server import SandboxThread
    from .settings import SandboxSettings

    thread = SandboxThread(SandboxSettings(**settings), admin_secret=admin_secret, port=port)
    try:
        yield thread.start()
    finally:
        thread.stop()
