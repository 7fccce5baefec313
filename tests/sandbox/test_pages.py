"""What a person meets: the pages, their forms and cookies, read as a browser without scripts reads them."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from jupyter_flowauth.sandbox import SANDBOX_CONFIDENTIAL_CLIENT_ID
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL
from jupyter_flowauth.sandbox.settings import HOSTILE_MARKUP
from jupyter_flowauth.sandbox.visitor import Visitor

PREFIX = "/user/ada/flowauth/sandbox"


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def pages(sandbox, start):
    """One of each: login, consent, code, refusal."""
    visitor = Visitor()
    login = visitor.open(start(redirect_uri=f"{sandbox.url}/v2/web/auth-code"))
    consent = visitor.get(visitor.submit(login, ("user", "alice")).location)
    code = visitor.get(visitor.submit(consent, ("decision", "allow")).location)
    return {"login": login, "consent": consent, "code": code, "refusal": visitor.get(start("urn:nothing"))}


def test_every_page_says_what_it_is(pages):
    assert all("a pretend provider on this machine. No password needed." in page.text for page in pages.values())


def test_every_page_has_a_policy_that_allows_its_one_style_only(pages):
    for page in pages.values():
        style = re.search("<style>(.*?)</style>", page.text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
        assert (policy["default-src"], policy["style-src"]) == ("'none'", f"'sha256-{digest}'")


def test_no_page_has_a_script_or_an_inline_style(pages):
    for page in pages.values():
        tags = Tags(page.text).found
        assert not any(tag == "script" or any(name == "style" or name.startswith("on") for name in attrs) for tag, attrs in tags)


def test_every_link_and_form_is_relative(pages):
    targets = [
        attrs.get("href") or attrs.get("action") for page in pages.values() for tag, attrs in Tags(page.text).found if tag in {"a", "form"}
    ]
    assert targets
    assert not any(target.startswith("/") or "://" in target for target in targets)


def test_no_page_is_kept_or_referred(pages):
    for page in pages.values():
        assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"], page.headers["X-Frame-Options"]) == (
            "no-store",
            "no-referrer",
            "DENY",
        )


def test_no_page_names_the_server_software(pages):
    assert not any("Server" in page.headers for page in pages.values())


def test_the_login_page_offers_both_people(pages):
    assert [attrs["value"] for tag, attrs in Tags(pages["login"].text).found if tag == "button"] == ["alice", "bob"]


def test_the_consent_page_names_scopes_in_words_and_beneath_as_strings(pages):
    text = pages["consent"].text
    assert text.index("Transfer files and manage your transfers") < text.index(TRANSFER_ALL)


def test_the_code_page_shows_the_code(pages):
    assert re.search(r'<code class="code">sbxcode_\w', pages["code"].text)


@pytest.mark.parametrize("query", ["", "?code=", "?code=<b>", "?code=sbxcode_invented"])
def test_the_code_page_shows_no_invented_code(sandbox, query):
    page = Visitor().get(f"{sandbox.url}/v2/web/auth-code{query}")
    assert (page.status, page.title) == (400, "No code · Sandbox")


def test_a_denial_on_the_code_page_says_so(sandbox, start):
    visitor = Visitor()
    page = visitor.get(visitor.approve(start(redirect_uri=f"{sandbox.url}/v2/web/auth-code"), deny=True))
    assert page.title == "Not allowed · Sandbox"


def test_a_login_hint_puts_that_person_first(start):
    page = Visitor().open(start(login_hint="bob@sandbox.example"))
    buttons = [attrs for tag, attrs in Tags(page.text).found if tag == "button"]
    assert (buttons[0]["value"], "autofocus" in buttons[0], "suggested" in page.text) == ("bob", True, True)


def test_the_next_login_skips_the_login_page(sandbox, start):
    visitor = Visitor()
    visitor.approve(start())
    before = sandbox.count("login")
    visitor.approve(start())
    assert sandbox.count("login") == before


@pytest.mark.parametrize("params", [{"prompt": "login"}, {"login_hint": "bob"}])
def test_a_new_login_can_be_asked_for(start, params):
    visitor = Visitor()
    visitor.approve(start())
    assert urlsplit(visitor.open(start(**params)).url).path == "/p/login"


def test_a_hint_at_the_person_logged_in_goes_on(start):
    visitor = Visitor()
    visitor.approve(start())
    assert urlsplit(visitor.open(start(login_hint="alice@sandbox.example")).url).path == "/p/consent"


def test_the_consent_page_leads_back_to_the_login(start):
    visitor = Visitor()
    visitor.approve(start())
    page = visitor.open(start())
    link = next(attrs["href"] for tag, attrs in Tags(page.text).found if tag == "a")
    assert visitor.get(f"{page.url.rpartition('/')[0]}/{link}").title == "Log in · Sandbox"


def test_consents_are_remembered_and_shown(start):
    visitor = Visitor()
    visitor.approve(start("openid"))
    text = visitor.open(start("openid", "email")).text
    assert text.count("agreed before") == 1


def test_a_public_client_always_asks(start):
    visitor = Visitor()
    visitor.approve(start())
    assert urlsplit(visitor.open(start()).url).path == "/p/consent"


def test_a_confidential_client_asks_once(sandbox):
    redirect_uri = "https://hub.example/callback"
    sandbox.state.register_redirect_uri(SANDBOX_CONFIDENTIAL_CLIENT_ID, redirect_uri)
    query = f"response_type=code&scope=openid&client_id={SANDBOX_CONFIDENTIAL_CLIENT_ID}&redirect_uri={redirect_uri}"
    url = f"{sandbox.url}/v2/oauth2/authorize?{query}"
    visitor = Visitor()
    visitor.approve(url)
    assert visitor.open(url).location.startswith(redirect_uri)
    assert visitor.open(url + "&prompt=consent").location is None


@pytest.mark.parametrize("field", ["csrf", "request"])
def test_a_form_with_a_wrong_or_absent_mark_is_refused(start, field):
    visitor = Visitor()
    page = visitor.open(start())
    fields = {attrs["name"]: attrs["value"] for tag, attrs in Tags(page.text).found if tag == "input"}
    statuses = {visitor.post(page.url, {**fields, "user": "alice", field: wrong}).status for wrong in ("", "wrong", "\u00e9")}
    assert statuses <= {400, 403}


def test_another_logins_form_mark_is_refused(start):
    visitor = Visitor()
    marks = [{attrs["name"]: attrs["value"] for tag, attrs in Tags(visitor.open(start()).text).found if tag == "input"} for _ in range(2)]
    page = visitor.open(start())
    assert visitor.post(page.url.partition("?")[0], {**marks[0], "csrf": marks[1]["csrf"], "user": "alice"}).status == 403


def test_another_browser_cannot_use_the_pages(start):
    page = Visitor().open(start())
    assert Visitor().get(page.url).status == 403


def test_consent_before_login_leads_to_the_login(start):
    visitor = Visitor()
    page = visitor.open(start())
    assert urlsplit(visitor.get(page.url.replace("/p/login", "/p/consent")).location).path == "/p/login"


def test_a_decision_without_a_login_is_refused(start):
    visitor = Visitor()
    page = visitor.open(start())
    fields = {attrs["name"]: attrs["value"] for tag, attrs in Tags(page.text).found if tag == "input"}
    answer = visitor.post(page.url.replace("/p/login", "/p/consent"), {**fields, "decision": "allow"})
    assert (answer.status, answer.location) == (400, None)


def test_an_unknown_person_is_refused(start):
    visitor = Visitor()
    page = visitor.open(start())
    fields = {attrs["name"]: attrs["value"] for tag, attrs in Tags(page.text).found if tag == "input"}
    assert visitor.post(page.url, {**fields, "user": "mallory"}).status == 400


def test_a_decision_counts_once(sandbox, start):
    visitor = Visitor()
    visitor.approve(start())
    page = visitor.open(start())
    first, second = (visitor.submit(page, ("decision", "allow")) for _ in range(2))
    assert (first.status, second.status, second.title) == (302, 400, "This login is over · Sandbox")
    assert sandbox.count("codes_issued") == 2


def test_a_login_page_grows_old(sandbox, start):
    visitor = Visitor()
    page = visitor.open(start())
    sandbox.configure(clock_offset=901)
    assert visitor.get(page.url).title == "This login is over · Sandbox"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(start):
    visitor = Visitor()
    page = visitor.open(start())
    cookies = [*visitor.get(start()).headers.get_all("Set-Cookie"), *visitor.submit(page, ("user", "alice")).headers.get_all("Set-Cookie")]
    assert {cookie.split("_")[1] for cookie in cookies} == {"browser", "session"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie and cookie.endswith("Path=/; SameSite=Lax") for cookie in cookies)


@pytest.mark.parametrize(
    "prefix, path", [(PREFIX, PREFIX + "/"), (PREFIX + "/", PREFIX + "/"), ("", "/"), ("/x; Domain=evil", "/"), ("//evil", "/")]
)
def test_the_cookie_path_follows_a_proxys_prefix(start, prefix, path):
    page = Visitor(headers={"X-Forwarded-Prefix": prefix}).get(start())
    assert f"Path={path};" in page.headers["Set-Cookie"] + ";"


def test_a_prefix_changes_nothing_but_cookie_paths(sandbox, start):
    plain, proxied = Visitor().get(start()), Visitor(headers={"X-Forwarded-Prefix": PREFIX}).get(start())
    assert [re.sub("request=.*", "", page.headers["Location"]) for page in (plain, proxied)] == ["../../p/login?"] * 2


def test_the_way_to_the_code_page_is_relative(sandbox, start):
    visitor = Visitor()
    page = visitor.open(start(redirect_uri=f"{sandbox.url}/v2/web/auth-code"))
    consent = visitor.get(visitor.submit(page, ("user", "alice")).location)
    assert visitor.submit(consent, ("decision", "allow")).headers["Location"].startswith("../v2/web/auth-code?code=")


def test_markup_in_a_name_is_text(sandbox, start):
    sandbox.configure(display_names={"alice": HOSTILE_MARKUP})
    visitor = Visitor()
    login = visitor.open(start())
    consent = visitor.get(visitor.submit(login, ("user", "alice")).location)
    for page in (login, consent):
        assert HOSTILE_MARKUP not in page.text
        assert "&lt;img src=x" in page.text


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope"])
def test_markup_in_a_refused_parameter_is_text(sandbox, start, name):
    page = Visitor().get(start("openid").replace(f"{name}=", f"{name}=%3Cimg%20src%3Dx%3E"))
    assert page.status == 400
    assert not any(tag == "img" for tag, _ in Tags(page.text).found)


def test_a_very_long_parameter_is_cut(sandbox):
    page = Visitor().get(f"{sandbox.url}/v2/oauth2/authorize?client_id={'x' * 20_000}")
    assert page.status == 400
    assert len(page.text) < 12_000


def test_markup_in_a_denial_reaches_the_client_as_it_is(sandbox, start, query):
    sandbox.configure(denial_description=HOSTILE_MARKUP)
    assert query(sandbox.approve(start(), deny=True))["error_description"] == HOSTILE_MARKUP


def test_the_consent_page_shows_a_flows_dependents_as_a_tree(sandbox, world, start):
    flow = world.deploy(world.action(world.hello), world.action(world.ingest))
    visitor = sandbox.visitor()
    page = visitor.submit(visitor.open(start(flow["globus_auth_scope"])), ("user", "alice"))
    text = visitor.open(page.location).text
    order = [text.index(words) for words in ("Run the flow", "Say hello", "Ingest records", "Add records to search indexes")]
    assert order == sorted(order)
    assert text.count('<ul class="scopes">') == 3


def test_in_a_tree_that_was_agreed_to_what_is_new_is_said(sandbox, world, start):
    flow = world.deploy(world.action(world.hello))
    world.starter(flow)
    world.change(flow, world.action(world.hello), world.action(world.ingest))
    visitor = sandbox.visitor()
    page = visitor.submit(visitor.open(start(flow["globus_auth_scope"])), ("user", "alice"))
    text = visitor.open(page.location).text
    assert (text.count("agreed before</span>"), text.count("new</span>")) == (2, 2)


def test_a_flows_title_is_shown_as_text(sandbox, world, start):
    flow = world.deploy(title="<b>Ingest</b>")
    visitor = sandbox.visitor()
    page = visitor.submit(visitor.open(start(flow["globus_auth_scope"])), ("user", "alice"))
    assert "&lt;b&gt;Ingest" in visitor.open(page.location).text
