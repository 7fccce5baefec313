"""``globus_sdk.UserApp`` on our card and our tokens: two settings of its ``GlobusAppConfig``, and nothing else of the program changes.

::

    config = GlobusAppConfig(
        login_flow_manager=NotebookLoginFlowManager, token_storage=SharedTokenStorage, request_refresh_tokens=True
    )
    app = UserApp("my-app", client_id=..., config=config)

The app's own validators stay on. What it refreshes is refreshed by our transaction: one request, whoever else asks at that moment.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import globus_sdk
import requests
from globus_sdk.login_flows import LoginFlowManager
from globus_sdk.token_storage import TokenStorage, TokenStorageData

from ..auth import FlowAuth, auth_for_globus_client
from ..errors import LoginRequired, ProviderError
from ..refresh import LOCK_TIMEOUT_SECONDS, is_due
from ..tokens import Account, AccountKey, Identity, Token

if TYPE_CHECKING:
    from globus_sdk.gare import GlobusAuthorizationParameters
    from globus_sdk.globus_app import GlobusAppConfig

DUE_SECONDS = 60.0
_HANDED_OUT: dict[str, tuple[str, ...]] = {}


class SharedTokenStorage(TokenStorage):
    """The tokens of our notebooks as a token storage of the SDK's: what one of them logs in to, the other holds too.

    :param auth: whose tokens these are.
    """

    def __init__(self, auth: FlowAuth, *, namespace: str = "DEFAULT") -> None:
        if namespace != "DEFAULT":
            raise globus_sdk.GlobusSDKUsageError("SharedTokenStorage has one namespace, for its tokens are shared: leave it 'DEFAULT'")
        super().__init__(namespace=namespace)
        self.auth = auth

    @classmethod
    def for_globus_app(cls, client_id: uuid.UUID | str, app_name: str, config: GlobusAppConfig, namespace: str) -> SharedTokenStorage:
        """Return the storage of an app: the one of its client id, and so the one of the notebooks that use it."""
        return cls(auth_for_globus_client(str(client_id)), namespace=namespace)

    def get_token_data_by_resource_server(self) -> dict[str, TokenStorageData]:
        """Return the best token for each resource server, renewed if it is due."""
        account = self.auth.held.account()
        chosen = choose_tokens(account) if account else {}
        return {server: self._to_data(account, self._renewed(token)) for server, token in chosen.items() if account}

    def _renewed(self, token: Token) -> Token:
        if token.refresh_token and token.scopes and is_due(token, DUE_SECONDS, now=time.time()):
            # Not renewed now: the app gets what is held, and its own validators say what they think of it.
            with contextlib.suppress(LoginRequired, ProviderError):
                return self.auth.held.token(token.scopes[0], min_valid=DUE_SECONDS)
        return token

    def _to_data(self, account: Account, token: Token) -> TokenStorageData:
        _remember_handed_out(token)
        return TokenStorageData(
            resource_server=token.resource_server or "",
            identity_id=account.identity.sub,
            scope=" ".join(token.scopes),
            access_token=token.access_token,
            refresh_token=token.refresh_token,
            expires_at_seconds=int(token.expires_at_seconds or 0),
            token_type=token.token_type,
        )

    def store_token_data_by_resource_server(self, token_data_by_resource_server: Mapping[str, TokenStorageData]) -> None:
        """Keep tokens beside those held already; what is held already stays as it is."""
        current = self.auth.held.account()
        for sub, tokens in _group_by_identity(token_data_by_resource_server, current).items():
            key = AccountKey(self.auth.provider.registration, sub)
            with self.auth.storage.transaction(key, timeout_seconds=LOCK_TIMEOUT_SECONDS) as transaction:
                account = transaction.account or Account(key, Identity(sub, sub), self.auth.provider.name, logged_in_at_seconds=time.time())
                held = {token.fingerprint for token in account.tokens}
                if new := [token for token in tokens if token.fingerprint not in held]:
                    transaction.write(account.with_tokens(new))

    def remove_token_data(self, resource_server: str) -> bool:
        """Forget every token of a resource server; return whether there was one."""
        account = self.auth.held.account()
        if account is None:
            return False
        with self.auth.storage.transaction(account.key, timeout_seconds=LOCK_TIMEOUT_SECONDS) as transaction:
            current = transaction.account or account
            kept = tuple(token for token in current.tokens if token.resource_server != resource_server)
            if len(kept) == len(current.tokens):
                return False
            transaction.write(replace(current, tokens=kept))
        return True


def choose_tokens(account: Account) -> dict[str, Token]:
    """Return, for each resource server, the token with the most scopes; of equals the newest."""
    chosen: dict[str, Token] = {}
    for token in account.tokens:
        server = token.resource_server
        if server and (server not in chosen or len(token.scopes) >= len(chosen[server].scopes)):
            chosen[server] = token
    return chosen


def _group_by_identity(data: Mapping[str, TokenStorageData], current: Account | None) -> dict[str, list[Token]]:
    groups: dict[str, list[Token]] = {}
    for one in data.values():
        sub = one.identity_id or (current.identity.sub if current else None)
        if sub is None:
            raise globus_sdk.GlobusSDKUsageError("these tokens don't say whose they are; ask for the scope 'openid' with them")
        groups.setdefault(sub, []).append(
            Token(
                access_token=one.access_token,
                scopes=tuple(one.scope.split()),
                resource_server=one.resource_server,
                expires_at_seconds=float(one.expires_at_seconds),
                obtained_at_seconds=time.time(),
                refresh_token=one.refresh_token,
            )
        )
    return groups


def _remember_handed_out(token: Token) -> None:
    """Remember what a refresh token was for: by the time an app presents it, another process may have rotated it away."""
    if token.refresh_token:
        _HANDED_OUT[_digest(token.refresh_token)] = token.scopes


def _digest(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()


class NotebookLoginFlowManager(LoginFlowManager):
    """Logs an app's user in through our card, wherever that fits: in a notebook, a terminal, a script on a desktop."""

    def __init__(self, login_client: globus_sdk.AuthLoginClient, *, auth: FlowAuth, request_refresh_tokens: bool = True) -> None:
        super().__init__(login_client, request_refresh_tokens=request_refresh_tokens)
        self.auth = auth

    @classmethod
    def for_globus_app(cls, app_name: str, login_client: globus_sdk.AuthLoginClient, config: GlobusAppConfig) -> NotebookLoginFlowManager:
        """Return the manager of an app. What the app's client refreshes from now on, our transaction refreshes."""
        auth = auth_for_globus_client(str(login_client.client_id), getattr(login_client, "client_secret", None))
        manager = cls(login_client, auth=auth, request_refresh_tokens=config.request_refresh_tokens)
        refresh = _build_refresh(auth, login_client, login_client.oauth2_refresh_token)
        login_client.oauth2_refresh_token = refresh  # type: ignore[method-assign]  # the SDK has no other place to hook a refresh in
        return manager

    def run_login_flow(self, auth_parameters: GlobusAuthorizationParameters) -> globus_sdk.OAuthTokenResponse:
        """Log in, and return the tokens as the SDK's own exchange would.

        :raises LoginDenied, LoginTimeout, InteractionRequired, IdentityMismatch, ProviderError: as it ended.
        """
        scopes = list(auth_parameters.required_scopes or [])
        parameters = build_session_parameters(auth_parameters)
        # An app that asks for what is held means "again".
        force = bool(parameters) or not self.auth.missing(scopes)
        self.auth.login(scopes, force=force, parameters=parameters)
        account = self.auth.held.account()
        if account is None:
            raise LoginRequired("the tokens were removed while the app took them; log in again")
        return build_token_response(account, self.login_client)


