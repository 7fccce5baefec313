"""The whole of it for one test: a sandbox, Jupyter folders of its own, and somebody at the browser."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jupyter_flowauth import FlowAuth
from jupyter_flowauth.sandbox.ledger import ACCESS_PREFIX, CODE_PREFIX, REFRESH_PREFIX
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent

VERIFIER = "SENTINELverifier0123456789012345678901234567890"  # what a test may let a login have as its code_verifier


class Demo:
    """A sandbox and a person who logs in there.

    :param home: the folder with the Jupyter folders of the test.
    """

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.home = sandbox, home
        self.user, self.deny = "alice", False
        self.pages: list[str] = []
        self.addresses: list[str] = []  # every address that the browser saw: they hold state and code

    def browser(self, url: str) -> None:
        """Log in, say yes (or no), and follow the answer to the last page."""
        final = self.sandbox.approve(url, user=self.user, deny=self.deny)
        self.addresses += [url, final]
        with urllib.request.urlopen(final, timeout=30) as page:
            self.pages.append(page.read().decode())

    def auth(self, **options: Any) -> FlowAuth:
        """Return what another notebook would hold."""
        return FlowAuth(**{"user_agent": LoopbackUserAgent(self.browser), **options})

    def leaks(self, text: str) -> list[str]:
        """Return every secret in a text: what the sandbox issues has a prefix, and the state is in the addresses."""
        prefixes = (CODE_PREFIX, ACCESS_PREFIX, REFRESH_PREFIX, VERIFIER)
        states = {value for address in self.addresses for value in parse_qs(urlsplit(address).query).get("state", [])}
        return [secret for secret in (*prefixes, *states) if secret in text]

    def files(self) -> dict[str, str]:
        """Return every file under the test's home, by its path."""
        return {str(path): path.read_text(errors="replace") for path in self.home.rglob("*") if path.is_file()}
