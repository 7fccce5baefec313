"""Where the browser is, as pure functions."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest, RequestStartLine

from jupyter_flowauth.errors import ConfigurationError
from jupyter_flowauth.server.origins import Place, configured_place, requested_place


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("https://a.example", Place("https://a.example", "/user/x/")),
        ("https://a.example/", Place("https://a.example", "/user/x/")),
        ("https://A.example:443/proxy/8888", Place("https://a.example", "/proxy/8888/")),
        ("http://localhost:8888/lab/", Place("http://localhost:8888", "/lab/")),
        ("", None),
    ],
)
def test_public_url_is_read(public_url: str, expected: Place | None) -> None:
    assert configured_place(public_url, base_url="/user/x/", source="here") == expected


@pytest.mark.parametrize(
    "public_url",
    ["a.example", "ftp://a.example", "https://", "https://me@a.example", "https://a.example/?q", "https://a.example/#f", "//a.example"],
)
def test_public_url_that_is_none_names_its_source(public_url: str) -> None:
    with pytest.raises(ConfigurationError, match="FlowAuthExtension") as caught:
        configured_place(public_url, base_url="/", source="FlowAuthExtension.public_url")
    assert caught.value.source == "FlowAuthExtension.public_url"


@pytest.mark.parametrize(
    ("host", "origin"), [("LocalHost:80", "http://localhost"), ("127.0.0.1:8888", "http://127.0.0.1:8888"), ("[::1]:1", "http://[::1]:1")]
)
def test_request_is_at_the_host_that_it_was_sent_to(host: str, origin: str) -> None:
    headers = HTTPHeaders({"Host": host, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    request = HTTPServerRequest(start_line=RequestStartLine("GET", "/", "HTTP/1.1"), headers=headers, connection=HTTPConnection())
    assert requested_place(request, base_url="/") == Place(origin, "/")


def test_place_spells_routes_and_cookie_path() -> None:
    place = Place("https://a.example", "/user/x/")
    assert (place.path, place.url("callback/globus")) == ("/user/x/flowauth/", "https://a.example/user/x/flowauth/callback/globus")
    assert place.is_secure
