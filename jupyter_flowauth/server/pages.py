"""The pages: no script, one style, every text escaped, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from typing import Literal

from ..login_outcomes import as_sentence, count_scopes
from ..records import LoginRequest, LoginResult, Outcome, ScopeLine

Tone = Literal["good", "bad", "warn", "wait", "quiet"]
Mark = Literal["tick", "cross", "bang", "turning", "no_entry", "clock", "pause"]

_STYLE = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_LONGEST_TEXT = 600
_RING = '<circle class="ring" cx="28" cy="28" r="24"/>'
_MARKS: dict[Mark, str] = {
    "tick": '<path d="m17 29 8 8 15-17"/>',
    "cross": '<path d="m20 20 16 16m0-16L20 36"/>',
    "bang": '<path d="M28 15v16m0 9v.5"/>',
    "turning": '<g class="turn"><path d="M28 4a24 24 0 0 1 24 24"/></g>',
    "no_entry": '<path d="M17 28h22"/>',
    "clock": '<path d="M28 15v14l9 5"/>',
    "pause": '<path d="M22.5 19v18m11-18v18"/>',
}
_GO_BACK = "Go back to your notebook. You can close this page."
_ASK_AGAIN = "To be asked again, start the login again from your notebook. You can close this page."
_KEPT = "What you had before is still there."
_ELSEWHERE = {
    "loopback": "It waits for the page that it has opened in a browser itself.",
    "device": "It waits for its code to be typed in at the provider.",
    "paste": "It waits for a code to be pasted where it was started.",
}


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a login that ended badly looks. An empty sentence stands for the message of the result."""

    tone: Tone
    mark: Mark
    title: str
    sentence: str


