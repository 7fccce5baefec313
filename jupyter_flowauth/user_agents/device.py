"""A code to enter on any device with a browser: for a terminal on another machine, a container, a hosted notebook (RFC 8628)."""

from __future__ import annotations

from ..code_grant import AuthorizationResponse
from ..errors import ConfigurationError
from ..ports import Patience, Presenter
from ..records import LoginRequest, LoginResult


class DeviceUserAgent:
    """Shows the page and the code. Who has entered it, the provider knows: the use case asks there."""

    name = "device"

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter

    def show(self, login: LoginRequest) -> None:
        """Show the provider's page, the code and how long it is good for.

        :raises ConfigurationError: if there is no code.
        """
        if login.device is None:
            raise ConfigurationError("there is no device code to show; log in another way")
        self._presenter.show(login, address=login.device.verification_uri, rung="device")

    def wait(self, login: LoginRequest, patience: Patience) -> AuthorizationResponse:
        """Wait for nothing: no answer comes this way.

        :raises ConfigurationError: always.
        """
        raise ConfigurationError("a device login is answered at the provider; log in another way")

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Show how it ended."""
        self._presenter.finish(login, result)
