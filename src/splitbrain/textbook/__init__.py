"""The textbook: what tables and books say about distributed systems, and runs that measure it.

- `systems`       systems and configurations with the class that the usual tables give them (`systems.toml`)
- `simulated`     runs in the simulator, whose histories are measured
"""
