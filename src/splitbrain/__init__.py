"""splitbrain: what a data system really promises when the network splits, nodes die and clocks lie."""

__version__ = "0.1.0"
