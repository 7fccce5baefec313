"""The only place that chooses adapters. Reads the configuration and the surroundings, and puts a login together."""
# house: ok - the one place that knows every adapter is allowed to be longer than a place that knows one

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast

# Every notebook that asks for an authorizer needs these four: they belong to the import of FlowAuth, not to the first call.
from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir

from .code_grant import AuthorizationRequest, build_authorize_url
from .configuration import FILE_NAME, Settings, write_setting
from .errors import ConfigurationError, FlowAuthError, InteractionRequired, StorageError
from .held_tokens import HeldTokens
from .hub_tokens import HubRenewed, HubState, seed_account
from .login import Login
from .login_context import LoginContext
from .moving import move_accounts
from .pkce import is_login_id
from .ports import Clock, DeviceProvider, Presenter, Provider, Rendezvous, TokenStore, UserAgent
from .provider_choice import choose_provider as choose_provider
from .provider_choice import configured_providers as configured_providers
from .provider_choice import current_settings as current_settings
from .provider_choice import provider_for_client as provider_for_client
from .provider_choice import provider_of as provider_of
from .records import ProcessStamp, ServerAnnouncement
from .scopes import Requirement, bare_scopes
from .storage.file import FileStore
from .storage.locks import exclusive
from .storage.rendezvous import FolderRendezvous
from .storage.system_clock import SystemClock
from .tokens import AccountKey, Token
from .user_agents.ladder import ClientSide, Rung, build_ladder, choose_rung, describe_rungs
from .user_agents.surroundings import has_desktop as has_desktop
from .user_agents.surroundings import in_kernel, look_around
from .user_agents.terminal import SilentPresenter, TextPresenter

if TYPE_CHECKING:
    from .auth import FlowAuth
    from .authorizers import AuthorizerLike, AuthorizersByScope
    from .code_grant import AuthorizationRequest
    from .consents import ConsentTree
    from .flow_runs import FlowsContext
    from .integrations.bearer import BearerAuth
    from .providers.probe import Answer
    from .storage.account_uses import AccountUses

_NONE_TRIED: Mapping[str, str] = MappingProxyType({})
SERVER_ID_VARIABLE = "FLOWAUTH_SERVER_ID"
STORAGES = ("file", "keyring", "memory")
# A move of a thousand logins to a slow keyring may go before.
_SETTINGS_LOCK_SECONDS = 60.0
USER_AGENTS = ("server", "loopback", "device", "paste", "none")


def open_store(storage: str | os.PathLike[str] | TokenStore | None = None, settings: Settings | None = None) -> TokenStore:
    """Return the place where accounts rest: the one given, or the configured one.

    :param storage: ``file``, ``keyring``, ``memory``, the path of a folder, or a store of the user's own.
    :raises ConfigurationError: if it is none of these.
    """
    if storage is None:
        storage = (settings or current_settings()).storage
    if not isinstance(storage, str | os.PathLike):
        return storage
    if storage == "memory":
        return _process_memory()
    if storage == "keyring":
        from .storage.keyring import KeyringStore

        return KeyringStore(Path(jupyter_data_dir()) / "flowauth")
    path = Path(jupyter_data_dir()) / "flowauth" if storage == "file" else Path(storage).expanduser()
    if storage != "file" and not path.is_absolute():
        raise ConfigurationError(
            f"storage {os.fspath(storage)!r} is unknown; it is one of {', '.join(STORAGES)}, or the absolute path of a folder"
        )
    return FileStore(path)


def move_storage(target: str) -> tuple[int, Path]:
    """Move every account to another storage and configure it; return how many there were, and the file that says so now.

    :raises ConfigurationError: if there is no such storage, or it wouldn't outlive this process.
    :raises StorageError: if it can't be done; everything is then as it was.
    """
    if target == "memory":
        raise ConfigurationError("memory ends with this process: move the logins to file, keyring, or the absolute path of a folder")
    with changing_settings() as path:
        moved = move_accounts(open_store(), open_store(target), commit=lambda: write_setting(path, "storage", target))
    return moved, path


@contextlib.contextmanager
def changing_settings() -> Iterator[Path]:
    """Hand out the user's own file, which no other process changes meanwhile through this.

    :raises ConfigurationError: if there can't be one.
    :raises StorageError: if another process keeps it for too long.
    """
    path = Path(jupyter_config_dir()) / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path.parent} can't be made ({error.strerror}); nothing was changed", source=str(path)) from None
    lock = path.with_name(f".{FILE_NAME}.lock")
    with exclusive(lock, timeout_seconds=_SETTINGS_LOCK_SECONDS, remedy=f"edit {path} yourself"):
        yield path


