"""Mechanisms of the Linux kernel for processes, links, clocks and disks; nothing here starts a node.

A map, from the ground upwards:

- `tools`       which programs the mechanisms call, and the package of each; one asynchronous way to call them
- `scratch`     a folder that goes away with the run, however the run ends
- `namespaces`  re-execution in private user, network, mount and process namespaces; `init` is their first process
- `netns`       a network namespace as an open file; a switch with one namespace per node in `switch`
- `processes`   the processes of a network namespace: found, killed, stopped, measured
- `partitions`  directed cuts, counted, as atomic nft transactions; `client_cuts` between clients and nodes
- `netem`       delay, loss and rate limits by the kernel itself, where it can
- `nfqueue`     the same, duplication, reordering and corruption, packet by packet; `packets` chooses and drives both
- `vdso`        a process's clocks: offset and rate; its wall clock by `faketime` where there is no way into the vDSO
- `tracing`     slow and failing disks, by system-call injection
- `volume`      a folder that can lose what was not synced: `passthrough` serves it to the kernel over `fuse`, with the
                files of `inodes`, each with what is `unsynced`

All of them take process ids, namespaces or a `Shell`, never a node: so they work on plain processes, on containers
from the host, and on machines reached by ssh.
"""
