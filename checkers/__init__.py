"""Which models does a history still allow, and why not? Pure functions of history and budget; no I/O."""
