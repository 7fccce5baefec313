"""The rendezvous: a folder in which kernel and server leave each other the request and the answer of one login.

Every file says ``protocol: 1``, has one writer, and is written whole by rename; kernel and server may be of different versions. The
folder is 0700 and in the user's own runtime folder: whoever can read it could read the tokens too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from ..code_grant import AuthorizationRequest, AuthorizationResponse
from ..consents import ConsentLine
from ..pkce import is_login_id
from ..records import PROTOCOL, DeviceCode, LoginRequest, LoginResult, Opening, ProcessStamp, ScopeLine, ServerAnnouncement
from ..secret import SecretBytes
from ..tokens import Identity, Registration
from .account_uses import PREFIX as USED_PREFIX
from .locks import exclusive
from .owned_files import create_once, ensure_private_folder, read_private_file, replace_private_file, stamp_of
from .processes import is_alive, is_on_this_boot

SWEEP_SECONDS = 15 * 60
_LOCK_SECONDS = 10.0
Value = TypeVar("Value")


class FolderRendezvous:
    """A rendezvous in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other processes from opening a request meanwhile, and sweep out what is old.

        :raises StorageError: if the folder can't be used.
        """
        ensure_private_folder(self.folder)
        with exclusive(self.folder / "logins.lock", timeout_seconds=_LOCK_SECONDS, remedy="set JUPYTER_RUNTIME_DIR to a local folder"):
            self._sweep()
            yield

    def open_request(self, request: LoginRequest) -> None:
        """Leave a request."""
        self._write(request.login_id, "request", dataclasses.asdict(request))

    def read_request(self, login_id: str) -> LoginRequest | None:
        """Return a request that is still open, else None."""
        return _understand(_build_request, self._read(login_id, "request"))

    def pending(self) -> tuple[LoginRequest, ...]:
        """Return every open request whose process lives and whose deadline hasn't passed, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            ids = [name.partition(".")[0] for name in os.listdir(self.folder) if name.endswith(".request.json")]
            found = [request for login_id in ids if (request := self.read_request(login_id))]
            alive = [r for r in found if r.expires_at_seconds > time.time() and is_alive(r.process)]
            return tuple(sorted(alive, key=lambda request: request.created_at_seconds))
        return ()

    def record_opening(self, opening: Opening) -> None:
        """Leave the newest opening of a login's page."""
        self._write(opening.login_id, "opened", dataclasses.asdict(opening))

    def read_opening(self, login_id: str) -> Opening | None:
        """Return the newest opening."""
        return _understand(lambda values: _build(Opening, values), self._read(login_id, "opened"))

    def take(self, login_id: str) -> bool:
        """Take the state of a login: True for the first caller of all, in any process, never again, and not once the login has ended."""
        is_first = create_once(self._path(login_id, "taken"))
        return not self._forget_if_ended(login_id) and is_first

    def is_taken(self, login_id: str) -> bool:
        """Tell whether the state was taken."""
        return self._path(login_id, "taken").exists()

    def write_response(self, login_id: str, response: AuthorizationResponse) -> None:
        """Leave the answer, without the state: that was judged by whoever took it."""
        self._write(login_id, "response", dataclasses.asdict(dataclasses.replace(response, state=None, state_checked=True)))

    def take_response(self, login_id: str) -> AuthorizationResponse | None:
        """Return the answer and remove it, or None if there is none yet."""
        taken = self._path(login_id, "reading")
        try:
            # Put aside first: one that comes while this one is read (a *Cancel* after a link that led nowhere) is there at the next look.
            os.replace(self._path(login_id, "response"), taken)
        except FileNotFoundError:
            return None
        values = self._read(login_id, "reading")
        taken.unlink(missing_ok=True)
        return _understand(lambda values: _build(AuthorizationResponse, values), values)

    def stamp(self) -> Hashable:
        """Return the folder's time of change: whatever is left here is renamed into it, or removed from it."""
        return stamp_of(self.folder)

    def write_result(self, result: LoginResult) -> None:
        """Leave how the login ended, and remove everything else of it."""
        self._write_file(self._path(result.login_id, "result"), dataclasses.asdict(result))
        self._forget(result.login_id)

    def read_result(self, login_id: str) -> LoginResult | None:
        """Return how the login ended, or None if it hasn't, or it was long ago."""
        return _understand(_build_result, self._read(login_id, "result"))

    def announce(self, announcement: ServerAnnouncement) -> None:
        """Leave word of a running server; remove word of those of this boot that are gone."""
        ensure_private_folder(self.folder)
        for path in self.folder.glob("server-*.json"):
            found = _understand(_build_announcement, _parse(read_private_file(path)))
            if found and is_on_this_boot(found.process) and not is_alive(found.process):
                path.unlink(missing_ok=True)
        self._write_file(self._server_path(announcement.server_id), dataclasses.asdict(announcement))

    def withdraw(self, server_id: str) -> None:
        """Remove word of a server."""
        self._server_path(server_id).unlink(missing_ok=True)

    def find_server(self, server_id: str) -> ServerAnnouncement | None:
        """Return the announcement with this id, if its process lives and it is ours."""
        found = _understand(_build_announcement, _parse(read_private_file(self._server_path(server_id))))
        return found if found and is_alive(found.process) else None

    def _sweep(self) -> None:
        oldest = time.time() - SWEEP_SECONDS
        for entry in os.scandir(self.folder):
            if not entry.name.startswith(("server-", USED_PREFIX)) and not entry.name.endswith(".lock"):
                with contextlib.suppress(OSError):  # gone meanwhile, or a folder, and none of ours
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        os.unlink(entry.path)

    def _server_path(self, server_id: str) -> Path:
        return self.folder / f"server-{_checked(server_id)}.json"

    def _path(self, login_id: str, part: str) -> Path:
        return self.folder / f"{_checked(login_id)}.{part}.json"

    def _write(self, login_id: str, part: str, values: dict[str, Any]) -> None:
        self._write_file(self._path(login_id, part), values)
        self._forget_if_ended(login_id)

    def _forget_if_ended(self, login_id: str) -> bool:
        """Remove what came just after the login had ended, for nobody reads it, and it may hold a code. The result is left first."""
        has_ended = self._path(login_id, "result").exists()
        if has_ended:
            self._forget(login_id)
        return has_ended

    def _forget(self, login_id: str) -> None:
        for part in ("request", "opened", "response", "reading", "taken"):
            self._path(login_id, part).unlink(missing_ok=True)

    def _write_file(self, path: Path, values: dict[str, Any]) -> None:
        ensure_private_folder(self.folder)
        content = SecretBytes(json.dumps({"protocol": PROTOCOL, **values}).encode())  # it may hold a state, or a code
        replace_private_file(path, content, durable=False)

    def _read(self, login_id: str, part: str) -> dict[str, Any] | None:
        return _parse(read_private_file(self._path(login_id, part)))