def build_session_parameters(auth_parameters: GlobusAuthorizationParameters) -> dict[str, str]:
    """Return what a Globus Authorization Requirements Error asks for besides scopes, as parameters of an authorization request."""
    found: dict[str, str] = {}
    for name in ("session_required_identities", "session_required_single_domain", "session_required_policies"):
        if values := getattr(auth_parameters, name):
            found[name] = ",".join(map(str, values))
    if auth_parameters.session_required_mfa is not None:
        found["session_required_mfa"] = str(auth_parameters.session_required_mfa)
    for name in ("session_message", "prompt"):
        if value := getattr(auth_parameters, name):
            found[name] = str(value)
    return found


def build_token_response(account: Account, login_client: globus_sdk.AuthLoginClient) -> globus_sdk.OAuthTokenResponse:
    """Return what is held as the answer of a code exchange."""
    first, *others = [_to_answer(token) for token in choose_tokens(account).values()]
    answer = {**first, "other_tokens": others, **({"id_token": account.id_token} if account.id_token else {})}
    return globus_sdk.OAuthAuthorizationCodeResponse(_to_http_response(answer), login_client)


def _to_answer(token: Token) -> dict[str, Any]:
    _remember_handed_out(token)
    return {
        "access_token": str(token.access_token),
        "scope": " ".join(token.scopes),
        "resource_server": token.resource_server,
        "expires_in": max(0, int((token.expires_at_seconds or 0) - time.time())),
        "token_type": token.token_type,
        **({"refresh_token": str(token.refresh_token)} if token.refresh_token else {}),
    }


def _to_http_response(answer: dict[str, Any]) -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response.headers["Content-Type"] = "application/json"
    response._content = json.dumps(answer).encode()
    return response


def _build_refresh(
    auth: FlowAuth, login_client: globus_sdk.AuthLoginClient, refresh_alone: Callable[..., globus_sdk.OAuthRefreshTokenResponse]
) -> Callable[..., globus_sdk.OAuthRefreshTokenResponse]:
    """Return a replacement of ``oauth2_refresh_token`` that shares one refresh with everybody who holds the same tokens."""

    def refresh(refresh_token: str, *, body_params: dict[str, Any] | None = None) -> globus_sdk.OAuthRefreshTokenResponse:
        scopes = _HANDED_OUT.get(_digest(refresh_token))
        account = auth.held.account()
        held = account.token_for(scopes[0]) if account and scopes else None
        if held is None or not scopes or body_params:
            return refresh_alone(refresh_token, body_params=body_params)  # not one of ours
        if held.refresh_token == refresh_token:
            auth.held.replace_refused(scopes[0], held)
        renewed = auth.held.token(scopes[0], min_valid=DUE_SECONDS)
        return globus_sdk.OAuthRefreshTokenResponse(_to_http_response({**_to_answer(renewed), "other_tokens": []}), login_client)

    return refresh
