"""A user of the Hub at their browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import APIResponse, BrowserContext, Page, expect

from tests.browser.provider_pages import allow, choose

from .world import USERS, HubWorld, wait_for

PASSWORD = "password-of-all"
# It wants the Jupyter login, and says 404 then.
CLOSED_PAGE = "nbconvert/html/none.ipynb"


@dataclass
class Person:
    """A user, their browser, and what they do with it."""

    hub: HubWorld
    context: BrowserContext
    user: str

    @property
    def identity(self) -> str:
        """Who they are at the provider."""
        return self.user if self.user in USERS else "alice"

    def log_in_to_hub(self) -> None:
        page = self.context.new_page()
        page.goto(f"{self.hub.url}hub/login?next={self.hub.prefix}hub/home")
        page.locator("#username_input").fill(self.user)
        page.locator("#password_input").fill(PASSWORD)
        page.locator("#login_submit").click()
        page.wait_for_url("**/hub/home")
        page.close()

    def enter(self, owner: str = "", server: str = "") -> None:
        """Come in to a server, as any page of it would have it."""
        page = self.context.new_page()
        answer = page.goto(f"{self.hub.user_url(owner or self.user, server)}{CLOSED_PAGE}")
        if "oauth2/authorize" in page.url:  # the Hub asks before it hands a login to another person's server
            page.locator("input[type=submit], button[type=submit]").last.click()
            page.wait_for_url(f"**/{CLOSED_PAGE}")
        elif answer is not None:
            assert answer.status == 404
        page.close()

    def request(self, path: str, *, method: str = "GET", values: Any = None, server: str = "", xsrf: bool = True) -> APIResponse:
        """Send what a page of the server's own would send."""
        base = self.hub.user_url(self.user, server)
        cookies = self.context.cookies(base)
        token = next((cookie["value"] for cookie in cookies if cookie["name"] == "_xsrf" and base.endswith(str(cookie["path"]))), "")
        headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", **({"X-XSRFToken": token} if xsrf else {})}
        data = None if values is None else json.dumps(values)
        return self.context.request.fetch(f"{base}{path}", method=method, data=data, headers=headers, max_redirects=0)

    def ask(self, server: str = "") -> str:
        """Start a login, as a click on *Log in* does, and return its id."""
        answer = self.request("flowauth/api/logins", method="POST", values={"provider": "globus"}, server=server)
        assert answer.status == 201, answer.text()
        login_id: str = answer.json()["login_id"]
        return login_id

    def status(self, login_id: str, server: str = "") -> Any:
        return self.request(f"flowauth/api/logins/{login_id}", server=server).json()

    def open(self, login_id: str, server: str = "") -> Page:
        """Open a login's page, say who one is, and return the page that asks for the consent."""
        page = self.context.new_page()
        page.goto(f"{self.hub.user_url(self.user, server)}flowauth/login/{login_id}")
        if page.get_by_role("heading", name="Allow access?").count() == 0:
            choose(page, self.identity)
        return page

    def log_in(self, server: str = "") -> Page:
        """Go the whole way, and return the last page."""
        page = self.open(self.ask(server), server)
        allow(page)
        return page

    def assert_done(self, page: Page) -> None:
        expect(page.get_by_role("heading", name=f"You are {self.identity}@sandbox.example")).to_be_visible()

    def assert_refused(self, page: Page, heading: str) -> None:
        expect(page.get_by_role("heading", name=heading)).to_be_visible()

    def cancel_all(self, server: str = "") -> None:
        """Leave no login behind."""
        for login in self.request("flowauth/api/status", server=server).json()["pending"]:
            self.request(f"flowauth/api/logins/{login['login_id']}/cancel", method="POST", values={}, server=server)
        wait_for(lambda: not self.request("flowauth/api/status", server=server).json()["pending"], "the end of every login", seconds=60)


def authorize_url(hub: HubWorld) -> str:
    """Return the address that the provider was asked last with: what somebody could send to a colleague."""
    asked = hub.sandbox.state.authorize_requests[-1]
    return f"{hub.sandbox.url}/v2/oauth2/authorize?{urlencode(asked)}"
