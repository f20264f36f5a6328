"""Key-value logs: strings that are put, appended to and got, under ten keys."""

from dataclasses import replace
from functools import partial

import logs
from measuring import Goal, Line, Measurement, Report

from rows import common
from rows.written import STORE_OF_KEYS, WHOLE_STORE
from splitbrain.checkers.porcupine import MODELS, Model
from splitbrain.harness.history import History


def fifty(bench: Measurement) -> Report:
    """kv logs with 50 clients"""
    lines = _lines(bench, 50, "kv", MODELS["kv"].make())
    whole = common.summed("in all", lines)
    return Report("kv", fifty.__doc__ or "", [*lines, whole], [Goal("ratio of sums", whole.ratio, "≥", 10)])


def few(bench: Measurement) -> Report:
    """kv logs with 1 and 10 clients: their values alone, which is what Porcupine gives; and by check()"""
    model = MODELS["kv"].make()
    values, checks = [], []
    for log in [log for clients in (1, 10) for log in logs.kv(clients)]:
        run = partial(_value, model, log.history, bench.seconds_max)
        values.append(bench.against(_name(log), "kv", log.history, run))
        run = common.check(model, log.history, bench.seconds_max)  # type: ignore[assignment]
        checks.append(bench.against(f"{_name(log)}, check()", "kv", log.history, run))
    return Report("kv-small", few.__doc__ or "", values + checks, [common.least("least ratio", values, 1)])


def whole(bench: Measurement) -> Report:
    """kv logs with 10 clients, all keys as one object: by a model that says that keys are apart, or says nothing"""
    lines = _lines(bench, 10, "kv-whole", STORE_OF_KEYS)
    silent = [replace(line, work=f"{line.work}, nothing said") for line in _lines(bench, 10, "kv-whole", WHOLE_STORE)]
    return Report("kv-whole", whole.__doc__ or "", lines + silent, [common.least("least ratio", lines, 10)])


def _lines(bench: Measurement, clients: int, peer_model: str, model: Model) -> list[Line]:
    return [
        bench.against(_name(log), peer_model, log.history, common.check(model, log.history, bench.seconds_max))
        for log in logs.kv(clients)
    ]


def _name(log: logs.NamedHistory) -> str:
    return f"{log.name}{'' if log.recorded else ' (generated)'}"


def _value(model: Model, history: History, seconds: float) -> str:
    return common.values_of(model, (history,), seconds)[0]
