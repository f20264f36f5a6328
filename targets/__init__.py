"""Which systems are under test? Own stores, and real servers."""
