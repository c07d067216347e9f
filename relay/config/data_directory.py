"""The data directory: what is found, or made, there where a setting is not set."""

import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from relay.config.forms import PUBLIC_URL
from relay.errors import ConfigError
from relay.formats.values import Unfit

LEAST_FREE = 16 * 2**20
"""With less room the next webhooks may not be stored."""

_LONGEST_SOCKET_PATH = 100
_HERE = "http://127.0.0.1:8080"
_ADDRESS = "address"


def free_bytes(directory: Path) -> int | None:
    """How much room there is for what the relay keeps; None where that cannot be known."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def leave_address(data_dir: Path, public_url: str) -> None:
    """For commands in another shell, which know the data directory alone."""
    with suppress(OSError):
        (data_dir / _ADDRESS).write_text(public_url + "\n")


def left_address(data_dir: Path) -> str:
    """The address of the relay that runs, or ran, on this data directory."""
    try:
        return PUBLIC_URL.read((data_dir / _ADDRESS).read_text())
    except (OSError, UnicodeDecodeError, Unfit):
        return _HERE


def redis_url(data_dir: Path) -> str:
    """Where the embedded Redis listens. A socket's path may have about 100 bytes; a longer one moves to /tmp.

    Raises `ConfigError` where that place is not ours alone.
    """
    socket = data_dir / "redis.sock"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET_PATH:
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
        socket = Path(tempfile.gettempdir()) / f"relay-{os.getuid()}-{name}" / "redis.sock"
        if socket.parent.exists():
            check_own(socket.parent)
    return f"unix://{socket}"


def check_own(directory: Path) -> None:
    """Raises `ConfigError` for a directory that another user made, or may write to: whoever has our socket has us."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(
            f"{directory} must be a directory of this user alone (mode 700), since the relay's own Redis listens in it;"
            " it belongs to another user, or others may enter it. Remove it, or set RELAY_DATA_DIR to a shorter path."
        )


def kept_key(data_dir: Path) -> str:
    """The key in the data directory, made at the first start and readable by its owner alone."""
    path = data_dir / "secret.key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written whole before it has its name: another part of the relay, starting at the same moment, may read it.
    own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    with suppress(FileExistsError):
        os.link(own, path)
    own.unlink()
    return path.read_text().strip()
