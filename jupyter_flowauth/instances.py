"""Instances: the base URLs of an OIDC service, spelled one way, so that two spellings of one are one."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from .code_grant import is_loopback_url
from .errors import ConfigurationError

_DEFAULT_PORTS = {"https": 443, "http": 80}


def normalize_instance(url: str) -> str:
    """Return an instance's URL in lower case (its path as it is), without the default port, and without a slash at the end.

    :raises ConfigurationError: if it isn't the https address of a service (or http on loopback).
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise _refusal(url) from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise _refusal(url)
    if not parts.hostname.isascii() or not url.isprintable() or any(character.isspace() for character in parts.netloc + parts.path):
        raise _refusal(url)
    if parts.scheme == "http" and not is_loopback_url(parts.geturl()):
        raise ConfigurationError(f"the instance {parts.hostname} isn't reached over https, so nothing was sent; use its https address")
    return f"{parts.scheme}://{_host(parts)}{'' if port in (None, _DEFAULT_PORTS[parts.scheme]) else f':{port}'}{_path(parts)}"


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    return f"[{host}]" if ":" in host else host


def _path(parts: SplitResult) -> str:
    segments = [segment for segment in parts.path.split("/") if segment]
    if any(segment in (".", "..") for segment in segments):
        raise _refusal(parts.geturl())
    return "".join(f"/{segment}" for segment in segments)


def instance_host(instance: str) -> str:
    """Return the host (with its port, if not the default one) of a normalized instance."""
    return urlsplit(instance).netloc


def _refusal(url: str) -> ConfigurationError:
    shown = url.rpartition("@")[2] if "@" in url else url
    return ConfigurationError(f"{shown[:200]!r} isn't the address of an instance; it looks like https://school.example.org")
