"""Sending a patient through a pathway as if time had passed, by the engine itself.

Everything here runs the very functions that people and sweeps run, in a transaction of which
nothing is left: a dry run, a forecast and a simulation differ only in who is sent and what is told
of it.
"""
