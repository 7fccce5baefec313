"""A card under a traceback: the login that would mend it, behind a button."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from IPython.display import display, update_display

from ..errors import FlowAuthError
from ..flow_needs import RunDocument, parse_flow_scope
from ..login_outcomes import message_of, outcome_of
from ..records import LoginRequest, LoginResult, ServerAnnouncement
from ..scopes import bare_scopes
from .card import LoginCard, build_consent_lines, build_login_traits, build_scope_lines
from .display import build_sentence_bundle
from .offers import Cells, name_cells

if TYPE_CHECKING:
    from ..auth import FlowAuth
    from ..pending_login import PendingLogin
    from .offers import Offer

# A card that was said no to is not pushed at anybody for ever.
MOST_TRIES = 3


class RefusalCard(LoginCard):
    """One refusal, with a button that consents. It ends as a sentence that says which cells to run again.

    :param auth: whose login it is.
    :param server: the Jupyter server of this kernel.
    :param cells: the cells that were refused.
    """

    def __init__(self, auth: FlowAuth, offer: Offer, *, server: ServerAnnouncement, cells: Cells) -> None:
        super().__init__(mode="refusal", base_url=server.base_url)
        self._auth, self._offer, self.cells = auth, offer, cells
        self._pending: PendingLogin | None = None
        self._tries, self._display_id = 0, f"flowauth-refusal-{uuid.uuid4().hex}"
        self.is_over = False
        self.on_msg(self._receive)
        self._set(self._resting_traits())

    def _resting_traits(self) -> dict[str, Any]:
        provider, offer = self._auth.provider, self._offer
        lines = tuple(provider.describe(scope) for scope in bare_scopes(offer.requirements))
        return {
            "status": "missing",
            "provider": {"name": provider.name, "title": provider.title, "issuer_host": urlsplit(provider.registration.issuer).netloc},
            "scopes": [] if offer.is_about_the_session else build_scope_lines(lines, granted=()),
            "consent": build_consent_lines(offer.tree.lines() if offer.tree.entries else ()),
            "headline": offer.headline,
            "action": offer.action,
            "message": " ".join((offer.sentence, f"{offer.action}, then {self.again}.")),
            "login_id": "",
        }

    def _set(self, traits: dict[str, Any]) -> None:
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)

    @property
    def again(self) -> str:
        """Which cells to run again."""
        return f"run {name_cells(self.cells)} again"

    @property
    def is_pending(self) -> bool:
        """Whether its login is under way."""
        return self._pending is not None

    def place(self) -> None:
        """Show the card, here. What it says is what a saved notebook keeps of it."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        headline = f"{self.headline}. " if self.headline else ""
        plain = " ".join((f"{headline}{self._offer.sentence}", f"{self._offer.advice}, then {self.again}."))
        bundle = {"text/plain": plain, "application/vnd.jupyter.widget-view+json": view}
        display(bundle, raw=True, display_id=self._display_id)

    def leave(self, sentence: str, *, sign: str = "") -> None:
        """Leave a sentence in the card's place."""
        self.is_over = True
        update_display(build_sentence_bundle(sentence, sign=sign), raw=True, display_id=self._display_id)

    def leave_if_settled(self) -> None:
        """Leave a sentence if what it asks for was consented to elsewhere: in another cell, or in the widget."""
        flows = {line.scope for line in self._offer.tree.lines() if line.depth == 0 and parse_flow_scope(line.scope)}
        still_lacking = {entry.path[0] for entry in self._auth.known_flows.found}
        held = not self._offer.force and not self._auth.missing(bare_scopes(self._offer.requirements))
        if not self.is_over and not self.is_pending and (held or (flows and not flows & still_lacking)):
            self._set({"status": "done", "message": f"It is held by now. Now {self.again}."})
            self.leave(self.message, sign="done")

    def _receive(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        """Do what a button says."""
        kind = content.get("type", "")
        if kind == "cancel" and self._pending is not None:
            self._pending.cancel()
        if kind == "refresh":
            with contextlib.suppress(FlowAuthError):
                self.leave_if_settled()
        if kind == "login" and not self.is_pending and not self.is_over:
            try:
                self._log_in()
            except FlowAuthError as error:
                self._end(error)

    def _log_in(self) -> None:
        offer = self._offer
        wanted = tuple(map(str, offer.requirements))
        self._pending = self._auth.request_login(wanted, force=offer.force, presenter=self, parameters=offer.parameters, tree=offer.tree)
        self._pending.when_done(self._end)

    def _end(self, error: BaseException | None) -> None:
        """Show how it ended, in whichever thread that was. Only then it counts as over: what else is shown here comes after."""
        try:
            self._show_end(error, self._pending.outcome if self._pending else None)
        finally:
            self._pending = None

    def _show_end(self, error: BaseException | None, result: LoginResult | None) -> None:
        if error is None or (result is not None and result.outcome == "done"):
            message = result.message if result else "It is held by now."
            then = "" if error else f" Now {self.again}."
            self._set({"status": "done", "message": f"{message}{then}", "login_id": ""})
            self.leave(f"{message}{then}", sign="" if error else "done")
            return
        self._tries += 1
        message = result.message if result else message_of(error)
        self._set({**self._resting_traits(), "status": result.outcome if result else outcome_of(error), "message": message})
        if self._tries >= MOST_TRIES:
            self.leave(f"{message} To be asked again, {self.again}.")

    def show(self, login: LoginRequest, *, address: str | None, rung: str) -> None:
        """Show a login that waits, in place."""
        traits = build_login_traits(login, base_url=self.base_url)
        # A login for another session asks for what is held: nothing of it is new.
        granted = bare_scopes(self._offer.requirements) if self._offer.is_about_the_session else ()
        scopes = build_scope_lines(login.missing, granted=granted)
        self._set({**traits, "rung": rung, "headline": login.headline or self._offer.headline, "scopes": scopes})
        self.send({"type": "login_ready", "login_id": login.login_id})

    def say(self, login: LoginRequest | None, sentence: str) -> None:
        """Show a sentence."""
        self.message = sentence

    def finish(self, login: LoginRequest, result: LoginResult) -> None:
        """Wait for the login to have ended in full: then it is shown."""

    def show_run(self, run: RunDocument) -> None:
        """Show nothing: nothing is run from here."""
