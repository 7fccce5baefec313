"""One person, asked in the first way that works here."""

from __future__ import annotations

from dataclasses import replace

from .code_grant import AuthorizationResponse, validate_authorization_response
from .deadline import Deadline
from .device_grant import DeviceAuthorization, validate_may_use_device
from .device_login import wait_for_device
from .errors import ConfigurationError, ProviderError
from .login_context import LoginContext
from .ports import DeviceProvider, UserAgent
from .records import LoginRequest, Secrets
from .tokens import TokenResponse

DEVICE = "device"


class Asking:
    """How one login is shown and answered. A user agent that can't be used here after all gives way to the next one.

    :param missing: the bare scopes that are asked for.
    :param agent: the user agent that was chosen first.
    """

    def __init__(self, context: LoginContext, missing: tuple[str, ...], agent: UserAgent, deadline: Deadline) -> None:
        self.agent = agent
        self._context, self._missing, self._deadline = context, missing, deadline
        self._tried: dict[str, str] = {}
        self._device: DeviceAuthorization | None = None

    def show(self, request: LoginRequest) -> LoginRequest:
        """Show a login that was left in the rendezvous; return it as it was shown.

        :raises ConfigurationError, InteractionRequired: if no way is left.
        :raises ProviderError: if no device code is to be had.
        """
        while True:
            try:
                shown = self._prepare(request)
                self.agent.show(shown)
            except ConfigurationError as error:
                request = self._take_next(request, error)
            else:
                return shown

    def _take_next(self, request: LoginRequest, error: ConfigurationError) -> LoginRequest:
        """Choose the next user agent, and return the request for it."""
        self._tried[self.agent.name] = error.message
        agent = self._context.choose_user_agent(self._missing, self._context.presenter, self._tried)
        if agent.name in self._tried:
            raise error
        self.agent = agent
        return replace(request, user_agent=self.agent.name, device=None)

    def _prepare(self, request: LoginRequest) -> LoginRequest:
        """Return the request as this user agent shows it, and leave it so for everybody else to see."""
        self._device = self._start_device(request) if self.agent.name == DEVICE else None
        if self._device is not None:
            code = self._device.shown
            ends = min(request.expires_at_seconds, code.expires_at_seconds)
            request = replace(request, device=code, expires_at_seconds=ends)
            self._deadline.end_within(code.expires_at_seconds - self._context.clock.now())
        if self._tried or self._device:
            self._context.rendezvous.open_request(request)
        return request

    def _start_device(self, request: LoginRequest) -> DeviceAuthorization:
        provider = self._device_provider()
        try:
            return provider.start_device_login(request.authorization, now=self._context.clock.now())
        except ProviderError as error:
            validate_may_use_device(error)
            raise

    def _device_provider(self) -> DeviceProvider:
        provider = self._context.provider
        if isinstance(provider, DeviceProvider):
            return provider
        raise ConfigurationError(f"{provider.title} offers no device codes; log in another way")

    def wait(self, request: LoginRequest, secrets: Secrets) -> TokenResponse:
        """Return what the person's answer is good for.

        :raises LoginDenied, LoginTimeout, StateMismatch, ProviderError: as it ended.
        :raises ConfigurationError, InteractionRequired: if no way is left.
        """
        while True:
            try:
                answer = self._answer(request, secrets)
            except ConfigurationError as error:
                request = self.show(self._take_next(request, error))
            else:
                return answer if isinstance(answer, TokenResponse) else self._exchange(request, answer, secrets)

    def _answer(self, request: LoginRequest, secrets: Secrets) -> AuthorizationResponse | TokenResponse:
        if self._device is None:
            return self.agent.wait(request, self._deadline)
        return wait_for_device(
            self._device_provider(),
            self._device,
            request=request.authorization,
            code_verifier=secrets.code_verifier,
            patience=self._deadline,
            is_cancelled=lambda: self._is_cancelled(request),
            now=self._context.clock.now,
        )

    def _is_cancelled(self, request: LoginRequest) -> bool:
        response = self._context.rendezvous.take_response(request.login_id)
        return response is not None and response.error == "cancelled"

    def _exchange(self, request: LoginRequest, response: AuthorizationResponse, secrets: Secrets) -> TokenResponse:
        code = validate_authorization_response(request.authorization, response)
        return self._context.provider.exchange_code(
            request=request.authorization,
            code=code,
            code_verifier=secrets.code_verifier,
            redirect_uri=response.redirect_uri,
            nonce=secrets.nonce,
            now=self._context.clock.now(),
        )
