"""Login requests as a kernel leaves them."""

from __future__ import annotations

import time
from dataclasses import replace

from jupyter_flowauth.code_grant import AuthorizationRequest
from jupyter_flowauth.pkce import generate_login_id, generate_state
from jupyter_flowauth.records import LoginRequest, ScopeLine
from jupyter_flowauth.storage.processes import this_process
from tests.fakes.provider import REGISTRATION


def build_request(**changes: object) -> LoginRequest:
    login_id, now = generate_login_id(), time.time()
    request = LoginRequest(
        login_id=login_id,
        provider="fake",
        provider_title="Fake Auth",
        asked_by="kernel",
        user_agent="server",
        registration=REGISTRATION,
        account=None,
        storage="file:/somewhere",
        scopes=("a", "b"),
        missing=(ScopeLine("a", "Use a", "A"), ScopeLine("b", "Use b", "B")),
        created_at_seconds=now,
        expires_at_seconds=now + 300,
        authorization=AuthorizationRequest(
            "https://x/authorize", "https://x", "c", "a b", "challenge", generate_state(login_id), "nonce", extra=(("prompt", "login"),),
            redirect_uris=("http://127.0.0.1:*/*",),
        ),
        process=this_process(),
    )  # fmt: skip
    return replace(request, **changes)  # type: ignore[arg-type]
