"""Moments as people read them."""

from datetime import UTC, datetime


def shown_moment(at: int) -> str:
    """Pure. Unix seconds as a date and time, in UTC whatever the machine's zone: readers may be elsewhere."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
