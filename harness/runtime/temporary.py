"""Name of a file that is being replaced: what is written first, and takes the place of the other in one step."""

TEMPORARY = ".tmp"
"""At the end of such a name."""
