"""``auth_state`` as the Hub's API tells it to a user's own server (JupyterHub's scope ``admin:auth_state!user``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import ProviderError
from ..secret import to_secret
from .bounded_http import send

_TITLE = "the Hub"


class HubApi:
    """The Hub's API, with this server's own token. Asking also has the Hub renew what is due (its ``auth_refresh_age``)."""

    def __init__(self, api_url: str, user: str, api_token: str) -> None:
        self._user, self._address, self._token = user, f"{api_url.rstrip('/')}/users/{quote(user, safe='')}", to_secret(api_token)

    def read_auth_state(self) -> Mapping[str, Any] | None:
        """Return the user's ``auth_state``, or None if the Hub keeps none, or doesn't let this server see it.

        :raises ProviderError: if it can't be asked, or answers about somebody else.
        """
        answer = send("GET", self._address, provider=_TITLE, headers={"Authorization": f"token {self._token}"})
        values = answer.json() if answer.status == 200 else None
        if answer.status not in (200, 401, 403, 404):
            raise ProviderError(f"the Hub answered {answer.status} when it was asked for its login; nothing was lost", status=answer.status)
        if isinstance(values, dict) and values.get("name", self._user) != self._user:
            raise ProviderError("the Hub answered about another user than this server's; nothing of it was taken")
        state = values.get("auth_state") if isinstance(values, dict) else None
        return state if isinstance(state, dict) else None
