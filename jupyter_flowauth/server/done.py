"""``done/<id>``: where the browser ends. It looks again by itself until the notebook has said how the login ended."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import allow_unauthenticated

from ..records import LoginRequest, LoginResult, ScopeLine
from . import pages
from .binding import has_left_its_notebook, is_bound, read_binding
from .context import ServerContext
from .guards import PageHandler, Refusal

_PATIENCE_SECONDS = 30.0
_GLANCES, _GLANCE_SECONDS = 12, 0.05
_FOREIGN = "This page is for the browser that started the login. Start again from your notebook."


def describe_result(context: ServerContext, result: LoginResult) -> tuple[ScopeLine, ...]:
    """Return what was granted and what was not, in words people know."""
    described = [(context.describe(scope), scope in result.scopes) for scope in (*result.scopes, *result.missing)]
    return tuple(ScopeLine(line.scope, line.title, line.service, granted=granted) for line, granted in described)


class DoneHandler(PageHandler):
    """The last page of a login, for the browser that opened it."""

    # Not @authenticated: the binding cookie says more than the Jupyter login does, and a popup must not end on a login page.
    @allow_unauthenticated
    async def get(self, login_id: str) -> None:
        """Show how the login ended, or that it is being finished."""
        binding = read_binding(self, login_id)
        opening = self.context.rendezvous.read_opening(login_id)
        # Once a login has ended its opening is gone; that the cookie was signed here for this login has to do then.
        if binding is None or (opening is not None and not is_bound(opening, binding)):
            raise Refusal(403, "Not started in this browser", _FOREIGN)
        result = await self._glance(login_id)
        request = self.context.rendezvous.read_request(login_id)
        # Once more, now that it is known whether the login is gone: it leaves its result before it goes.
        result = result or self.context.rendezvous.read_result(login_id)
        if result is not None:
            page = pages.build_result_page(result, describe_result(self.context, result))
            self.write_page(pages.with_way_back(page, self.base_url) if has_left_its_notebook(binding) else page)
        else:
            self.write_page(pages.build_finishing_page(is_late=self._is_late(request)))

    async def _glance(self, login_id: str) -> LoginResult | None:
        """Return how a login ended, if that is known within a moment: most notebooks are done by then, and nothing flickers."""
        for _ in range(_GLANCES):
            if (result := self.context.rendezvous.read_result(login_id)) or not self.context.rendezvous.is_taken(login_id):
                return result
            await asyncio.sleep(_GLANCE_SECONDS)
        return None

    def _is_late(self, request: LoginRequest | None) -> bool:
        """Tell whether there is nothing to wait for any more: the login is gone, its process is, or its time is well over."""
        if request is None:
            return True
        seconds_left = request.expires_at_seconds - self.context.now()
        return self.context.find_waiting(request.login_id) is None if seconds_left > 0 else seconds_left < -_PATIENCE_SECONDS
