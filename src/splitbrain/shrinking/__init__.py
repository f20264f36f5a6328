"""Shrinking: reduce a simulated run that was refuted, as long as the same check is refuted in the same way.

- `attempt`    one run in memory, and what was refuted in it
- `candidate`  a run as faults and operations in time: what is reduced
- `minimize`   remove what is not needed from a list
- `reduction`  the search: operations, faults, clients, time
- `regression` the files: run folder, `schedule.toml`, `test_regression.py`
"""
