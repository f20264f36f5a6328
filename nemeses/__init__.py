"""Faults: one file for each; `catalogue` has them by name and reads `--nemesis`."""

from splitbrain.nemeses.catalogue import ALL, EVERY, FAULTS, STORM, parse

__all__ = ["ALL", "EVERY", "FAULTS", "STORM", "parse"]
