"""Workloads: what clients do, and which checkers judge it. One file, one workload."""
