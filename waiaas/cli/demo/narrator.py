"""Tells the steps to a terminal of 80 columns, and keeps them for ``--json``."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from waiaas.cli.output import shown

_LABEL = 13


class Step:
    """One step of the story: what was asked, what was answered, and the claims about it."""

    def __init__(self, number: int, title: str, out: Console | None) -> None:
        self.number = number
        self.title = title
        self.lines: list[dict[str, Any]] = []
        self.claims: list[dict[str, Any]] = []
        self.seconds = 0.0
        self._out = out

    def tell(self, label: str, text: str, style: str = "") -> None:
        """A fact."""
        self.lines.append({"label": label, "text": text})
        self._print(Text(label, style="dim"), Text(shown(text), style=style))

    def command(self, text: str) -> None:
        """A command as a user would type it."""
        self.lines.append({"label": "$", "text": f"waiaas {text}"})
        prompt = Text("$", style="dim")
        prompt.align("right", _LABEL)
        self._print(prompt, Text(f"waiaas {text}", style="cyan"))

    def expect(self, claim: str, held: bool, otherwise: str = "") -> None:
        """A claim, checked. :param otherwise: what was found instead, when it did not hold"""
        self.claims.append({"claim": claim, "held": held, "found": None if held else otherwise})
        mark = Text("✓", style="bold green") if held else Text("✗", style="bold red")
        mark.align("right", _LABEL)
        text = claim if held else f"{claim}: NO. {otherwise}"
        self._print(mark, Text(shown(text), style="green" if held else "bold red"))

    def _print(self, left: Text, right: Text) -> None:
        if self._out is None:
            return
        row = Table.grid(padding=(0, 1), pad_edge=False)
        row.add_column(width=_LABEL, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(left, right)
        self._out.print(row)

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "step": self.number,
            "title": self.title,
            "seconds": round(self.seconds, 2),
            "lines": self.lines,
            "claims": self.claims,
        }


class Narrator:
    """:param quiet: only keeps the steps"""

    def __init__(self, *, quiet: bool) -> None:
        self._out = None if quiet else _console()
        self.steps: list[Step] = []
        self.is_interrupted = False

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Tell one step. :raises KeyboardInterrupt: when the person at the terminal has had enough"""
        if self.is_interrupted:
            raise KeyboardInterrupt
        made = Step(len(self.steps) + 1, title, self._out)
        self.steps.append(made)
        if self._out is not None:
            self._out.print()
            self._out.print(Rule(Text(f"{made.number}. {title}", style="bold"), align="left", style="dim"))
        began = time.monotonic()
        try:
            yield made
        finally:
            made.seconds = time.monotonic() - began

    def broke_off(self, why: str) -> None:
        """The story could not go on. :param why: a sentence"""
        if not self.steps:
            self.steps.append(Step(1, "The beginning", self._out))
        self.steps[-1].expect("the story can go on", False, why)

    @property
    def all_held(self) -> bool:
        """Whether something was claimed, and every claim held."""
        claims = [claim for step in self.steps for claim in step.claims]
        return bool(claims) and all(claim["held"] for claim in claims)

    def document(self, seconds: float, kept: Mapping[str, Any] | None) -> dict[str, Any]:
        """Everything that was told."""
        claims = [claim for step in self.steps for claim in step.claims]
        return {
            "ok": self.all_held,
            "seconds": round(seconds, 1),
            "claims": len(claims),
            "held": sum(claim["held"] for claim in claims),
            "steps": [step.document() for step in self.steps],
            "kept": kept,
        }

    def conclude(self, document: Mapping[str, Any]) -> None:
        """The last lines."""
        if self._out is None:
            return
        self._out.print()
        self._out.print(Rule(style="dim"))
        good = document["ok"]
        verdict = f"{document['held']} of {document['claims']} claims held, in {document['seconds']} seconds."
        self._out.print(Text(verdict, style="bold green" if good else "bold red"))
        if document["kept"]:
            self._directions(document["kept"])
        elif good:
            self._out.print(Text("Everything was temporary and is gone. waiaas demo --keep leaves it running."))

    def _directions(self, kept: Mapping[str, Any]) -> None:
        assert self._out is not None
        for title, key in (
            ("Still running. To go on:", "prepare"),
            ("Then for example:", "try"),
            ("To end it:", "stop"),
        ):
            self._out.print()
            self._out.print(Text(title, style="bold"))
            for line in kept[key]:
                self._out.print(Padding(Text(line, style="cyan"), (0, 0, 0, 2)), soft_wrap=True)


def _console() -> Console:
    """Where people read. Width from the terminal or ``COLUMNS``; styles only on a terminal, no markup ever."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False, file=sys.stdout)
