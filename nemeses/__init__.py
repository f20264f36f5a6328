"""What goes wrong, and where: one file per fault; `catalogue` has them by name and reads `--nemesis`."""

from splitbrain.nemeses.catalogue import ALL, EVERY, FAULTS, parse

__all__ = ["ALL", "EVERY", "FAULTS", "parse"]
