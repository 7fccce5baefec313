"""A storage of the user's own: whatever has the methods of the port, and nothing else of ours."""

from __future__ import annotations

import contextlib
import threading

from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL


class Drawer:
    """Accounts in a dict, as somebody would write it who has read the manual."""

    location = "a drawer"

    def __init__(self):
        self.content, self.writes, self.lock = {}, 0, threading.RLock()

    def prepare(self):
        pass

    def stamp(self, key=None):
        return self.writes

    def read(self, key):
        return self.content.get(key)

    def accounts(self, registration=None, *, unusable=None):
        found = [account for key, account in self.content.items() if registration in (None, key.registration)]
        return tuple(sorted(found, key=lambda account: account.logged_in_at_seconds, reverse=True))

    @contextlib.contextmanager
    def transaction(self, key, *, timeout_seconds):
        with self.lock:
            yield Held(self, key)


class Held:
    def __init__(self, drawer, key):
        self.drawer, self.key = drawer, key

    @property
    def account(self):
        return self.drawer.read(self.key)

    def reserve(self):
        pass

    def write(self, account):
        self.drawer.content[self.key] = account
        self.drawer.writes += 1

    def delete(self):
        del self.drawer.content[self.key]
        self.drawer.writes += 1


def test_a_login_a_refresh_and_a_logout_in_a_storage_of_ones_own(demo):
    drawer = Drawer()
    first, second = demo.auth(storage=drawer), demo.auth(storage=drawer, user_agent="none")
    issued = str(first.login([TRANSFER_ALL]) and first.token(TRANSFER_ALL))
    assert second.token(TRANSFER_ALL) == issued
    assert first.held.renew(TRANSFER_ALL)
    assert second.token(TRANSFER_ALL) == first.token(TRANSFER_ALL) != issued
    first.logout()
    assert (second.missing([TRANSFER_ALL]), drawer.content, (demo.home / "data" / "flowauth").exists()) == ((TRANSFER_ALL,), {}, False)
