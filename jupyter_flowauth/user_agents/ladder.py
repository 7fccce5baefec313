"""Which user agent asks: the first rung of the ladder that holds, with the reason for every other one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import ConfigurationError, InteractionRequired
from .loopback_path import has_loopback_redirect

_NONE: Mapping[str, str] = MappingProxyType({})
_EXECUTED = "nobody is there: whoever runs this notebook allows no input (nbclient, papermill, nbconvert)"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides how a person can be reached from this process.

    :param server: None if this process's Jupyter server runs our extension, else why it can't be used; ``server_note`` is what that server
        says of the way its logins take.
    :param in_kernel: whether this is a Jupyter kernel, and ``in_server_kernel`` whether a Jupyter server started it.
    :param allows_stdin: whether somebody answers ``input()`` (a kernel's parent message; a terminal).
    :param over_ssh: whether this is a remote session; ``has_desktop`` whether a browser can be opened here.
    :param elsewhere: why a browser that is opened here would be on another machine than this one, or come back to another; else empty.
    :param automated: what runs this with nobody in front of it (a CI service), or empty.
    """

    server: str | None
    in_kernel: bool
    in_server_kernel: bool
    allows_stdin: bool
    over_ssh: bool
    has_desktop: bool
    elsewhere: str = ""
    automated: str = ""
    server_note: str = ""


@dataclass(frozen=True, slots=True)
class ClientSide:
    """What the provider, and the client's registration there, allow.

    :param redirect_uris: the registered patterns; None where no provider is known yet: then any rung may do.
    :param why_no_device: returns why no device code can be had, or nothing if one can. Called only if it matters: it may ask the provider.
    """

    redirect_uris: tuple[str, ...] | None = None
    why_no_device: Callable[[], str] = field(default=lambda: "no provider is chosen yet")


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to ask, and why it is used or not.

    :param is_clients: whether it is the provider, or the client's registration, that stands in the way, and not the place.
    """

    name: str
    usable: bool
    reason: str
    is_clients: bool = False


def build_ladder(
    around: Surroundings, client: ClientSide | None = None, *, tried: Mapping[str, str] = _NONE, whole: bool = False
) -> tuple[Rung, ...]:
    """Return every rung in order; the first usable one is used.

    :param tried: rungs that were tried and didn't hold, with the reasons: only what comes below them is left.
    :param whole: judge a rung below the one that is used as well, though that may take a request.
    """
    client = client or ClientSide()
    if why := _why_nobody(around):
        return tuple(Rung(name, False, why) for name in ("server", "loopback", "device", "paste"))
    rungs = [
        Rung("server", around.server is None, around.server or _why_server(around)),
        _loopback_rung(around, client),
    ]
    rungs = _pass_over(rungs, tried)
    if "device" in tried or whole or not any(rung.usable for rung in rungs):
        rungs.append(_device_rung(around, client))
    else:
        rungs.append(Rung("device", False, "not looked into: a way above it is used"))
    return tuple(_pass_over([*rungs, _paste_rung(around, client)], tried))


def _pass_over(rungs: list[Rung], tried: Mapping[str, str]) -> list[Rung]:
    """Return the rungs without the use of what was tried, and of what comes before it."""
    last = max((number for number, rung in enumerate(rungs) if rung.name in tried), default=-1)
    above = [
        Rung(rung.name, False, tried.get(rung.name, rung.reason if not rung.usable else "passed over"), rung.is_clients)
        for rung in rungs[: last + 1]
    ]
    return above + rungs[last + 1 :]


def _why_nobody(around: Surroundings) -> str:
    if around.in_kernel:
        return "" if around.allows_stdin else _EXECUTED
    # A Jupyter server in a CI job has somebody at its pages, or a test of this package.
    return f"nobody is there: {around.automated}" if around.automated and around.server is not None else ""


def _loopback_rung(around: Surroundings, client: ClientSide) -> Rung:
    if why := _why_no_loopback(around):
        return Rung("loopback", False, why)
    if client.redirect_uris is not None and not has_loopback_redirect(client.redirect_uris):
        why = "this client has no redirect URI on loopback (register http://127.0.0.1 with any port)"
        return Rung("loopback", False, why, is_clients=True)
    return Rung("loopback", True, "a browser can be opened on this machine")


def _why_server(around: Surroundings) -> str:
    return "the Jupyter server of this kernel runs the extension" + (f"; {around.server_note}" if around.server_note else "")


def _why_no_loopback(around: Surroundings) -> str:
    if around.over_ssh:
        return "this is a session over SSH: a browser here would be on another machine than you"
    if around.in_server_kernel:
        return "this is a kernel of a Jupyter server, whose desktop may be another machine than yours"
    if around.elsewhere:
        return around.elsewhere
    return "" if around.has_desktop else "there is no desktop with a browser on this machine"


def _device_rung(around: Surroundings, client: ClientSide) -> Rung:
    if not around.allows_stdin:
        return Rung("device", False, "nobody can read a code here (no terminal)")
    why = client.why_no_device()
    return Rung("device", not why, why or "a code can be entered on any device with a browser", is_clients=bool(why))


def _paste_rung(around: Surroundings, client: ClientSide) -> Rung:
    if not around.allows_stdin:
        return Rung("paste", False, "nobody can type here (no terminal)")
    if client.redirect_uris is not None and all("*" in pattern for pattern in client.redirect_uris):
        why = "this client has no redirect URI to copy a code, or an address, from"
        return Rung("paste", False, why, is_clients=True)
    return Rung("paste", True, "an answer can be typed")


def choose_rung(ladder: tuple[Rung, ...], missing: tuple[str, ...]) -> Rung:
    """Return the rung that is used.

    :raises InteractionRequired: at once, if nobody can be asked; it names the scopes and the two ways to provide them.
    :raises ConfigurationError: if somebody is there, and it is the client's registration that leaves no way.
    """
    chosen = next((rung for rung in ladder if rung.usable), None)
    if chosen is None and any(rung.is_clients for rung in ladder):
        reasons = "; ".join(f"{rung.name}: {rung.reason}" for rung in ladder)
        raise ConfigurationError(
            f"there is no way to log in with this client from here ({reasons}); nothing was changed; correct its registration, "
            "or its redirect_uris in the configuration"
        )
    if chosen is None:
        scopes, why = " ".join(missing), ladder[-1].reason if ladder else "the user agent is 'none'"
        raise InteractionRequired(
            f"a login is needed for {scopes}, and nobody is there to be asked ({why}); nothing was changed; "
            f"log in once where somebody is (%login {scopes}), or let a program log in: give it a token (FLOWAUTH_TOKEN, with "
            "FLOWAUTH_TOKEN_SCOPES), or a client that acts for itself (FLOWAUTH_CLIENT_ID with FLOWAUTH_CLIENT_SECRET)",
            missing=missing,
        )
    return chosen


def describe_rungs(ladder: tuple[Rung, ...]) -> str:
    """Return a line for each rung: whether it is used, and why."""
    used = next((rung for rung in ladder if rung.usable), None)
    lines = [f"{'→' if rung is used else ' '} {rung.name}: {'used; ' if rung is used else ''}{rung.reason}" for rung in ladder]
    return "\n".join(lines if used else [*lines, "→ none: a login would raise InteractionRequired at once"])
