"""What the sandbox has issued: codes, access tokens and refresh tokens, and which grant each came from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

# Every secret starts with one of these, so that a test can search files, logs and pages for them.
CODE_PREFIX, ACCESS_PREFIX, REFRESH_PREFIX = "sbxcode_", "sbxaccess_", "sbxrefresh_"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one person allowed one client, once; `sub` is the person's."""

    grant_id: str
    client_id: str
    sub: str
    scopes: tuple[str, ...]
    is_offline: bool
    redirect_uri: str
    auth_time: float
    state: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    code_challenge: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """An authorization code, its grant, and whether it was exchanged."""

    grant: Grant
    expires_at: float
    was_used: bool = False


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access or a refresh token for one resource server; its text is the ledger's key, never a field.

    :param above: for a dependent token, the consented scopes that led to it, the outermost first.
    :param root_client_id: for a dependent token, the client that the consents were given to.
    """

    grant: Grant
    resource_server: str
    scopes: tuple[str, ...]
    issued_at: float
    expires_at: float
    is_retired: bool = False
    above: tuple[str, ...] = ()
    root_client_id: str = ""

    @property
    def consented_client_id(self) -> str:
        """Return the client whose consents this token rests on."""
        return self.root_client_id or self.grant.client_id

    @property
    def family(self) -> tuple[str, str]:
        """Return what this token shares with those that a refresh made from it."""
        return (self.grant.grant_id, self.resource_server)


class Ledger:
    """The codes and tokens in circulation."""

    def __init__(self) -> None:
        self._codes: dict[str, IssuedCode] = {}
        self._access: dict[str, IssuedToken] = {}
        self._refresh: dict[str, IssuedToken] = {}

    def __repr__(self) -> str:
        return f"<Ledger: {len(self._codes)} codes, {len(self._access)} access tokens, {len(self._refresh)} refresh tokens>"

    def issue_code(self, grant: Grant, *, expires_at: float) -> str:
        """Return a new code for a grant."""
        code = CODE_PREFIX + secrets.token_urlsafe(24)
        self._codes[code] = IssuedCode(grant, expires_at)
        return code

    def find_code(self, code: str) -> IssuedCode | None:
        """Return what is known of a code."""
        return self._codes.get(code)

    def spend_code(self, code: str) -> None:
        """Mark a code as used; it stays known, so that a second use can be recognised."""
        self._codes[code] = replace(self._codes[code], was_used=True)

    def issue_access(self, token: IssuedToken) -> str:
        """Return the text of a new access token."""
        text = ACCESS_PREFIX + secrets.token_urlsafe(32)
        self._access[text] = token
        return text

    def issue_refresh(self, token: IssuedToken) -> str:
        """Return the text of a new refresh token."""
        text = REFRESH_PREFIX + secrets.token_urlsafe(32)
        self._refresh[text] = token
        return text

    def find_access(self, text: str, *, now: float) -> IssuedToken | None:
        """Return the access token if it is alive."""
        token = self._access.get(text)
        return token if token is not None and not token.is_retired and token.expires_at > now else None

    def find_refresh(self, text: str) -> IssuedToken | None:
        """Return the refresh token, retired or not; None if it was never issued, or revoked."""
        return self._refresh.get(text)

    def find_any(self, text: str) -> IssuedToken | None:
        """Return an access or a refresh token, alive or not."""
        return self._access.get(text) or self._refresh.get(text)

    def retire_refresh(self, text: str) -> None:
        """Mark a refresh token as rotated away; presenting it again is then a theft."""
        self._refresh[text] = replace(self._refresh[text], is_retired=True)

    def revoke_grant(self, grant_id: str) -> None:
        """Kill everything that one consent led to."""
        self._codes = {text: code for text, code in self._codes.items() if code.grant.grant_id != grant_id or code.was_used}
        self._access = {text: token for text, token in self._access.items() if token.grant.grant_id != grant_id}
        self._refresh = {text: token for text, token in self._refresh.items() if token.grant.grant_id != grant_id}

    def revoke(self, text: str) -> None:
        """Kill a token; with a refresh token goes its family, on this resource server (RFC 7009 2.1)."""
        self._access.pop(text, None)
        refresh = self._refresh.get(text)
        if refresh is not None:
            self._access = {key: token for key, token in self._access.items() if token.family != refresh.family}
            self._refresh = {key: token for key, token in self._refresh.items() if token.family != refresh.family}

    def expire_access_tokens(self) -> None:
        """Make every access token expired, as if its lifetime had passed."""
        self._access = {text: replace(token, expires_at=0) for text, token in self._access.items()}
