"""Runs: from a specification to a result, of one run or one check of a history.

A map, in the order in which they are used:

- `quantities` durations, sizes and budgets as users write them
- `fields`    how an option is described, read, checked and shown
- `spec`      RunSpec: everything that fixes a run, each option declared once
- `record`    RunRecord: what is kept of a spec in `test.toml`, with what it came to mean
- `checking`  the checkers of a workload or of a model, and their verdicts merged
- `plan`      RunPlan: names resolved and checked; nothing is started, fetched or built
- `execute`   run a plan in this process, judge it, keep it
- `launch`    the steps around it: provide, enter the environment, execute here or in another process
- `inner`     what that other process does
- `calls`     `splitbrain.run` and `splitbrain.check`

`quantities`, `fields`, `spec` and `record` are data and stand below `results`; the rest stands above it.
"""
