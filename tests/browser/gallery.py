"""The card in every state, mounted in a real front end's page with made-up values: no kernel, no login, and the clock stands still."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from .notebook import GROUPS, MANAGE_GROUPS, TRANSFER

ROOT = Path(__file__).parents[2]
VIEW = ROOT / "jupyter_flowauth" / "kernel" / "static" / "view.js"
AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
NOW = 1_800_000_000
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark", "contrast": "JupyterLab Dark High Contrast"}
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_MOUNT = """async ([source, traits, answer, now, look]) => {
  window.galleryEnd?.();
  window.galleryNow ??= Date.now;
  Date.now = () => now * 1000;
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  window.galleryView ??= (await import(address)).default;
  const home = document.createElement('div');
  home.id = 'gallery';
  home.dir = look.dir;
  home.className = 'jp-OutputArea-output jupyter-widgets-view';
  home.style.cssText = `position: fixed; inset: 0 auto auto 0; z-index: 99999; width: ${look.width}px; padding: 8px;
    box-sizing: border-box; background: var(--jp-layout-color0); color: var(--jp-ui-font-color1)`;
  const wall = document.createElement('div');
  wall.style.cssText = 'position: fixed; inset: 0; z-index: 99998; background: var(--jp-layout-color0)';
  document.body.append(wall, home);
  const model = { get: key => traits[key], on() {}, off() {}, send() {} };
  const reply = () => Promise.resolve(new Response(JSON.stringify(answer), { status: answer ? 200 : 404 }));
  const request = traits.unreachable ? () => Promise.reject(new TypeError('no server')) : reply;
  const dispose = window.galleryView.render({ model, el: home, request });
  window.galleryEnd = () => { dispose(); home.remove(); wall.remove(); Date.now = window.galleryNow; };
}"""
_AUDIT = """async standards => {
  const found = await axe.run('#gallery', { runOnly: { type: 'tag', values: standards }, resultTypes: ['violations'] });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.target} ${node.failureSummary}`));
}"""


@dataclass(frozen=True)
class State:
    """One state of the card.

    :param answer: what the server says of the login, besides that it waits.
    """

    traits: dict[str, Any]
    answer: dict[str, Any] | None = None
    width: int = 520
    dir: str = "ltr"


def scope(scope: str, title: str, service: str, *, granted: bool = False) -> dict[str, Any]:
    return {"scope": scope, "title": title, "service": service, "granted": granted}


FILES = scope(TRANSFER, "Manage your transfers and files", "Globus Transfer")
MEMBERSHIPS = scope(GROUPS, "View your groups and memberships", "Globus Groups")
ALL_GROUPS = scope(MANAGE_GROUPS, "View and manage your groups", "Globus Groups")
HELD = [{**line, "granted": True} for line in (FILES, MEMBERSHIPS)]
ALICE = {"username": "alice@sandbox.example", "name": "Alice Sandbox"}
BASE: dict[str, Any] = {
    "mode": "card",
    "status": "waiting",
    "provider": {"name": "globus", "title": "Globus", "issuer_host": "auth.globus.org"},
    "client_title": "This notebook",
    "scopes": [FILES, MEMBERSHIPS],
    "consent": [],
    "others": [],
    "login_id": "0" * 32,
    "base_url": "/",
    "started_at_seconds": NOW - 48,
    "expires_at_seconds": NOW + 252,
}
_FLOW = "https://auth.globus.org/scopes/8c1f0c8e-5f0e-4f1c-9f3e-2a4b6f1d7e90/flow_8c1f0c8e_5f0e_4f1c_9f3e_2a4b6f1d7e90_user"
TREE = [
    {"depth": 0, "new": False, "reason": "Flow 'Ingest'", "scope": _FLOW},
    {"depth": 1, "new": False, "reason": "Flow 'Ingest' uses Globus Transfer", "scope": TRANSFER},
    {
        "depth": 2,
        "new": False,
        "reason": "Globus Transfer reaches the data of collection 6f1d7e90",
        "scope": f"{TRANSFER[:-4]}:data_access",
    },
    {"depth": 1, "new": True, "reason": "Flow 'Ingest' now also uses Globus Search (ingest)", "scope": "urn:globus:search:ingest"},
]
CODE = {
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://sso.example.org/realms/school/device",
    "verification_uri_complete": "https://sso.example.org/realms/school/device?user_code=WDJB-MJHT",
    "expires_at_seconds": NOW + 200,
}
MANY = [scope(f"urn:globus:auth:scope:service{n % 5}.example.org:thing_{n}", f"Use thing {n}", f"Service {n % 5}") for n in range(60)]
LONG = scope("https://auth.globus.org/scopes/" + "long-name-of-a-collection/" * 6 + "data_access", "Data of a collection " * 4, "Globus")
KEPT = "what was held before is still held; run it again to be asked again."

MISMATCH = (
    "You came back as bob@sandbox.example, and this notebook uses the account of alice@sandbox.example; nothing of theirs was replaced; "
    "to use both side by side: %login --account bob@sandbox.example; to change over: %logout, then %login."
)


def of(_answer: dict[str, Any] | None = None, _width: int = 520, _dir: str = "ltr", /, **traits: Any) -> State:
    waiting = {"login_id": BASE["login_id"], "status": "waiting", "rung": "server", "paste_available": True, "user_agent": "server"}
    answer = {**waiting, "scopes": [], "message": "", **_answer} if _answer is not None else None
    return State({**BASE, **traits}, answer, _width, _dir)


def ended(status: str, message: str, **traits: Any) -> State:
    return of(status=status, message=message, **traits)


LOGGED_IN: dict[str, Any] = {"mode": "panel", "status": "logged_in", "identity": ALICE, "scopes": HELD, "held_count": 2, "login_id": ""}

STATES: dict[str, State] = {
    "logged-out": of(mode="panel", status="logged_out", scopes=[], login_id=""),
    "missing": of(mode="panel", status="missing", identity=ALICE, scopes=[HELD[0], MEMBERSHIPS], held_count=1, login_id=""),
    "waiting": of({}),
    "many-scopes": of({}, scopes=MANY),
    "device": of({"user_agent": "device"}, rung="device", device=CODE),
    "paste": of({"rung": "paste"}),
    "finishing": of(status="finishing"),
    "done": ended("done", "You are alice@sandbox.example, 2 scopes granted.", identity=ALICE, scopes=HELD),
    "denied": ended("denied", f"The login was denied; {KEPT}"),
    "timed-out": ended("timed_out", f"Nobody answered the login in time; {KEPT}"),
    "failed": ended("failed", "Globus has trouble of its own (status 500); nothing was lost here; try again later."),
    "mismatch": ended("mismatch", MISMATCH),
    "cancelled": ended("cancelled", f"The login was cancelled; {KEPT}"),
    "interrupted": ended("interrupted", f"The login was interrupted; {KEPT}"),
    "consent": of({}, scopes=[], consent=TREE, headline="Flow 'Ingest' now needs more"),
    "offline": of(unreachable=True),
    "accounts": of(**LOGGED_IN, others=["bob@sandbox.example"]),
    "compact": of(**LOGGED_IN, compact=True),
    "narrow": of({}, 320, scopes=[LONG, FILES]),
    "right-to-left": of({}, 520, "rtl", provider={"name": "x", "title": "כניסה אחידה", "issuer_host": "sso.example.org"}),
}


def open_front(page: Page, address: str) -> None:
    """Open a front end that has nothing open in it."""
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('apputils:change-theme')")
    page.evaluate(AXE.read_text(encoding="utf-8"))


def change_theme(page: Page, look: str) -> None:
    page.emulate_media(color_scheme="light" if look == "light" else "dark", reduced_motion="reduce")
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", THEMES[look])
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=THEMES[look])


def mount(page: Page, state: State) -> Locator:
    """Show a state, and return what it is shown in."""
    look = {"width": state.width, "dir": state.dir}
    page.evaluate(_MOUNT, [VIEW.read_text(encoding="utf-8"), state.traits, state.answer, NOW, look])
    view = page.locator("#gallery .jfa-view")
    view.wait_for()
    if state.traits.get("unreachable"):
        page.locator("#gallery .jfa-view[data-offline='true']").wait_for()
    return page.locator("#gallery")


def is_overflowing(shown: Locator) -> bool:
    """Tell whether anything runs out of the state that is shown, at 320 pixels."""
    return bool(
        shown.evaluate(
            """home => {
              home.style.width = '320px';
              const [needed, given] = [home.scrollWidth, home.clientWidth];
              return needed > given;
            }"""
        )
    )


def audit(page: Page) -> list[str]:
    """Return what axe finds in the state that is shown: nothing, if all is well."""
    return list(page.evaluate(_AUDIT, STANDARDS))
