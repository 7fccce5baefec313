"""What a login asks of the provider after the browser has come back."""

from __future__ import annotations

from .figures import Figure
from .world import GROUPS, TRANSFER, build_user_app, log_in, requests_since, requests_so_far, running_world


def measure() -> list[Figure]:
    """Return the figures: a process's first login fetches discovery and keys, later ones nothing but the tokens."""
    with running_world() as (sandbox, _):
        counts = []
        for scopes in ([TRANSFER], [GROUPS]):
            before = requests_so_far(sandbox)
            log_in(sandbox, scopes)
            counts.append(requests_since(sandbox, before))
        before = requests_so_far(sandbox)
        app = build_user_app(sandbox, "memory")
        app.login()
        theirs = [requests_since(sandbox, before)]
        before = requests_so_far(sandbox)
        app.login(force=True)
        theirs.append(requests_since(sandbox, before))
    first, later = counts
    return [
        Figure("requests of a process's first login", "1 token, discovery, keys", _say(first), _say(theirs[0]), first.get("token") == 1),
        Figure("requests of every later one", "1 token", _say(later), _say(theirs[1]), later == {"token": 1}),
    ]


def _say(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())
