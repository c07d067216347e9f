"""A process that needs few files gives up all others for good, where the system can hold it to that: Linux' Landlock.

With its files go those of other processes under `/proc`, and looking into their memory; it starts no other program,
listens on no port, and sends signals to nobody. https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import site
import ssl
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights to files each version of Landlock knows; what it knows is given up."""

_NETWORK_SINCE, _BIND_TCP, _CONNECT_TCP, _PORT = 4, 1, 2, 2
_SCOPES_SINCE, _SCOPES = 6, 0b11
_NAMES = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf")
_SYSTEM = (
    *_NAMES,
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/localtime", "/etc/ld.so.cache", "/etc/services"),
    *("/lib", "/lib64", "/usr", "/run/systemd/resolve", "/run/resolvconf", "/dev/null", "/dev/urandom"),
)
"""For looking up names, certificates, time zones, and shared libraries. Not all of `/etc`: settings lie there."""


def readable() -> Iterator[Path]:
    """What code of ours needs to run and to reach others: Python, its packages, the relay's own, the system's."""
    paths = ssl.get_default_verify_paths()
    named = (paths.cafile, paths.capath, os.environ.get(paths.openssl_cafile_env))
    ours = str(Path(__file__).parents[1])
    for each in (sys.prefix, sys.base_prefix, *site.getsitepackages(), ours, *named, *_SYSTEM):
        if each and Path(each) != Path("/"):
            yield Path(each)


def version() -> int:
    """Of Landlock, as the system has it; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, 0, _VERSION)))


def name_files() -> Sequence[tuple[str, int]]:
    """The files that names are looked up with, as they are now. One that took another's place cannot be read by a
    process that is confined.
    """
    return [(each, os.stat(each).st_ino) for each in _NAMES if os.path.exists(each)]


def confine(paths: Iterable[Path], port: int | None = None) -> bool:
    """Have this process, for the rest of its life, read what lies below `paths` and no other file, and write none.

    With `port` it connects to that one alone, wherever it is. Call it before there are threads. False where the system
    has no Landlock: then nothing is given up.
    """
    known = version()
    if not known:
        return False
    libc = _libc()
    rights = (1 << max(bits for since, bits in _FILE_RIGHTS.items() if since <= known)) - 1
    attributes = struct.pack(
        "=QQQ",
        rights,
        (_BIND_TCP if port is None else _BIND_TCP | _CONNECT_TCP) if known >= _NETWORK_SINCE else 0,
        _SCOPES if known >= _SCOPES_SINCE else 0,
    )
    size = 24 if known >= _SCOPES_SINCE else 16 if known >= _NETWORK_SINCE else 8
    rules = _checked(libc.syscall(_CREATE, attributes, size, 0))
    try:
        for path in paths:
            _allow(libc, rules, path)
        if port is not None and known >= _NETWORK_SINCE:
            _checked(libc.syscall(_ADD, rules, _PORT, struct.pack("=QQ", _CONNECT_TCP, port), 0))
        _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT, rules, 0))
    finally:
        os.close(rules)
    return True


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it is not there, so it cannot be read
    try:
        allowed = _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE
        _checked(libc.syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", allowed, place), 0))
    finally:
        os.close(place)


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
