"""Script of a run: its faults, and if wanted its operations, as data. `schedule.toml` holds one.

format = 1

[[fault]]
fault = "kill"                # with options, as --nemesis takes it
variant = "one"
start = 3.0                   # seconds since the main phase began
duration = 2.0
nodes = ["n3"]                # the nodes it hits; drawn when left out
injections = [{ … }]          # in the place of nodes: exactly what is done, as splitbrain writes it

[[operation]]                 # in the place of those of the workload
thread = 0
at = 0.25                     # seconds since the main phase began
f = "write"
key = "r1"
value = 3                     # or json = "[null, 3]" for what TOML cannot say
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from splitbrain import registry
from splitbrain.harness.active_faults import EndedFault
from splitbrain.harness.errors import UsageError
from splitbrain.harness.fault import Fault, Plan, VariedNeeds
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import Schedule, ScheduledFault
from splitbrain.harness.generator.scripted import ScriptedOperation
from splitbrain.harness.injection import Injection
from splitbrain.harness.injection_data import from_plain, to_plain
from splitbrain.harness.operation import Operation, Value
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.nemeses.planned import PlannedFault, planned_on

FORMAT = 1
HEADING = f"format = {FORMAT}\n"
FILE = "schedule.toml"
"""The name of a run's script in its folder."""
_FAULT = ("fault", "variant", "start", "duration", "nodes", "injections", "value", "once")
_CARRIED = {"session": "session", "takes": "token", "gives": "token"}
_OPERATION = ("thread", "at", "f", "key", "value", "json", *_CARRIED)


@dataclass(frozen=True)
class ScriptedFault:
    """One fault. fault: its name with its options. start, duration: nanoseconds; start counts from the beginning of
    the main phase. variant: "" for the first. nodes: whom it hits; () to be drawn. injections: exactly what is done,
    instead of `nodes`; None to be planned. value: how it stands in the history, with injections. line: where it
    stands in its file."""

    fault: str
    start: int
    duration: int
    variant: str = ""
    nodes: tuple[str, ...] = ()
    injections: tuple[Injection, ...] | None = None
    value: Value = None
    once: bool = False
    line: int = field(default=0, compare=False)

    @staticmethod
    def of(ended: EndedFault) -> "ScriptedFault":
        """The fault that a nemesis runner carried out."""
        fault, plan = ended.slot.fault, ended.plan
        return ScriptedFault(
            fault=fault.spelled if isinstance(fault, PlannedFault) else fault.name,
            start=ended.start,
            duration=max(ended.stop - ended.start, 1),
            variant=ended.slot.variant,
            injections=plan.injections,
            value=plan.value,
            once=plan.once,
        )

    @property
    def stop(self) -> int:
        """The time at which it is healed."""
        return self.start + self.duration

    def to_plain(self) -> dict[str, Any]:
        """A table of TOML."""
        plain: dict[str, Any] = {"fault": self.fault, "variant": self.variant}
        plain |= {"start": self.start / SECOND, "duration": self.duration / SECOND}
        plain |= {"nodes": list(self.nodes)} if self.nodes else {}
        plain |= {} if self.value is None else {"value": _plain(self.value)}
        if self.injections is not None:
            plain["injections"] = [to_plain(injection) for injection in self.injections]
        return plain | ({"once": True} if self.once else {})


@dataclass(frozen=True)
class Script:
    """Faults in order of start; operations in order of time, None for those of the workload."""

    faults: tuple[ScriptedFault, ...] = ()
    operations: tuple[ScriptedOperation, ...] | None = None

    def to_toml(self) -> str:
        """The text of a schedule file, a field a line."""
        blocks = [HEADING, *map(fault_block, self.faults)]
        if self.operations is not None:
            blocks += [_block("operation", _operation_plain(entry)) for entry in self.operations]
            blocks += ["operation = []\n"] * (not self.operations)
        return "\n".join(blocks)

    @staticmethod
    def read(given: str) -> "Script":
        """The script of a `--schedule`: a file, or the text of one, which has more than one line. UsageError with the
        line of what is wrong."""
        return Script.from_toml(*text_of(given))

    @staticmethod
    def from_toml(text: str, where: str) -> "Script":
        """The inverse of `to_toml`, of what people write too."""
        try:
            plain = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{where}: not TOML: {error}") from None
        lines = text.splitlines()
        if plain.get("format", FORMAT) != FORMAT:
            _TomlTable(where, lines, 1, {}).wrong("format", f"format is {FORMAT}, not {plain['format']!r}")
        for name in plain:
            if name not in ("format", "fault", "operation"):
                hint = did_you_mean(name, ("fault", "operation")) or "; there are [[fault]] and [[operation]]"
                _TomlTable(where, lines, 1, {}).wrong(name, f"a schedule has no {name!r}{hint}")
        faults = tuple(_fault(table) for table in _tables(plain, "fault", _FAULT, where, lines))
        operations = None
        if "operation" in plain:
            found = (_operation(table) for table in _tables(plain, "operation", _OPERATION, where, lines))
            operations = tuple(sorted(found, key=lambda entry: entry.at))
        return Script(tuple(sorted(faults, key=lambda fault: fault.start)), operations)

    def schedule(
        self, names: Sequence[str], where: str, fitted: Callable[[Fault], Fault] = lambda fault: fault
    ) -> Schedule:
        """The faults laid out for a cluster of these nodes; UsageError for one that cannot be done to it. fitted: a
        fault as it hits the target."""
        slots = tuple(_slot(fault, names, where, fitted) for fault in self.faults)
        _apart(self.faults, slots, where)
        return Schedule(slots, {})


