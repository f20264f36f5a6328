"""`maelstrom:bin=./node`: node programs in any language that speak Maelstrom's protocol.

- `target`    the target: its options, and its nodes as processes
- `requests`  operations as messages, and what is read in replies
- `client`    a client pinned to a node
- `errors`    the protocol's error codes
- `services`  what nodes can ask: `lin-kv`, `seq-kv`, `lww-kv`, `lin-tso`
- `topology`  who is whose neighbour in a broadcast

The protocol, workloads and services are those that Maelstrom's documentation describes (jepsen-io/maelstrom, doc/).
See `docs/maelstrom.md`.
"""

from splitbrain.targets.maelstrom.target import Maelstrom

__all__ = ["Maelstrom"]
