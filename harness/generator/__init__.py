"""What will clients do next? Pure, seeded, composable generators.

`core` holds the protocol; the combinators stand beside it by family. Everything is re-exported here.
"""
