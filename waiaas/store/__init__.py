"""The store: SQLite behind two doors.

*Owns* the database file, its schema scripts, its connections, and every SQL statement of the project.
*May import* :mod:`waiaas.errors` and :mod:`waiaas.clock` alone of the house. Pony is imported nowhere else.
*Invariant*: rows leave as frozen records (:mod:`waiaas.store.records`) and never as entities; whatever is written is written
inside ``Store.write()``, which is one immediate transaction, and limits are read inside it too (invariant 3).
"""
