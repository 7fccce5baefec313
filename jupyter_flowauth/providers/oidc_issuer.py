"""Whose a login is: the configured issuer, the one that an instance names, or the one that a held login is known by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigurationError, ProviderError
from .oidc_discovery import Documents, Metadata, find_issuer, read_issuer


def recall_nothing() -> str | None:
    """Return None: no login is held."""
    return None


@dataclass(slots=True)
class IssuerSource:
    """Where the issuer of one client comes from.

    :param provider: the provider's configured name, for errors.
    :param configured: the configured issuer.
    :param instance: the normalized base URL of the instance, or None.
    :param is_listed: whether the configuration says that the instance belongs to the configured issuer: then nobody asks the instance.
    :param recall: returns the issuer of a login that is held for the instance, so that using it takes no request.
    """

    provider: str
    configured: str | None
    instance: str | None = None
    is_listed: bool = True
    recall: Callable[[], str | None] = recall_nothing
    documents: Documents = field(default_factory=Documents)
    _found: str | None = None

    @property
    def issuer(self) -> str:
        """The issuer as far as it is known without a request; else empty."""
        if not self.configured and not self._found:
            self._found = self.recall()
        return self.configured or self._found or ""

    def look_up(self) -> Metadata:
        """Return the issuer's metadata for a new login: an instance is asked whose it is, unless the configuration says so.

        :raises ProviderError: if one of them can't be reached, or describes itself wrongly.
        :raises ConfigurationError: if there is no issuer.
        """
        if self.instance and not (self.configured and self.is_listed):
            named = find_issuer(self.documents, self.instance)
            if self.configured not in (None, named):
                raise ProviderError(
                    f"{self.instance} names another issuer than that of the provider {self.provider}; nothing was sent; "
                    "configure a provider for it (providers.NAME.instances)"
                )
            self._found = named
        return self.known()

    def known(self) -> Metadata:
        """Return the metadata of the issuer that is known.

        :raises ProviderError: if it can't be reached, or describes itself as another.
        :raises ConfigurationError: if none is known.
        """
        issuer = self.issuer
        if not issuer:
            raise ConfigurationError(f"the provider {self.provider} has no issuer; configure one, or choose one (--instance-url URL)")
        return read_issuer(self.documents, issuer)

    def read(self, issuer: str) -> Metadata:
        """Return the metadata of the issuer that a login was started with."""
        return read_issuer(self.documents, issuer)

    def keys(self, metadata: Metadata, again: bool) -> Mapping[str, Any]:
        """Return an issuer's JWKS document.

        :param again: whether it is fetched anew, whatever is kept.
        """
        return self.documents.get(metadata.endpoint("jwks_uri"), what="keys", again=again)
