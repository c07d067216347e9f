"""Signs of life between the processes of one machine: a file's lock ends with the process that holds it.

Who dies is known at once by whoever shares the directory and the kernel. Of others nothing is said: another machine may
see the file without the lock.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Signs:
    """The signs below `directory`, one file each; names are of those that make them. One sign for each instance."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.file: int | None = None

    def show(self, name: str) -> None:
        """Live, as far as others can see, until `hide` or death. Where it cannot be shown, it is not."""
        if self.file is not None:
            return
        with suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.file = os.open(self._directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self.file, fcntl.LOCK_EX)
            os.write(self.file, _boot())

    def hide(self, name: str) -> None:
        if self.file is not None:
            self.forget(name)
            os.close(self.file)
            self.file = None

    def shows_death(self, name: str) -> bool:
        """Whether the one of this name ran under this kernel and lives no longer."""
        try:
            file = os.open(self._directory / name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            said = os.read(file, 100)
            return bool(said) and said == _boot()
        except OSError:
            return False
        finally:
            os.close(file)

    def forget(self, name: str) -> None:
        with suppress(OSError):
            (self._directory / name).unlink()


def _boot() -> bytes:
    """The kernel's run; empty where it does not say."""
    try:
        return _BOOT.read_bytes()
    except OSError:
        return b""
