"""The widget that the view is mounted on: its traits say where a login stands. None of them is secret, for widget state is saved."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anywidget
import traitlets

from ..consents import ConsentLine
from ..records import LoginRequest, ScopeLine

VIEW_FILE = Path(__file__).parent / "static" / "view.js"
_NO_VIEW = "export default { render({ el }) { el.textContent = 'The view of jupyter_flowauth is not built (npm run build:view).'; } };"


class LoginCard(anywidget.AnyWidget):
    """One login, or (``mode="panel"``) the login state of a notebook, as the view shows it."""

    _esm = VIEW_FILE.read_text(encoding="utf-8") if VIEW_FILE.exists() else _NO_VIEW

    mode = traitlets.Unicode("card").tag(sync=True)
    status = traitlets.Unicode("waiting").tag(sync=True)
    provider = traitlets.Dict().tag(sync=True)
    client_title = traitlets.Unicode("This notebook").tag(sync=True)
    identity = traitlets.Dict(None, allow_none=True).tag(sync=True)
    scopes = traitlets.List(traitlets.Dict()).tag(sync=True)
    consent = traitlets.List(traitlets.Dict()).tag(sync=True)
    headline = traitlets.Unicode("").tag(sync=True)
    action = traitlets.Unicode("").tag(sync=True)
    held_count = traitlets.Int(0).tag(sync=True)
    others = traitlets.List(traitlets.Unicode()).tag(sync=True)
    compact = traitlets.Bool(False).tag(sync=True)
    device = traitlets.Dict(None, allow_none=True).tag(sync=True)
    login_id = traitlets.Unicode("").tag(sync=True)
    base_url = traitlets.Unicode("/").tag(sync=True)
    rung = traitlets.Unicode("server").tag(sync=True)
    started_at_seconds = traitlets.Float(0.0).tag(sync=True)
    expires_at_seconds = traitlets.Float(0.0).tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)


def build_login_traits(login: LoginRequest, *, base_url: str) -> dict[str, Any]:
    """Return the traits that show a login that waits."""
    return {
        "status": "waiting",
        "provider": {
            "name": login.provider,
            "title": login.provider_title,
            "issuer_host": urlsplit(login.authorization.issuer).netloc,
        },
        "client_title": login.client_title,
        "scopes": build_scope_lines(login.missing, granted=()),
        "consent": build_consent_lines(login.consent),
        "headline": login.headline,
        "device": dataclasses.asdict(login.device) if login.device else None,
        "login_id": login.login_id,
        "base_url": base_url,
        "started_at_seconds": login.created_at_seconds,
        "expires_at_seconds": login.expires_at_seconds,
        "message": "",
    }


def build_scope_lines(lines: tuple[ScopeLine, ...], *, granted: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return scopes as the view takes them."""
    return [dataclasses.asdict(dataclasses.replace(line, granted=line.granted or line.scope in granted)) for line in lines]


def build_consent_lines(lines: tuple[ConsentLine, ...]) -> list[dict[str, Any]]:
    """Return a drawn tree as the view takes it."""
    return [dataclasses.asdict(line) for line in lines]
