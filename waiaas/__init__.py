"""WAIaaS: a wallet service for AI agents that judges every payment by policy before a key is touched.

*Owns*: the version, and nothing else; the rooms are the packages and modules beside this file.
*May import*: nothing.
*Invariant*: importing ``waiaas`` is free of effects and imports no room.
"""

__version__ = "0.1.0"
