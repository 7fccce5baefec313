"""The search for what must never be seen: in every page, every message, every file and every log of a test."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page, Request, WebSocket

from .world import World

_TOKENS = re.compile(rb"sbx(?:code|access|refresh)_[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}")
_STORED = """async () => {
  const answer = request => new Promise((give, refuse) => { request.onsuccess = () => give(request.result); request.onerror = refuse; });
  const kept = [{...localStorage}, {...sessionStorage}, document.cookie, window.name, await caches?.keys()];
  for (const { name } of await indexedDB.databases()) {
    const database = await answer(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      kept.push([name, store, await answer(database.transaction(store).objectStore(store).getAll())]);
    }
    database.close();
  }
  return JSON.stringify(kept);
}"""
# The one place for tokens, and the one for the state of a login that waits: the user's own, both 0700.
_ALLOWED = re.compile(r"data/flowauth/.*|runtime/flowauth/[0-9a-f]{32}\.request\.json")

# The page whose purpose is to show a code to the person, who logs in by copying it.
_CODE_PAGE = "/flowauth/sandbox/v2/web/auth-code"


@dataclass
class Secrecy:
    """Everything that a test's browser saw.

    :param planted: whether the test has put a secret somewhere itself, to see that it is found.
    """

    seen: list[tuple[str, bytes]] = field(default_factory=list)
    planted: bool = False
    world: World | None = None

    def begin(self) -> None:
        """Forget the test before."""
        self.world = None
        self.seen.clear()
        self.planted = False

    def watch(self, context: BrowserContext) -> None:
        """Take note of what the pages of a context are sent, from now on."""
        context.on("page", self._watch_page)
        context.on("requestfinished", self._keep_answer)

    def _watch_page(self, page: Page) -> None:
        page.on("websocket", self._watch_socket)

    def _watch_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: self._keep("a message to a kernel", payload))
        socket.on("framereceived", lambda payload: self._keep("a kernel's message", payload))

    def _keep(self, where: str, content: str | bytes) -> None:
        if where.endswith(_CODE_PAGE):
            return
        self.seen.append((where, content.encode() if isinstance(content, str) else content))

    def _keep_answer(self, request: Request) -> None:
        """Keep pages and API answers of ours; what Jupyter itself loads holds nothing of ours."""
        if request.resource_type in {"document", "fetch", "xhr"} and "/flowauth/" in request.url:
            with contextlib.suppress(Error):  # a redirect has no body, and a closed window takes its own along
                response = request.response()
                self._keep(f"an answer of {request.url.partition('?')[0]}", response.body() if response else b"")

    def look_at(self, page: Page) -> None:
        """Keep what a page shows, and what its scripts could read."""
        with contextlib.suppress(Error):  # it is being closed by the view
            self._keep(f"the page {page.url.partition('?')[0]}", page.content())
            self._keep(f"the storage of {page.url.partition('?')[0]}", page.evaluate(_STORED))

    def close(self, context: BrowserContext) -> None:
        """Close a browser, after a look at all of its pages."""
        for page in context.pages:
            self.look_at(page)
        context.close()

    def search(self) -> list[str]:
        """Return every place where a secret was found, with its kind and never itself."""
        secrets = known_secrets(self.world) if self.world else []
        places = [*self.seen, *(read_files(self.world) if self.world else ())]
        return sorted({f"{kind} in {where}" for where, content in places for kind in find_secrets(content, secrets)})


def known_secrets(world: World) -> list[tuple[str, bytes]]:
    """Return what the sandbox was sent in confidence."""
    states = [("a state", asked["state"]) for asked in world.sandbox.state.authorize_requests if asked.get("state")]
    verifiers = [("a code_verifier", verifier) for verifier in world.verifiers if verifier]
    return [(kind, secret.encode()) for kind, secret in (*states, *verifiers)]


def find_secrets(content: bytes, secrets: list[tuple[str, bytes]]) -> Iterator[str]:
    for match in _TOKENS.finditer(content):
        yield "a " + match.group().partition(b"_")[0].decode()[:10] + " token"
    for kind, secret in secrets:
        if secret in content:
            yield kind


def read_files(world: World) -> Iterator[tuple[str, bytes]]:
    """Read everything that was written below the world's folder, but for the two places that are made for secrets."""
    # Unlike `rglob`, `walk` takes a folder that has gone meanwhile for an empty one: server and kernel go on.
    for path in sorted(Path(folder, file) for folder, _, files in os.walk(world.root) for file in files):
        name = path.relative_to(world.root).as_posix()
        if not _ALLOWED.fullmatch(name):
            with contextlib.suppress(FileNotFoundError):
                yield name, _read(path)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
