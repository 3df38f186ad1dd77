"""The two sockets that a daemon listens on."""

import contextlib
import os
import resource
import socket
import stat
from pathlib import Path

from waiaas.errors import StartRefused

_LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux and 104 elsewhere
_PRIVATE = 0o600
_MOST_CONNECTIONS = 1000
_FILES_FOR_THE_REST = 256  # database, nodes, signer, log


def bind_tcp(host: str, port: int) -> socket.socket:
    """A bound TCP socket. :param port: 0 picks one

    :raises StartRefused: when the address cannot be had
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as problem:
        sock.close()
        raise StartRefused(
            f"cannot listen on {host}:{port}: {problem.strerror}",
            hint="stop what listens there, or set daemon.port (0 picks a free one)",
        ) from None
    return sock


def bind_unix(path: Path) -> socket.socket:
    """A bound Unix socket at ``path``, mode 0600 from its first moment. A dead one in its place is removed.

    :raises StartRefused: when something that is no socket is in its place, or the folder cannot be written
    """
    _clear(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(sock.fileno(), _PRIVATE)  # Linux makes the file with the mode of the socket
        _bind_short(sock, path)
        path.chmod(_PRIVATE)
    except OSError as problem:
        sock.close()
        raise StartRefused(
            f"cannot listen on {path}: {problem.strerror or problem}", hint="check the data directory"
        ) from None
    return sock


def connection_limit() -> int:
    """Connections that each of two doors may hold so that strangers on one never use up the descriptors of everything else.

    Raises this process's soft limit of open files as far as that needs and the hard limit lets. May be called again.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST_CONNECTIONS + _FILES_FOR_THE_REST
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _MOST_CONNECTIONS
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, (soft - _FILES_FOR_THE_REST) // 2)


def remove_unix(path: Path, inode: int) -> None:
    """Remove our own socket file; another daemon's in its place stays."""
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_ino == inode:
            path.unlink()


def _clear(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise StartRefused(f"{path} is in the way and is not a socket", hint="move it away")
    path.unlink()


def _bind_short(sock: socket.socket, path: Path) -> None:
    """Bind relative to the folder where the path is too long for a socket's address."""
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        sock.bind(str(path))
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
