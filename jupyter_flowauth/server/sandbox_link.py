"""The demo's sandbox as this server reaches it: where it is, and how its redirect URIs are registered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from ..code_grant import is_loopback_url
from ..errors import ConfigurationError, ProviderError
from .origins import Place

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SandboxLink:
    """The sandbox behind this server.

    :param url: its origin, on loopback, without a slash at the end.
    """

    url: str
    admin_secret: str = field(default="", repr=False)

    def prefix(self, place: Place) -> str:
        """Return the path under which a browser finds the sandbox's pages."""
        return f"{place.path}sandbox"

    def owns(self, address: str) -> bool:
        """Tell whether an address is the sandbox's."""
        return address == self.url or address.startswith(f"{self.url}/")

    def through(self, place: Place, address: str) -> str:
        """Return an address of the sandbox as the browser reaches it: through this server. Any other is returned as it is."""
        return place.origin + self.prefix(place) + address.removeprefix(self.url) if self.owns(address) else address

    async def register(self, *, client_id: str, redirect_uri: str) -> None:
        """Register a redirect_uri with the sandbox, as a developer would at a real provider.

        :raises ProviderError: if the sandbox can't be reached, or refuses.
        """
        body = json.dumps({"client_id": client_id, "redirect_uri": redirect_uri})
        headers = {"Content-Type": "application/json", "X-Sandbox-Admin": self.admin_secret}
        try:
            await AsyncHTTPClient().fetch(
                f"{self.url}/admin/redirect_uris", method="POST", headers=headers, body=body, request_timeout=_TIMEOUT_SECONDS
            )
        except (HTTPClientError, OSError):
            raise ProviderError("the sandbox didn't register this server's address; nothing was sent; start the demo again") from None


def build_sandbox_link(url: str, *, admin_secret: str) -> SandboxLink | None:
    """Return the link to a configured sandbox, or None where none is configured.

    :raises ConfigurationError: if the address is anything but plain http on loopback.
    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback_url(url) or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(
            "sandbox_url is for the demo's sandbox only: http on loopback, http://127.0.0.1:4000", source="sandbox_url"
        )
    return SandboxLink(f"http://{parts.netloc}", admin_secret)
