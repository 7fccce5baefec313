"""A provider that offers device codes, and somebody who enters them, in time that passes only while somebody waits."""

from __future__ import annotations

from jupyter_flowauth.code_grant import AuthorizationRequest
from jupyter_flowauth.deadline import Deadline
from jupyter_flowauth.device_grant import DeviceAuthorization
from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.login import Login
from jupyter_flowauth.pkce import build_code_challenge
from jupyter_flowauth.records import DeviceCode
from jupyter_flowauth.scopes import parse_scope_string
from jupyter_flowauth.tokens import TokenResponse
from jupyter_flowauth.user_agents.device import DeviceUserAgent
from tests.fakes.clock import FixedClock
from tests.fakes.provider import ISSUER, SENTINEL, FakeProvider, identity_of
from tests.fakes.world import World


class DeviceFakeProvider(FakeProvider):
    """The fake provider with a device endpoint that checks the client: code, verifier, intervals."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self.clock, self.started_at = clock, clock.now()
        self.answers: list[BaseException] = []  # what comes before the tokens
        self.start_refusal: ProviderError | None = None
        self.asked_at: list[float] = []
        self.user, self.lives = "alice", 60.0
        self.device: DeviceAuthorization | None = None
        self.authorization: AuthorizationRequest | None = None

    def why_no_device(self) -> str:
        return ""

    def start_device_login(self, request: AuthorizationRequest, *, now: float) -> DeviceAuthorization:
        self._request("device")
        if self.start_refusal is not None:
            raise self.start_refusal
        number = self.sent.count("device")
        self.authorization, self.started_at = request, now
        self.device = DeviceAuthorization(DeviceCode(f"CODE-{number}", f"{ISSUER}/device", "", now + self.lives), f"{SENTINEL}-device", 5)
        return self.device

    def poll_device_login(self, device_code: str, *, request: AuthorizationRequest, code_verifier: str, now: float) -> TokenResponse:
        self._request("poll")
        self.asked_at.append(now - self.started_at)
        assert self.device is not None
        assert self.authorization is not None
        if device_code != self.device.device_code or build_code_challenge(code_verifier) != self.authorization.code_challenge:
            raise ProviderError("Wrong code or verifier.", error="invalid_grant", status=400)
        if self.answers:
            raise self.answers.pop(0)
        scopes = tuple(r.scope for r in parse_scope_string(self.authorization.scope))
        return TokenResponse(self.issue(scopes, now=now), identity_of(self.user), f"{SENTINEL}-id-token")


class PassingClock(FixedClock):
    """A clock that moves while somebody waits by it."""

    stands_still = False


class PassingDeadline(Deadline):
    """A deadline whose waits take no time but the clock's."""

    def pause(self, seconds: float) -> None:
        super().pause(0)
        clock = self._clock
        if isinstance(clock, PassingClock) and not clock.stands_still:
            clock.advance(seconds)


class DeviceWorld(World):
    """A world whose person is asked by a device code."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = PassingClock()
        self.provider = DeviceFakeProvider(self.clock)
        self.agent = DeviceUserAgent(self.presenter)  # type: ignore[assignment]
        self.held = self.notebook()

    def build_login(self, *scopes: str, force: bool = False, timeout: float | None = None, **changes: object) -> Login:
        login = super().build_login(*scopes, force=force, timeout=timeout, **changes)
        login.deadline = PassingDeadline(self.clock, login.timeout_seconds)
        return login
