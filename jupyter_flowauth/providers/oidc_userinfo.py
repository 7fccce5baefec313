"""The userinfo endpoint (OpenID Connect Core section 5.3), asked only where the ID token leaves a person without a name."""

from __future__ import annotations

from ..errors import ProviderError
from ..secret import Secret
from ..tokens import Identity, Token
from .bounded_http import send
from .id_token import build_identity
from .oidc_discovery import Metadata

SECONDS = 5.0


def with_userinfo(identity: Identity, metadata: Metadata, token: Token) -> Identity:
    """Return an identity with the name that userinfo knows. Without an answer it stays nameless: a login is worth more than a name.

    :raises ProviderError: if userinfo speaks of somebody else.
    """
    if identity.username != identity.sub or identity.name:
        return identity
    claims = _ask(metadata, token)
    if claims is None:
        return identity
    # "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token" (section 5.3.2).
    if claims.get("sub") != identity.sub:
        raise ProviderError("the provider's userinfo is about somebody else than its ID token; nothing was kept; log in again")
    return build_identity(claims)


def _ask(metadata: Metadata, token: Token) -> dict[str, object] | None:
    try:
        endpoint = metadata.optional_endpoint("userinfo_endpoint")
        if endpoint is None:
            return None
        bearer = {"Authorization": Secret(f"Bearer {token.access_token}")}
        answer = send("GET", endpoint, provider=metadata.issuer, headers=bearer, seconds=SECONDS)
    except ProviderError:
        return None
    content = answer.json()
    return content if answer.status == 200 and isinstance(content, dict) else None
