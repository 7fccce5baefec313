"""Somebody at a browser, with a name and a password, as a program that BROWSER names: ``python form_person.py URL``."""

from __future__ import annotations

import os
import sys

from tests.interop.form_browser import FormBrowser

if __name__ == "__main__":
    user = os.environ["BROWSER_USER"]
    with FormBrowser({"username": user, "password": f"throwaway-{user}"}, presses="accept") as browser:
        browser.go(sys.argv[1])
