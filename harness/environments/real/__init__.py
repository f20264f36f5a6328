"""What do all nodes share whose processes run on this machine, plain or in containers? Being watched and being hurt.

- `cluster`   HostedCluster: nodes that are started, watched, and harmed by name
- `node`      HostedNode: start, kill, stop, readiness, deaths; how it is launched says the environment
- `launched`  LaunchedNode: one that is a process started from here
- `harm`      one class per injection; `downing`, `damage`, `full`, `clocks` and `disks` for those with more to them
- `unsupported`      which injections can be done here, by probing
- `sampling`  CPU, memory and files of the nodes, over time

The mechanisms are in `harness.environments.linux`.
"""
