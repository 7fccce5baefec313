"""Draws one login as a sequence: ``python docs/_tools/sequence.py`` writes ``docs/_static/one-login.svg``."""

from __future__ import annotations

from html import escape
from pathlib import Path

TARGET = Path(__file__).parents[1] / "_static" / "one-login.svg"
ACTORS = ("kernel", "rendezvous", "Jupyter server", "browser", "provider")
# from, to (an arrow) or None (a thing that one does), what
STEPS: tuple[tuple[int, int | None, str], ...] = (
    (0, None, "missing = required − held; state, nonce, code_verifier"),
    (0, 1, "request (no verifier)"),
    (0, 3, "the card: a link to flowauth/login/<id>"),
    (3, 2, "GET login/<id> (Jupyter login)"),
    (1, 2, "request"),
    (2, 3, "302, binding cookie"),
    (3, 4, "authorize?…code_challenge"),
    (4, None, "login, consent"),
    (4, 3, "302 code, state, iss"),
    (3, 2, "GET callback/<provider>"),
    (2, None, "cookie, state (once), iss"),
    (2, 1, "response (code)"),
    (2, 3, "303 done/<id>"),
    (1, 0, "response"),
    (0, 4, "code + code_verifier + that redirect_uri"),
    (4, 0, "tokens, ID token"),
    (0, None, "check, store under the lock"),
    (0, 1, "result"),
    (1, 2, "result"),
    (2, 3, "“You are alice@…, 2 scopes granted”"),
)
COLUMN, LEFT, TOP, ROW = 178, 96, 34, 34
WIDTH, HEIGHT = LEFT * 2 + COLUMN * (len(ACTORS) - 1), TOP + 26 + ROW * len(STEPS)
STYLE = (
    "<style>.one-login{font:12px system-ui,sans-serif;fill:currentColor;stroke:none}"
    ".one-login .life{stroke:currentColor;opacity:.25;stroke-dasharray:3 4}"
    ".one-login .arrow{stroke:#1976d2;stroke-width:1.5;fill:none;marker-end:url(#one-login-head)}"
    ".one-login .actor{font-weight:600;text-anchor:middle}"
    ".one-login .what{text-anchor:middle}.one-login .own{text-anchor:start;font-style:italic}"
    ".one-login .edge{text-anchor:end}.one-login .dot{fill:#1976d2}</style>"
)


def column(actor: int) -> int:
    """Return where an actor's line is."""
    return LEFT + actor * COLUMN


def draw_step(number: int, step: tuple[int, int | None, str]) -> str:
    """Return one arrow, or one thing that an actor does alone."""
    start, end, what = step
    y, text = TOP + 34 + number * ROW, escape(what)
    if end is None:
        is_last = start == len(ACTORS) - 1
        x, name = (column(start) - 10, "edge") if is_last else (column(start) + 10, "own")
        return f'<circle class="dot" cx="{column(start)}" cy="{y - 4}" r="4"/><text class="{name}" x="{x}" y="{y}">{text}</text>'
    gap = 5 if end > start else -5
    line = f'<path class="arrow" d="M{column(start)} {y}H{column(end) - gap}"/>'
    return f'{line}<text class="what" x="{(column(start) + column(end)) // 2}" y="{y - 6}">{text}</text>'


def draw() -> str:
    """Return the drawing."""
    head = (
        '<defs><marker id="one-login-head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#1976d2"/></marker></defs>'
    )
    lives = "".join(
        f'<path class="life" d="M{column(i)} {TOP}V{HEIGHT - 6}"/><text class="actor" x="{column(i)}" y="{TOP - 14}">{escape(actor)}</text>'
        for i, actor in enumerate(ACTORS)
    )
    steps = "".join(draw_step(number, step) for number, step in enumerate(STEPS))
    label = "One login as messages between kernel, rendezvous, Jupyter server, browser and provider; the list below says the same."
    attributes = f'class="drawing one-login" role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f"<svg {attributes}>{STYLE}{head}{lives}{steps}</svg>\n"


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