@functools.cache
def _process_memory() -> TokenStore:
    from .storage.memory import MemoryStore

    return MemoryStore()


def open_rendezvous() -> Rendezvous:
    """Return the rendezvous of this user's kernels and servers."""
    return FolderRendezvous(Path(jupyter_runtime_dir()) / "flowauth")


def open_account_uses() -> AccountUses:
    """Return where kernels leave word of the accounts that they use."""
    from .storage.account_uses import AccountUses

    return AccountUses(Path(jupyter_runtime_dir()) / "flowauth")


@functools.cache
def _own_uses() -> AccountUses:
    return open_account_uses()


def _tell_use(key: AccountKey) -> None:
    """Leave word, for the panel of the server that this kernel belongs to, that it uses an account."""
    if os.environ.get(SERVER_ID_VARIABLE) and in_kernel():
        _own_uses().add(key)


def this_process() -> ProcessStamp:
    """Return the stamp of this process."""
    from .storage.processes import this_process as stamp

    return stamp()


def build_context(
    provider: str | Provider | None,
    *,
    instance_url: str | None = None,
    account: str | None = None,
    storage: str | os.PathLike[str] | TokenStore | None = None,
    user_agent: str | UserAgent | None = None,
    asked_by: Literal["kernel", "server"] = "kernel",
) -> LoginContext:
    """Return everything that a login needs, as configured here.

    :raises ConfigurationError: if it isn't, or is wrongly.
    """
    settings, clock = current_settings(), cast("Clock", SystemClock)
    store = open_store(storage, settings)
    chosen = choose_provider(provider, settings, store=store, instance_url=instance_url, asked_by=asked_by)
    if isinstance(user_agent, str) and user_agent not in USER_AGENTS:
        raise ConfigurationError(f"user agent {user_agent!r} is unknown; it is one of {', '.join(USER_AGENTS)}, or a UserAgent")
    rendezvous = open_rendezvous()
    presenter = choose_presenter(rendezvous, asked_by=asked_by)

    def choose(missing: tuple[str, ...], shown_by: Presenter, tried: Mapping[str, str] = _NONE_TRIED, /) -> UserAgent:
        if tried:
            return _with_push(choose_next_user_agent(user_agent, missing, rendezvous, shown_by, client_side(chosen), tried), chosen)
        return _with_push(choose_user_agent(user_agent, missing, rendezvous, shown_by, client_side(chosen)), chosen)

    hub = _hub_login(chosen, settings)
    keeper = cast("Provider", HubRenewed(chosen, hub)) if hub else chosen
    held = HeldTokens(keeper, store, clock=clock, account=account, given=_environment_tokens(chosen), used=_tell_use)
    return LoginContext(
        provider=chosen,
        held=held,
        store=store,
        rendezvous=rendezvous,
        clock=clock,
        process=this_process,
        choose_user_agent=choose,
        presenter=presenter,
        server_id=os.environ.get(SERVER_ID_VARIABLE),
        asked_by=asked_by,
        client_title=_client_title(asked_by),
        timeout_seconds=settings.login_timeout_seconds,
        seed=(lambda: seed_account(hub, held, now=clock.now(), say=lambda words: presenter.say(None, words))) if hub else None,
    )


def _hub_login(provider: Provider, settings: Settings) -> HubState | None:
    """Return the Hub that shares its login at this provider, where it is configured to and this process belongs to a user of it."""
    configured = settings.providers.get(provider.name)
    values = [os.environ.get(f"JUPYTERHUB_{name}") for name in ("API_URL", "USER", "API_TOKEN")]
    if configured is None or not configured.hub_login or not all(values):
        return None
    from .providers.hub_state import HubApi

    return HubApi(*(str(value) for value in values))


def _with_push(agent: UserAgent, provider: Provider) -> UserAgent:
    """Let an agent that sends the browser to the provider itself push the request before, where the provider wants that."""
    if hasattr(agent, "build_address"):
        agent.build_address = functools.partial(authorize_address, provider)
    return agent


