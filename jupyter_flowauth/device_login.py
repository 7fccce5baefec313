"""The wait for a person who enters a code on another device (RFC 8628 section 3.4)."""

from __future__ import annotations

from collections.abc import Callable

from .clean_errors import CleanErrors
from .code_grant import AuthorizationRequest
from .deadline import LONGEST_TIMEOUT_SECONDS
from .device_grant import LEAST_INTERVAL_SECONDS, DeviceAuthorization, next_interval
from .errors import LoginDenied, ProviderError
from .ports import DeviceProvider, Patience
from .tokens import TokenResponse

# So that *Cancel*, which comes by the rendezvous, is heard between two requests.
LOOK_SECONDS = 0.25
# No login waits for longer, and none asks more often: a provider's mistake can't keep it going.
MOST_REQUESTS = int(LONGEST_TIMEOUT_SECONDS / LEAST_INTERVAL_SECONDS)


def wait_for_device(
    provider: DeviceProvider,
    authorization: DeviceAuthorization,
    *,
    request: AuthorizationRequest,
    code_verifier: str,
    patience: Patience,
    is_cancelled: Callable[[], bool],
    now: Callable[[], float],
) -> TokenResponse:
    """Return the tokens once the person has entered the code and agreed.

    :param request: what was asked for.
    :param is_cancelled: whether the login was called off from elsewhere.
    :raises LoginTimeout: when the deadline has passed, or the code has expired.
    :raises LoginDenied: if the person said no, or called it off.
    :raises ConfigurationError: if this client may not log in that way.
    :raises ProviderError: if the provider refuses otherwise. What is merely unreachable is asked again, less and less often.
    """
    interval, last = authorization.interval_seconds, None
    for _ in range(MOST_REQUESTS):
        _pause(interval, patience, is_cancelled)
        try:
            return provider.poll_device_login(authorization.device_code, request=request, code_verifier=code_verifier, now=now())
        except ProviderError as error:
            last = error
        with CleanErrors():
            interval = next_interval(interval, last)
    raise ProviderError("the provider never said how the login ended; nothing was kept; run it again") from None


def _pause(seconds: float, patience: Patience, is_cancelled: Callable[[], bool]) -> None:
    while seconds > 0:
        patience.pause(min(seconds, LOOK_SECONDS))
        if is_cancelled():
            raise LoginDenied(
                "the login was cancelled; what was held before is still held; run it again to be asked again", error="cancelled"
            )
        seconds -= LOOK_SECONDS
