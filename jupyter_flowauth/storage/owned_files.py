"""Files that only their owner may read: opened without following links, checked on the open descriptor, replaced whole.

POSIX modes and owners are what protects them on Linux and macOS; on Windows the user's profile folder does (its access list is inherited).
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Hashable, Iterator
from pathlib import Path

from ..errors import StorageError
from ..secret import SecretBytes

FOLDER_MODE, FILE_MODE = 0o700, 0o600
LARGEST_FILE_BYTES = 8 * 1024 * 1024
_HAS_OWNERS = hasattr(os, "getuid")
# What a system lacks of these it does without: O_BINARY is Windows' own, the others are POSIX'.
_READ_FLAGS = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY"):
    _READ_FLAGS |= getattr(os, _flag, 0)
# The clock that stamps files moves on every 1 to 10 ms, where it doesn't count whole seconds (or two).
_TICK_NS, _WHOLE_SECONDS_TICK_NS = 20_000_000, 2_000_000_000


def ensure_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, or put the mode of our own one right.

    :raises StorageError: if it can't be made, is a link, or belongs to somebody else.
    """
    with storage_errors(folder, "make the folder"):
        if not folder.is_symlink():
            with contextlib.suppress(FileExistsError):  # what it is, is looked at next
                folder.mkdir(mode=FOLDER_MODE, parents=True)
        status = os.lstat(folder)
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISDIR(status.st_mode):
        raise StorageError(f"{folder} is a link or a file, and no folder; nothing was read or written; remove it", path=str(folder))
    refuse_other_owner(status, folder)
    if _HAS_OWNERS and stat.S_IMODE(status.st_mode) != FOLDER_MODE:
        with storage_errors(folder, "set the mode of the folder"):
            folder.chmod(FOLDER_MODE)


def refuse_other_owner(status: os.stat_result, path: Path) -> None:
    """Refuse what belongs to another user.

    :raises StorageError: if it does.
    """
    if _HAS_OWNERS and status.st_uid != os.getuid():
        raise StorageError(f"{path} belongs to another user; it was neither read nor changed; ask them to remove it", path=str(path))


def read_private_file(path: Path) -> bytes | None:
    """Return what a file of ours holds, or None if there is none. An old one's mode is put right.

    :raises StorageError: if it is a link, has other names (hard links), belongs to somebody else, or is too large.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = "is a symbolic link" if path.is_symlink() else f"can't be opened ({error.strerror})"
        raise StorageError(f"{path} {reason}; it was left alone; remove it", path=str(path)) from None
    try:
        _check_open_file(os.fstat(descriptor), descriptor, path)
        with storage_errors(path, "read"), open(descriptor, "rb", closefd=False) as file:
            return SecretBytes(file.read(LARGEST_FILE_BYTES))
    finally:
        os.close(descriptor)


def _check_open_file(status: os.stat_result, descriptor: int, path: Path) -> None:
    refuse_other_owner(status, path)
    if not stat.S_ISREG(status.st_mode):
        raise StorageError(f"{path} is not a regular file; it was left alone; remove it", path=str(path))
    # 0 links: it was replaced by a newer one between open and now, which is how every write of ours ends.
    if status.st_nlink > 1:
        raise StorageError(f"{path} has other names (hard links), so others may read it; it was not used; remove it", path=str(path))
    if status.st_size >= LARGEST_FILE_BYTES:
        raise StorageError(f"{path} is too large to be ours ({status.st_size} bytes); it was left alone; remove it", path=str(path))
    if _HAS_OWNERS and stat.S_IMODE(status.st_mode) != FILE_MODE:
        with contextlib.suppress(OSError):  # a read-only file system: what is on it can't be changed by us
            os.fchmod(descriptor, FILE_MODE)


def replace_private_file(path: Path, content: bytes, *, durable: bool = True, reserved: Path | None = None) -> None:
    """Write a file whole: into a temporary one of the same folder, synced, renamed over.

    :param durable: whether it must survive a power cut (then file and folder are synced).
    :param reserved: a file of ``reserve_space`` to write into.
    :raises StorageError: if it can't be written; what was there before is still there.
    """
    with storage_errors(path, "write"):
        descriptor, temporary = _open_reserved(reserved) if reserved else tempfile.mkstemp(prefix=_temporary_prefix(path), dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.truncate()
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        if durable:
            sync_folder(path.parent)


def _open_reserved(reserved: Path) -> tuple[int, str]:
    return os.open(reserved, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), str(reserved)


def _temporary_prefix(path: Path) -> str:
    return f".tmp-{path.stem}-"


def sweep_temporaries(path: Path, *, older_than_seconds: float = 0.0) -> None:
    """Remove what a writer of this file left when it was killed: a temporary file may hold tokens that nobody would ever log out."""
    oldest = time.time() - older_than_seconds
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(_temporary_prefix(path)):
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime <= oldest:
                        os.unlink(entry.path)


def reserve_space(path: Path, size_bytes: int) -> Path:
    """Return a new file that holds so much space already, for one ``replace_private_file`` of a path.

    :raises StorageError: if the disk has no room for it.
    """
    with storage_errors(path.parent, "reserve space"):
        descriptor, name = tempfile.mkstemp(prefix=_temporary_prefix(path), dir=path.parent)
        try:
            # Zeros are written, not only allocated: posix_fallocate is not to be had on every file system, a written block is.
            missing = size_bytes
            while missing > 0:  # a disk that is nearly full takes a part, and says so only at the next write
                missing -= os.write(descriptor, b"\0" * missing)
            os.fsync(descriptor)
        except BaseException:
            os.unlink(name)
            raise
        finally:
            os.close(descriptor)
    return Path(name)


def stamp_of(path: Path) -> Hashable:
    """Return a value that changes whenever a file is replaced (or a folder's entries are); None if there is none.

    What was changed a moment ago may change once more within the same tick of the file system's clock, and look the same: its stamp is
    equal to no other.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    tick = _WHOLE_SECONDS_TICK_NS if status.st_mtime_ns % 1_000_000_000 == 0 else _TICK_NS
    if time.time_ns() - status.st_mtime_ns < tick:
        return object()
    return (status.st_mtime_ns, status.st_ino, status.st_size)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def create_once(path: Path) -> bool:
    """Create an empty file; True for the one caller that did, in any process.

    :raises StorageError: if it can't be created for another reason than being there.
    """
    with storage_errors(path, "write"):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
        except FileExistsError:
            return False
    return True


@contextlib.contextmanager
def storage_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn the system's errors into ours, with the path and what to do."""
    try:
        yield
    except FileExistsError:
        raise
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"can't {doing} {path}: {error.strerror or error}; what was there before is unchanged; "
            'free space or permissions there, or move the storage ("storage" in jupyter_flowauth.json)',
            path=str(path),
        ) from None
