"""Measurements: what the daemon costs beside a floor that does only the unavoidable, in one run, as ratios.

*Owns*: the floor (a bare Falcon and Waitress application), the load generator, the measurements, the report.
*May import*: everything; nothing imports it.
*Invariant*: the measured daemon is the shipped one, started as a user starts it; rounds of daemon and floor alternate, and
every figure is a median of rounds.
"""
