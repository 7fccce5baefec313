"""After every cell: was it a refusal that it ended in? Then what mends it is offered under the traceback."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from IPython.display import display

from ..auth import FlowAuth, find_jupyter_server
from ..errors import FlowAuthError
from .display import build_sentence_bundle
from .offers import Cells, Offer, build_offer, name_cells

if TYPE_CHECKING:
    from .refusal_card import RefusalCard

# How often the same is offered that was consented to, and refused all the same.
MOST_CONSENTS = 2


class RefusalWatch:
    """Watches the cells of a shell for refusals that nobody caught.

    :param names: the shell's variables, where the FlowAuth is.
    :param name: what it is called there.
    """

    def __init__(self, names: MutableMapping[str, Any], name: str) -> None:
        self._names, self._name = names, name
        self._cards: dict[tuple[object, ...], RefusalCard] = {}
        self._consents: Counter[tuple[object, ...]] = Counter()

    def after_cell(self, result: Any) -> None:
        """Offer a login if that is what a cell's error takes, and somebody is there."""
        self._sweep()
        error, auth = result.error_in_exec, self._names.get(self._name)
        if error is None or not isinstance(auth, FlowAuth):
            return
        try:
            way = auth.way_to_ask()
            offer = build_offer(auth, error) if way else None
        except FlowAuthError:
            return  # what is wrong with the login itself was said where it was met
        if offer is not None:
            self._show(auth, offer, cells=_cell_of(result), has_page=way == "server")

    def close(self) -> None:
        """Leave sentences in place of the cards that are open."""
        for card in self._cards.values():
            if not card.is_over:
                card.leave(f"The extension was unloaded; {card.message}")
        self._sweep()

    def _show(self, auth: FlowAuth, offer: Offer, *, cells: Cells, has_page: bool) -> None:
        server, open_card = find_jupyter_server() if has_page else None, self._cards.get(offer.key)
        if open_card is not None and open_card.is_pending:
            return _say(
                f"This is being asked for already, on the card under {name_cells(open_card.cells)}; then run {name_cells(cells)} again."
            )
        if self._consents[offer.key] >= MOST_CONSENTS:
            return _say(f"{offer.sentence} You have consented to it, and it is refused all the same: asking again is of no use.")
        if server is None:
            return _say(" ".join((offer.sentence, f"{offer.advice}, then run {name_cells(cells)} again.")))
        if open_card is not None:
            open_card.leave(f"This is asked for under {name_cells(cells)} now.")
            cells = {**open_card.cells, **cells}
            open_card.close()
        from .refusal_card import RefusalCard  # widgets are loaded when the first one is shown

        self._cards[offer.key] = RefusalCard(auth, offer, server=server, cells=cells)
        return self._cards[offer.key].place()

    def _sweep(self) -> None:
        """Let go of the cards that have ended; their sentence is in their place."""
        for key, card in list(self._cards.items()):
            with contextlib.suppress(FlowAuthError):
                card.leave_if_settled()
            if card.is_over:
                self._consents[key] += card.status == "done"
                del self._cards[key]
                card.close()


def _cell_of(result: Any) -> Cells:
    """Return which cell it was. One that is run again has another count, and is the same cell."""
    count, cell_id = result.execution_count, getattr(result.info, "cell_id", None)
    return {str(cell_id or count): count} if isinstance(count, int) else {}


def _say(sentence: str) -> None:
    display(build_sentence_bundle(sentence), raw=True)
