"""``waiaas demo``: the whole product, told as a story and checked while it is told.

*Owns* the story, its processes and its printing. *May import* ``waiaas.cli`` and ``waiaas_sdk``: everything happens through the
command line, the SDK and the chain's own RPC, as it would for a user. *Invariant*: a claim is printed as held only after it
was checked, money claims against the chain itself; the demo succeeds only if every claim held.
"""

from waiaas.cli.demo.command import demo

__all__ = ["demo"]
