"""Somebody at a browser, as a program that BROWSER names: ``python browser.py URL``. BROWSER_SAYS_NO makes them refuse."""

from __future__ import annotations

import os
import sys
import urllib.request

from jupyter_flowauth.sandbox.visitor import Visitor

if __name__ == "__main__":
    user = os.environ.get("BROWSER_USER", "alice")
    # A program's arguments are seen by everybody: it is started with a link of the login's own, which sends it on.
    visitor = Visitor()
    final = visitor.approve(str(visitor.get(sys.argv[1]).location), user=user, deny="BROWSER_SAYS_NO" in os.environ)
    with urllib.request.urlopen(final, timeout=30) as page:
        page.read()