def authorize_address(provider: Provider | None, request: AuthorizationRequest, *, redirect_uri: str) -> str:
    """Return the address to send a browser to; the request is pushed before, where the provider wants that.

    :raises ProviderError: if it can't be pushed.
    :raises ConfigurationError: if whoever asks doesn't know the client that has to push it.
    """
    if not request.push_endpoint:
        return build_authorize_url(request, redirect_uri=redirect_uri)
    is_known = provider is not None and provider.registration.client_id == request.client_id
    push: Callable[..., str] | None = getattr(provider, "push", None)
    if push is None or not is_known:
        raise ConfigurationError(
            f"{request.issuer} wants its requests pushed, and the client {request.client_id} isn't configured here; "
            "put it into jupyter_flowauth.json"
        )
    return push(request, redirect_uri=redirect_uri)


def _client_title(asked_by: str) -> str:
    if asked_by == "server":
        return "JupyterLab"
    return "This notebook" if in_kernel() else "This program"


def _environment_tokens(provider: Provider) -> tuple[Token, ...]:
    """Return the token in FLOWAUTH_TOKEN, for the scopes that FLOWAUTH_TOKEN_SCOPES names; without it, at an OpenID provider, for all."""
    token, scopes = os.environ.get("FLOWAUTH_TOKEN", "").strip(), tuple(os.environ.get("FLOWAUTH_TOKEN_SCOPES", "").split())
    covers_all = provider.kind == "oidc" and not scopes
    return (Token(token, scopes, covers_all=covers_all),) if token and (scopes or covers_all) else ()


def client_side(provider: Provider) -> ClientSide:
    """Return what a provider, and the client's registration there, allow."""

    def why_no_device() -> str:
        if not isinstance(provider, DeviceProvider):
            return f"{provider.title} offers no device codes (RFC 8628)"
        try:
            return provider.why_no_device()
        except FlowAuthError as error:
            return f"it can't be told whether {provider.title} offers device codes ({error.message.partition(';')[0]})"

    return ClientSide(getattr(provider, "redirect_uris", None), why_no_device)


def choose_user_agent(
    wanted: str | UserAgent | None,
    missing: tuple[str, ...],
    rendezvous: Rendezvous,
    presenter: Presenter,
    client: ClientSide | None = None,
) -> UserAgent:
    """Return the user agent that is given, or the ladder's first usable rung.

    :raises InteractionRequired: at once, if nobody can be asked.
    """
    from .user_agents.loopback import LoopbackUserAgent

    if isinstance(wanted, LoopbackUserAgent) and wanted.presenter is None:
        wanted.presenter = presenter
    if wanted is not None and not isinstance(wanted, str):
        return wanted
    server, why_not = find_server(rendezvous)
    name = wanted if wanted and wanted != "none" else None
    if name is None:
        ladder = build_ladder(look_around(why_not), client) if wanted is None else ()
        name = choose_rung(ladder, missing).name
    return _build_user_agent(name, server, why_not, rendezvous, presenter)


def choose_next_user_agent(
    wanted: str | UserAgent | None,
    missing: tuple[str, ...],
    rendezvous: Rendezvous,
    presenter: Presenter,
    client: ClientSide,
    tried: Mapping[str, str],
) -> UserAgent:
    """Return the ladder's next usable rung, below those that were tried and couldn't be used here.

    :raises ConfigurationError: if one was asked for by its name: that one, or none.
    :raises InteractionRequired: at once, if nobody can be asked otherwise.
    """
    if isinstance(wanted, str):
        raise ConfigurationError(tried[wanted])
    server, why_not = find_server(rendezvous)
    ladder = build_ladder(look_around(why_not), client, tried=tried)
    return _build_user_agent(choose_rung(ladder, missing).name, server, why_not, rendezvous, presenter)


def way_to_ask(context: LoginContext) -> str | None:
    """Return the name of the user agent that would ask now, or None if nobody is there."""
    try:
        return context.choose_user_agent((), context.presenter).name
    except InteractionRequired:
        return None


def _build_user_agent(
    name: str, server: ServerAnnouncement | None, why_not: str | None, rendezvous: Rendezvous, presenter: Presenter
) -> UserAgent:
    from .user_agents.device import DeviceUserAgent
    from .user_agents.loopback import LoopbackUserAgent
    from .user_agents.paste import PasteUserAgent
    from .user_agents.server import ServerUserAgent

    if name == "loopback":
        return LoopbackUserAgent(presenter=presenter)
    if name == "device":
        return DeviceUserAgent(presenter)
    if name == "paste":
        return PasteUserAgent(presenter, read_secret=_read_secret)
    if server is None:
        raise ConfigurationError(f"the server can't be used to log in: {why_not}")
    return ServerUserAgent(rendezvous, server, presenter)


