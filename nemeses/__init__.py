"""What goes wrong, and where? One file per fault; `packages` has them by name and reads `--nemesis`."""

from splitbrain.nemeses.catalogue import ALL, FAULTS, parse, spell_out

__all__ = ["ALL", "FAULTS", "parse", "spell_out"]
