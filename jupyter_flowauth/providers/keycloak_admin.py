"""A service account in a Keycloak realm, set up through its admin API with the token of somebody who may do that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

from ..errors import ConfigurationError, ProviderError
from ..secret import Secret
from .bounded_http import HttpAnswer, send
from .service_token import SERVICE_ACCOUNT_CLAIM

_REALMS = "/realms/"
_WHY = {
    401: "the admin's token was refused: log in again as somebody who may manage this realm's clients",
    403: "this account may not do that: it needs the role manage-clients of realm-management in this realm",
    404: "there is no such realm, or no admin API, at this address",
}


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A client that was set up, with the secret that it proves itself with.

    :param own_id: the realm's own name for it.
    """

    client_id: str
    own_id: str
    client_secret: str = field(repr=False)


class RealmAdmin:
    """The admin API of one realm.

    :param issuer: the realm's address, ``https://host/realms/NAME``.
    :param access_token: of somebody with the role ``manage-clients`` of ``realm-management``.
    :raises ConfigurationError: if the issuer is no Keycloak realm's address.
    """

    def __init__(self, issuer: str, access_token: str) -> None:
        base, realms, realm = issuer.rpartition(_REALMS)
        if not realms or not realm or "/" in realm:
            raise ConfigurationError(f"{issuer} is not the address of a Keycloak realm (https://HOST/realms/NAME), so nothing was set up")
        self._url = f"{base}/admin/realms/{realm}"
        self._bearer = Secret(f"Bearer {access_token}")

    def create_service_account(
        self, client_id: str, *, claim: str = SERVICE_ACCOUNT_CLAIM, scopes: Iterable[str] = (), lifetime_seconds: int | None = None
    ) -> ServiceAccount:
        """Set a client up that acts for itself, and whose tokens carry the mark of a service account. All of it, or nothing.

        :param claim: the mark, with dots for what is nested.
        :param scopes: client scopes of the realm that it may ask for.
        :param lifetime_seconds: how long its tokens are good; None for the realm's own setting.
        :raises ProviderError: if the realm refuses, has that client already, or has no such scope.
        """
        made = self._find_scopes(scopes)
        answer = self._send("POST", "/clients", build_client(client_id, claim=claim, lifetime_seconds=lifetime_seconds))
        if answer.status == 409:
            raise ProviderError(f"the realm has a client {client_id} already; nothing was changed; choose another name", status=409)
        self._judge(answer, 201)
        own_id = (answer.header("location") or "").rstrip("/").rpartition("/")[2]
        try:
            return self._finish(client_id, own_id, made)
        except BaseException:  # an interrupt, too
            self.remove(own_id)
            raise

    def remove(self, own_id: str) -> None:
        """Remove a client again.

        :param own_id: the realm's own name for it.
        :raises ProviderError: if the realm can't be reached.
        """
        self._send("DELETE", f"/clients/{quote(own_id, safe='')}")

    def _finish(self, client_id: str, own_id: str, scope_ids: Iterable[str]) -> ServiceAccount:
        path = f"/clients/{quote(own_id, safe='')}"
        for scope_id in scope_ids:
            self._judge(self._send("PUT", f"{path}/optional-client-scopes/{quote(scope_id, safe='')}"), 204)
        values = self._judge(self._send("GET", f"{path}/client-secret"), 200).json()
        secret = values.get("value") if isinstance(values, dict) else None
        if not isinstance(secret, str) or not secret:
            raise ProviderError("the realm gave no secret for the new client; it was removed again")
        return ServiceAccount(client_id, own_id, Secret(secret))

    def _find_scopes(self, names: Iterable[str]) -> list[str]:
        wanted = tuple(names)
        if not wanted:
            return []
        listed = self._judge(self._send("GET", "/client-scopes"), 200).json()
        known = {scope.get("name"): scope.get("id") for scope in cast("list[dict[str, Any]]", listed if isinstance(listed, list) else [])}
        if unknown := [name for name in wanted if name not in known]:
            raise ProviderError(f"the realm has no client scope {', '.join(unknown)}; nothing was set up")
        return [str(known[name]) for name in wanted]

    def _send(self, method: str, path: str, value: object = None) -> HttpAnswer:
        headers = {"Authorization": self._bearer, **({} if value is None else {"Content-Type": "application/json"})}
        body = None if value is None else json.dumps(value)
        return send(method, self._url + path, provider="the realm", body=body, headers=headers)

    def _judge(self, answer: HttpAnswer, wanted: int) -> HttpAnswer:
        if answer.status == wanted:
            return answer
        reason = _WHY.get(answer.status, f"it answered with status {answer.status}")
        raise ProviderError(f"the service account could not be set up: {reason}; nothing is left of it there", status=answer.status)


def build_client(client_id: str, *, claim: str, lifetime_seconds: int | None) -> dict[str, Any]:
    """Return a client as Keycloak's admin API takes it: it acts for itself, logs nobody in, and its tokens say what it is."""
    mapper = {
        "name": "service account",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": {
            "claim.name": claim,
            "claim.value": "true",
            "jsonType.label": "boolean",
            "access.token.claim": "true",
            "id.token.claim": "false",
            "userinfo.token.claim": "false",
        },
    }
    return {
        "clientId": client_id,
        "name": client_id,
        "description": "A service account, made by jupyter flowauth service-account create",
        "protocol": "openid-connect",
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "attributes": {} if lifetime_seconds is None else {"access.token.lifespan": str(lifetime_seconds)},
        "protocolMappers": [mapper],
    }
