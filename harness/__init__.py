"""What a test is and how one is run: the ground on which every other room stands.

A map, from the smallest idea upwards:

- `stream`        every random draw, named and seeded
- `operation`     what a client is asked to do, what it saw, and the closed list of error kinds
- `pool`          which values are the same: interning
- `pairing`       which completion belongs to which invocation
- `history`       the recorded sequence of events: integer columns underneath, events on top
- `verdict`       what a history means: valid, invalid or unknown, with reason and evidence
- `budget`        how much a checker may spend
- `options`       named options of targets, models and faults, parsed from `key=value`
- `errors`        the mistakes a user can make, each one sentence
- `program`       an own store's node: handlers in, effects out
- `deployment`    what a target offers to a kind of environment
- `injection`     harm as data: what an environment can be asked to do to nodes, links, clocks and disks
- `node`, `environment`, `client`, `target`, `fault`, `checker`   the protocols that others implement
- `histories/`    files in and out, and the rules that a history must keep
- `generator/`    what clients do next: pure, composable, seeded
- `controller`    one test from set-up to final reads; its parts are `worker` (one client thread), `desk` (who is given
                  what next), `deadline`, `cleanup` and `progress`
- `runtime/`      how a program runs as a process: sockets, files, timers
- `environments/` where nodes live: `sim`, `local`

Nothing here knows a store, a fault or a workload by name: all are handed in.
"""
