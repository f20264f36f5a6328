"""Faults of the network between simulated nodes, and between clients and nodes."""

from collections.abc import Callable, Mapping
from typing import Any

from splitbrain.harness.environments.sim.channel import ClientCutting, ClientImpairing
from splitbrain.harness.environments.sim.fault_site import NetworkSite, Undo
from splitbrain.harness.environments.sim.link import DirectedLink
from splitbrain.harness.environments.sim.link_injections import Cutting, Impairing, Limping, Shortening, Withholding
from splitbrain.harness.environments.sim.network import ns_per_byte
from splitbrain.harness.environments.sim.scheduler import nanoseconds
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import (
    Bite,
    Cut,
    CutClients,
    Gray,
    Impair,
    ImpairClients,
    ImpairMessages,
    Limp,
    RepeatRequests,
    WithholdVotes,
)


def cut(injection: Cut, site: NetworkSite) -> Undo:
    """Stop messages."""
    cutting = Cutting(injection.queued)
    links = site.links(injection.links)
    undo = _each(links, lambda link: link.cuts, cutting)

    def healed() -> Bite:
        undo()
        return {"messages_queued" if injection.queued else "messages_dropped": cutting.stopped}

    return healed


def impair(injection: Impair, site: NetworkSite) -> Undo:
    """Make links slow or unreliable."""
    if not isinstance(injection, ImpairMessages):
        injection = ImpairMessages(**vars(injection))
    impairing = Impairing(injection)
    links = site.links(injection.links)
    limping = [Limping(ns_per_byte(injection.rate_kbit)) for _ in links] if injection.rate_kbit else []
    undo = _each(links, lambda link: link.impairs, impairing)
    unlimp = _limp(links, limping)
    if injection.reset_ms:
        for link in links:
            link.begin_resets(impairing)

    def healed() -> Bite:
        undo()
        unlimp()
        delayed = impairing.delayed + sum(limp.delayed for limp in limping)
        dropped = impairing.dropped + sum(limp.dropped for limp in limping)
        slow = injection.delay_ms or injection.jitter_ms or injection.tail or injection.rate_kbit
        did = {
            "messages_delayed": (delayed, slow),
            "messages_dropped": (dropped, injection.loss or injection.rate_kbit),
            "messages_duplicated": (impairing.duplicated, injection.duplicate),
            "messages_reordered": (impairing.reordered, injection.reorder),
            "messages_corrupted": (impairing.corrupted, injection.corrupt),
            "connections_reset": (impairing.resets, injection.reset_ms),
        }
        return {name: times for name, (times, asked) in did.items() if asked}

    return healed


def limp(injection: Limp, site: NetworkSite) -> Undo:
    """Let bandwidth fall."""
    if injection.rate_kbit <= 0:
        raise UsageError(f"a bandwidth is a number of kbit/s above 0: {injection}")
    links = site.links(injection.links)
    limping = [Limping(ns_per_byte(injection.rate_kbit)) for _ in links]
    undo = _limp(links, limping)

    def healed() -> Bite:
        undo()
        return {
            "messages_delayed": sum(limp.delayed for limp in limping),
            "messages_dropped": sum(limp.dropped for limp in limping),
        }

    return healed


def gray(injection: Gray, site: NetworkSite) -> Undo:
    """Let only short messages pass, and requests late."""
    shortening = Shortening(injection.bytes_max)
    slow = ImpairClients(injection.nodes, delay_ms=injection.delay_ms)
    undo = _each(site.links_of(injection.nodes), lambda link: link.shortenings, shortening)
    unslow = impair_clients(slow, site)

    def healed() -> Bite:
        undo()
        return {"messages_dropped": shortening.dropped, **unslow()}

    return healed


def withhold_votes(injection: WithholdVotes, site: NetworkSite) -> Undo:
    """Hold back what would make or keep a leader."""
    # A candidate votes for itself: with so many votes of others it still has no majority.
    withholding = Withholding(nanoseconds(injection.hold_ms), spare=len(site.names) // 2 - 1)
    undo = _each(site.links(injection.links), lambda link: link.withholdings, withholding)

    def healed() -> Bite:
        undo()
        return {"messages_withheld": withholding.withheld}

    return healed


def cut_clients(injection: CutClients, site: NetworkSite) -> Undo:
    """Stop requests, replies, or both."""
    cutting = ClientCutting(injection)
    ways = site.client_ways(injection.nodes)
    for way in ways:
        way.cuts.append(cutting)
        way.changed()

    def healed() -> Bite:
        for way in ways:
            way.cuts.remove(cutting)
            way.changed()
        stopped = {"requests_cut": (cutting.requests, injection.requests), "replies_cut": (cutting.replies, True)}
        return {name: times for name, (times, asked) in stopped.items() if asked}

    return healed


def impair_clients(injection: ImpairClients, site: NetworkSite) -> Undo:
    """Make requests slow, or have them come twice."""
    impairing = ClientImpairing(injection)
    ways = site.client_ways(injection.nodes)
    for way in ways:
        way.impairs.append(impairing)
        way.changed()

    def healed() -> Bite:
        for way in ways:
            way.impairs.remove(impairing)
            way.changed()
        did = {
            "requests_delayed": (impairing.delayed, injection.delay_ms or injection.jitter_ms),
            "requests_duplicated": (impairing.duplicated, injection.duplicate),
        }
        return {name: times for name, (times, asked) in did.items() if asked}

    return healed


LINK_FAULTS: Mapping[type, Callable[[Any, NetworkSite], Undo]] = {
    Cut: cut,
    Impair: impair,
    ImpairMessages: impair,
    Limp: limp,
    Gray: gray,
    WithholdVotes: withhold_votes,
    CutClients: cut_clients,
    ImpairClients: impair_clients,
    RepeatRequests: impair_clients,
}
"""The function that carries out each kind."""


def _each(links: list[DirectedLink], of: Callable[[DirectedLink], list[Any]], effect: object) -> Callable[[], None]:
    """Put an effect in force on links; returns what takes it back."""
    for link in links:
        of(link).append(effect)
        link.changed()

    def undo() -> None:
        for link in links:
            of(link).remove(effect)
            link.changed()

    return undo


def _limp(links: list[DirectedLink], limping: list[Limping]) -> Callable[[], None]:
    """Apply `_each` to a limit that each link has of its own."""
    undo = [_each([link], lambda link: link.limps, limp) for link, limp in zip(links, limping, strict=False)]

    def undone() -> None:
        for one in undo:
            one()

    return undone
