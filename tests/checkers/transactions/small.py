"""Random tiny transactional histories: a store of sorts, with stale reads, dirty writes, aborts and unknown ends."""

from random import Random

from splitbrain.harness.history import Event


class Maker:
    """Makes one history."""

    def __init__(self, random: Random, lists: bool) -> None:
        self.random, self.lists = random, lists
        self.wild = random.random() < 0.3
        self.store: dict[int, list[int]] = {}
        self.next_value: dict[int, int] = {}
        self.events: list[Event] = []

    def history(self, more: int = 0) -> list[Event]:
        """The events. more: how many transactions there are beside the usual few."""
        random = self.random
        count, keys = random.randint(2, 6) + more, random.randint(1, 3)
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
                steps = [self.step(random.randrange(keys)) for _ in range(random.randint(1, 3))]
                early = self.wild and random.random() < 0.5
                open_now[process] = steps, early
                self.add(process, "invoke", steps)
                for f, key, value in steps if early else ():
                    if f != "r":
                        made = self.store.setdefault(key, [])
                        made.insert(len(made) - (bool(made) and random.random() < 0.3), value)
        return self.events

    def step(self, key: int) -> list:
        if self.random.random() < 0.5:
            return ["r", key, None]
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
                answer.append(["r", key, now[:cut] if self.lists else now[cut - 1] if cut else None])
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
