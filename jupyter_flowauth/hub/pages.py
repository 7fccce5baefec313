"""The relay's own pages: a sentence for a person, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

# The look of the server's pages: read, not imported.
_STYLE = (Path(__file__).parent.parent / "server" / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_MARK = (
    '<svg class="mark" viewBox="0 0 56 56" aria-hidden="true">'
    '<circle class="ring" cx="28" cy="28" r="24"/><path d="M28 15v16m0 9v.5"/></svg>'
)
START_AGAIN = "Start the login again from your notebook. You can close this page."


def render_page(title: str, sentence: str, next_step: str = START_AGAIN) -> str:
    """Return the page that says why a login doesn't go on here."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<main class="warn"><div role="alert">{_MARK}<h1>{escape(title)}</h1><p>{escape(sentence)}</p>'
        f'<p class="next">{escape(next_step)}</p></div><footer>Shown by the login service of this JupyterHub</footer></main></body></html>'
    )