_ENDINGS: dict[Outcome, _Ending] = {
    "denied": _Ending("warn", "no_entry", "The login was denied", f"You, or the provider for you, said no. {_KEPT}"),
    "cancelled": _Ending("quiet", "cross", "The login was cancelled", f"It was called off before it was answered. {_KEPT}"),
    "timed_out": _Ending("warn", "clock", "The login took too long", f"Nobody answered it in time. {_KEPT}"),
    "failed": _Ending("bad", "cross", "The login failed", ""),
    "mismatch": _Ending("bad", "cross", "Somebody else logged in", ""),
    "interrupted": _Ending("quiet", "pause", "The login was interrupted", f"The notebook stopped waiting for it. {_KEPT}"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. Every text is a plain one.

    :param scopes: granted and refused scopes to list.
    :param facts: name and value of what somebody needs to know.
    :param steps: what to do, in order.
    :param action: the label and the address of the one link.
    :param refresh_seconds: after how long the browser looks again, or None.
    """

    tone: Tone
    mark: Mark
    title: str
    sentence: str
    next_step: str = _GO_BACK
    scopes: tuple[ScopeLine, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    action: tuple[str, str] | None = None
    refresh_seconds: int | None = None


def render_page(page: Page) -> str:
    """Return a page's HTML."""
    refresh = f'<meta http-equiv="refresh" content="{page.refresh_seconds}">' if page.refresh_seconds else ""
    action = f'<a class="action" rel="noreferrer" href="{escape(page.action[1])}">{_text(page.action[0])}</a>' if page.action else ""
    next_class = "aside" if page.steps else "next"
    role = ' role="status"' if page.tone in {"good", "wait"} else ' role="alert"'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">{refresh}'
        f"<title>{_text(page.title)}</title><style>{_STYLE}</style></head><body>"
        f'<main class="{page.tone}"><div{role}><svg class="mark" viewBox="0 0 56 56" aria-hidden="true">{_RING}{_MARKS[page.mark]}</svg>'
        f"<h1>{_text(page.title)}</h1><p>{_text(page.sentence)}</p>{_lists(page)}{action}"
        f'<p class="{next_class}">{_text(page.next_step)}</p></div><footer>Shown by your own Jupyter server</footer></main></body></html>'
    )


def _lists(page: Page) -> str:
    scopes = "".join(_scope(line) for line in page.scopes)
    facts = "".join(f'<li class="fact"><small>{_text(name)}</small><code>{_text(value)}</code></li>' for name, value in page.facts)
    steps = "".join(f"<li>{_text(step)}</li>" for step in page.steps)
    return (f"<ul>{scopes}{facts}</ul>" if scopes or facts else "") + (f"<ol>{steps}</ol>" if steps else "")


def _scope(line: ScopeLine) -> str:
    service = f"<small>{_text(line.service)}</small>" if line.service else ""
    string = f"<code>{_text(line.scope)}</code>" if line.title != line.scope else ""
    return f'<li class="{"granted" if line.granted else "refused"}">{_text(line.title)}{service}{string}</li>'


def _text(text: str) -> str:
    """Return a text that may be a stranger's, cut and escaped."""
    return escape(text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…")


def with_way_back(page: Page, address: str) -> Page:
    """Return a last page for the tab in which the notebook was: it is not to be closed, but led back.

    :param address: where Jupyter is, on this origin.
    """
    return replace(page, action=("Back to Jupyter", address), next_step="Your notebook is where you left it.")


def build_refusal_page(title: str, sentence: str) -> Page:
    """Return the page of a request that was refused."""
    return Page("bad", "cross", title, sentence)


def build_finishing_page(*, is_late: bool) -> Page:
    """Return the page between the provider's answer and the notebook's; it looks again until it is late."""
    if is_late:
        return Page(
            "quiet",
            "bang",
            "Nothing more to see here",
            "The login has ended, or its notebook is gone.",
            "Your notebook says how it ended. You can close this page.",
        )
    return Page(
        "wait",
        "turning",
        "Finishing your login…",
        "Your notebook is fetching what you agreed to.",
        "This page looks again by itself.",
        refresh_seconds=1,
    )


def build_result_page(result: LoginResult, scopes: Sequence[ScopeLine]) -> Page:
    """Return the page that says how a login ended.

    :param scopes: what was granted and what was not, described.
    """
    ending = _ENDINGS.get(result.outcome)
    if ending is not None:
        sentence = ending.sentence or as_sentence(result.message)
        return Page(ending.tone, ending.mark, ending.title, sentence, _ASK_AGAIN, tuple(scopes))
    title = f"You are {result.identity.username}" if result.identity else "You are logged in"
    title = f"{title}, {count_scopes(len(result.scopes))} granted"
    if result.missing:
        sentence = f"{count_scopes(len(result.missing))} not granted; what was granted is kept."
        return Page("warn", "bang", title, sentence, _GO_BACK, tuple(scopes))
    return Page("good", "tick", title, "Your notebook has what it asked for.", _GO_BACK, tuple(scopes))


def build_unknown_page() -> Page:
    """Return the page of a login that nobody waits for."""
    return Page(
        "quiet",
        "bang",
        "This login is over",
        "Nobody waits for it any more, or its notebook was stopped.",
        "To log in, start again from your notebook.",
    )


def build_answered_page() -> Page:
    """Return the page of a login that was answered already, and hasn't ended yet."""
    return Page("wait", "turning", "This login was answered already", "Your notebook is finishing it. A login can be used once.")


def build_elsewhere_page(request: LoginRequest) -> Page:
    """Return the page of a login that waits in another way than through this server."""
    return Page(
        "quiet",
        "bang",
        "This login goes on elsewhere",
        _ELSEWHERE.get(request.user_agent, "It waits for an answer in another way than through this page."),
        "Look where you started it.",
    )


def build_unregistered_page(request: LoginRequest, redirect_uri: str, *, paste_link: str | None) -> Page:
    """Return the page that offers the next rung, where the provider would refuse this address."""
    steps = (
        "Open the provider's page with the button below, and log in.",
        "Copy the code that it shows (or the whole address of the page where you end).",
        "Go back to your notebook, open “Other ways to log in” on the card, and paste it there.",
    )
    return Page(
        "warn",
        "bang",
        "One more step is needed here",
        f"{request.provider_title} doesn't know the address at which you use Jupyter, so it can't send you back here by itself.",
        "To log in without copying, register this address with your client at the provider.",
        facts=(("Address to register as a redirect URI", redirect_uri),),
        steps=steps if paste_link else ("Go back to your notebook: if there is another way to log in, it asks you there now.",),
        action=(f"Continue at {request.provider_title}", paste_link) if paste_link else None,
    )
