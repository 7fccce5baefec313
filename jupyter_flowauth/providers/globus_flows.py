"""Globus Flows, its action providers and the consents at Auth, through ``globus_sdk``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..authorizers import AuthorizerLike
from ..code_grant import is_loopback_url, validate_endpoint
from ..consents import Path
from ..errors import ProviderError, ScopesMissing
from ..flow_needs import ALL_FLOWS, RUN_STATUS, VIEW_FLOWS, ActionProvider, FlowDocument, RunDocument, clean_words, flow_scope
from .bounded_http import send
from .globus import REQUEST_SECONDS
from .oauth_answers import network_error

if TYPE_CHECKING:
    import globus_sdk

Client = TypeVar("Client")
ACTIONS_URL_VARIABLE = "FLOWAUTH_SERVICE_URL_ACTIONS"
_ASKED_AT_ONCE = 8
_STATE_CONFLICT = 409
_REASONS = {404: "does not exist, or you may not see it", 403: "is not yours to see", 401: "needs a new login"}
_WHO = "see as whom you are logged in: %whoami"
_NEXT_STEPS = {404: f"check the id, and {_WHO}", 403: _WHO, 401: "log in again: %logout, then %login"}


class GlobusFlows:
    """The Flows service as the person who is logged in. Its clients are kept, and so are their connections.

    :param authorizers: the live mapping.
    :param identity: returns the subject of who is logged in, whose consents are read.
    """

    def __init__(self, authorizers: Mapping[str, AuthorizerLike], identity: Callable[[], str | None]) -> None:
        self._authorizers, self._identity = authorizers, identity
        self._clients: dict[tuple[str, ...], Any] = {}

    def read_flow(self, flow_id: str) -> FlowDocument:
        """Return a flow with its definition.

        :raises ScopesMissing: without a ``view_flows`` token.
        :raises ProviderError: if there is no such flow for this person, or the service fails.
        """
        client = self._flows_client(VIEW_FLOWS, ALL_FLOWS)
        answer = _ask(lambda: client.get_flow(flow_id), f"the flow {flow_id}")
        return FlowDocument(
            flow_id=flow_id,
            title=clean_words(answer.get("title")) or flow_id,
            updated_at=str(answer.get("updated_at") or answer.get("created_at") or ""),
            definition=answer["definition"] if isinstance(answer.get("definition"), dict) else {},
        )

    def ask_action_providers(self, urls: tuple[str, ...]) -> Mapping[str, ActionProvider]:
        """Return how action providers introspect, by address, asked a few at a time; no token is sent."""
        if not urls:
            return {}
        with ThreadPoolExecutor(max_workers=min(_ASKED_AT_ONCE, len(urls))) as pool:
            return dict(zip(urls, pool.map(ask_action_provider, urls), strict=True))

    def granted_paths(self) -> frozenset[Path]:
        """Return every consent granted to this client, as paths of scopes. Any Auth token may read them (``all=False``).

        :raises ScopesMissing: without one.
        :raises ProviderError: if they can't be read.
        """
        sub = self._identity()
        if sub is None:
            return frozenset()
        client = self._auth_client()
        return build_paths(_ask(lambda: client.get_consents(sub, all=False), "what you have consented to").get("consents"))

    def start_run(self, flow_id: str, body: Mapping[str, Any], options: Mapping[str, Any]) -> RunDocument:
        """Start a run. The SDK's retries are off: a start whose answer was lost may have been a start."""
        client = self._specific_client(flow_id)
        answer = self._once(flow_id, lambda: client.run_flow(dict(body), **options), f"the flow {flow_id}")
        return _to_run(answer)

    def resume_run(self, flow_id: str, run_id: str) -> None:
        """Go on with a run that is INACTIVE; one that somebody else has resumed is no error."""
        import globus_sdk

        client = self._specific_client(flow_id)
        try:
            self._once(flow_id, lambda: client.resume_run(run_id), f"the run {run_id}")
        except globus_sdk.GlobusAPIError as error:
            if error.http_status != _STATE_CONFLICT:
                raise

    def read_run(self, flow_id: str, run_id: str) -> RunDocument:
        """Return how a run is doing. The flow's own token will do where there is none of ``run_status``.

        :raises ScopesMissing: without either.
        :raises ProviderError: if there is no such run for this person, or the service fails.
        """
        client = self._flows_client(RUN_STATUS, ALL_FLOWS, flow_scope(flow_id))
        return _to_run(_ask(lambda: client.get_run(run_id), f"the run {run_id}"))

    def specific_flow_client(self, flow_id: str) -> globus_sdk.SpecificFlowClient:
        """Return the SDK's client for one flow, with the SDK's own settings."""
        import globus_sdk

        return globus_sdk.SpecificFlowClient(flow_id, authorizer=_accepted(self._authorizers[flow_scope(flow_id)]))

    def _once(self, flow_id: str, send: Callable[[], Any], what: str) -> Mapping[str, Any]:
        """Return what a request answers that must not be repeated, except with a fresh token where the old one was not taken (401)."""
        import globus_sdk

        try:
            try:
                return _document(send())
            except globus_sdk.GlobusAPIError as error:
                if error.http_status != 401 or not self._authorizers[flow_scope(flow_id)].handle_missing_authorization():
                    raise
            return _document(send())
        except globus_sdk.GlobusAPIError as error:
            if error.http_status != 404:
                raise
            raise ProviderError(f"{what} {_REASONS[404]}; nothing was started; {_NEXT_STEPS[404]}", status=404) from None
        except globus_sdk.NetworkError:
            raise ProviderError(
                f"Globus Flows did not answer for {what}, and may have done what was asked; look at your runs before you try again"
            ) from None

    def _flows_client(self, *scopes: str) -> globus_sdk.FlowsClient:
        import globus_sdk

        return self._client(scopes, lambda authorizer, options: globus_sdk.FlowsClient(authorizer=authorizer, **options))

    def _auth_client(self) -> globus_sdk.AuthClient:
        import globus_sdk

        scopes = ("openid", "profile", "email")
        return self._client(scopes, lambda authorizer, options: globus_sdk.AuthClient(authorizer=authorizer, **options))

    def _specific_client(self, flow_id: str) -> globus_sdk.SpecificFlowClient:
        import globus_sdk

        def build(authorizer: Any, options: dict[str, Any]) -> globus_sdk.SpecificFlowClient:
            return globus_sdk.SpecificFlowClient(flow_id, authorizer=authorizer, **options)

        return self._client((flow_scope(flow_id),), build, retries=0)

    def _client(self, scopes: tuple[str, ...], build: Callable[[Any, dict[str, Any]], Client], *, retries: int = 1) -> Client:
        """Return the client that sends the token of the first of several scopes that is held; made once.

        :raises ScopesMissing: if none is held.
        """
        from globus_sdk.transport import RequestsTransport, RetryConfig

        authorizer = FirstHeld(self._authorizers, scopes)
        authorizer.find()
        if scopes not in self._clients:
            options = {"transport": RequestsTransport(http_timeout=REQUEST_SECONDS), "retry_config": RetryConfig(max_retries=retries)}
            self._clients[scopes] = build(authorizer, options)
        client: Client = self._clients[scopes]
        return client


