"""Harness: what a test is and how one is run. The other rooms stand on it.

From the smallest idea upwards:

- `random_stream`  random draws, named and seeded
- `operation`      operations, outcomes, error kinds
- `interner`       equal values as one integer
- `pairing`        which completion belongs to which invocation
- `history`        the recorded events: integer columns underneath, events on top
- `verdict`        valid, invalid or unknown, with reason and evidence
- `budget`         limits of a check
- `options`        options of targets, models and faults, parsed from `key=value`
- `errors`         errors for users, each one sentence
- `program`        a node of an own store: handlers in, effects out
- `marks`, `invariants`   what programs say of their inner state, and what must hold of it
- `steps`, `state_text`    events of simulated nodes as data, with their state before and after
- `deployment`     what a target offers to a kind of environment
- `injection`      faults as data: what an environment can do to nodes, links, clocks and disks
- `node`, `environment`, `client`, `target`, `fault`, `checker`   the protocols that others implement
- `histories/`     files in and out, and the rules that a history must keep
- `generator/`     what clients do next: pure, composable, seeded
- `controller`     one test from set-up to final reads; its parts are `worker` (one client thread), `dispatcher`,
                   `nemesis` and `active_faults` (faults by schedule), `deadline`, `cleanup` and `progress`
- `logs`           verdicts on the health of nodes: patterns in their logs, and crashes
- `runtime/`       a program as a process: sockets, files, timers
- `reconfiguring/` members that leave and join, rolling upgrades
- `environments/`  where nodes live: `sim`, `local`, `docker`, `ssh`, `external`; nothing else here imports it

Nothing here knows a store, a fault or a workload by name: all are handed in.
"""
