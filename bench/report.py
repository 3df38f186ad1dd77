"""Figures as a table for people and as a file for later comparison."""

import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure

_FOLDER = Path(__file__).parent
_BEGIN, _END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table."""
    rows = ["| what | WAIaaS | floor | ratio | aim | |", "| --- | --- | --- | --- | --- | --- |"]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        floor = "" if figure.floor is None else _shown(figure.floor, figure.unit)
        met = {True: "met", False: "missed", None: ""}[figure.is_met]
        ours = _shown(figure.ours, figure.unit)
        rows.append(f"| {figure.name} | {ours} | {floor} | {ratio} | {_aim(figure)} | {met} |")
    return "\n".join(rows) + "\n"


def details(figures: Sequence[Figure]) -> str:
    """What else was seen, a line a figure."""
    return "".join(
        f"{figure.name}: " + "; ".join(f"{name} {_flat(value)}" for name, value in figure.details.items()) + "\n"
        for figure in figures
        if figure.details
    )


def save(figures: Sequence[Figure]) -> Path:
    """Write the raw results; returns the file."""
    document = {
        "at": int(time.time()),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load": os.getloadavg()[0],
        "figures": [figure.to_json() for figure in figures],
    }
    folder = _FOLDER / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.json"
    path.write_text(json.dumps(document, indent=1))
    return path


def write_summary(figures: Sequence[Figure]) -> None:
    """Put the table into README.md, between its marks."""
    readme = _FOLDER / "README.md"
    before, _, rest = readme.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    where = f"Measured {time.strftime('%Y-%m-%d', time.gmtime())} on {os.cpu_count()} processors ({platform.machine()}), Python"
    head = f"{where} {platform.python_version()}, load average {os.getloadavg()[0]:.1f} at the end.\n\n"
    text = f"{head}{table(figures)}\n```text\n{details(figures)}```\n"
    readme.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def _shown(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}"


def _aim(figure: Figure) -> str:
    aims = []
    if figure.least_ratio is not None:
        aims.append(f"ratio {figure.least_ratio:g}")
    if figure.limit is not None:
        aims.append(f"{'at least' if figure.higher_is_better else 'under'} {_shown(figure.limit, figure.unit)}")
    return ", ".join(aims)


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {one}" for name, one in value.items()) + ")"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