class FirstHeld:
    """An authorizer that is, at each request, that of the first of several scopes that is held."""

    def __init__(self, authorizers: Mapping[str, AuthorizerLike], scopes: tuple[str, ...]) -> None:
        self._authorizers, self._scopes = authorizers, scopes

    def find(self) -> AuthorizerLike:
        """Return the authorizer.

        :raises ScopesMissing: if none is held.
        """
        held = next((scope for scope in self._scopes if scope in self._authorizers), None)
        if held is None:
            wanted = self._scopes[0]
            raise ScopesMissing(f"reading this takes the scope {wanted}; log in for it: %login {wanted}", missing=(wanted,))
        return self._authorizers[held]

    def get_authorization_header(self) -> str | None:
        """Return its header."""
        return self.find().get_authorization_header()

    def handle_missing_authorization(self) -> bool:
        """Let it react to a 401."""
        return self.find().handle_missing_authorization()


def _accepted(authorizer: AuthorizerLike) -> Any:
    """Return an authorizer as the SDK's annotations want it: it takes anything with the two methods."""
    return authorizer


def _ask(request: Callable[[], Any], what: str) -> Mapping[str, Any]:
    """Return what a service answers to a request that only reads, which the SDK may repeat once.

    :raises ProviderError: with a sentence for 404, for refusals, and for trouble.
    """
    import globus_sdk

    try:
        return _document(request())
    except globus_sdk.GlobusAPIError as error:
        reason = _REASONS.get(error.http_status, f"can't be read now (status {error.http_status})")
        then = _NEXT_STEPS.get(error.http_status, "try again later")
        raise ProviderError(f"{what} {reason}; nothing was changed; {then}", status=error.http_status) from None
    except globus_sdk.NetworkError:
        raise network_error("Globus", "its services") from None


