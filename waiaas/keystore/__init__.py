"""The keystore room: agents' keys at rest, and the process that uses them.

*Owns*: the file formats of ``keystore/`` (:doc:`docs/keystore.md`), the signer child process, its protocol and its client;
pynacl, argon2, coincurve and pycryptodome live here alone.
*May import*: :mod:`waiaas.interfaces`, :mod:`waiaas.errors`, :mod:`waiaas.clock`.
*Invariant*: a private key and the data key exist in clear only inside the signer process, in locked memory, and no operation
hands them out (invariants 2 and 17). The daemon's side of the room is :mod:`~waiaas.keystore.client`,
:mod:`~waiaas.keystore.connection` and :mod:`~waiaas.keystore.sealing`; everything else also runs, or only runs, in the signer
and therefore imports little.
"""
