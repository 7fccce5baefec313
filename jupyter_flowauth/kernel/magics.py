"""``%login``, ``%logout`` and ``%whoami``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from ..around import accounts, describe_ladder, known_scopes, log_out_everywhere
from ..auth import FlowAuth
from ..errors import ConfigurationError, FlowAuthError
from ..login_outcomes import count_scopes
from ..scopes import bare_scopes, parse_requirements
from ..status import HeldAccount
from .masked_tracebacks import mask_tracebacks, unmask_tracebacks
from .refusal_watch import RefusalWatch

if TYPE_CHECKING:
    from ..ports import Provider

AUTH_NAME = "auth"
# Each shell's, so that unloading finds what loading has registered.
_WATCHES: dict[int, RefusalWatch] = {}
Method = TypeVar("Method", bound=Callable[..., Any])


def _one_sentence(method: Method) -> Method:
    """Let an error of ours show as its sentence alone: it stays the typed error it is, for whoever runs the notebook."""

    @functools.wraps(method)
    def wrapped(self: FlowAuthMagics, line: str) -> Any:
        try:
            return method(self, line)
        except (FlowAuthError, ValueError, KeyboardInterrupt) as error:  # a ValueError: what was typed is no scope
            # An interrupt has said on its card what it did: forty lines of ours beneath would only bury that.
            shown = f"{type(error).__name__}: {error}".rstrip(": ")
            error._render_traceback_ = lambda: [shown]  # type: ignore[union-attr]  # IPython asks an exception for this method
            raise error.with_traceback(None) from None

    return cast("Method", wrapped)


@magics_class
class FlowAuthMagics(Magics):
    """The magics. They act on the notebook's ``auth`` if that is a FlowAuth, else they make it."""

    @line_magic
    @magic_arguments()
    @argument("scopes", nargs="*", help="The scopes that are needed; none: what auth.require() declared, else just who you are.")
    @argument("--provider", help="The name of a configured provider. Binds `auth` anew.")
    @argument("--instance-url", help="The base URL of an instance of a service. Binds `auth` anew.")
    @argument("--account", help="The username, email or sub of the identity to use. Binds `auth` anew.")
    @argument("--force", action="store_true", help="Ask for these scopes even if they are held.")
    @argument("--no-wait", action="store_true", help="Show the card, and let the cell go on.")
    @argument("--paste", action="store_true", help="Paste a code instead of coming back to this server.")
    @argument("--timeout", type=float, help="How many seconds to wait for you; at most 900.")
    @argument("--how", action="store_true", help="Say how you would be asked from here, and why not otherwise. Asks nobody.")
    @_one_sentence
    def login(self, line: str) -> Any:
        """Log in, if anything is missing.

        Examples::

            %login urn:globus:auth:scope:transfer.api.globus.org:all
            %login SCOPE OTHER_SCOPE            ask for what is missing of both, in one go
            %login --account bob@example.org    use, or add, another identity
            %login --instance-url https://school.example.org    at an instance of a service; beside others, if there are
            %login --no-wait SCOPE              the cell goes on; auth.missing([...]) tells when it is there
            %login --how                        which way you would be asked, and why

        Afterwards ``auth.authorizers[scope]`` goes into a globus_sdk client, ``auth.bearer(scope)`` into requests and httpx.
        """
        options = parse_argstring(self.login, line)
        if options.how:
            return self._say(describe_ladder(self._meant(options.provider, options.instance_url)))
        agent = "paste" if options.paste else None
        auth = self._auth(provider=options.provider, instance_url=options.instance_url, account=options.account, user_agent=agent)
        scopes = parse_requirements(options.scopes)
        wanted = bare_scopes(scopes) or auth.required or ("openid",)
        if not options.force and not auth.missing(wanted) and not auth.known_flows.lacking(scopes).entries:
            return self._say(_held_sentence(auth, wanted))
        if options.no_wait:
            auth.request_login(options.scopes, force=options.force, timeout=options.timeout)
        else:
            auth.login(options.scopes, force=options.force, timeout=options.timeout)
        return None

    @line_magic
    @magic_arguments()
    @argument("--all", action="store_true", help="Every login that is held here, of every provider and instance.")
    @_one_sentence
    def logout(self, line: str) -> None:
        """Forget the tokens here; then end the session and revoke them there, as far as anybody can be reached.

        Examples::

            %logout
            %logout --all
        """
        if not parse_argstring(self.logout, line).all:
            return self._say(self._auth().logout().message)
        outcomes = [outcome.message for outcome in log_out_everywhere()]
        return self._say("\n".join(outcomes) or "No login is held here; there was nothing to forget.")

    @line_magic
    @magic_arguments()
    @argument("--all", action="store_true", help="Every login that is held here, of every provider.")
    @_one_sentence
    def whoami(self, line: str) -> None:
        """Say who is logged in, with which scopes until when. Makes no request.

        Examples::

            %whoami
            %whoami --all
        """
        if parse_argstring(self.whoami, line).all:
            return self._say("\n".join(map(_account_line, accounts())) or "No login is held here. Log in with %login.")
        return self._say(str(self._auth().status()))

    def _auth(
        self, *, provider: str | None = None, instance_url: str | None = None, account: str | None = None, user_agent: str | None = None
    ) -> FlowAuth:
        """Return the notebook's ``auth``; made, or bound anew, if need be."""
        names = cast("dict[str, Any]", self.shell.user_ns)  # type: ignore[union-attr]  # a magic runs in a shell
        current = names.get(AUTH_NAME)
        if isinstance(current, FlowAuth) and provider is None and instance_url is None and account is None:
            if user_agent is None:
                return current
            return FlowAuth(current.provider, account=current.account, storage=current.storage, user_agent=user_agent)
        made = _make_auth(current, provider, instance_url, account)
        if current is None or isinstance(current, FlowAuth):
            names[AUTH_NAME] = made
        else:
            self._say(f"`{AUTH_NAME}` is something else of yours, and was left alone: make another with jupyter_flowauth.FlowAuth().")
        return made if user_agent is None else FlowAuth(made.provider, account=account, storage=made.storage, user_agent=user_agent)

    def _meant(self, provider: str | None, instance_url: str | None) -> str | Provider | None:
        """Return the provider that is meant, and bind nothing."""
        current = self.shell.user_ns.get(AUTH_NAME)  # type: ignore[union-attr]  # a magic runs in a shell
        if provider is None and instance_url is None:
            return current.provider if isinstance(current, FlowAuth) else None
        try:
            return FlowAuth(provider, instance_url=instance_url).provider
        except ConfigurationError:
            return provider  # what this place allows can be told all the same

    def _say(self, text: str) -> None:
        display({"text/plain": text}, raw=True)


