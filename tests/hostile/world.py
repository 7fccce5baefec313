"""Somebody who logs in at a provider that answers what it must not, and what must hold then."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyter_flowauth import FlowAuth, OIDCProvider, ProviderError
from jupyter_flowauth.errors import FlowAuthError
from jupyter_flowauth.providers import bounded_http
from jupyter_flowauth.user_agents import LoopbackUserAgent
from tests.hostile.scripted_provider import CLIENT_ID, Answer, ScriptedProvider, running_provider

# The longest says that nothing hangs, on however slow a machine; the bounds themselves are looked at where a world ends.
SHORT_SECONDS, LONGEST_SECONDS = 0.6, 60.0


@dataclass
class World:
    """A provider, and somebody who has been logged in at it before."""

    provider: ScriptedProvider
    folder: Path
    bounds: list[float] = field(default_factory=list)
    instance: ScriptedProvider | None = None

    def auth(self, *, instance_url: str | None = None, issuer: str | None = None, **options: Any) -> FlowAuth:
        provider = OIDCProvider(None if instance_url else issuer or self.provider.url, CLIENT_ID, **options)
        return FlowAuth(provider, instance_url=instance_url, user_agent=LoopbackUserAgent(open_browser=self.provider.browse))

    def is_slow(self, url: str) -> bool:
        """Tell whether this endpoint never comes to an end. Then a test waits for a part of the bound alone; the whole is looked at below.

        All others are given their time: a machine that is busy may take it.
        """
        asked = next((one for one in (self.provider, self.instance) if one and url.startswith(f"{one.url}/")), self.provider)
        answer = asked.instead.get(urlsplit(url).path.strip("/"))
        return isinstance(answer, Answer) and bool(answer.hangs or answer.pauses)

    def at_rest(self) -> dict[str, bytes]:
        """Return everything that is stored."""
        return {path.name: path.read_bytes() for path in sorted((self.folder / "data").rglob("*.json"))}


@contextlib.contextmanager
def running_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Serve a provider, and see that whoever asks it waits for ten seconds at most."""
    with running_provider() as provider:
        world = World(provider, folder)
        send_within = bounded_http.send_within

        def sooner(once: functools.partial[Any], *, seconds: float, **where: Any) -> Any:
            """Keep the bound that was asked for, and let it end sooner."""
            world.bounds.append(seconds)
            return send_within(once, seconds=SHORT_SECONDS if world.is_slow(once.args[1]) else seconds, **where)

        monkeypatch.setattr(bounded_http, "send_within", sooner)
        yield world
        assert all(seconds <= 10 for seconds in world.bounds)


def let_expire(auth: FlowAuth) -> None:
    """Let the tokens at rest have expired."""
    account = auth.held.account()
    with auth.storage.transaction(account.key, timeout_seconds=10) as transaction:
        transaction.write(replace(account, tokens=tuple(replace(token, expires_at_seconds=1.0) for token in account.tokens)))


def failure_of(world: World, act: Callable[[], object], kind: type[FlowAuthError] = ProviderError) -> str:
    """Return what the one typed error says, once all is as it was, in time, with no secret and no markup in the words."""
    before, began = world.at_rest(), time.monotonic()
    with pytest.raises(kind) as caught:
        act()
    assert time.monotonic() - began < LONGEST_SECONDS
    assert world.at_rest() == before
    assert world.provider.requests["elsewhere"] == 0
    assert not [word for word in ("SENTINEL", "Oops", "hotel", "<h1>") if word in f"{caught.value} {caught.value!r}"]
    assert str(caught.value).isprintable()
    return str(caught.value)