def _read_secret(question: str) -> str:
    import getpass

    return getpass.getpass(question)


def known_scopes() -> tuple[str, ...]:
    """Return the scopes that are known by name."""
    from .providers.globus_scopes import known_scopes as known

    return known()


def current_ladder(provider: str | Provider | None = None) -> tuple[Rung, ...]:
    """Return every way to ask from here at a provider, and why each can be used or not. May read its discovery document."""
    try:
        client = client_side(choose_provider(provider, current_settings()))
    except ConfigurationError as error:
        # Before a provider is configured it can be told all the same what this place allows.
        reason = error.message.partition(";")[0]
        client = ClientSide(None, lambda: reason)
    server, why_not = find_server(open_rendezvous())
    return build_ladder(look_around(why_not, server.note if server else ""), client, whole=True)


def describe_ladder(provider: str | Provider | None = None) -> str:
    """Return every way to ask from here, and why each is used or not: what ``%login --how`` prints."""
    return describe_rungs(current_ladder(provider))


def loopback_redirect_uri(authorization: AuthorizationRequest, port: int = 49152) -> str:
    """Return where a login on loopback would come back to, for the doctor.

    :raises ConfigurationError: if nothing on loopback is registered.
    """
    from .user_agents.loopback_path import choose_path

    return f"http://127.0.0.1:{port}{choose_path(authorization, port)}"


def probe(url: str) -> Answer:
    """Return what an address answers to one look, for the doctor.

    :raises ProviderError: if it doesn't answer.
    """
    from .providers.probe import probe as look

    return look(url)


def find_server(rendezvous: Rendezvous) -> tuple[ServerAnnouncement | None, str | None]:
    """Return the Jupyter server that this process belongs to, or why it can't be used."""
    server_id = os.environ.get(SERVER_ID_VARIABLE, "")
    if not is_login_id(server_id):
        return None, "no Jupyter server with this extension started this process (jupyter server extension enable jupyter_flowauth)"
    try:
        found = rendezvous.find_server(server_id)
    except StorageError as error:
        return None, f"its announcement can't be read: {error}"
    return (found, None) if found else (None, "the Jupyter server that started this process has ended, or shares no files with it")


def choose_presenter(rendezvous: Rendezvous, *, asked_by: str) -> Presenter:
    """Return where logins are shown from this process."""
    if asked_by == "server":
        return SilentPresenter()
    server = find_server(rendezvous)[0]
    if in_kernel() and importlib.util.find_spec("anywidget"):
        from .kernel.display import NotebookPresenter

        return NotebookPresenter(server)
    origin = (server.public_url or server.connection_url) if server else ""
    return TextPresenter(sys.stderr.write, origin=_origin_of(origin))


def _origin_of(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def build_bearer_auth(authorizer: AuthorizerLike, hosts: tuple[str, ...] | None) -> BearerAuth:
    """Return an ``auth=`` object for requests and httpx."""
    from .integrations.bearer import build_bearer_auth as build

    return build(authorizer, hosts=hosts)


def build_flows_context(context: LoginContext, authorizers: AuthorizersByScope) -> FlowsContext:
    """Return what running the deployed flows of the person who is logged in takes."""
    import time

    from .flow_runs import FlowsContext
    from .providers.globus_flows import GlobusFlows

    def ask(
        requirements: tuple[Requirement, ...], *, tree: ConsentTree, parameters: Mapping[str, str], still_needed: Callable[[], bool]
    ) -> None:
        again = frozenset(bare_scopes(requirements))
        further = tuple(parameters.items())
        login = Login(context, requirements, again=again, parameters=further, tree=tree, still_needed=still_needed)
        if login.begin():
            login.finish()

    def identity() -> str | None:
        account = context.held.account()
        return account.identity.sub if account else None

    return FlowsContext(
        flows=GlobusFlows(authorizers, identity),
        clock=context.clock,
        missing=context.held.missing,
        ask=ask,
        renew=context.held.renew,
        pause=time.sleep,
        show_progress=context.presenter.show_run,
    )


def build_widget(auth: FlowAuth) -> Any:
    """Return the widget that shows the login state of a FlowAuth."""
    from .kernel.panel import LoginPanel

    return LoginPanel(auth, server=find_server(open_rendezvous())[0])
