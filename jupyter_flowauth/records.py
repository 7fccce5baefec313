"""What kernel, server and card tell each other of one login."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .code_grant import AuthorizationRequest
from .consents import ConsentLine, build_headline
from .tokens import Identity, Registration

PROTOCOL = 1
Outcome = Literal["done", "denied", "cancelled", "timed_out", "failed", "mismatch", "interrupted"]


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One scope as it is shown to a person.

    :param title: what it allows, in words people know.
    :param service: whose it is (*Globus Transfer*).
    """

    scope: str
    title: str
    service: str
    granted: bool = False


@dataclass(frozen=True, slots=True)
class ProcessStamp:
    """A process, told apart from a later one with the same pid.

    :param started_seconds: when it started, as its system counts.
    """

    host: str
    boot_id: str
    pid: int
    started_seconds: float


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person enters on another device (RFC 8628 section 3.2), and where. The device_code, which is the secret, is not among it.

    :param verification_uri_complete: the page with the code filled in, or empty.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_at_seconds: float


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """One login that waits for a person: what the kernel leaves in the rendezvous. Holds the state: for the user's own files only.

    :param user_agent: the name of the user agent that asks; the server serves only logins of its own.
    :param account: the username, email or sub that is wanted, or None.
    :param storage: where the tokens will rest; only logins into the same place can be joined.
    :param scopes: every bare scope that is asked for.
    :param missing: the ones that are shown as missing.
    :param consent: the tree of a deployed flow's consents, where it is those that are asked for again.
    :param device: the code to enter on another device, where that is the way to ask.
    """

    login_id: str
    provider: str
    provider_title: str
    asked_by: Literal["kernel", "server"]
    user_agent: str
    registration: Registration
    account: str | None
    storage: str
    scopes: tuple[str, ...]
    missing: tuple[ScopeLine, ...]
    created_at_seconds: float
    expires_at_seconds: float
    authorization: AuthorizationRequest
    process: ProcessStamp
    server_id: str | None = None
    client_title: str = "This notebook"
    consent: tuple[ConsentLine, ...] = ()
    device: DeviceCode | None = None

    @property
    def headline(self) -> str:
        """What the tree says in one line; empty without one."""
        return build_headline(self.consent)

    @property
    def other_missing(self) -> tuple[ScopeLine, ...]:
        """The missing scopes that the tree doesn't show."""
        shown = {line.scope for line in self.consent}
        return tuple(line for line in self.missing if line.scope not in shown)


@dataclass(frozen=True, slots=True)
class Opening:
    """The newest opening of a login's page in a browser: what its callback must match.

    :param binding_sha256: the hash of the binding cookie's value.
    :param redirect_uri: the URI that the provider was sent.
    """

    login_id: str
    binding_sha256: str
    redirect_uri: str
    opened_at_seconds: float


@dataclass(frozen=True, slots=True)
class LoginResult:
    """How a login ended, fit to be shown: no secret.

    :param scopes: what was granted, of what was asked for as missing.
    :param missing: what was asked for and not granted.
    :param message: one plain sentence.
    """

    login_id: str
    outcome: Outcome
    message: str
    ended_at_seconds: float
    identity: Identity | None = None
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerAnnouncement:
    """A running Jupyter server with our extension, as its kernels find it by ``FLOWAUTH_SERVER_ID``.

    :param base_url: the path prefix (``/user/x/``).
    :param connection_url: an address that reaches it from this machine (``http://localhost:8888/``).
    :param public_url: the configured public address, or None.
    :param note: which way a login takes from there, where that takes saying: on a Hub.
    """

    server_id: str
    process: ProcessStamp
    base_url: str
    connection_url: str
    public_url: str | None = None
    providers: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the asking process keeps of one login: the verifier never leaves its memory, the nonce is what the ID token must repeat."""

    code_verifier: str = field(repr=False)
    nonce: str = field(repr=False)
