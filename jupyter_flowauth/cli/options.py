"""The options that commands share, and their completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from ..auth import FlowAuth

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def open_auth(choice: dict[str, str | None], *, user_agent: str | None = None) -> FlowAuth:
    """Return the FlowAuth that the options of ``login_options`` choose."""
    from ..auth import FlowAuth

    return FlowAuth(choice["provider"], instance_url=choice["instance_url"], account=choice["account"], user_agent=user_agent)


def login_options(command: Decorated) -> Decorated:
    """Add the options that say which login is meant. The command takes them as ``**choice``."""
    return provider_option(instance_option(account_option(command)))


def _complete(names: Callable[[], list[str]]) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem[Any]]]:
    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        from ..errors import FlowAuthError

        try:
            return [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        except FlowAuthError:
            return []  # a shell that waits for completions is no place for an error; the command itself will say it

    return complete


def _provider_names() -> list[str]:
    from ..wiring import current_settings

    return list(current_settings().providers)


def _instance_urls() -> list[str]:
    from ..auth import accounts
    from ..wiring import current_settings

    configured = (url for provider in current_settings().providers.values() for url in provider.instances)
    return sorted({*configured, *(account.instance for account in accounts() if account.instance)})


def _account_names() -> list[str]:
    from ..auth import accounts

    return sorted({account.username for account in accounts()})


def _scope_names() -> list[str]:
    from ..auth import known_scopes

    return list(known_scopes())


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Keep what was typed for the commands that are named in what is printed."""
    if value is not None and context.obj is not None:
        context.obj[parameter.opts[0]] = value
    return value


provider_option = click.option(
    "--provider",
    metavar="NAME",
    callback=_remember,
    shell_complete=_complete(_provider_names),
    help="A configured provider.  [env: FLOWAUTH_PROVIDER; default: the configured one]",
)
instance_option = click.option(
    "--instance-url",
    metavar="URL",
    callback=_remember,
    shell_complete=_complete(_instance_urls),
    help="An instance of an OpenID service.  [env: FLOWAUTH_INSTANCE_URL; default: the only one]",
)
account_option = click.option(
    "--account",
    metavar="WHO",
    callback=_remember,
    shell_complete=_complete(_account_names),
    help="The username, email or sub of the identity.  [default: the most recent login]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
scopes_argument = click.argument("scopes", nargs=-1, metavar="[SCOPE]...", shell_complete=_complete(_scope_names))
scope_argument = click.argument("scope", required=False, shell_complete=_complete(_scope_names))
min_valid_option = click.option(
    "--min-valid",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=60,
    show_default=True,
    help="For how long the token has to be good; at most half of its lifetime counts. It is renewed first if it isn't.",
)
provider_name_argument = click.argument("name", shell_complete=_complete(_provider_names))
