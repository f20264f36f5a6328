"""Runtime: a program of `harness.program` as a process of an operating system.

The second interpreter of its effects; the first is the simulator.

- `frames`   length-prefixed msgpack on a stream
- `temporary`  names of files that are being replaced
- `files`    writes and syncs in a worker thread, on real files
- `peers`    messages between nodes, lost when a link is down
- `runner`   the event loop of one node: effects in order, timers, requests
- `channel`  a client's connection to such a node
"""
