"""Refusals of injections by the nodes' deployment, by the table of handlers; each is one sentence."""

from splitbrain.harness.deployment import Served
from splitbrain.harness.environments.real.handlers import HANDLERS
from splitbrain.harness.injection import NO_MEMBERSHIP, NO_UPGRADE, ChangeMembers, ImpairMessages, Upgrade

NO_MESSAGES = (
    "TCP between real processes hides messages that come seconds late, twice or in another order, and its connections "
    "are not broken from outside: name a kind that can be done, as packet:kind=delay, loss, duplicate or reorder"
)


def unsupported(injection: type, deployment: Served) -> str | None:
    """None if an injection can be done to nodes of this deployment, else why not. Tries things out on this machine,
    each once per process."""
    if injection in deployment.pointless:
        return deployment.pointless[injection]
    if injection is ChangeMembers:
        return NO_MEMBERSHIP if deployment.membership is None else None
    if injection is Upgrade:
        return NO_UPGRADE if deployment.upgraded is None else None
    if injection is ImpairMessages:
        return NO_MESSAGES
    handler = HANDLERS.get(injection)
    if handler is None:
        return f"--env {deployment.environment} cannot do {injection.__name__}"
    return handler.nodes(deployment) or handler.machine()


def needs_root(injection: type) -> bool:
    """Whether it takes root where the nodes are not in namespaces of the run's own."""
    return injection in HANDLERS and HANDLERS[injection].root
