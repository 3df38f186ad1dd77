"""What the operating system refuses, in words that name the file and what to do about it."""

import errno
from collections.abc import Mapping

_WORDS: Mapping[int, str] = {
    errno.ENOENT: "there is no {file}",
    errno.ENOTDIR: "{file} lies in no folder",
    errno.EISDIR: "{file} is a folder",
    errno.EACCES: "{file} is not for this user to use: see its owner and mode",
    errno.EPERM: "{file} is not for this user to change",
    errno.EEXIST: "{file} exists already",
    errno.ENOTEMPTY: "{file} is not empty",
    errno.ENOSPC: "the disk is full: {file} could not be written; make room",
    errno.EDQUOT: "this user's share of the disk is used up: {file} could not be written; make room",
    errno.EROFS: "{file} lies on a disk that is read-only",
    errno.ELOOP: "{file} is a symbolic link, and is not followed",
    errno.ENAMETOOLONG: "{file} has too long a name",
    errno.ETXTBSY: "{file} is being run",
    errno.EMFILE: "too many files are open: raise the limit with ulimit -n",
    errno.ENFILE: "this machine has too many files open",
    errno.ENOMEM: "this machine has no memory left",
    errno.EIO: "the disk failed at {file}",
    errno.EADDRINUSE: "another program listens there already",
    errno.ECONNREFUSED: "nobody listens there",
    errno.ECONNRESET: "the other side ended the connection",
    errno.ETIMEDOUT: "no answer came in time",
    errno.EPIPE: "whoever read the output went away",
}


def in_words(error: OSError) -> str:
    """A sentence for a person, without a number and without the system's own phrase where we have a better one."""
    file = str(error.filename) if error.filename is not None else "the file"
    words = _WORDS.get(error.errno or 0)
    if words is not None:
        return words.format(file=file)
    return f"the system refused to use {file}: {(error.strerror or type(error).__name__).lower()}"
