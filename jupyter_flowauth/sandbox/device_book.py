"""Device codes in circulation (RFC 8628): who asked for what, what the person said, and how often it was asked since."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from .authorize import AuthorizeRequest
from .catalogue import Client
from .grants import validate_verifier
from .ledger import Grant
from .refusals import TokenRefusal

DEVICE_PREFIX = "sbxdevice_"
# RFC 8628 6.1: no vowels, so that no code is a word.
_LETTERS, _LETTERS_IN_A_CODE = "BCDFGHJKLMNPQRSTVWXZ", 8
_SLOW_DOWN_SECONDS = 5.0


@dataclass(slots=True)
class DeviceRequest:
    """One device authorization request, and what became of it.

    :param interval: the least seconds between two token requests; it grows with every one that comes too early.
    :param grant: what the person allowed; None as long as nothing was, or after *Deny*.
    """

    request: AuthorizeRequest
    user_code: str
    expires_at: float
    interval: float
    last_asked_at: float = 0.0
    is_decided: bool = False
    was_used: bool = False
    grant: Grant | None = field(default=None, repr=False)


def normalize_user_code(text: str) -> str:
    """Return the letters of what a person typed, however they spaced it."""
    return "".join(character for character in text.upper() if character in _LETTERS)


class DeviceBook:
    """The device codes of one sandbox; their texts are its keys, never fields."""

    def __init__(self) -> None:
        self._requests: dict[str, DeviceRequest] = {}

    def __repr__(self) -> str:
        return f"<DeviceBook: {len(self._requests)} device codes>"

    def add(self, request: AuthorizeRequest, *, expires_at: float, interval: float) -> tuple[str, DeviceRequest]:
        """Return a new device code and what it stands for."""
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_LETTERS_IN_A_CODE))
        device_code = DEVICE_PREFIX + secrets.token_urlsafe(32)
        self._requests[device_code] = DeviceRequest(request, f"{letters[:4]}-{letters[4:]}", expires_at, interval)
        return device_code, self._requests[device_code]

    def find_open(self, user_code: str, *, now: float) -> DeviceRequest | None:
        """Return the request that a person's code means, if it still waits for them."""
        wanted = normalize_user_code(user_code)
        matching = (one for one in self._requests.values() if normalize_user_code(one.user_code) == wanted)
        return next((one for one in matching if not one.is_decided and one.expires_at > now), None)

    def decide(self, user_code: str, grant: Grant | None, *, now: float) -> bool:
        """Write down what the person said; False if there is nothing to decide any more."""
        found = self.find_open(user_code, now=now)
        if found is None:
            return False
        found.is_decided, found.grant = True, grant
        return True

    def redeem(self, device_code: str, client: Client, code_verifier: str | None, *, now: float) -> tuple[Grant, bool]:
        """Return what the person allowed, and whether it was handed out before: the caller revokes it then.

        :raises TokenRefusal: as RFC 8628 3.5 says, each in its case.
        """
        found = self._requests.get(device_code)
        if found is None or found.request.client.client_id != client.client_id:
            raise TokenRefusal("invalid_grant", "No such device code")
        validate_verifier(code_verifier, found.request.code_challenge)
        if found.is_decided and found.was_used and found.grant is not None:
            return found.grant, True
        if found.expires_at <= now:
            raise TokenRefusal("expired_token", "The device code has expired")
        self._keep_the_interval(found, now)
        if not found.is_decided:
            raise TokenRefusal("authorization_pending", "Nobody has answered yet")
        if found.grant is None:
            raise TokenRefusal("access_denied", "The user did not agree")
        found.was_used = True
        return found.grant, False

    def _keep_the_interval(self, found: DeviceRequest, now: float) -> None:
        """Refuse who asks too often: from then on the interval is five seconds longer."""
        last, found.last_asked_at = found.last_asked_at, now
        if last and now - last < found.interval:
            found.interval += _SLOW_DOWN_SECONDS
            raise TokenRefusal("slow_down", "Too often")
