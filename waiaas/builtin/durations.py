"""Lengths of time for people."""

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def shown_seconds(seconds: int) -> str:
    """Pure. ``24 hours``, ``90 minutes``: in the largest unit that says it exactly, days from two on."""
    for length, word in _UNITS:
        if seconds % length == 0 and (word != "day" or seconds >= 2 * length):
            count = seconds // length
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return f"{seconds} seconds"
