"""What do the clients do, and which checkers judge it? One file, one workload, one story."""
