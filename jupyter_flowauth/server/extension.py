"""The extension itself: the composition root of the server process."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import ensure_async
from traitlets import Unicode

from .. import wiring
from ..errors import ConfigurationError, FlowAuthError, StorageError
from ..pkce import generate_login_id
from ..ports import Rendezvous
from ..records import LoginRequest, ServerAnnouncement
from ..refresh import LOCK_TIMEOUT_SECONDS
from ..tokens import Account
from .context import SETTINGS_KEY, Ending, ServerContext
from .origins import Place, configured_place
from .relay import RelayFinder, read_hub_place
from .routes import ROUTES, SANDBOX_ROUTE
from .sandbox_link import SandboxLink, build_sandbox_link
from .watch import CHANGED_EVENT, CHANGED_SCHEMA, ChangeWatch

if TYPE_CHECKING:
    from ..pending_login import PendingLogin

HUB_PUBLIC_URL_VARIABLE = "JUPYTERHUB_PUBLIC_URL"
SANDBOX_SECRET_VARIABLE = "FLOWAUTH_SANDBOX_ADMIN_SECRET"


class FlowAuthExtension(ExtensionApp):
    """Logs the owner of this server in to OAuth providers, for their notebooks and for JupyterLab itself."""

    name = "jupyter_flowauth"
    load_other_extensions = True

    public_url = Unicode(
        "",
        config=True,
        help="""The address at which browsers reach this server, such as https://jupyter.example.org/ or https://example.org/user/x/.

        Set it where a proxy stands in front: the redirect URI is this address followed by flowauth/callback/<provider name>, and that is
        what has to be registered at the provider. A path in it stands for the whole base_url as browsers see it; without a path, the
        server's own base_url is appended. A browser that comes in at another address is sent to this one before it logs in.

        Empty (the default): on a JupyterHub that has a public URL, the one of this user's server; anywhere else the address that each
        request was sent to, provided that the server accepts it (ServerApp.local_hostnames, ServerApp.allow_remote_access).
        X-Forwarded-* headers count only with ServerApp.trust_xheaders.""",
    )
    sandbox_url = Unicode(
        "",
        config=True,
        help="""For the demo and for tests only: the address of the sandbox, such as http://127.0.0.1:4000. Its login pages are then served
        through this server, under flowauth/sandbox/, and this server's address is registered with it as a redirect URI. It must be plain
        http on loopback. The secret that registering takes comes from the environment variable FLOWAUTH_SANDBOX_ADMIN_SECRET; it is
        removed from the environment when the server has read it, so that kernels don't inherit it.""",
    )

    def initialize_settings(self) -> None:
        """Build what the handlers are given, and announce this server to its kernels.

        Where that can't work the server starts all the same, without our routes, and the log says why: its kernels go on by another way.
        """
        self._own_logins: list[PendingLogin] = []
        self._note = ""
        self._context: ServerContext | None = None
        self._watch: ChangeWatch | None = None
        os.environ.pop(wiring.SERVER_ID_VARIABLE, None)  # a server that was started from a notebook isn't the one of its parent
        try:
            self._context = self._build_context(wiring.open_rendezvous())
            self._announce()
        except (ConfigurationError, StorageError) as error:
            self._context = None
            self.log.error("jupyter_flowauth is switched off: %s", error)
            return
        os.environ[wiring.SERVER_ID_VARIABLE] = self._context.server_id
        self.settings[SETTINGS_KEY] = self._context
        if (events := self._server.event_logger) is not None:
            events.register_event_schema(CHANGED_SCHEMA)

    def initialize_handlers(self) -> None:
        """Add our routes."""
        if self._context is not None:
            self.handlers.extend(ROUTES)
            self.handlers.extend([SANDBOX_ROUTE] if self._context.sandbox else [])

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Announce this server once more: only now is its port known for sure."""
        context = self._context
        if context is None:
            return
        self._announce()
        if context.relays:
            await context.relays.find_early(context.public_place)

    async def stop_extension(self) -> None:
        """End the logins that this server asked for, and take its announcement back."""
        context, self._context = self._context, None
        if self._watch is not None:
            self._watch.stop()
        if context is None:
            return
        for login in self._own_logins:
            login.cancel()
        try:
            context.rendezvous.withdraw(context.server_id)
        except (StorageError, OSError) as error:
            self.log.warning("jupyter_flowauth couldn't take its announcement back: %s", error)

    @property
    def _server(self) -> ServerApp:
        if self.serverapp is None:
            raise RuntimeError("the extension isn't linked to a server yet")
        return self.serverapp

    def _build_context(self, rendezvous: Rendezvous) -> ServerContext:
        self._watch = ChangeWatch(_stamp_of(rendezvous), self._tell_changed, time.monotonic)
        return ServerContext(
            server_id=generate_login_id(),
            rendezvous=rendezvous,
            load_providers=lambda: wiring.configured_providers(unusable=[]),
            open_store=wiring.open_store,
            start_login=self._start_login,
            end_account=self._end_account,
            now=time.time,
            push=_push,
            attend=self._watch.attend,
            refresh_account=_refresh_account,
            notebooks=self._notebooks,
            uses=lambda: wiring.open_account_uses().pids(),
            public_place=self._public_place(),
            sandbox=self._sandbox_link(),
            relays=self._relay_finder(),
        )

    def _tell_changed(self) -> None:
        """Tell every browser, by the socket that JupyterLab keeps open anyway, that there is something new to ask for."""
        if (events := self._server.event_logger) is not None:
            events.emit(schema_id=CHANGED_EVENT, data={})

    def _relay_finder(self) -> RelayFinder | None:
        hub = read_hub_place(os.environ)
        return RelayFinder(hub, time.monotonic, on_news=self._announce_way) if hub else None

    def _announce_way(self, reason: str) -> None:
        """Leave word of the way that logins take from this server, for ``%login --how``."""
        self._note = reason
        self.log.info("jupyter_flowauth: %s", reason)
        try:
            self._announce()
        except (StorageError, OSError) as error:
            self.log.warning("jupyter_flowauth couldn't announce itself again: %s", error)

    def _public_place(self) -> Place | None:
        base_url = self._server.base_url
        if self.public_url:
            return configured_place(self.public_url, base_url=base_url, source="FlowAuthExtension.public_url")
        return configured_place(os.environ.get(HUB_PUBLIC_URL_VARIABLE, ""), base_url=base_url, source=HUB_PUBLIC_URL_VARIABLE)

    def _sandbox_link(self) -> SandboxLink | None:
        return build_sandbox_link(self.sandbox_url, admin_secret=os.environ.pop(SANDBOX_SECRET_VARIABLE, ""))

    def _announce(self) -> None:
        context = self._context
        if context is None:
            return
        place = context.public_place
        context.rendezvous.announce(
            ServerAnnouncement(
                server_id=context.server_id,
                process=wiring.this_process(),
                base_url=place.base_url if place else self._server.base_url,
                connection_url=self._server.connection_url,
                public_url=f"{place.origin}{place.base_url}" if place else None,
                providers=self._provider_names(),
                note=self._note,
            )
        )

    def _provider_names(self) -> tuple[str, ...]:
        unusable: list[ConfigurationError] = []
        try:
            return tuple(wiring.configured_providers(unusable=unusable))
        except ConfigurationError as error:
            unusable.append(error)
            return ()
        finally:
            for problem in unusable:
                self.log.warning("jupyter_flowauth: %s", problem)

    async def _notebooks(self) -> dict[int, str]:
        """Return which notebook each kernel's process belongs to, as far as that is to be known of kernels on this machine."""
        found: dict[int, str] = {}
        for session in await ensure_async(self._server.session_manager.list_sessions()):
            with contextlib.suppress(KeyError, AttributeError, TypeError):  # a kernel that has just ended, or runs elsewhere
                provisioner: Any = self._server.kernel_manager.get_kernel(session["kernel"]["id"]).provisioner
                found[int(provisioner.pid)] = session["path"]
        return found

    async def _start_login(self, provider: str | None, scopes: tuple[str, ...], *, account: str | None = None) -> str | None:
        """Start a login in a thread of its own, with this server as the process that asks.

        A login without scopes is a click on *Log in*: it asks even if somebody is logged in.
        """

        def start() -> PendingLogin:
            from ..auth import FlowAuth

            auth = FlowAuth(provider, account=account, user_agent="server", asked_by="server")
            # Whoever is named may be somebody else than the provider remembers: it is to ask.
            return auth.request_login(scopes, force=not scopes, parameters={"prompt": "login"} if account else None)

        login = await asyncio.get_running_loop().run_in_executor(None, start)
        self._own_logins = [*(own for own in self._own_logins if not own.done), login]
        return login.login_id or (None if login.done else self._joined_login_id(provider))

    def _joined_login_id(self, provider: str | None) -> str | None:
        """Return the login that was pending before, and that a new one waits for."""
        pending = wiring.open_rendezvous().pending()
        return next((request.login_id for request in pending if provider in (None, request.provider)), None)

    async def _end_account(self, account: Account, *, revoke: bool) -> Ending:
        """Log an account out, off the event loop: revoking waits for the provider."""
        return await asyncio.get_running_loop().run_in_executor(None, lambda: _log_out(account, revoke=revoke))


