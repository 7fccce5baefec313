"""An OpenID provider on loopback that refuses what a real one refuses: client, redirect URI, challenge, used codes and tokens.

Its end-session endpoint is Keycloak's; ``faults`` lets each endpoint answer something else.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from jupyter_flowauth.pkce import build_code_challenge

CLIENT_ID, CONFIDENTIAL, SECRET = "notebook", "portal", "SENTINEL secret+with/odd%characters"
SENTINEL = "SENTINEL"
LIFETIME = 300
Answer = tuple[int, dict[str, str], bytes]
Fault = Callable[["OidcServer"], Answer]


@functools.cache
def signing_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def json_answer(content: object, status: int = 200, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(content).encode()


class OidcServer:
    """The provider, and (at ``/instance-…``) the instances of a service that take its tokens."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.origin}/realms/school"
        self.requests: Counter[str] = Counter()
        self.seen: list[tuple[str, dict[str, str], dict[str, str]]] = []  # endpoint, form or query, headers
        self.faults: dict[str, Answer | Callable[[], Answer]] = {}
        self.discovery: dict[str, Any] = {}  # what the document says otherwise; None takes a name out
        self.instance_documents: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}  # of ID tokens; None takes one out
        self.key, self.published = "one", ["one"]
        self.user, self.withheld, self.says_scope = "alice", set[str](), True
        self.refusal: tuple[str, str] | None = None  # what a refresh is answered with
        self.secret_of_user: dict[str, Any] = {"name": "Alice School"}
        self.codes: dict[str, dict[str, str]] = {}
        self.live: dict[str, tuple[str, str]] = {}  # refresh token: user, scope
        self.revoked: list[str] = []
        self.pushed: dict[str, dict[str, str]] = {}
        self.public_keys: dict[str, Any] = {}  # of clients that prove themselves with a key
        self.cache_control = "max-age=3600"
        self._numbers, self._lock = itertools.count(1), threading.Lock()

    def instance(self, name: str = "a") -> str:
        return f"{self.origin}/instance-{name}"

    # The documents.

    def document(self) -> dict[str, Any]:
        base = f"{self.issuer}/protocol/openid-connect"
        values = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/auth",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/certs",
            "userinfo_endpoint": f"{base}/userinfo",
            "revocation_endpoint": f"{base}/revoke",
            "end_session_endpoint": f"{base}/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "authorization_response_iss_parameter_supported": True,
            **self.discovery,
        }
        return {name: value for name, value in values.items() if value is not None}

    def keys(self) -> dict[str, Any]:
        keys = [{**RSAAlgorithm.to_jwk(signing_key(n).public_key(), as_dict=True), "kid": n, "use": "sig"} for n in self.published]
        return {"keys": keys}

    # What is answered.

    def answer(self, method: str, path: str, query: dict[str, str], form: dict[str, str], headers: dict[str, str]) -> Answer:
        name = "instance" if path.endswith("/.well-known/openid-configuration") and "/instance-" in path else path.rpartition("/")[2]
        name = f"instance-{name}" if "/instance-" in path and name != "instance" else name
        with self._lock:
            self.requests[name] += 1
            self.seen.append((name, {**query, **form}, headers))
            fault = self.faults.get(name)
            if fault is not None:
                return fault() if callable(fault) else fault
            known = {
                "openid-configuration": lambda: json_answer(self.document(), **{"Cache-Control": self.cache_control}),
                "certs": lambda: json_answer(self.keys(), **{"Cache-Control": self.cache_control}),
                "instance": lambda: json_answer(self.instance_documents.get(path.split("/")[1], {"issuer": self.issuer})),
                "instance-logout": lambda: self._instance_logout(headers),
                "auth": lambda: self._authorize(query),
                "par": lambda: self._push(form, headers),
                "token": lambda: self._token(form, headers),
                "userinfo": lambda: self._userinfo(headers),
                "revoke": lambda: self._revoke(form, headers),
                "logout": lambda: self._log_out(form, headers),
            }
            return known[name]() if name in known else (404, {}, b"")

    def _push(self, form: dict[str, str], headers: dict[str, str]) -> Answer:
        client = self._client(form, headers)
        if client is None:
            return json_answer({"error": "invalid_client"}, 401)
        self.pushed[reference := f"urn:ietf:params:oauth:request_uri:{next(self._numbers)}"] = {"client_id": client, **form}
        return json_answer({"request_uri": reference, "expires_in": 60}, 201)

    def _authorize(self, query: dict[str, str]) -> Answer:
        if self.discovery.get("require_pushed_authorization_requests"):
            assert set(query) == {"client_id", "request_uri"}
            query = self.pushed.pop(query["request_uri"])
        assert query["code_challenge_method"] == "S256"
        code = f"{SENTINEL}-code-{next(self._numbers)}"
        self.codes[code] = {**query, "user": self.user}
        answer = urlencode({"code": code, "state": query["state"], "iss": self.issuer, "session_state": "x"})
        return 302, {"Location": f"{query['redirect_uri']}?{answer}"}, b""

    def _client(self, form: dict[str, str], headers: dict[str, str]) -> str | None:
        """Return the client that a request proves to be from."""
        if (authorization := headers.get("authorization", "")).startswith("Basic "):
            client_id, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            return CONFIDENTIAL if (unquote_plus(client_id), unquote_plus(secret)) == (CONFIDENTIAL, SECRET) else None
        if "client_assertion" in form:
            key = self.public_keys[jwt.decode(form["client_assertion"], options={"verify_signature": False})["sub"]]
            claims = jwt.decode(form["client_assertion"], key, algorithms=["RS256", "ES256"], audience=self.issuer)
            assert claims["exp"] - claims["iat"] <= 120
            return str(claims["sub"])
        if "client_secret" in form:
            return CONFIDENTIAL if (form["client_id"], form["client_secret"]) == (CONFIDENTIAL, SECRET) else None
        return CLIENT_ID if form.get("client_id") == CLIENT_ID else None

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> Answer:
        client = self._client(form, headers)
        if client is None:
            return json_answer({"error": "invalid_client"}, 401)
        if form["grant_type"] == "client_credentials":
            if client == CLIENT_ID:
                return json_answer({"error": "unauthorized_client"}, 401)
            return json_answer({**self._tokens(client, form.get("scope", ""), client), "refresh_token": None})
        if form["grant_type"] == "refresh_token":
            return self._refresh(form, client)
        code = self.codes.pop(form["code"], None)
        if code is None or code["client_id"] != client or code["redirect_uri"] != form["redirect_uri"]:
            return json_answer({"error": "invalid_grant", "error_description": "Code not valid"}, 400)
        if code["code_challenge"] != build_code_challenge(form["code_verifier"]):
            return json_answer({"error": "invalid_grant", "error_description": "PKCE verification failed"}, 400)
        return json_answer(self._tokens(code["user"], code["scope"], client, nonce=code["nonce"]))

    def _refresh(self, form: dict[str, str], client: str) -> Answer:
        if self.refusal:
            return json_answer({"error": self.refusal[0], "error_description": self.refusal[1]}, 400)
        found = self.live.pop(form["refresh_token"], None)
        if found is None:
            self.live.clear()
            return json_answer({"error": "invalid_grant", "error_description": "Session not active"}, 400)
        return json_answer(self._tokens(*found, client))

    def _tokens(self, user: str, scope: str, client: str, nonce: str | None = None) -> dict[str, Any]:
        granted = " ".join(s for s in scope.split() if s not in self.withheld)
        access, refresh = self.sign_access(user, scope=granted, azp=client), f"{SENTINEL}-refresh-{next(self._numbers)}"
        self.live[refresh] = (user, scope)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": LIFETIME, "refresh_token": refresh}
        if self.says_scope:
            answer["scope"] = granted
        if nonce is not None and "openid" in scope.split():
            claims = {"sub": f"sub-of-{user}", "preferred_username": user, "nonce": nonce, "at_hash": at_hash(access), **self.claims}
            answer["id_token"] = self.sign({"aud": client, **claims})
        return answer

    def sign(self, claims: dict[str, Any], *, key: str | None = None, **headers: str) -> str:
        now = int(time.time())
        whole = {"iss": self.issuer, "iat": now, "exp": now + LIFETIME, **claims}
        whole = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(whole, signing_key(key or self.key), algorithm="RS256", headers={"kid": key or self.key, **headers})

    def sign_access(self, user: str = "ci", **claims: Any) -> str:
        whole = {"sub": f"sub-of-{user}", "preferred_username": user, "typ": "Bearer", "jti": f"{SENTINEL}-{next(self._numbers)}", **claims}
        return self.sign(whole)

    def _userinfo(self, headers: dict[str, str]) -> Answer:
        user = self.user_of(headers)
        return json_answer({"sub": f"sub-of-{user}", "preferred_username": user, **self.secret_of_user}, 200 if user else 401)

    def user_of(self, headers: dict[str, str]) -> str | None:
        try:
            bearer = headers.get("authorization", "").removeprefix("Bearer ")
            return str(jwt.decode(bearer, signing_key(self.key).public_key(), algorithms=["RS256"])["preferred_username"])
        except jwt.PyJWTError:
            return None

    def _instance_logout(self, headers: dict[str, str]) -> Answer:
        return (204, {}, b"") if self.user_of(headers) else (401, {}, b"")

    def _revoke(self, form: dict[str, str], headers: dict[str, str]) -> Answer:
        if self._client(form, headers) is None:
            return json_answer({"error": "invalid_client"}, 401)
        self.live.pop(form["token"], None)
        self.revoked.append(form["token"])
        return 200, {}, b""

    def _log_out(self, form: dict[str, str], headers: dict[str, str]) -> Answer:
        if "refresh_token" in form and self._client(form, headers) and self.live.pop(form["refresh_token"], None):
            return 204, {}, b""
        if "id_token_hint" in form:
            return 200, {"Content-Type": "text/html"}, b"<html>You are logged out"
        return json_answer({"error": "invalid_grant", "error_description": "Invalid refresh token"}, 400)

    # The person.

    def browser(self, url: str) -> None:
        """Log in and follow the answer, as a user agent's ``open_browser``."""
        with httpx.Client(timeout=60, follow_redirects=True) as browser:
            browser.get(url)

    def approve(self, url: str) -> str:
        """Log in, and return the address that the browser is sent to."""
        return str(httpx.get(url, timeout=60).headers["location"])


def at_hash(access_token: str) -> str:
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    provider: OidcServer

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        sent = parse_qs(body, keep_blank_values=True)
        form = {name: values[0] for name, values in sent.items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, more, content = self.provider.answer(self.command, parts.path, query, form, headers)
        if any(len(values) > 1 for values in sent.values()):
            status, more, content = json_answer({"error": "invalid_request", "error_description": "duplicated parameter"}, 400)
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(content)

    do_GET = do_POST = _serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def running_oidc_server() -> Iterator[OidcServer]:
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider = handler.provider = OidcServer(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
