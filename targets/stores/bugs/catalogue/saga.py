"""Planted bugs of saga."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.planted_bug import Aim, PlantedBug
from splitbrain.targets.stores.bugs import saga as bugs
from splitbrain.targets.stores.bugs.catalogue.common import AUDIT, CUTS, INVARIANTS, KILLS
from splitbrain.targets.stores.saga.settings import SagaParts

SAGAS = "Garcia-Molina and Salem, SIGMOD 1987"
CHOREOGRAPHY: Mapping[str, str] = {"style": "choreography"}

SAGA: Sequence[PlantedBug] = (
    PlantedBug(
        "compensation-not-idempotent",
        "a command that undoes a step is carried out as often as it comes",
        f"{SAGAS}, section 2: compensations must succeed, so they are tried again",
        INVARIANTS,
        (bugs.CompensationNotIdempotent, SagaParts()),
        aim=Aim("packet,partition,pause"),
    ),
    PlantedBug(
        "outbox-before-commit",
        "the letter that follows is sent, and a receipt, before the change that it tells of is on disk",
        "Richardson, Microservices Patterns, 2018, section 3.3: both are one transaction",
        AUDIT,
        (bugs.OutboxBeforeCommit, SagaParts()),
        aim=KILLS,
    ),
    PlantedBug(
        "receipt-before-commit",
        "a receipt is sent before what was handled is on disk, and nobody sends it again",
        "Birrell et al.: acknowledge a message after the transaction that handles it",
        AUDIT,
        (bugs.ReceiptBeforeCommit, SagaParts()),
        aim=KILLS,
    ),
    PlantedBug(
        "outbox-in-memory",
        "the letter that follows a step is kept in memory alone: a dual write",
        "Richardson, Microservices Patterns, 2018, section 3.3",
        AUDIT,
        (bugs.OutboxInMemory, SagaParts()),
        needs=CHOREOGRAPHY,
        aim=KILLS,
    ),
    PlantedBug(
        "inbox-in-memory",
        "letters that were handled before a restart are not known again",
        "Helland, Life beyond Distributed Transactions, CIDR 2007, section 4: what was seen is part of the entity",
        INVARIANTS,
        (bugs.InboxInMemory, SagaParts()),
        aim=KILLS,
    ),
    PlantedBug(
        "refused-step-undone",
        "a step that was refused is undone, too",
        f"{SAGAS}, section 1: T1 … Tj Cj … C1, and no compensation of what did not happen",
        AUDIT,
        (bugs.RefusedStepUndone, SagaParts()),
        aim=CUTS,
    ),
    PlantedBug(
        "undone-by-half",
        "of several steps that were done only the last one is undone",
        f"{SAGAS}, section 1",
        AUDIT,
        (bugs.FirstUndoneAlone, SagaParts()),
        needs=CHOREOGRAPHY,
        aim=CUTS,
    ),
)
