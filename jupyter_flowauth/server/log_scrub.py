"""Keeps codes and states out of the server's log.

A query is dropped from the request itself, before anything of jupyter_server or tornado can log it: the access-log line, a warning's
summary, the dump of an uncaught exception and the ``next=`` of a redirect to the login page are all made from ``request.uri``.
"""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

SCRUBBED = "[scrubbed]"


def scrub_request(request: HTTPServerRequest) -> None:
    """Take the query out of a request's address and of its referrer; the parsed ``query_arguments`` stay."""
    request.uri = without_query(request.uri or request.path)
    request.query = ""
    referrer = request.headers.get("Referer")
    if referrer:
        request.headers["Referer"] = without_query(referrer)


def without_query(address: str) -> str:
    """Return an address with its query, if there is one, replaced by a word."""
    path, mark, _ = address.partition("?")
    return f"{path}?{SCRUBBED}" if mark else path.partition("#")[0]
