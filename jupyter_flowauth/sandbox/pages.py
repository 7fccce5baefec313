"""The sandbox's pages: no script, one style, every text escaped, relative links only."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from .catalogue import Client, ScopeEntry, User
from .scope_tree import RequestedScope

_STYLE = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# No form-action: Chrome applies it to the redirects that follow a form, and those lead to the client's own address.
CONTENT_SECURITY_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"

_MARK = '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M6 12h20l-2.2 14H8.2z"/><path d="M16 12V4l7 3.2-7 3.2"/></svg>'


@dataclass(frozen=True, slots=True)
class Form:
    """What every form of a login carries."""

    request_id: str
    csrf: str

    def fields(self) -> str:
        """Return the hidden fields."""
        hidden = {"request": self.request_id, "csrf": self.csrf}
        return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())


def build_page(title: str, body: str) -> str:
    """Return a whole page; body is markup that its caller has escaped."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="referrer" content="no-referrer"><title>{escape(title)} · Sandbox</title>'
        f"<style>{_STYLE}</style></head><body><main>"
        f"<header>{_MARK}<p><strong>Sandbox</strong>: a pretend provider on this machine. No password needed.</p></header>"
        f"<h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def build_login_page(client: Client, users: Iterable[User], form: Form, *, hinted: User | None, names: dict[str, str]) -> str:
    """Return the page that asks who you are; a hinted user comes first and is suggested."""
    ordered = sorted(users, key=lambda user: user != hinted)
    buttons = "".join(_user_button(user, names.get(user.login, user.name), is_hinted=user == hinted) for user in ordered)
    lead = f"<p><strong>{escape(client.name)}</strong> asks you to log in. Choose who you are.</p>"
    return build_page("Log in", f'{lead}<form method="post" action="login">{form.fields()}<div class="people">{buttons}</div></form>')


def _user_button(user: User, name: str, *, is_hinted: bool) -> str:
    """Return the button of one person."""
    hint = '<span class="tag">suggested</span>' if is_hinted else ""
    attributes = 'class="person first" autofocus' if is_hinted else 'class="person"'
    return (
        f'<button {attributes} name="user" value="{escape(user.login)}">'
        f'<span class="disc" aria-hidden="true">{escape(user.login[:1].upper())}</span>'
        f'<span class="who"><span class="name">{escape(name)}{hint}</span><span class="sub">{escape(user.username)}</span></span></button>'
    )


def build_consent_page(
    client: Client,
    user: User,
    name: str,
    scopes: Iterable[RequestedScope],
    known: dict[str, ScopeEntry],
    form: Form,
    *,
    is_old: Callable[[tuple[str, ...]], bool],
    is_offline: bool,
) -> str:
    """Return the page that asks for the scopes, each with those that it depends on below it.

    :param is_old: says whether the last scope of a path was agreed to before, below those that lead to it.
    """
    items = "".join(_scope_item(requested, known, (), is_old) for requested in scopes)
    lasting = '<p class="note">It may go on doing so while you are away, until you log out.</p>' if is_offline else ""
    return build_page(
        "Allow access?",
        f'<p><strong>{escape(client.name)}</strong> would like to:</p><form method="post" action="consent">{form.fields()}'
        f'<ul class="scopes">{items}</ul>{lasting}<div class="row">'
        '<button class="deny" name="decision" value="deny">Deny</button>'
        '<button class="allow" name="decision" value="allow">Allow</button></div></form>'
        f'<p class="note">You are {escape(name)} ({escape(user.username)}). '
        f'<a href="login?request={escape(form.request_id)}">Use another identity</a></p>',
    )


def _scope_item(
    requested: RequestedScope, known: dict[str, ScopeEntry], above: tuple[str, ...], is_old: Callable[[tuple[str, ...]], bool]
) -> str:
    """Return a scope in words, its string, and what it depends on; in a tree that was agreed to before, what is new is said."""
    entry, path = known[requested.scope], (*above, requested.scope)
    is_new = bool(above) and is_old(path[:1])
    tagged = '<span class="tag">agreed before</span>' if is_old(path) else '<span class="tag fresh">new</span>' if is_new else ""
    below = "".join(_scope_item(dependent, known, path, is_old) for dependent in requested.dependents)
    nested = f'<ul class="scopes">{below}</ul>' if below else ""
    return (
        f'<li><p class="title">{escape(entry.title)}{tagged}</p><p class="service">{escape(entry.service)}</p>'
        f"<code>{escape(requested.scope)}</code>{nested}</li>"
    )


def build_code_page(code: str) -> str:
    """Return the page that shows an authorization code."""
    body = f'<p>Copy this code and paste it into the application that asked for it.</p><code class="code">{escape(code)}</code>'
    return build_page("Your code", f'{body}<p class="note">It can be used once, and soon expires.</p>')


def build_device_page(form: Form, *, user_code: str) -> str:
    """Return the page that asks for the code that another device shows."""
    return build_page(
        "Connect a device",
        f'<p>Enter the code that your notebook or terminal shows.</p><form method="post" action="device">{form.fields()}'
        f'<p><input class="code" name="user_code" value="{escape(user_code[:40])}" aria-label="Code" autocomplete="off" autofocus></p>'
        '<p class="note">Go on only if you started this login yourself, and the code is on a screen of yours.</p>'
        '<div class="row"><span></span><button class="allow">Continue</button></div></form>',
    )


def build_device_done_page(*, is_allowed: bool) -> str:
    """Return the page after a decision that another device waits for."""
    title, sentence = ("Your device is connected", "It has what it asked for.") if is_allowed else ("Not allowed", "Nothing was granted.")
    return build_page(title, f'<p>{sentence}</p><p class="note">Go back to it. You can close this page.</p>')


def build_refusal_page(title: str, sentence: str, details: Sequence[str] = ()) -> str:
    """Return the page of a refusal; the values that were wrong are shown, cut to a readable length."""
    shown = "".join(f"<li><code>{escape(detail[:300])}</code></li>" for detail in details[:20])
    listed = f'<ul class="details">{shown}</ul>' if shown else ""
    closing = '<p class="note">Nothing was granted. You can close this page.</p>'
    return build_page(title, f'<p class="bad">{escape(sentence)}</p>{listed}{closing}')
