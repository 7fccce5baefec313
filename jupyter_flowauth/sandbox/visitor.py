"""A browser in miniature, with cookies and no JavaScript, that goes through login and consent pages for tests and benchmarks."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

_TIMEOUT_SECONDS = 30.0
_MOST_HOPS = 20
_OK = 200
_OUR_PAGES = ("/v2/oauth2/authorize", "/p/login", "/p/consent")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class VisitRefused(Exception):
    """A page that is neither a form to answer nor a redirect: the provider's refusal, most likely."""

    def __init__(self, page: Page) -> None:
        super().__init__(f"{page.status} {page.title}")
        self.page = page


@dataclass(frozen=True, slots=True)
class Page:
    """What one request answered."""

    url: str = field(repr=False)
    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    text: str = field(repr=False)

    @property
    def location(self) -> str | None:
        """Return the absolute address that the answer redirects to."""
        location = self.headers["Location"] if self.status in _REDIRECTS else None
        return None if location is None else urljoin(self.url, location)

    @property
    def title(self) -> str:
        """Return the page's title."""
        return parse_page(self.text).title.strip()


@dataclass(slots=True)
class PageForm:
    """The form of a page: where it goes, its hidden fields, and its buttons as (name, value)."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _PageParser(HTMLParser):
    """A reader of title and form."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.form: PageForm | None = None
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of form, fields and buttons."""
        values = {name: value or "" for name, value in attrs}
        self._in_title = tag == "title"
        if tag == "form":
            self.form = PageForm(values.get("action", ""))
        elif self.form is not None and tag == "input":
            self.form.fields[values.get("name", "")] = values.get("value", "")
        elif self.form is not None and tag == "button":
            self.form.buttons.append((values.get("name", ""), values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        """Leave the title."""
        self._in_title = False

    def handle_data(self, data: str) -> None:
        """Gather the title."""
        if self._in_title:
            self.title += data


def parse_page(text: str) -> _PageParser:
    """Return the title and the form of a page."""
    parser = _PageParser()
    parser.feed(text)
    return parser


class Visitor:
    """A browser with cookies: one person at one computer.

    :param headers: sent with every request (a Jupyter token, or a proxy's `X-Forwarded-Prefix`).
    """

    def __init__(self, *, headers: Mapping[str, str] | None = None) -> None:
        self._headers = dict(headers or {})
        self._cookies: dict[tuple[str, str, str], str] = {}

    def get(self, url: str) -> Page:
        """Return what a GET answers; redirects are not followed."""
        return self._send("GET", url)

    def post(self, url: str, fields: Mapping[str, str]) -> Page:
        """Return what a form answers; redirects are not followed."""
        return self._send("POST", url, urlencode(fields))

    def submit(self, page: Page, button: tuple[str, str]) -> Page:
        """Press a button of a page's form.

        :raises VisitRefused: there is no such button.
        """
        form = parse_page(page.text).form
        if form is None or button not in form.buttons:
            raise VisitRefused(page)
        return self.post(urljoin(page.url, form.action), {**form.fields, button[0]: button[1]})

    def open(self, url: str) -> Page:
        """Follow redirects from page to page of the sandbox; return the first page, or the redirect that leaves it."""
        return self._follow(self.get(url))

    def approve(self, authorize_url: str, *, user: str = "alice", deny: bool = False) -> str:
        """Log in if asked, allow or deny, and return the address that the browser is sent to in the end; it is not followed.

        :raises VisitRefused: the provider shows a page of its own and will not go on.
        """
        page = self.open(authorize_url)
        for _ in range(_MOST_HOPS):
            if page.location is not None:
                return page.location
            form = parse_page(page.text).form
            asks_who = form is not None and any(name == "user" for name, _ in form.buttons)
            page = self._follow(self.submit(page, ("user", user) if asks_who else ("decision", "deny" if deny else "allow")))
        raise VisitRefused(page)

    def approve_device(self, page_url: str, user_code: str, *, user: str = "alice", deny: bool = False) -> Page:
        """Enter the code that a device shows, log in if asked, allow or deny, and return the last page.

        :raises VisitRefused: the provider will not go on.
        """
        asked = self.get(page_url)
        form = parse_page(asked.text).form
        if form is None:
            raise VisitRefused(asked)
        page = self._follow(self.post(urljoin(asked.url, form.action), {**form.fields, "user_code": user_code}))
        for _ in range(_MOST_HOPS):
            form = parse_page(page.text).form
            if page.status != _OK:
                raise VisitRefused(page)
            if form is None:
                return page
            asks_who = any(name == "user" for name, _ in form.buttons)
            page = self._follow(self.submit(page, ("user", user) if asks_who else ("decision", "deny" if deny else "allow")))
        raise VisitRefused(page)

    def _follow(self, page: Page) -> Page:
        """Go on while a redirect stays among the sandbox's pages (behind whatever prefix)."""
        for _ in range(_MOST_HOPS):
            location = page.location
            if location is None or not _is_our_page(location, page.url):
                return page
            page = self.get(location)
        raise VisitRefused(page)

    def _send(self, method: str, url: str, body: str | None = None) -> Page:
        """Send one request, with the cookies that are its server's."""
        parts = urlsplit(url)
        headers = dict(self._headers)
        if cookie := self._cookie_header(parts):
            headers["Cookie"] = cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connection_class(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
        try:
            # RFC 9112 3.2.1: "If the target URI's path component is empty, the client MUST send "/" as the path".
            target = parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        self._keep_cookies(parts, response.headers)
        return Page(url, response.status, response.headers, text)

    def _keep_cookies(self, parts: SplitResult, headers: http.client.HTTPMessage) -> None:
        """Store what an answer sets: per host (cookies don't know ports), path and name."""
        for line in headers.get_all("Set-Cookie", []):
            try:
                jar = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in jar.items():
                self._cookies[parts.hostname or "", morsel["path"] or "/", name] = morsel.value

    def _cookie_header(self, parts: SplitResult) -> str:
        """Return the cookies for an address."""
        path = parts.path or "/"
        fitting = (
            (name, value)
            for (host, below, name), value in self._cookies.items()
            if host == parts.hostname and value and (path == below or path.startswith(below.rstrip("/") + "/"))
        )
        return "; ".join(f"{name}={value}" for name, value in fitting)


def _is_our_page(location: str, previous: str) -> bool:
    """Say whether a redirect leads to another page of the same sandbox."""
    target, origin = urlsplit(location), urlsplit(previous)
    return (target.scheme, target.netloc) == (origin.scheme, origin.netloc) and target.path.endswith(_OUR_PAGES)
