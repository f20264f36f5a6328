"""saga: a transfer of money as a row of steps, each a transaction of one node, undone if a later one is refused.

Garcia-Molina and Salem, "Sagas", SIGMOD 1987; Richardson, "Microservices Patterns", 2018, chapters 3 and 4
(orchestration, choreography, transactional outbox).

Promised, with `dedup=all`: a saga ends, either with all of its steps, or with those that were done undone in reverse
order, and in the end all money is there. Not promised: isolation. While a saga is under way its money is nowhere, and
reads show it; another transfer may be refused for it. Nor that it ends while a node is away. A read of several accounts
asks their nodes one by one.

In reading order: `messages`, `plan`, `outbox`, `reads`, `node`, `audit`, `target`.
"""

from splitbrain.targets.stores.saga.node import SagaNode
from splitbrain.targets.stores.saga.target import Saga

__all__ = ["Saga", "SagaNode"]
