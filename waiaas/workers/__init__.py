"""Workers: one background job a file, and the threads that run them. Time is a door too: it knocks here.

*Owns* the lanes that carry payments from the hold to a node, the confirmer, the timekeeper, the courier of notifications, the
checkpointer, the keeper of the pinned head.
*May import* the engine and everything below; never ``api``.
*Invariant*: a worker holds nothing that a restart could lose; a thread that dies takes the daemon with it.
"""