def _checked(name: str) -> str:
    if not is_login_id(name):
        raise ValueError("not a login id")
    return name


def _parse(content: bytes | None) -> dict[str, Any] | None:
    """Return what a file says, or None if there is none, or it is of another protocol than ours."""
    try:
        values = json.loads(content or b"null")
    except ValueError:
        return None
    if not isinstance(values, dict) or values.pop("protocol", None) != PROTOCOL:
        return None
    return cast("dict[str, Any]", values)


def _understand(build: Callable[[dict[str, Any]], Value], values: dict[str, Any] | None) -> Value | None:
    """Return what a file means, or None if there is none, or it is damaged: nobody's."""
    try:
        return build(values) if values else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _build(kind: Callable[..., Value], values: dict[str, Any], **converted: object) -> Value:
    """Build a value, without what another version says besides: a file whose meaning changes speaks another protocol."""
    known = {field.name for field in dataclasses.fields(cast("Any", kind))}
    return kind(**{name: value for name, value in {**values, **converted}.items() if name in known})


def _build_result(values: dict[str, Any]) -> LoginResult:
    identity = _build(Identity, values["identity"]) if values["identity"] else None
    return _build(LoginResult, values, identity=identity, scopes=tuple(values["scopes"]), missing=tuple(values["missing"]))


def _build_announcement(values: dict[str, Any]) -> ServerAnnouncement:
    process = _build(ProcessStamp, values["process"])
    return _build(ServerAnnouncement, values, process=process, providers=tuple(values["providers"]))


def _build_request(values: dict[str, Any]) -> LoginRequest:
    grant = values["authorization"]
    extra = tuple((name, value) for name, value in grant["extra"])
    return _build(
        LoginRequest,
        values,
        registration=_build(Registration, values["registration"]),
        scopes=tuple(values["scopes"]),
        missing=tuple(_build(ScopeLine, line) for line in values["missing"]),
        consent=tuple(_build(ConsentLine, line) for line in values.get("consent", ())),
        device=_build(DeviceCode, values["device"]) if values.get("device") else None,
        authorization=_build(AuthorizationRequest, grant, extra=extra, redirect_uris=tuple(grant["redirect_uris"])),
        process=_build(ProcessStamp, values["process"]),
    )
