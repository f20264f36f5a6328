"""What goes wrong, and where? One file per fault; `packages` has them by name and reads `--nemesis`."""

from splitbrain.nemeses.catalogue import ALL, FAULTS, parse

__all__ = ["ALL", "FAULTS", "parse"]