def text_of(given: str) -> tuple[str, str]:
    """(text, how to call it in messages) of a `--schedule`."""
    if "\n" in given:
        return given, "schedule"
    path = Path(given)
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--schedule {path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


@dataclass(frozen=True)
class _TomlTable:
    """One table of a file. line: of its heading."""

    where: str
    lines: Sequence[str]
    line: int
    plain: Mapping[str, Any]

    def wrong(self, name: str, why: str) -> NoReturn:
        """Raise a UsageError that names the line of a field, or of the table if it has no such field."""
        at = self.line
        for number, line in enumerate(self.lines[self.line - 1 :], self.line):
            if number > self.line and line.lstrip().startswith("[["):
                break
            if line.partition("=")[0].strip() == name:
                at = number
                break
        raise UsageError(f"{self.where}: line {at}: {why}")

    def get(self, name: str, kinds: tuple[type, ...], expected: str, default: Any = ...) -> Any:
        """A field; UsageError if it is missing or of another kind."""
        value = self.plain.get(name, default)
        if value is ...:
            self.wrong(name, f"{name} is missing: {expected}")
        if name in self.plain and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            self.wrong(name, f"{name} is {expected}, not {value!r}")
        return value

    def seconds(self, name: str, *, above: bool = False) -> int:
        """Nanoseconds of a field in seconds."""
        expected = f"a number of seconds {'above 0' if above else 'of at least 0'}"
        value: float = self.get(name, (int, float), expected)
        if not (value > 0 if above else value >= 0) or value > 1e9:
            self.wrong(name, f"{name} is {expected}, not {value!r}")
        return max(round(value * SECOND), int(above))


def _tables(
    plain: Mapping[str, Any], name: str, known: Sequence[str], where: str, lines: Sequence[str]
) -> Sequence[_TomlTable]:
    found = plain.get(name, [])
    headings = [number for number, line in enumerate(lines, 1) if line.replace(" ", "").startswith(f"[[{name}]]")]
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        _TomlTable(where, lines, 1, {}).wrong(name, f"each {name} is a table of its own: [[{name}]]")
    tables = [
        _TomlTable(where, lines, headings[number] if len(headings) == len(found) else 1, entry)
        for number, entry in enumerate(found)
    ]
    for table in tables:
        for field_name in table.plain:
            if field_name not in known:
                hint = did_you_mean(field_name, known) or f"; it has {', '.join(known)}"
                table.wrong(field_name, f"a {name} has no {field_name!r}{hint}")
    return tables


def _fault(table: _TomlTable) -> ScriptedFault:
    nodes = table.get("nodes", (list,), "a list of nodes", [])
    if not all(isinstance(node, str) for node in nodes):
        table.wrong("nodes", f"nodes is a list of nodes, not {nodes!r}")
    injections = table.get("injections", (list,), "a list of injections", None)
    if nodes and injections is not None:
        table.wrong("injections", "nodes and injections exclude each other: injections name their nodes")
    made = None
    if injections is not None:
        try:
            made = tuple(from_plain(injection) for injection in injections)
        except (ValueError, TypeError) as error:
            table.wrong("injections", f"injections: {error}")
    return ScriptedFault(
        fault=table.get("fault", (str,), "the name of a fault"),
        start=table.seconds("start"),
        duration=table.seconds("duration", above=True),
        variant=table.get("variant", (str,), "the name of a variant", ""),
        nodes=tuple(nodes),
        injections=made,
        value=table.plain.get("value"),
        once=table.get("once", (bool,), "true or false", False),
        line=table.line,
    )


def _slot(entry: ScriptedFault, names: Sequence[str], where: str, fitted: Callable[[Fault], Fault]) -> ScheduledFault:
    try:
        fault = fitted(_named(entry.fault))
        variant = entry.variant or fault.variants[0]
        if entry.injections is not None:
            value = {} if entry.value is None else entry.value
            plan = Plan(value, entry.injections, entry.once)
            fault = PlannedFault(fault.name, entry.fault, (variant,), plan)
        elif variant not in fault.variants:
            hint = did_you_mean(variant, fault.variants) or f"; it has {', '.join(fault.variants)}"
            raise UsageError(f"{entry.fault} has no variant {variant!r}{hint}")
        elif entry.nodes:
            fault = planned_on(fault, entry.fault, variant, entry.nodes, names)
        elif isinstance(fault, VariedNeeds):
            fault = fault.with_variants((variant,))
    except UsageError as error:
        raise UsageError(f"{where}: line {entry.line}: {error}") from None
    return ScheduledFault(entry.start, entry.duration, fault, variant)


def _apart(entries: Sequence[ScriptedFault], slots: Sequence[ScheduledFault], where: str) -> None:
    """Raise a UsageError if a fault begins while another of its name lasts: a cluster has one of a name at a time."""
    last: dict[str, ScriptedFault] = {}
    for entry, slot in zip(entries, slots, strict=True):
        name = slot.fault.name
        before = last.get(name)
        # Where times were rounded together, a fault that took none lasts for the shortest time that there is.
        if before is not None and before.duration > 1 and entry.start < before.stop:
            raise UsageError(
                f"{where}: line {entry.line}: {name} starts at {entry.start / SECOND:g} s, while {name} of line "
                f"{before.line} lasts until {before.stop / SECOND:g} s: let one end before the next of its name starts"
            )
        last[name] = entry


def _named(spelled: str) -> Fault:
    faults, _ = registry.parse_faults(spelled)
    if len(faults) != 1:
        raise UsageError(f"fault is the name of one fault, with its options, not {spelled!r}")
    return faults[0]


def _operation(table: _TomlTable) -> ScriptedOperation:
    thread = table.get("thread", (int,), "the number of a client, from 0")
    if thread < 0:
        table.wrong("thread", f"thread is the number of a client, from 0, not {thread}")
    value = table.plain.get("value")
    if "json" in table.plain:
        try:
            value = json.loads(table.get("json", (str,), "the value as JSON"))
        except ValueError as error:
            table.wrong("json", f"json is the value as JSON: {error}")
    carried = {name: table.get(name, (str,), f"the name of a {word}") for name, word in _CARRIED.items()
               if name in table.plain}  # fmt: skip
    operation = Operation(
        table.get("f", (str,), "the name of an operation"), _read(value), _read(table.plain.get("key")), **carried
    )
    return ScriptedOperation(thread, table.seconds("at"), operation)


def _operation_plain(entry: ScriptedOperation) -> dict[str, Any]:
    operation = entry.operation
    plain: dict[str, Any] = {"thread": entry.thread, "at": entry.at / SECOND, "f": operation.f}
    if operation.key is not None:
        plain["key"] = _plain(operation.key)
    plain |= {name: said for name in _CARRIED if (said := getattr(operation, name)) is not None}
    if _sayable(operation.value):
        return plain | {"value": _plain(operation.value)}
    return plain if operation.value is None else plain | {"json": json.dumps(_plain(operation.value))}


def _sayable(value: Value) -> bool:
    """Whether TOML can say it."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _sayable(part) for key, part in value.items())
    return all(map(_sayable, value)) if isinstance(value, list | tuple) else value is not None


def fault_block(fault: ScriptedFault) -> str:
    """The table of a fault, as text."""
    return _block("fault", fault.to_plain())


def _block(name: str, plain: Mapping[str, Any]) -> str:
    """A table of an array, its fields a line each: as `tomli_w` writes lists, a cut of ten links takes forty lines."""
    return "".join((f"[[{name}]]\n", *(f"{key} = {_inline(value)}\n" for key, value in plain.items())))


def _inline(value: Any) -> str:
    """A value of TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(str(key))} = {_inline(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def _key(name: str) -> str:
    return name if name.replace("-", "_").isidentifier() and name.isascii() else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string of TOML, which is one of JSON but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _mapped(value: Value, sequence: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(part, sequence) for key, part in value.items()}
    return sequence(_mapped(part, sequence) for part in value) if isinstance(value, list | tuple) else value


def _plain(value: Value) -> Any:
    """The value with lists, as TOML and JSON have it."""
    return _mapped(value, list)


def _read(value: Any) -> Value:
    """The value with tuples, as histories have it."""
    return _mapped(value, tuple)