def _stamp_of(rendezvous: Rendezvous) -> Callable[[], Hashable]:
    """Return a function that stamps all that a browser is shown. It reads the configuration once: that costs fifty times the looks."""
    open_store = functools.cache(wiring.open_store)

    def stamp() -> Hashable:
        try:
            return rendezvous.stamp(), open_store().stamp()
        except FlowAuthError as error:
            return str(error)

    return stamp


async def _refresh_account(account: Account) -> str:
    return await asyncio.get_running_loop().run_in_executor(None, lambda: _renew(account))


def _renew(account: Account) -> str:
    """Renew every token of an account that can be renewed, off the event loop: it waits for the provider."""
    from ..auth import FlowAuth

    instance, whose = account.key.registration.instance, account.identity.sub
    held = FlowAuth(account.provider, instance_url=instance, account=whose, user_agent="none", asked_by="server").held
    renewable = [token for token in account.tokens if token.refresh_token is not None]
    renewed = sum(held.renew(token.scopes[0]) for token in renewable)
    if not renewable:
        return "Nothing of this login can be renewed without you: log in again when it has ended."
    if renewed < len(renewable):
        return f"{renewed} of {len(renewable)} tokens were renewed. What was not is still held; if it goes on, log in again."
    return f"Renewed: {renewed} token{'' if renewed == 1 else 's'}."


def _log_out(account: Account, *, revoke: bool) -> Ending:
    from ..auth import FlowAuth

    try:
        instance, whose = account.key.registration.instance, account.identity.sub
        auth = FlowAuth(account.provider, instance_url=instance, account=whose, user_agent="none", asked_by="server")
        outcome = auth.logout(revoke=revoke)
    except ConfigurationError as error:
        # Its provider isn't configured here any more: what can be done without it is to forget the account.
        with wiring.open_store().transaction(account.key, timeout_seconds=LOCK_TIMEOUT_SECONDS) as transaction:
            transaction.delete()
        return Ending(revoked=False, message=f"Forgotten here, and not revoked at the provider: {error}")
    return Ending(revoked=bool(outcome.revoked), message=outcome.message)


def _push(request: LoginRequest, redirect_uri: str) -> str:
    """Push a login's request as the configured client that it is from: no other provider is asked by a server."""
    provider = wiring.configured_providers(unusable=[]).get(request.provider)
    return wiring.authorize_address(provider, request.authorization, redirect_uri=redirect_uri)
