"""FlowAuth, the object that a notebook holds: it calls the use cases, and holds no rule of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from . import wiring
from .around import accounts as accounts
from .around import describe_ladder as describe_ladder
from .around import find_jupyter_server as find_jupyter_server
from .around import known_scopes as known_scopes
from .authorizers import MIN_VALID_SECONDS, Authorizer, AuthorizersByScope, missing_sentence
from .clean_errors import CleanErrors
from .client_grant import issue_missing
from .consents import ConsentTree
from .errors import FlowAuthError, ScopesMissing
from .flow_changes import KnownFlows
from .flows import DeployedFlow
from .keeping import keep_given
from .login import Login
from .logout import LogoutOutcome, forget_account
from .pending_login import PendingLogin
from .scopes import Requirement, ScopeLike, bare_scopes, merge_requirements, parse_requirements, scope_key
from .status import AuthStatus, build_status, describe_held_end

if TYPE_CHECKING:
    import os

    from .held_tokens import HeldTokens
    from .integrations.bearer import BearerAuth
    from .ports import Presenter, Provider, TokenStore, UserAgent
    from .tokens import Identity

Scopes = ScopeLike | Iterable[ScopeLike]


class FlowAuth:
    """Logins for a notebook or a script, and the authorizers that they give.

    :param provider: the name of a configured provider, or a provider object (``GlobusProvider``, ``OIDCProvider``); None for the default.
    :param instance_url: the base URL of an instance of an OIDC service; None for FLOWAUTH_INSTANCE_URL, or the only one there is.
    :param account: the username, email or sub of the identity to use; None for the most recent login.
    :param storage: ``"file"``, ``"keyring"``, ``"memory"``, the path of a folder, or a token store; None for the configured one.
    :param user_agent: ``"server"``, ``"loopback"``, ``"device"``, ``"paste"``, ``"none"``, or a user agent; None for what fits.
    :param asked_by: who asks; the Jupyter server says ``"server"``.
    :raises ConfigurationError: if no provider is configured, or something is configured wrongly.
    """

    def __init__(
        self,
        provider: str | Provider | None = None,
        *,
        instance_url: str | None = None,
        account: str | None = None,
        storage: str | os.PathLike[str] | TokenStore | None = None,
        user_agent: str | UserAgent | None = None,
        asked_by: Literal["kernel", "server"] = "kernel",
    ) -> None:
        self._context = wiring.build_context(
            provider, instance_url=instance_url, account=account, storage=storage, user_agent=user_agent, asked_by=asked_by
        )
        self._authorizers = AuthorizersByScope(self._context.held, clock=self._context.clock)
        self._required: tuple[Requirement, ...] = ()
        self._has_warned = False
        self._flows = KnownFlows(
            lambda: wiring.build_flows_context(self._context, self._authorizers), missing=self._context.held.missing, say=self._context.say
        )

    def login(
        self, scopes: Scopes = (), *, force: bool = False, timeout: float | None = None, parameters: Mapping[str, str] | None = None
    ) -> AuthorizersByScope:
        """Return the authorizers once every scope is held; asks the person for what is missing, and nobody if nothing is.

        :param scopes: strings and ``globus_sdk.Scope`` objects; none means what ``require`` declared, else ``openid``.
        :param force: ask for these scopes even if they are held.
        :param timeout: seconds to wait for the person, at most 900; None for the configured time.
        :param parameters: further parameters of the authorization request, such as ``session_required_mfa`` (Globus) or ``prompt``.
        :raises InteractionRequired: at once, if nobody is there to be asked.
        :raises LoginDenied, LoginTimeout, IdentityMismatch, StateMismatch, ProviderError, StorageError: as it ended.
        :raises ScopesMissing: if less was granted than asked; what was granted is kept.
        """
        with CleanErrors():
            login = self._build_login(scopes, force, timeout, parameters=parameters)
            if login.begin():
                login.finish()
            self._flows.settle(login.tree)
        return self._authorizers

    def login_with_token(self, jwt: str) -> AuthorizersByScope:
        """Keep a token that was made elsewhere (a service account's), once signature, issuer and expiry are right; return the authorizers.

        :raises ProviderError: if it isn't an access token of this provider that is still good; then nothing is kept.
        """
        with CleanErrors():
            keep_given(jwt, self._context.held, now=self._context.clock.now())
        return self._authorizers

    async def login_async(self, scopes: Scopes = (), *, force: bool = False, timeout: float | None = None) -> AuthorizersByScope:
        """Do as ``login``, and leave the kernel free meanwhile."""
        pending = self.request_login(scopes, force=force, timeout=timeout)
        try:
            return await pending
        except (asyncio.CancelledError, KeyboardInterrupt):
            pending.cancel(how="interrupted")
            raise

    def request_login(
        self,
        scopes: Scopes = (),
        *,
        force: bool = False,
        timeout: float | None = None,
        presenter: Presenter | None = None,
        parameters: Mapping[str, str] | None = None,
        tree: ConsentTree | None = None,
    ) -> PendingLogin:
        """Show the card and return at once. The result can be awaited, asked whether it is done, and cancelled.

        :param parameters: as for ``login``. ``tree``: what deployed flows lack, where that is known already.
        :param presenter: what shows the login, where it isn't a card of its own (the widget shows its own logins).
        :raises InteractionRequired: at once, if nobody is there to be asked.
        """
        with CleanErrors():
            login = self._build_login(scopes, force, timeout, presenter, parameters, tree)
            pending = PendingLogin(login, self._authorizers, begun=login.begin())
        pending.when_done(lambda error: None if error else self._flows.settle(login.tree))
        return pending

    def _build_login(
        self,
        scopes: Scopes,
        force: bool,
        timeout: float | None,
        presenter: Presenter | None = None,
        parameters: Mapping[str, str] | None = None,
        tree: ConsentTree | None = None,
    ) -> Login:
        requirements = parse_requirements(scopes) or self._required or self._context.provider.login_requirements()
        context = replace(self._context, presenter=presenter) if presenter else self._context
        tree = self._flows.lacking(requirements) if tree is None else tree
        again = bare_scopes(requirements) if force else tuple({entry.path[0] for entry in tree})
        wanted, further = merge_requirements((*requirements, *tree.to_requirements())), tuple((parameters or {}).items())
        issue_missing(self._context.held, wanted, force=force, now=context.clock.now())
        again = () if self._context.provider.grant == "client_credentials" else again
        return Login(context, wanted, again=frozenset(again), timeout_seconds=timeout, parameters=further, tree=tree)

    def _prepare(self, requirements: tuple[Requirement, ...]) -> None:
        """Have the client's own tokens issued, where it acts for itself; say once of a token that nothing renews that it ends."""
        held, now = self._context.held, self._context.clock.now()
        issue_missing(held, requirements, now=now)
        if not self._has_warned and (ends := describe_held_end(held, now=now)):
            self._has_warned = True
            self._context.say(ends)

    def flow(self, flow_id: str, *, collections: Iterable[str] = ()) -> DeployedFlow:
        """Return a deployed flow: what it needs, what of that is missing, a consent for it, and its runs.

        The same one each time, so that cells and threads share its prompts.

        :param collections: the ids of mapped collections whose data it reaches. On any other collection ``data_access`` is an unknown
            scope, and Globus shows an error page of its own.
        :raises ValueError: if it isn't a flow's id.
        """
        return self._flows.get(flow_id, collections)

    @property
    def known_flows(self) -> KnownFlows:
        """The deployed flows that were looked at, and what they were found to lack: for the widget."""
        return self._flows

    @property
    def provider(self) -> Provider:
        """The provider that this logs in at."""
        return self._context.provider

    @property
    def authorizers(self) -> AuthorizersByScope:
        """The live mapping from scope to authorizer; a missing key raises ``ScopesMissing``."""
        return self._authorizers

    def authorizers_for(self, scopes: Scopes, *, min_valid: float = MIN_VALID_SECONDS) -> dict[str, Authorizer]:
        """Return authorizers for exactly these scopes. Never prompts.

        :param min_valid: seconds for which their headers must be good.
        :raises ScopesMissing: if one of them isn't held.
        """
        with CleanErrors():
            self._prepare(requirements := parse_requirements(scopes))
            wanted = bare_scopes(requirements)
            if lacking := self._context.held.missing(wanted):
                raise ScopesMissing(missing_sentence(lacking), missing=lacking)
            held, clock = self._context.held, self._context.clock
            return {s: Authorizer(held, s, clock=clock, owner=held.owner(), min_valid=min_valid) for s in wanted}

    def require(self, scopes: Scopes) -> None:
        """Declare what this notebook needs: what ``login()``, ``missing()`` and the widget speak of from now on."""
        self._required = merge_requirements((*self._required, *parse_requirements(scopes)))

    @property
    def required(self) -> tuple[str, ...]:
        """The bare scopes that were declared with ``require``."""
        return bare_scopes(self._required)

    def missing(self, scopes: Scopes | None = None) -> tuple[str, ...]:
        """Return what of these scopes (None: of what ``require`` declared) isn't held, sorted. Makes no request and no prompt."""
        with CleanErrors():
            return self._context.held.missing(bare_scopes(self._required if scopes is None else parse_requirements(scopes)))

    def token(self, scope: ScopeLike | None = None, *, min_valid: float = MIN_VALID_SECONDS) -> str:
        """Return the raw access token that serves a scope. Don't print it: a notebook is saved with what it prints.

        :param scope: None for the only token held, or the newest of an OIDC account.
        :param min_valid: seconds for which it must be good, at most half of its lifetime.
        :raises ScopesMissing: if no token covers the scope, or there are several and none is named.
        :raises LoginRequired: if it has expired and can't be renewed.
        """
        with CleanErrors():
            return self._context.held.token(self._key_of(scope), min_valid=min_valid).access_token

    def _key_of(self, scope: ScopeLike | None) -> str | None:
        self._prepare(() if scope is None else parse_requirements(scope))
        return self._context.held.unnamed_key() if scope is None else scope_key(scope)

    def bearer(self, scope: ScopeLike | None = None, *, min_valid: float = MIN_VALID_SECONDS) -> BearerAuth:
        """Return an ``auth=`` object for ``requests`` and ``httpx``, sync and async, that sends the bearer for a scope.

        :param scope: as for ``token``.
        :param min_valid: seconds for which each header must be good.
        :raises ScopesMissing: if no token covers the scope.
        """
        with CleanErrors():
            key, held, clock, provider = self._key_of(scope), self._context.held, self._context.clock, self._context.provider
            if key is not None and (lacking := held.missing((key,))):
                raise ScopesMissing(missing_sentence(lacking), missing=lacking)
            token = account.token_for(key) if (account := held.account()) else None
            # A token of the environment doesn't say whose it is; its scope may.
            hosts = provider.hosts(token.resource_server if token else provider.resource_server(key) if key else None)
            return wiring.build_bearer_auth(Authorizer(held, key, clock=clock, owner=held.owner(), min_valid=min_valid), hosts)

    @property
    def identity(self) -> Identity | None:
        """Who is logged in, or None."""
        with CleanErrors():
            account = self._context.held.account()
            return account.identity if account else None

    def status(self) -> AuthStatus:
        """Return who is logged in, with which scopes until when, what is missing, and who else is held."""
        with CleanErrors():
            return build_status(self._context.held, required=self.required, now=self._context.clock.now())

    def way_to_ask(self) -> str | None:
        """Return how a person would be asked from here now (``server``, ``loopback``, ``paste``, …), or None if nobody is there."""
        return wiring.way_to_ask(self._context)

    def widget(self) -> Any:
        """Return a widget that shows the login state, and whose buttons log in and out."""
        return wiring.build_widget(self)

    def logout(self, *, revoke: bool = True, server: bool = True) -> LogoutOutcome:
        """Forget this account's tokens, always; then end its sessions and revoke its tokens there, as far as anybody can be reached.

        :param revoke: revoke the tokens at the provider (RFC 7009).
        :param server: end the sessions at the instance and the provider, where they offer that (Globus: only in the browser).
        """
        with CleanErrors():
            context = self._context
            return forget_account(context.held.provider, context.store, context.held.account(), revoke=revoke, server=server)

    @property
    def held(self) -> HeldTokens:
        """The tokens behind the authorizers, for integrations: not to be printed."""
        return self._context.held

    @property
    def account(self) -> str | None:
        """The identity that was asked for, or None for the most recent login."""
        return self._context.held.wanted

    @property
    def storage(self) -> TokenStore:
        """Where the tokens rest."""
        return self._context.store

    def __repr__(self) -> str:
        """Show provider and identity, never a token."""
        try:
            who = identity.username if (identity := self.identity) else "nobody is logged in"
        except FlowAuthError as error:  # a debugger and a variable inspector show what is there, whatever it is
            who = type(error).__name__
        return f"<FlowAuth {self._context.provider.name}: {who}>"


def auth_for_globus_client(client_id: str, client_secret: str | None = None) -> FlowAuth:
    """Return a FlowAuth for a Globus client that somebody else has set up, with its configuration if there is one."""
    return FlowAuth(wiring.provider_for_client(client_id, client_secret))
