"""Logs that are measured. Those of Jepsen against etcd and the key-value logs that Porcupine is tested with.

They are not part of this repository. Where a folder with them lies beside it (`shared/data/porcupine`, or any folder
with `jepsen/` and `kv/` in it) they are read from there; else logs like them are generated: short, five clients, a
third reads, a third writes, a third cas, up to nineteen operations whose end nobody knows, most of them invalid; and of
strings under ten keys, mostly appended to. Pitfall: figures of generated logs are not those of the recorded ones, so
every table says which they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from histories import EFFECTIVE, IDLE, INVOKE, INVOKED, OK, HistoryShape, register

from splitbrain.harness.histories import read
from splitbrain.harness.history import History
from splitbrain.harness.operation import EventType
from splitbrain.harness.random_stream import RandomStream

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "porcupine"
ETCD_LOGS = 102
KV_ROUNDS, KV_OPERATIONS_PER_ROUND = 3, 11


@dataclass(frozen=True)
class NamedHistory:
    """A history with its name, and whether somebody recorded it."""

    name: str
    history: History
    recorded: bool


def etcd(folder: Path = BESIDE) -> list[NamedHistory]:
    """The logs of etcd, in order of name."""
    files = sorted((folder / "jepsen").glob("*.log"))
    if files:
        return [NamedHistory(path.stem, read(path), recorded=True) for path in files]
    return [NamedHistory(f"like-etcd-{number:03}", _like_etcd(number), recorded=False) for number in range(ETCD_LOGS)]


def kv(clients: int, folder: Path = BESIDE) -> list[NamedHistory]:
    """The key-value logs with so many clients, one valid and one invalid."""
    files = sorted((folder / "kv").glob(f"c{clients:02}-*.txt"), reverse=True)
    if files:
        return [NamedHistory(path.stem, read(path), recorded=True) for path in files]
    return [
        NamedHistory(
            f"like-c{clients:02}-{word}", like_kv(clients, seed=clients, invalid=word == "bad"), recorded=False
        )
        for word in ("ok", "bad")
    ]


def write_logs(logs: list[NamedHistory], folder: Path) -> None:
    """The logs as text, one file a log, in the format of Jepsen's logs."""
    for log in logs:
        (folder / f"{log.name}.log").write_text("".join(_lines(log.history)))


def _lines(history: History) -> Iterator[str]:
    values = history.pool.values
    for kind, process, f, value in zip(history.type, history.process, history.f, history.value, strict=True):
        given = values[value]
        shown = "nil" if given is None else f"[{given[0]} {given[1]}]" if isinstance(given, tuple) else f"{given}"
        word = EventType(kind).word
        yield f"INFO  jepsen.util - {process}\t:{word}\t:{values[f]}\t{':timed-out' if word == 'info' else shown}\n"


def _like_etcd(number: int) -> History:
    """Three of four are invalid, as far as a read can be made wrong."""
    draws = RandomStream(number, "etcd")
    operations, crashed = 60 + draws.below(30), 7 + draws.below(13)
    for seed in range(100 * number, 100 * number + 100):
        try:
            return register(HistoryShape(operations, 5, 5, 1 / 3, 1 / 3, crashed, invalid=number % 4 != 0, seed=seed))
        except ValueError:
            continue
    return register(HistoryShape(operations, 5, 5, 1 / 3, 1 / 3, crashed, seed=number))


def like_kv(clients: int, *, seed: int, keys: int = 10, invalid: bool = False) -> History:
    """A random key-value history. An invalid one has a get from which a piece is missing that must be in it; where no
    get can be made wrong so, another history is made. ValueError if that does not help."""
    for other in range(100):
        history = _StringClients(clients, keys, seed + 1000 * other).run()
        if not invalid:
            return history
        for row, text in _impossible_gets(history):
            operations = history.operations()
            history.value[operations.complete[row]] = operations.result[row] = history.pool.id(text)
            return history
    raise ValueError(f"no history of {clients} clients on {keys} keys can be made wrong")


class _StringClients:
    """Strings under keys, and clients that get, put and append, in rounds, as in the recorded logs: in each round a
    client numbers what it writes from 0, so that some texts are written to a key more than once."""

    def __init__(self, clients: int, keys: int, seed: int) -> None:
        self.clients, self.out = clients, History()
        self.draws = RandomStream(seed, "kv")
        self.states = dict.fromkeys(map(str, range(keys)), "")
        self.doing = [("", "", "")] * clients

    def run(self) -> History:
        """All rounds."""
        for _ in range(KV_ROUNDS):
            self._round()
        self.out.timed = False
        self.out.operations()
        return self.out

    def _round(self) -> None:
        """Run until every client is done."""
        draws, phase = self.draws, [IDLE] * self.clients
        left, written = [KV_OPERATIONS_PER_ROUND] * self.clients, [0] * self.clients
        active = list(range(self.clients))
        while active:
            client = draws.choice(active)
            f, key, text = self.doing[client]
            if phase[client] == IDLE:
                f = draws.weighted(("get", "put", "append"), (0.42, 0.06, 0.52))
                text = "" if f == "get" else f"x {client} {written[client]} y"
                written[client] += f != "get"
                self.doing[client] = f, draws.choice(tuple(self.states)), text
                self._event(client, INVOKE, text or None)
                phase[client] = INVOKED
            elif phase[client] == INVOKED:
                if f != "get":
                    self.states[key] = text if f == "put" else self.states[key] + text
                self.doing[client] = f, key, text or self.states[key]
                phase[client] = EFFECTIVE
            else:
                self._event(client, OK, text)
                phase[client] = IDLE
                left[client] -= 1
                if not left[client]:
                    active.remove(client)

    def _event(self, client: int, kind: int, text: str | None) -> None:
        f, key, _ = self.doing[client]
        self.out.add(kind, client, f, text, key, 1000 * len(self.out), None)


def _impossible_gets(history: History) -> Iterator[tuple[int, str]]:
    """The gets that can be made wrong, the last first, and the wrong answer: what was seen, without its second piece w.

    If w was appended after the first piece had been written, and before the get began, then w was there whenever what
    came first still was. Both were written once to this key.
    """
    operations, values = history.operations(), history.pool.values
    writers: dict[tuple[int, object], list[int]] = {}
    for row, argument in enumerate(operations.argument):
        writers.setdefault((operations.key[row], values[argument]), []).append(row)
    for row in range(len(operations) - 1, -1, -1):
        if values[operations.f[row]] != "get":
            continue
        pieces = [f"{piece}y" for piece in values[operations.result[row]].split("y") if piece]
        if len(pieces) < 3:
            continue
        (first, *others), (second, *more) = (writers[operations.key[row], piece] for piece in pieces[:2])
        if (
            not others
            and not more
            and operations.complete[first] < operations.invoke[second]
            and operations.complete[second] < operations.invoke[row]
        ):
            yield row, "".join([pieces[0], *pieces[2:]])
