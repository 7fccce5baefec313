"""An OpenID provider that answers well, but for what a test tells it to answer instead."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SUB = "notebook", "subject-1"
CODE, ACCESS, REFRESH = "SENTINEL-code", "SENTINEL-access", "SENTINEL-refresh"
GOOD_SECONDS = 3600
# RSA keys take a while to make: one for all tests of a process, and one that is a stranger's.
OWN_KEY, STRANGERS_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    :param length: what the header says, if not the truth.
    :param pauses: seconds between single bytes.
    :param hangs: nothing comes, until the test is over.
    """

    status: int = 200
    body: bytes = b""
    kind: str = JSON
    location: str | None = None
    length: int | None = None
    pauses: float | None = None
    hangs: bool = False


def answer(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


@dataclass
class ScriptedProvider:
    """The provider, as the test sees it.

    :param instead: an answer, or a function of the good value that returns one or another value, by endpoint.
    :param claims: what is changed in the ID token; a None takes the claim away.
    :param redirected: what is changed in the parameters that the browser brings back.
    :param requests: how often each endpoint was asked.
    :param nonce: of the login that was started last, and ``scope``: what that asked for.
    """

    url: str = ""
    instead: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    redirected: dict[str, str | None] = field(default_factory=dict)
    id_token: Callable[[dict[str, Any]], str] | None = None
    requests: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    nonce: str = ""
    scope: str = "openid read"
    issued: int = 0

    @cached_property
    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "revocation_endpoint": f"{self.url}/revoke",
            "end_session_endpoint": f"{self.url}/end",
            "device_authorization_endpoint": f"{self.url}/device",
            "authorization_response_iss_parameter_supported": True,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def good(self, endpoint: str, form: dict[str, str]) -> Any:
        """Return what a provider that means well would answer."""
        if endpoint == "token":
            return self.token_answer(form)
        device = {"device_code": "SENTINEL-device", "user_code": "ABCD-EFGH", "verification_uri": f"{self.url}/go", "expires_in": 60}
        values = {
            ".well-known/openid-configuration": self.discovery,
            "jwks": {"keys": [public_jwk(OWN_KEY, "own")]},
            "userinfo": {"sub": SUB, "preferred_username": "alice"},
            "device": {**device, "interval": 1},
        }
        return values.get(endpoint, {})

    def token_answer(self, form: dict[str, str]) -> dict[str, Any]:
        self.issued += 1
        scope = form.get("scope") or self.scope
        value = {"access_token": f"{ACCESS}-{self.issued}", "token_type": "Bearer", "expires_in": GOOD_SECONDS, "scope": scope}
        if form.get("grant_type") == "client_credentials":
            return value
        value["refresh_token"] = f"{REFRESH}-{self.issued}"
        if form.get("grant_type") != "refresh_token":
            value["id_token"] = self.make_id_token(value["access_token"])
        return value

    def make_id_token(self, access_token: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            **{"iss": self.url, "sub": SUB, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": self.nonce},
            **{"preferred_username": "alice", "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode()},
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.id_token(claims) if self.id_token else sign(claims)

    def respond(self, endpoint: str, form: dict[str, str]) -> Answer:
        self.requests[endpoint] += 1
        if endpoint == "token" and form.get("grant_type"):
            self.requests[form["grant_type"]] += 1
        changed = self.instead.get(endpoint)
        if isinstance(changed, Answer):
            return changed
        value = self.good(endpoint, form)
        value = changed(value) if callable(changed) else value
        return value if isinstance(value, Answer) else answer(value)

    def browse(self, url: str) -> None:
        """Be the browser of somebody who agrees: go to where the provider sends her."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce, self.scope = query["nonce"], query["scope"]
        good = {"code": CODE, "state": query["state"], "iss": self.url}
        parameters = {name: value for name, value in {**good, **self.redirected}.items() if value is not None}
        with contextlib.suppress(httpx.TransportError):  # a login that has ended has no page to show
            httpx.get(f"{query['redirect_uri']}?{urlencode(parameters)}", timeout=60, follow_redirects=True)


def public_jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": "RS256"}


def sign(claims: dict[str, Any], *, key: Any = OWN_KEY, kid: str | None = "own", algorithm: str = "RS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


@contextlib.contextmanager
def running_provider() -> Iterator[ScriptedProvider]:
    """Serve one in a thread of its own until the block ends."""
    provider = ScriptedProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self.reply({name: values[0] for name, values in parse_qs(body).items()})

        def reply(self, form: dict[str, str]) -> None:
            with contextlib.suppress(OSError):  # whoever asked has had enough
                send(self, provider.respond(urlsplit(self.path).path.strip("/"), form), provider.over)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.over.set()
        server.shutdown()
        server.server_close()
        thread.join(60)


def send(handler: BaseHTTPRequestHandler, reply: Answer, over: threading.Event) -> None:
    if reply.hangs:
        over.wait(60)
        return
    handler.send_response(reply.status)
    handler.send_header("Content-Type", reply.kind)
    handler.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
    if reply.location:
        handler.send_header("Location", reply.location)
    handler.end_headers()
    if reply.pauses is None:
        handler.wfile.write(reply.body)
        return
    for number in range(len(reply.body)):
        handler.wfile.write(reply.body[number : number + 1])
        if over.wait(reply.pauses):
            return
