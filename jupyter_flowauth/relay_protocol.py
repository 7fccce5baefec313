"""What a user's server and the relay of a JupyterHub tell each other, by way of the browser.

On the way out the server names the login and a public key. On the way back the relay passes the provider's answer on, sealed to that key:
the private one is made of the binding cookie, which only the browser that opened the login holds and only its server can read. So no log
on the way (a proxy's, whose error page repeats the address of a server that is gone; the Hub's) ever holds a code, and an answer that ends
up with another server is worth nothing there.

``cryptography`` is here already (PyJWT's signatures); X25519, HKDF and ChaCha20-Poly1305 are put together as RFC 9180 does it in base mode,
which most of its releases don't offer by name yet.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .pkce import is_login_id

RELAY_PROTOCOL = 1
RELAY_SERVICE = "jupyter_flowauth relay"
LOGIN_SECONDS = 15 * 60
LONGEST_NAME = 255
LONGEST_ANSWER = 6000
ANSWER_NAMES = ("code", "state", "iss", "error", "error_description")
_INFO = b"jupyter_flowauth relay 1 "
_KEY_BYTES = 32
_PROVIDER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RelayStart:
    """What the server tells the relay when a login is opened: no secret.

    :param user: whose server it is, as the server knows it; the relay goes by the browser's own Hub login.
    :param server: the name of the server; empty for the default one.
    :param state_sha256: the hash of the state that the provider will be sent.
    :param public_key: what the answer is to be sealed to.
    """

    login_id: str
    provider: str
    user: str
    server: str
    state_sha256: str
    public_key: str

    def to_query(self) -> str:
        """Return it as the query of the relay's ``start``."""
        return urlencode({name: getattr(self, name) for name in self.__slots__})


def parse_start(values: Mapping[str, object]) -> RelayStart:
    """Return what a query, or a cookie, says.

    :raises ValueError: if a part is absent, too long, or not shaped as it has to be.
    """
    given = {name: values.get(name) for name in RelayStart.__slots__}
    if not all(isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable() for value in given.values()):
        raise ValueError("a part is absent or too long")
    start = RelayStart(**{name: str(value) for name, value in given.items()})
    if not (is_login_id(start.login_id) and _PROVIDER.fullmatch(start.provider) and _SHA256.fullmatch(start.state_sha256) and start.user):
        raise ValueError("a part isn't shaped as it has to be")
    if len(_decode(start.public_key)) != _KEY_BYTES:
        raise ValueError("that isn't a public key")
    return start


def hash_state(state: str) -> str:
    """Return what may be said of a state: its hash. It has 256 random bits, so that nobody finds it from that."""
    return hashlib.sha256(state.encode()).hexdigest()


def build_public_key(binding: bytes) -> str:
    """Return the key that the answer to a login is sealed to.

    :param binding: the value of the binding cookie.
    """
    return _encode(_private_key(binding).public_key().public_bytes_raw())


def seal_answer(answer: Mapping[str, str], start: RelayStart) -> str:
    """Return an answer of the provider's that only the server that opened the login can read.

    :raises ValueError: if it is too long to travel in an address, or the key is not one.
    """
    plain = json.dumps({name: answer[name] for name in ANSWER_NAMES if answer.get(name)}).encode()
    if len(plain) > LONGEST_ANSWER:
        raise ValueError("the answer is too long")
    ours, theirs = X25519PrivateKey.generate(), _decode(start.public_key)
    ephemeral = ours.public_key().public_bytes_raw()
    key = _shared_key(ours.exchange(X25519PublicKey.from_public_bytes(theirs)), ephemeral, theirs)
    # The key is used once, so that a fixed nonce is a fresh one.
    return _encode(ephemeral + ChaCha20Poly1305(key).encrypt(bytes(12), plain, start.login_id.encode()))


def open_answer(sealed: str, *, binding: bytes, login_id: str) -> dict[str, str]:
    """Return the answer that was sealed for this login and this browser.

    :raises ValueError: if it was sealed for another one, or was changed on the way.
    """
    try:
        content, ours = _decode(sealed), _private_key(binding)
        ephemeral, theirs = content[:_KEY_BYTES], ours.public_key().public_bytes_raw()
        key = _shared_key(ours.exchange(X25519PublicKey.from_public_bytes(ephemeral)), ephemeral, theirs)
        values = json.loads(ChaCha20Poly1305(key).decrypt(bytes(12), content[_KEY_BYTES:], login_id.encode()))
    except InvalidTag:
        raise ValueError("the answer isn't for this login") from None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ValueError("the answer isn't one")
    return {name: values[name] for name in ANSWER_NAMES if name in values}


def _private_key(binding: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(_derive(binding, b"binding"))


def _shared_key(shared: bytes, ephemeral: bytes, theirs: bytes) -> bytes:
    return _derive(shared, b"answer" + ephemeral + theirs)


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_INFO + purpose).derive(secret)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _decode(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("that isn't base64url") from None
