"""Systems under test: own stores, servers on a kit, and servers that a file describes."""
