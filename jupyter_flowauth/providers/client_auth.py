"""How a client proves to its provider who it is (RFC 6749 section 2.3, RFC 7523): authlib does it, this says by which method."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

from ..errors import ConfigurationError
from ..secret import Secret, to_secret

METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
ASSERTION_SECONDS = 60
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client's id, and what proves that it is the one.

    :param method: one of ``METHODS``; None for what fits: by key, by secret as the provider takes it, or none.
    :param private_key_file: the PEM file of an RSA or EC key, for ``private_key_jwt``.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    method: str | None = None
    private_key_file: str | None = None

    def __post_init__(self) -> None:
        """Mask the secret.

        :raises ConfigurationError: if the method is unknown, or lacks what it needs.
        """
        object.__setattr__(self, "client_secret", to_secret(self.client_secret))
        if self.method is not None and self.method not in METHODS:
            raise ConfigurationError(f"the client authentication {self.method!r} is unknown; it is one of {', '.join(METHODS)}")
        if self.method in METHODS[1:3] and not self.client_secret:
            raise ConfigurationError(f"{self.method} needs a client secret; name its file in client_secret_file")
        if self.method == "private_key_jwt" and not self.private_key_file:
            raise ConfigurationError("private_key_jwt needs a key; name its PEM file in private_key_file")

    @property
    def is_public(self) -> bool:
        """Whether nothing proves this client: anybody may use its id."""
        return not (self.client_secret or self.private_key_file) or self.method == "none"

    def choose_method(self, supported: object) -> str:
        """Return the method to use with a provider.

        :param supported: what its discovery document lists; anything else than a list says nothing. Left out, it means
            ``client_secret_basic`` (OpenID Connect Discovery section 3).
        """
        if self.method or self.is_public:
            return self.method or "none"
        if self.private_key_file:
            return "private_key_jwt"
        listed = supported if isinstance(supported, list) else []
        return "client_secret_post" if "client_secret_post" in listed and "client_secret_basic" not in listed else "client_secret_basic"

    def sign(self, url: str, form: Mapping[str, str], *, supported: object, audience: str) -> tuple[str, dict[str, str]]:
        """Return the encoded form and the headers of a request to one of the provider's endpoints, with this client's proof.

        :param audience: whom an assertion is for: the provider's issuer or token endpoint.
        :raises ConfigurationError: if the private key can't be used.
        """
        from authlib.oauth2.auth import ClientAuth

        method = self.choose_method(supported)
        # Of these two the proof itself is the id in the form, and a parameter that comes twice is refused.
        has_id = method in ("none", "client_secret_post")
        body = urlencode({name: value for name, value in form.items() if not (has_id and name == "client_id")})
        client_id, secret, proof = self.client_id, self.client_secret, method
        if method == "client_secret_basic" and secret:
            # RFC 6749 section 2.3.1: "encoded using the application/x-www-form-urlencoded encoding algorithm"; authlib leaves it out.
            client_id, secret = quote_plus(client_id), Secret(quote_plus(secret))
        elif method == "private_key_jwt":
            secret, proof = _read_key(self.private_key_file or "", audience)
            body = urlencode({**form, "client_id": self.client_id})
        headers: dict[str, str] = {}
        _, headers, body = ClientAuth(client_id, secret, proof).prepare("POST", url, headers, body)
        return Secret(body), {name: Secret(value) for name, value in headers.items()}


def _read_key(path: str, audience: str) -> tuple[Any, Any]:
    """Return the private key in a PEM file, and authlib's method that signs with it.

    :raises ConfigurationError: if it can't be read, or is no private key of a kind that is used for this.
    """
    from authlib.oauth2.rfc7523 import PrivateKeyJWT
    from joserfc import jwk

    try:
        pem = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ConfigurationError(f"private_key_file {path} can't be read ({error.strerror})", source=path) from None
    for kind in (jwk.RSAKey, jwk.ECKey):
        key = _import_key(kind, pem)
        if key is not None and key.is_private:
            algorithm = "RS256" if key.key_type == "RSA" else _CURVES.get(key.raw_value.curve.name)
            if algorithm:
                return key, PrivateKeyJWT(audience, claims={"exp": int(time.time()) + ASSERTION_SECONDS}, alg=algorithm)
    raise ConfigurationError(f"private_key_file {path} holds no unencrypted RSA or EC private key in PEM", source=path)


def _import_key(kind: Any, pem: bytes) -> Any:
    from joserfc.errors import JoseError

    try:
        return kind.import_key(pem)
    except (JoseError, ValueError, TypeError):
        return None