def _make_auth(current: object, provider: str | None, instance_url: str | None, account: str | None) -> FlowAuth:
    """Return a new FlowAuth as configured; at another instance, where nothing is configured, with the client of the one at hand."""
    try:
        return FlowAuth(provider, instance_url=instance_url, account=account)
    except ConfigurationError:
        if provider is None and isinstance(current, FlowAuth) and current.provider.kind == "oidc":
            return FlowAuth(current.provider, instance_url=instance_url, account=account, storage=current.storage)
        raise


def _account_line(account: HeldAccount) -> str:
    where = f"{account.instance}, by {account.issuer}" if account.instance else account.issuer
    kind = "service account, " if account.kind == "service_account" else ""
    count, source = len(account.scopes), ", by the JupyterHub's own login" if account.from_hub else ""
    return f"{account.username} at {where} ({account.provider}), {kind}{count_scopes(count)}{source}"


def _held_sentence(auth: FlowAuth, wanted: tuple[str, ...]) -> str:
    who = auth.identity.username if auth.identity else "logged in by the environment's token"
    how = " by the JupyterHub's own login" if wanted and set(wanted) <= set(auth.status().from_hub) else ""
    return f"✓ You are {who}{how}, {count_scopes(len(wanted))} held already; nothing had to be asked."


def _complete_scopes(_shell: Any, event: Any) -> list[str]:
    """Complete ``%login``: options, and the scopes that are known."""
    options = ["--provider", "--instance-url", "--account", "--force", "--no-wait", "--paste", "--timeout", "--how"]
    # IPython takes a colon for the end of a word, and wants what comes after the last one.
    word = re.split(r"\s", event.text_until_cursor)[-1]
    before = len(word) - len(event.symbol)
    return [known[before:] for known in (*known_scopes(), *options) if known.startswith(word)]


def load(shell: Any) -> None:
    """Define the magics, their completion, the card under refusals, and ``auth`` if that name is free and a provider is configured."""
    unload(shell)
    magics = FlowAuthMagics(shell)
    shell.register_magics(magics)
    for name in ("%login", "login"):
        shell.set_hook("complete_command", _complete_scopes, str_key=name)
    _WATCHES[id(shell)] = RefusalWatch(shell.user_ns, AUTH_NAME)
    shell.events.register("post_run_cell", _WATCHES[id(shell)].after_cell)
    mask_tracebacks(shell)
    if AUTH_NAME not in shell.user_ns:
        try:
            shell.user_ns[AUTH_NAME] = FlowAuth()
        except FlowAuthError as error:
            magics._say(str(error))


def unload(shell: Any) -> None:
    """Remove the magics; ``auth`` stays, for it may be in use."""
    if watch := _WATCHES.pop(id(shell), None):
        shell.events.unregister("post_run_cell", watch.after_cell)
        watch.close()
    unmask_tracebacks(shell)
    for name in ("login", "logout", "whoami"):
        shell.magics_manager.magics["line"].pop(name, None)
