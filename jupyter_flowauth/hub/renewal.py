"""The Hub's own login, renewed in time: a hook for oauthenticator (17.3 or newer), in the Hub's own process.

By itself an oauthenticator renews a token when the provider refuses it, and so the Hub hands out what has seconds to live, or none. And it
sends one refresh token twice if two requests of a user come at once, over which a provider that rotates them may end the session.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import time
from collections.abc import Mapping
from typing import Any

from ..hub_tokens import read_claims, read_life

# More than the Hub's auth_refresh_age and a user's leeway together: whatever the Hub hands out then is good for a while.
RENEW_BEFORE_SECONDS = 150.0
# Until the Hub has stored it.
_SHARED_SECONDS = 5.0

Attempt = asyncio.Future[dict[str, Any] | None]
_ATTEMPTS: dict[str, Attempt] = {}


async def renew_in_time(authenticator: Any, user: Any, auth_state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the user's renewed login if its token is about to end, else None: then the authenticator goes on as ever.

    For ``c.OAuthenticator.refresh_user_hook``. Who comes with the same refresh token meanwhile, or just after, shares the attempt.
    """
    refresh_token = (auth_state or {}).get("refresh_token")
    if not auth_state or not isinstance(refresh_token, str) or not is_ending(auth_state, now=time.time()):
        return None
    name, loop = hashlib.sha256(refresh_token.encode()).hexdigest(), asyncio.get_running_loop()
    if name not in _ATTEMPTS:
        _ATTEMPTS[name] = asyncio.ensure_future(_renew(authenticator, user.name, refresh_token))
        _ATTEMPTS[name].add_done_callback(lambda _: loop.call_later(_SHARED_SECONDS, _ATTEMPTS.pop, name, None))
    return copy.deepcopy(await asyncio.shield(_ATTEMPTS[name]))


def is_ending(auth_state: Mapping[str, Any], *, now: float) -> bool:
    """Tell whether the token in an ``auth_state`` ends within two and a half minutes (half of its lifetime, if that is less), or has."""
    answer = auth_state.get("token_response")
    values = {**(answer if isinstance(answer, Mapping) else {}), "access_token": auth_state.get("access_token")}
    issued_at = read_claims(str(auth_state.get("id_token") or "")).get("iat")
    life = read_life(values, issued_at)
    return life is not None and life[1] - now < min(RENEW_BEFORE_SECONDS, (life[1] - life[0]) / 2)


async def _renew(authenticator: Any, username: str, refresh_token: str) -> dict[str, Any] | None:
    """Return the renewed login, or None: whether the old token still does is the authenticator's to find out."""
    try:
        params = authenticator.build_refresh_token_request_params(refresh_token)
        answer = await authenticator.get_token_info(None, params)
        # RFC 6749 section 6: "The authorization server MAY issue a new refresh token".
        answer.setdefault("refresh_token", refresh_token)
        renewed: dict[str, Any] = await authenticator._token_to_auth_model(answer)
    except Exception as error:  # noqa: BLE001 - whatever it is: what the Hub does without this hook is still to come
        authenticator.log.warning("The login of %s wasn't renewed: %s", username, type(error).__name__)
        return None
    authenticator.log.info("The login of %s was renewed", username)
    return renewed