def _document(response: Any) -> Mapping[str, Any]:
    if not isinstance(response.data, dict):
        raise ProviderError("Globus answered something else than JSON; look at its status page, and try again later")
    return response.data


def ask_action_provider(url: str) -> ActionProvider:
    """Return how an action provider introspects. One that can't be asked says so in ``problem``."""
    try:
        document = _introspect(url)
    except ProviderError as error:
        return ActionProvider(url, "", None, str(error))
    scope = document.get("globus_auth_scope")
    if not isinstance(scope, str) or not scope:
        return ActionProvider(url, "", None, "it doesn't say its scope")
    return ActionProvider(url, clean_words(document.get("title")), scope)


def _introspect(url: str) -> Mapping[str, Any]:
    # The address is from somebody's definition: asked once, and nothing of this machine goes along, no entry of .netrc either.
    answer = send("GET", _stand_in(url), provider="it", tries=1)
    if answer.status != 200:
        raise ProviderError(f"it does not introspect: status {answer.status}")
    document = answer.json()
    if not isinstance(document, dict):
        raise ProviderError("it answers something else than a JSON object")
    return document


def _stand_in(url: str) -> str:
    """Return where to ask: the action provider itself, or, for the demo and for tests, what stands in for it on loopback.

    :raises ProviderError: if it is neither on https nor beneath that stand-in: a definition must not send us to services of this machine.
    """
    base = os.environ.get(ACTIONS_URL_VARIABLE, "").rstrip("/")
    base = base if is_loopback_url(base) else ""
    if base and url.startswith(f"{base}/"):
        return url
    try:
        is_public = not is_loopback_url(validate_endpoint(url, what="address"))
    except ProviderError:
        is_public = False
    if not is_public:
        raise ProviderError("its address is not a public one on https")
    parts = urlsplit(url)
    return f"{base}/{parts.netloc}{parts.path}" if base else url


def build_paths(consents: object) -> frozenset[Path]:
    """Return the consents API's answer as paths of scopes (``dependency_path`` lists consents' ids from the top)."""
    listed = [one for one in consents if isinstance(one, dict)] if isinstance(consents, list) else []
    approved = [one for one in listed if one.get("status", "approved") == "approved"]
    names = {one.get("id"): name for one in approved if isinstance(name := one.get("scope_name"), str)}
    by_id = [one["dependency_path"] for one in approved if isinstance(one.get("dependency_path"), list)]
    return frozenset(tuple(names[number] for number in path) for path in by_id if path and all(number in names for number in path))


def _to_run(answer: Mapping[str, Any]) -> RunDocument:
    run_id = answer.get("run_id") or answer.get("action_id")
    if not isinstance(run_id, str):
        raise ProviderError("Globus Flows answered without a run's id; look for the run in the web app before you start another")
    details = answer.get("details")
    return RunDocument(run_id, str(answer.get("status")), details if isinstance(details, dict) else {}, clean_words(answer.get("label")))
