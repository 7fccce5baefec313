"""How a login is shown in a notebook: a card while it waits, and a plain sentence ever after."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import urlsplit

from IPython.core.getipython import get_ipython
from IPython.display import display, update_display

from ..device_grant import DEVICE_ADVICE, describe_device
from ..flow_needs import RunDocument
from ..records import DeviceCode, LoginRequest, LoginResult, ServerAnnouncement

_MARKS: dict[str, tuple[str, str]] = {
    "done": ("✓", "var(--jp-success-color1, #2e7d32)"),
    "denied": ("✕", "var(--jp-error-color1, #c62828)"),
    "cancelled": ("⊘", "var(--jp-ui-font-color2, #616161)"),
    "timed_out": ("⧗", "var(--jp-warn-color1, #b26a00)"),
    "failed": ("⚠", "var(--jp-error-color1, #c62828)"),
    "mismatch": ("≠", "var(--jp-error-color1, #c62828)"),
    "interrupted": ("■", "var(--jp-ui-font-color2, #616161)"),
}
_RUN_MARKS = {
    "ACTIVE": ("▶", "var(--jp-brand-color1, #1565c0)"),
    "INACTIVE": ("‖", "var(--jp-warn-color1, #b26a00)"),
    "SUCCEEDED": _MARKS["done"],
    "FAILED": _MARKS["denied"],
}


class NotebookPresenter:
    """Shows logins as cards in the output of the cell that asks.

    :param server: the Jupyter server of this kernel, or None; without it there is no page to click to, and the card is text.
    """

    def __init__(self, server: ServerAnnouncement | None) -> None:
        self._server = server
        self._cards: dict[str, Any] = {}
        self._shown: set[str] = set()
        self._runs: dict[str, str] = {}

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        """Show the card; in the place of the one before it, where another way to ask is tried for the same login."""
        if (before := self._cards.pop(login.login_id, None)) is not None:
            before.close()
        bundle: dict[str, Any] = build_text_bundle(login, address=_whole_address(self._server, address))
        if rung in ("server", "device") and self._server is not None:
            from .card import LoginCard, build_login_traits

            card = LoginCard(rung=rung, **build_login_traits(login, base_url=self._server.base_url))
            self._cards[login.login_id] = card
            view = {"version_major": 2, "version_minor": 0, "model_id": card.model_id}
            bundle = {"text/plain": bundle["text/plain"], "application/vnd.jupyter.widget-view+json": view}
        (update_display if login.login_id in self._shown else display)(bundle, raw=True, display_id=_display_id(login))
        self._shown.add(login.login_id)

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        """Add a sentence to a card, or show it by itself."""
        card = self._cards.get(login.login_id) if login else None
        if card is not None:
            card.message = sentence
        else:
            display({"text/plain": sentence}, raw=True)

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Put the sentence in the card's place, and take the widget out of what a notebook saves."""
        card = self._cards.pop(login.login_id, None)
        self._shown.discard(login.login_id)
        if card is not None:
            from .card import build_scope_lines

            with card.hold_sync():
                card.scopes = build_scope_lines(login.missing, granted=result.scopes)
                card.identity = {"username": result.identity.username, "name": result.identity.name or ""} if result.identity else None
                card.message, card.status = result.message, result.outcome
        update_display(build_result_bundle(result), raw=True, display_id=_display_id(login))
        if card is not None:
            card.close()

    def show_run(self, run: RunDocument) -> None:
        """Show how a run is doing, in one place of each cell that waits for it: it changes."""
        cell = _current_request()
        show = update_display if self._runs.get(run.run_id) == cell else display
        self._runs[run.run_id] = cell
        show(build_run_bundle(run), raw=True, display_id=f"flowauth-run-{run.run_id}")


def _current_request() -> str:
    """Return the id of the request that runs now: a cell that is run again has lost what it showed before."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent() if kernel else None
    return str((parent or {}).get("header", {}).get("msg_id", ""))


def build_run_bundle(run: RunDocument) -> dict[str, str]:
    """Return how a run is doing, with a link to it."""
    link = html.escape(run.web_address, quote=True)
    mark, colour = _RUN_MARKS.get(run.status, ("•", "inherit"))
    shown = f'<span aria-hidden="true" style="color: {colour}">{mark}</span> {html.escape(run.sentence)}'
    return {
        "text/plain": f"{mark} {run.sentence} {run.web_address}",
        "text/html": f'<div>{shown} <a href="{link}" target="_blank" rel="noopener noreferrer">See the run</a></div>',
    }


def build_result_bundle(result: LoginResult) -> dict[str, str]:
    """Return the sentence that stays when a login has ended."""
    return build_sentence_bundle(result.message, sign=result.outcome)


def build_sentence_bundle(sentence: str, *, sign: str = "") -> dict[str, str]:
    """Return a sentence: plain, and with its sign and colour. What it says is a stranger's in part, and so is escaped.

    :param sign: the outcome whose sign it gets; empty for none.
    """
    mark, colour = _MARKS.get(sign, ("", "inherit"))
    shown = f'<span aria-hidden="true">{mark}</span> ' if mark else ""
    return {
        "text/plain": f"{mark} {sentence}" if mark else sentence,
        "text/html": f'<div style="color: {colour}">{shown}{html.escape(sentence)}</div>',
    }


def build_text_bundle(login: LoginRequest, *, address: str | None) -> dict[str, str]:
    """Return a login as text, for front ends without widgets and for the other ways to ask."""
    asks = f"{login.client_title} asks for access through {login.provider_title} ({urlsplit(login.authorization.issuer).netloc})"
    lines = [f"{login.headline}. {asks}:", *map(str, login.consent)] if login.consent else [f"{asks}:"]
    for line in login.other_missing:
        service = f"{line.service}: " if line.service else ""
        lines.append(f"  - {service}{line.title}" + (f"  [{line.scope}]" if line.title != line.scope else ""))
    plain = "\n".join(lines)
    rich = f"<pre>{html.escape(plain)}</pre>"
    if login.device:
        minutes = max(1, round((login.expires_at_seconds - login.created_at_seconds) / 60))
        plain += "\n" + "\n".join(describe_device(login.device, minutes=minutes))
        rich += _device_html(login.device, minutes=minutes)
    elif address:
        # What a saved notebook, a static page or nbviewer shows of a login that waited then: the address is dead by now.
        plain += f"\nLog in here: {address}\nLater, when nothing waits any more, run this cell to be asked again."
        link = html.escape(address, quote=True)
        rich += f'<a href="{link}" target="_blank" rel="noopener noreferrer">Log in at {html.escape(login.provider_title)}</a>'
    return {"text/plain": plain, "text/html": rich}


def _device_html(code: DeviceCode, *, minutes: int) -> str:
    page, filled = html.escape(code.verification_uri, quote=True), html.escape(code.verification_uri_complete, quote=True)
    link = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
    complete = f" ({link.format(filled, 'open it here with the code filled in')})" if filled else ""
    return (
        f"<div>On any device, open {link.format(page, page)}{complete}<br>and enter this code: "
        f'<code style="font-size: 1.5em; letter-spacing: 0.08em; user-select: all">{html.escape(code.user_code)}</code><br>'
        f"It is good for {minutes} min. {html.escape(DEVICE_ADVICE)}</div>"
    )


def _whole_address(server: ServerAnnouncement | None, address: str | None) -> str | None:
    if server is None or address is None or not address.startswith("/"):
        return address
    parts = urlsplit(server.public_url or server.connection_url)
    return f"{parts.scheme}://{parts.netloc}{address}"


def _display_id(login: LoginRequest) -> str:
    return f"flowauth-{login.login_id}"
