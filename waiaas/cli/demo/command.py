"""The command: makes the stage, lets the story play, and clears up."""

import signal
import sys
import time
from types import FrameType

import click
from waiaas_sdk import WaiaasApiError, WaitTimeout

from waiaas.cli.demo.families import CHAINS, chain_of
from waiaas.cli.demo.narrator import Narrator
from waiaas.cli.demo.stage import Stage
from waiaas.cli.demo.story import tell
from waiaas.cli.exits import FAILED, OK, Failure, explain
from waiaas.cli.options import json_option
from waiaas.cli.output import print_json


@click.command()
@click.option("--chain", type=click.Choice(sorted(CHAINS)), default="solana", show_default=True)
@click.option("--keep", is_flag=True, help="Leave daemon and chain running, and say how to go on.")
@json_option
def demo(chain: str, keep: bool, as_json: bool) -> int:
    """Watch an agent pay under policy: at once, after a delay, after approval, refused, stopped, and through a crash.

    Runs on a temporary data directory and a chain of its own; needs no network. Exit code 0 only if every claim held.
    """
    narrator = Narrator(quiet=as_json)
    _catch_signals(narrator)
    began = time.monotonic()
    with Stage(chain_of(chain)) as stage:
        try:
            tell(stage, narrator)
        except (Failure, WaiaasApiError, WaitTimeout) as error:
            narrator.broke_off(explain(error)[1])
        document = narrator.document(time.monotonic() - began, stage.directions() if keep else None)
        if keep:
            stage.keep()
    if as_json:
        print_json(document)
    else:
        narrator.conclude(document)
    sys.stdout.flush()
    return OK if narrator.all_held else FAILED


def _catch_signals(narrator: Narrator) -> None:
    """Ctrl-C and a polite kill clear up, once: an exception that Python had to swallow where it struck is raised again by the
    next step, and a second signal does not break into the clearing up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if not narrator.is_interrupted:
            narrator.is_interrupted = True
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
