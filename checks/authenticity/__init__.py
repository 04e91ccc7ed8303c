"""Authenticity signals (真实性线索): patterns that honest work seldom leaves (domain §3; traps 7, 8, 24, 31, 51).

A signal is a lead for an inspector, with its records. It deducts nothing, ranks nobody and enters no score.
Frames bring instants as Int64 microseconds UTC. Every function returns leads (`LEADS`) or tests, never a verdict.

`catalogue` reads the list of signals and their bounds, `heaping` counts around a limit, `stamps` looks inside one
record and at records beside each other, `changes` compares versions, `volumes` compares two periods.
"""
