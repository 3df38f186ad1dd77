"""The pipeline: stages that each move a transaction by exactly one transition.

*Owns* admit, evaluate, release, sign, submitted (further bytes, or sending the newest), confirm, the watch over what is final,
the suspension of agents, and the runner that looks a row's stage up by its status.
*May import* the rules and the engine's collaborators (journal, chains, facts); services call it, it never calls them.
*Invariant*: no stage calls another; a stage that is run again with the same row has no second effect.
"""
