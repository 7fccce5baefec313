"""``jupyter flowauth token``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import json_option, login_options, min_valid_option, open_auth, scope_argument
from .printing import answer, answer_json
from .sessions import warn_ahead

if TYPE_CHECKING:
    from ..auth import FlowAuth


@click.command("token")
@scope_argument
@login_options
@min_valid_option
@json_option
def command(scope: str | None, min_valid: float, as_json: bool, **choice: str | None) -> None:
    """Print an access token, and nothing else.

    It is renewed first if it isn't good for long enough, once for all who ask at that moment. Whoever has it is you until it expires: don't
    let it into a log, a notebook or a command line, where `ps` sees it. Nobody is asked: without a login this exits with 3.

    \b
    Examples:
      jupyter flowauth token urn:globus:auth:scope:transfer.api.globus.org:all
      curl -H @<(echo "Authorization: Bearer $(jupyter flowauth token)") https://school.example.org/api
      TOKEN=$(jupyter flowauth token --min-valid 600)
    """
    auth = open_auth(choice)
    access_token = auth.token(scope, min_valid=min_valid)
    warn_ahead(auth)
    if not as_json:
        return answer(access_token)
    return answer_json({"access_token": access_token, **_token_values(auth, access_token)})


def _token_values(auth: FlowAuth, access_token: str) -> dict[str, Any]:
    """Return what is known of a token besides itself."""
    account = auth.held.account()
    tokens = (*auth.held.given, *(account.tokens if account else ()))
    found = next((token for token in tokens if token.access_token == access_token), None)
    if found is None:
        return {"token_type": "Bearer", "scopes": [], "expires_at_seconds": None}  # renewed by another process a moment ago
    return {"token_type": found.token_type, "scopes": list(found.scopes), "expires_at_seconds": found.expires_at_seconds}
