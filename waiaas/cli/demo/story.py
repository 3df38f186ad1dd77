"""The story, scene by scene."""

from waiaas.cli.demo.budget import shared_budget
from waiaas.cli.demo.crash import crash
from waiaas.cli.demo.narrator import Narrator
from waiaas.cli.demo.payments import at_once, by_approval, cancelled, delayed, forbidden, past_the_limit, simulated
from waiaas.cli.demo.proof import proof
from waiaas.cli.demo.scene import Scene
from waiaas.cli.demo.setting import set_up
from waiaas.cli.demo.stage import Stage
from waiaas.cli.demo.stopping import stopped

PAYMENTS = (at_once, simulated, delayed, cancelled, by_approval)


def tell(stage: Stage, narrator: Narrator) -> None:
    """Play everything. Claims are collected; only what makes going on senseless raises.

    :raises Failure: when a step cannot be made at all
    """
    scene: Scene = set_up(stage, narrator)
    with scene:
        for play in (*PAYMENTS, forbidden, stopped, shared_budget, past_the_limit, crash, proof):
            play(scene, narrator)
