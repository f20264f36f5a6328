"""Checkers: which consistency models a recorded history satisfies, and a proof where it does not satisfy one.

Pure functions of history and budget; no I/O.
"""
