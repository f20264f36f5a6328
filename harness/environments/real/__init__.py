"""Parts that the environments `local`, `docker` and `ssh` share: one cluster and one node, and the injection of faults.

- `node`, `cluster`          RealNode, RealCluster: the base of all three; `ssh` adds the way to its hosts
- `pid_node`, `pid_cluster`  PidNode, PidCluster: processes seen from here (`local`, `docker`, the agent of `ssh`)
- `process_node`             ProcessNode: a node that is a process started from here
- `handlers`                 the table of injections: how each is carried out, and where it cannot be
- `unsupported`              what an environment says of that before anything starts
- `active`                   cuts, bad links, pauses; `node_down`, `damage`, `disk_full`, `disk_faults`, `clocks` and
                             `admin_commands` for those with more to them
- `sampling`                 CPU, memory and files of the nodes, over time
- `orphans`                  the sweep of what runs that were killed have left

The mechanisms are in `harness.environments.linux`.
"""
