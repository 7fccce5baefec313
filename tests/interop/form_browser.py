"""A browser without scripts: it keeps cookies, follows redirects, and fills in the forms that it meets."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

PAGES = 20


@dataclass
class Form:
    action: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append(Form(values.get("action", "")))
        elif self.forms and tag == "input" and values.get("type") != "submit" and "name" in values:
            self.forms[-1].values[values["name"]] = values.get("value", "")
        elif self.forms and tag in {"input", "button"} and "name" in values:
            self.forms[-1].buttons.append((values["name"], values.get("value", "")))


class FormBrowser:
    """A browser whose user knows these answers.

    :param answers: what to fill in, by the name of the field.
    :param presses: the name of the button to press where a form has several.
    """

    def __init__(self, answers: dict[str, str], *, presses: str | None = None) -> None:
        self.http = httpx.Client(timeout=60, event_hooks={"response": [self._send_secure_cookies_too]})
        self.answers, self.presses = answers, presses

    def _send_secure_cookies_too(self, response: httpx.Response) -> None:
        """Do as browsers do on the loopback interface, where plain http is safe enough for cookies that are `Secure`."""
        for cookie in self.http.cookies.jar:
            cookie.secure = False

    def go(self, url: str, *, until: str | None = None) -> httpx.Response | str:
        """Go on from page to page; return the last page, or the first address below ``until``, not visited."""
        page = self.http.get(url)
        for _ in range(PAGES):
            form = next(iter(_Forms(page.text).forms), None) if page.status_code == 200 else None
            if location := page.headers.get("location"):
                target = urljoin(str(page.url), location)
                if until is not None and target.startswith(until):
                    return target
                page = self.http.get(target)
            elif form and (form.buttons or form.values.keys() & self.answers.keys() or "prompt" in form.values):
                page = self.http.post(urljoin(str(page.url), form.action), data=self._fill(form))
            else:
                return page
        raise AssertionError(f"the pages lead nowhere: {page.url}")

    def _fill(self, form: Form) -> dict[str, str]:
        known = {name: self.answers[name] for name in form.values.keys() & self.answers.keys()}
        pressed = next((button for button in form.buttons if button[0] == self.presses), None)
        return {**form.values, **known, **dict([pressed] if pressed else form.buttons[:1])}

    def code(self, url: str, redirect_uri: str) -> dict[str, str]:
        """Return the parameters that the browser brings to the redirect URI."""
        target = self.go(url, until=redirect_uri)
        assert isinstance(target, str), f"it ended at {target.url} with status {target.status_code}: {target.text[:2000]}"
        return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}

    def __call__(self, url: str) -> None:
        """Be what LoopbackUserAgent opens: go all the way, our own page included."""
        self.go(url)

    def __enter__(self) -> FormBrowser:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
