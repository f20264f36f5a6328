"""Measurements about overload, each over several runs of the simulated service a seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median
from typing import Any

from splitbrain.harness.environments.sim.scheduler import SECOND, EventQueue
from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, RunShares, found_if
from splitbrain.textbook.overload.clients import ClientOptions, ServiceClients, peak_rate
from splitbrain.textbook.overload.dependencies import FAULTS, FROM_S, SHARDS, UNTIL_S, WORKERS, DependentService
from splitbrain.textbook.overload.retries import Pause, policies
from splitbrain.textbook.overload.service import SimulatedService
from splitbrain.textbook.simulated import block

RUNS = 3
RATE = 100.0
"""Requests that the service can serve in a second."""
STILL_S, HEALED_S = 5, 15
LOAD = 0.8
SHORT_QUEUE = 50
"""Half a second of work: less than clients wait."""
HERD, MANY = 1000, 1000
QUEUES = (10, 20, 50, 80, 100, 200, 1000, None)
UTILISATIONS = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SYSTEMS = {
    "one worker": (1, False),
    "one worker, constant times": (1, True),
    "ten workers, one queue": (10, False),
}
"""Workers, and whether each request takes the mean time."""
CROWDS = {
    "clients that keep arriving": ClientOptions(rate=LOAD * RATE),
    "320 clients that wait for their answers": ClientOptions(closed=320, think_s=4.0),
}
HALF, TENTH = "a breaker at 50 % failures", "a breaker at 10 %"
BREAKERS: Mapping[str, Mapping[str, Any]] = {
    "no breaker": {},
    HALF: {"breaker": 0.5},
    TENTH: {"breaker": 0.1},
    "a breaker at 50 % for each shard": {"breaker": 0.5, "by_shard": True},
}


def _served(
    seed: int, options: ClientOptions, queue_max: int | None = None, rate: float = RATE, workers: int = 1,
    constant: bool = False, still_s: float = 0.0,
) -> ServiceClients:  # fmt: skip
    """Carry out one run; if asked, the service stands still for a while that ends at `HEALED_S`."""
    events = EventQueue()
    service = SimulatedService(
        events, RandomStream(seed, "textbook", "service"), rate, workers, queue_max, constant
    )  # fmt: skip
    clients = ServiceClients(events, service, RandomStream(seed, "textbook", "clients"), options)
    if still_s:
        events.at(int((HEALED_S - still_s) * SECOND), service.stand_still, (still_s,))
    events.run(100_000_000)
    return clients


def time_named(load: float, system: str) -> str:
    """The name of a figure."""
    return f"time over service time at {load:.0%} of capacity, {system}"


def queue_named(length: int | None) -> str:
    """The name of a figure."""
    words = f"a queue of {length:,}" if length else "a queue without bound"
    return f"requests answered within 1 s at 150 % of capacity, {words}"


def utilisation(seed: int) -> ClaimSample:
    """Mean time in the system over the service time, by utilisation: one worker, constant times, ten workers."""
    amounts = {}
    for name, (workers, constant) in SYSTEMS.items():
        for load in UTILISATIONS:
            options = ClientOptions(timeout_s=1e6, attempts=1, rate=load * RATE, until_s=200.0)
            found = _served(seed, options, rate=RATE / workers, workers=workers, constant=constant).latencies
            amounts[time_named(load, name)] = [fmean(found) * RATE / workers]
    half, bent = (amounts[time_named(load, "one worker")][0] for load in (0.5, 0.8))
    (many,) = amounts[time_named(0.8, "ten workers, one queue")]
    depends = half > 1.7 and bent > 3.5 and many < 1.6
    return ClaimSample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, amounts=amounts)


def recovery(seed: int) -> ClaimSample:
    """Five seconds in which the service stands still, at 80 % load, by what clients do when a request fails."""
    ways = {"none": ClientOptions(rate=LOAD * RATE)} | {
        name: ClientOptions(rate=LOAD * RATE, pause=pause) for name, pause in policies(10.0).items()
    }
    ways["jitter, for a tenth of the requests at most"] = replace(ways["jitter"], budget=0.1)
    shares, amounts, back = {}, {}, {}
    for name, options, queue_max in [
        *((f"retries {name}", options, None) for name, options in ways.items()),
        ("retries jitter, a breaker of the clients", replace(ways["jitter"], breaker=0.5), None),
        *((f"retries {name}, a queue of {SHORT_QUEUE}", ways[name], SHORT_QUEUE) for name in ("fixed", "jitter")),
    ]:
        runs = [_served(one, options, queue_max, still_s=STILL_S) for one in block(seed, RUNS)]
        took = [seconds for run in runs if (seconds := run.back_s(HEALED_S)) is not None]
        shares[f"runs in which service came back within 100 s, {name}"] = len(took), len(runs)
        if took:
            amounts[f"seconds until service was back, {name}"] = list(map(float, took))
        amounts[f"peak rate after the heal over capacity, {name}"] = [
            run.peak_rate(HEALED_S, 100.0) / RATE for run in runs
        ]
        back[name] = len(took)
    lost = [back.pop(f"retries {name}") for name in policies(10.0)]
    refuted = not any(lost) and min(back.values()) == RUNS
    return ClaimSample(found_if(confirmed=min(lost) == RUNS, refuted=refuted), shares, amounts)


def backoff(seed: int) -> ClaimSample:
    """The same fault, by whether clients keep arriving, or are so many that have one request each at a time."""
    shares, amounts, back = {}, {}, {}
    for crowd, size in CROWDS.items():
        for name, pause in policies(30.0).items():
            options = replace(size, pause=pause, attempts=MANY, until_s=60.0)
            runs = [_served(one, options, still_s=STILL_S) for one in block(seed, 2)]
            took = [seconds for run in runs if (seconds := run.back_s(HEALED_S)) is not None]
            words = f"{crowd}, retries {name}"
            shares[f"runs in which service came back within 40 s, {words}"] = len(took), len(runs)
            if took:
                amounts[f"seconds until service was back, {words}"] = list(map(float, took))
            back[crowd, name] = len(took) / len(runs)
    arriving, waiting = CROWDS
    helped = back[waiting, "exponential"] == back[waiting, "jitter"] == 1 and back[waiting, "fixed"] == 0
    in_vain = not any(back[arriving, name] for name in policies(30.0))
    return ClaimSample(ClaimFinding.DEPENDS if helped and in_vain else ClaimFinding.UNSETTLED, shares, amounts)


def herd(seed: int) -> ClaimSample:
    """Clients that a service refuses at the same instant, until it is up again: how they come back."""
    found, amounts = RunShares(), {}
    for name, pause in policies(10.0).items():
        runs = [_herd(one, pause) for one in block(seed, RUNS)]
        amounts[f"peak rate after the heal over capacity, {name}"] = [
            run.peak_rate(STILL_S, run.options.until_s) / RATE for run in runs
        ]
        amounts[f"seconds until all {HERD:,} clients were served, {name}"] = [run.last_s - STILL_S for run in runs]
        found.add(
            f"attempts in vain, {name}",
            [(run.service.requests - run.answered, run.service.requests) for run in runs],
        )
    peaks = {name: median(amounts[f"peak rate after the heal over capacity, {name}"]) for name in policies(10.0)}
    confirmed = peaks["jitter"] < 5 and min(peaks["fixed"], peaks["exponential"]) > 20
    return found.sample(found_if(confirmed=confirmed, refuted=peaks["jitter"] > 20), amounts=amounts)


def _herd(seed: int, pause: Pause) -> ServiceClients:
    events = EventQueue()
    service = SimulatedService(events, RandomStream(seed, "textbook", "service"), RATE, queue_max=SHORT_QUEUE)
    service.refuse(STILL_S)
    options = ClientOptions(pause=pause, attempts=MANY, herd=HERD, until_s=600.0)
    clients = ServiceClients(events, service, RandomStream(seed, "textbook", "clients"), options)
    events.run(100_000_000)
    return clients


def queues(seed: int) -> ClaimSample:
    """Half as many requests again as can be served, for half a minute, by how many can wait."""
    found = RunShares()
    for length in QUEUES:
        options = ClientOptions(rate=1.5 * RATE, until_s=30.0)
        runs = [_served(one, options, queue_max=length) for one in block(seed, RUNS)]
        found.add(queue_named(length), [(run.answered, sum(run.made.values())) for run in runs])
    short, *_, endless = (good / whole for good, whole in found.shares.values())
    return found.sample(found_if(confirmed=endless > short, refuted=endless < short / 2))


def breaker(seed: int) -> ClaimSample:
    """A sick dependency B, and what is answered of A and of the healthy shards of B, with and without a breaker."""
    found, of_a, of_b = RunShares(), {}, {}
    for fault in FAULTS:
        for name, options in BREAKERS.items():
            runs = [DependentService(one, fault, **options) for one in block(seed, RUNS)]
            words = f"while B is one {fault.name}, {name}"
            of_a[fault, name] = _answered(found, f"requests for A answered {words}", runs, lambda shard: shard is None)
            if fault.shards < SHARDS:
                of_b[name] = _answered(
                    found, f"requests for healthy shards answered {words}", runs,
                    lambda shard, sick=fault.shards: shard is not None and shard >= sick,  # type: ignore[misc]
                )  # fmt: skip
    hangs, slow, one_shard = FAULTS
    helped = of_a[hangs, HALF] > 0.9 and of_a[hangs, "no breaker"] < 0.5
    failed = of_a[slow, HALF] < 0.7 and of_a[one_shard, HALF] < 0.9 and of_b[TENTH] < 0.5
    return found.sample(ClaimFinding.DEPENDS if helped and failed else ClaimFinding.UNSETTLED)


def bulkheads(seed: int) -> ClaimSample:
    """The same faults, with at most half of the workers for calls to B: what is answered while they last; and clients
    that do not retry beside others that do, when service stood still for five seconds: when theirs is back."""
    found, kept, lost = RunShares(), list[float](), list[float]()
    for fault in FAULTS:
        for name, most in (("one pool", WORKERS), ("half of the workers each", WORKERS // 2)):
            runs = [DependentService(one, fault, bulkhead=most) for one in block(seed, RUNS)]
            words = f"requests for A answered while B is one {fault.name}, {name}"
            good = _answered(found, words, runs, lambda shard: shard is None)
            (lost if most == WORKERS else kept).append(good)
    shares, amounts, back = {}, {}, []
    for name, pools in (("one pool", 1), ("half of the workers each", 2)):
        crowds = [beside(one, pools) for one in block(seed, RUNS)]
        took = [seconds for calm, _ in crowds if (seconds := calm.back_s(HEALED_S)) is not None]
        words = f"clients that do not retry, beside ones that do, {name}"
        shares[f"runs in which service came back within 100 s for {words}"] = len(took), len(crowds)
        if took:
            amounts[f"seconds until service was back for {words}"] = list(map(float, took))
        amounts[f"peak rate after the heal over capacity, both kinds of clients, {name}"] = [
            peak_rate(calm.sent + eager.sent, HEALED_S, 100.0) / RATE for calm, eager in crowds
        ]
        back.append(len(took))
    confirmed = min(kept) > 0.95 and max(lost) < 0.9 and back == [0, RUNS]
    return found.sample(found_if(confirmed=confirmed, refuted=min(kept) < 0.5 or back[1] == 0), shares, amounts)


def beside(seed: int, pools: int) -> tuple[ServiceClients, ServiceClients]:
    """Half of the clients without retries, half with four of them, and as many workers; in two pools each half has a
    worker of its own."""
    events = EventQueue()
    services = [
        SimulatedService(events, RandomStream(seed, "textbook", "service", pool), RATE / 2, 2 // pools)
        for pool in range(pools)
    ]
    calm, eager = (
        ServiceClients(events, services[number % pools], RandomStream(seed, "textbook", "clients", number), options)
        for number, options in enumerate(
            (ClientOptions(rate=LOAD * RATE / 2), ClientOptions(rate=LOAD * RATE / 2, pause=policies(10.0)["fixed"]))
        )
    )
    for service in services:
        events.at(int((HEALED_S - STILL_S) * SECOND), service.stand_still, (STILL_S,))
    events.run(100_000_000)
    return calm, eager


def _answered(
    found: RunShares, name: str, runs: Sequence[DependentService], shards: Callable[[int | None], bool]
) -> float:  # fmt: skip
    """Take in the requests of such shards that were answered during the fault; the share."""
    good, whole = found.add(name, [run.answered(shards, FROM_S + 1, UNTIL_S) for run in runs])
    return good / whole


MEASUREMENTS = {
    "overload-utilisation": utilisation,
    "overload-recovery": recovery,
    "overload-backoff": backoff,
    "overload-herd": herd,
    "overload-queues": queues,
    "overload-breaker": breaker,
    "overload-bulkheads": bulkheads,
}
