"""Random tiny transactional histories: a store of sorts, with stale reads, dirty writes, aborts and unknown ends."""

from random import Random

from splitbrain.harness.history import Event

NOWHERE = 99
"""A value that nobody writes."""


class Maker:
    """Make one history. worse: appends may cross, and a read may have what nobody wrote, so that each level is refuted
    by some."""

    def __init__(self, random: Random, lists: bool, *, worse: bool = False) -> None:
        self.random, self.lists = random, lists
        self.wild = random.random() < 0.3
        self.crossed = worse and lists and random.random() < 0.25
        self.strange = worse and random.random() < 0.22
        self.store: dict[int, list[int]] = {}
        self.next_value: dict[int, int] = {}
        self.events: list[Event] = []

    def history(self, more: int = 0) -> list[Event]:
        """The events. more: how many transactions there are beside the usual few."""
        random = self.random
        count, keys = random.randint(2, 6) + more, random.randint(1, 3)
        planned = self.crossing() if self.crossed else []
        slots, retired = list(range(random.randint(2, 4))), 100
        open_now: dict[int, tuple[list, bool]] = {}
        while count or open_now:
            slot = random.randrange(len(slots))
            process = slots[slot]
            if process in open_now:
                kind = self.end(process, *open_now.pop(process))
                if kind == "info":
                    slots[slot] = retired = retired + 1
            elif count:
                count -= 1
                if planned:
                    steps, early = planned.pop(0)
                else:
                    steps = [self.step(random.randrange(keys)) for _ in range(random.randint(1, 3))]
                    early = self.wild and random.random() < 0.5
                open_now[process] = steps, early
                self.add(process, "invoke", steps)
                for f, key, value in steps if early else ():
                    if f != "r":
                        made = self.store.setdefault(key, [])
                        made.insert(len(made) - (bool(made) and random.random() < 0.3), value)
        return self.events

    def crossing(self) -> list[tuple[list, bool]]:
        """Two transactions that append to the same keys, each as it begins, and one that reads both."""
        both = [([self.write(0), self.write(1)], True) for _ in range(2)]
        return [*both, ([["r", 0, None], ["r", 1, None]], False)]

    def step(self, key: int) -> list:
        if self.random.random() < 0.5:
            return ["r", key, None]
        return self.write(key)

    def write(self, key: int) -> list:
        self.next_value[key] = self.next_value.get(key, 0) + 1
        return ["append" if self.lists else "w", key, self.next_value[key]]

    def end(self, process: int, steps: list, early: bool) -> str:
        kind = self.random.choices(["ok", "info", "fail"], [8, 1, 1])[0]
        own = {(key, value) for f, key, value in steps if f != "r"}
        view = {key: [v for v in made if (key, v) not in own] for key, made in self.store.items()}
        answer = []
        for f, key, value in steps:
            if f == "r":
                now = view.get(key, [])
                cut = len(now) if self.random.random() < 0.6 else self.random.randint(0, len(now))
                found = now[:cut] if self.lists else now[cut - 1] if cut else None
                if self.strange and self.random.random() < 0.3:
                    found = [*now[:cut], NOWHERE] if self.lists else NOWHERE
                answer.append(["r", key, found])
            else:
                answer.append([f, key, value])
                view.setdefault(key, []).append(value)
        if not early and kind != "fail" and (kind == "ok" or self.random.random() < 0.5):
            for f, key, value in steps:
                if f != "r":
                    self.store.setdefault(key, []).append(value)
        self.add(process, kind, answer if kind == "ok" else steps)
        return kind

    def add(self, process: int, kind: str, steps: list) -> None:
        at = len(self.events)
        self.events.append(Event(index=at, time=at, process=process, type=kind, f="txn", value=[*map(tuple, steps)]))
