"""The binding cookie: signed, one per login, sent to our routes only. It proves that this browser opened the login."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from tornado.web import RequestHandler

from ..records import Opening
from ..secret import Secret
from .origins import Place

LIFETIME_DAYS = 15 / (24 * 60)
_ENTROPY_BYTES = 32
# In front of the value where the notebook's own tab was led to the login: what its last page offers is the way back.
_HERE = "here."


def cookie_name(login_id: str) -> str:
    """Return the cookie's name. Cookies don't know ports, so each login has a cookie of its own."""
    return f"flowauth-{login_id}"


def bind_browser(handler: RequestHandler, login_id: str, place: Place, *, from_here: bool = False) -> str:
    """Set a fresh binding cookie, and return its value: keep no more of it than ``hash_binding`` says.

    :param from_here: whether the tab in which the notebook was is the one that was led here.
    """
    value = Secret(f"{_HERE if from_here else ''}{secrets.token_urlsafe(_ENTROPY_BYTES)}")
    handler.set_signed_cookie(
        cookie_name(login_id), value, expires_days=LIFETIME_DAYS, path=place.path, httponly=True, samesite="Lax", secure=place.is_secure
    )
    return value


def read_binding(handler: RequestHandler, login_id: str) -> bytes | None:
    """Return the value of the binding cookie if the browser sent one that was signed here in the last quarter of an hour."""
    return handler.get_signed_cookie(cookie_name(login_id), max_age_days=LIFETIME_DAYS)


def has_left_its_notebook(value: bytes) -> bool:
    """Tell from a cookie's value whether the login was opened in the tab in which its notebook was."""
    return value.startswith(_HERE.encode())


def hash_binding(value: bytes) -> str:
    """Return the hash of a cookie's value, as it rests in the rendezvous."""
    return hashlib.sha256(value).hexdigest()


def is_bound(opening: Opening | None, value: bytes | None) -> bool:
    """Tell whether a cookie's value is the one of the newest opening, in constant time."""
    return opening is not None and value is not None and hmac.compare_digest(opening.binding_sha256, hash_binding(value))
