"""`--env stdio`: nodes as processes that speak JSON on standard input and output, on a simulated network in real time.

- `environment`  Stdio: starts clusters
- `cluster`      StdioCluster: nodes and their network; faults
- `node`         StdioNode: a member, and the processes it has one after the other
- `process`      StdioProcess: one process: its lines, its clients, what it has to answer
- `router`       MessageRouter: where a message goes: a node, a client, a service
- `wire`         one message as a line
- `timeline`     RealTimeline: what is planned, by the clock

Links, and what faults do to them, are the simulator's (`harness.environments.sim`); kills and pauses are those of
`harness.environments.real`.
"""

from splitbrain.harness.environments.stdio.environment import Stdio

__all__ = ["Stdio"]
