"""From stored tokens to the first header, in a fresh process, beside ``UserApp`` with each of its storages."""

from __future__ import annotations

from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID
from jupyter_flowauth.sandbox.server import Sandbox

from .figures import Figure, milliseconds
from .processes import interleaved_medians
from .world import TRANSFER, TRANSFER_SERVER, build_user_app, log_in, requests_since, requests_so_far, running_world

ROUNDS = 21
OURS = f"""
import time
begin = time.perf_counter()
from jupyter_flowauth import FlowAuth
imported = time.perf_counter()
header = FlowAuth().authorizers[{TRANSFER!r}].get_authorization_header()
end = time.perf_counter()
assert header.startswith("Bearer ")
"""
THEIRS = f"""
import time
begin = time.perf_counter()
from globus_sdk import GlobusAppConfig, UserApp
imported = time.perf_counter()
app = UserApp("benchmark", client_id={SANDBOX_CLIENT_ID!r}, scope_requirements={{{TRANSFER_SERVER!r}: [{TRANSFER!r}]}},
    config=GlobusAppConfig(token_storage=STORAGE, request_refresh_tokens=True))
header = app.get_authorizer({TRANSFER_SERVER!r}).get_authorization_header()
end = time.perf_counter()
assert header.startswith("Bearer ")
"""
PRINT = "print(end - begin, end - imported)"


def measure() -> list[Figure]:
    """Return the figures."""
    with running_world() as (sandbox, _):
        log_in(sandbox, [TRANSFER])
        for storage in ("json", "sqlite"):
            build_user_app(sandbox, storage).login()
        sources = {"ours": OURS, "json": THEIRS.replace("STORAGE", "'json'"), "sqlite": THEIRS.replace("STORAGE", "'sqlite'")}
        before = requests_so_far(sandbox)
        seconds = interleaved_medians({name: source + PRINT for name, source in sources.items()}, rounds=ROUNDS)
        whole, after = ({name: numbers[column] for name, numbers in seconds.items()} for column in (0, 1))
        return [_figure("first authorizer, import included", whole), _figure("the same, once imported", after), _requests(sandbox, before)]


def _figure(what: str, seconds: dict[str, float]) -> Figure:
    bound = max(seconds["json"], seconds["sqlite"])
    peer = f"JSON {milliseconds(seconds['json'])}, SQLite {milliseconds(seconds['sqlite'])}"
    return Figure(what, "≤ UserApp's", milliseconds(seconds["ours"]), peer, seconds["ours"] <= bound)


def _requests(sandbox: Sandbox, before: dict[str, int]) -> Figure:
    made = requests_since(sandbox, before)
    return Figure("requests that it makes", "0", str(sum(made.values())), "0", not made)
