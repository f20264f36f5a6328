"""Histories that other projects recorded, where they lie beside the project: each is read, whole."""

import csv
import re
from pathlib import Path

import pytest

from splitbrain.harness.histories import read
from splitbrain.harness.operation import EventType

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def files() -> list[str]:
    if not DATA.is_dir():
        return []
    with (DATA / "expected.tsv").open() as table:
        return [row["file"] for row in csv.DictReader(table, delimiter="\t") if row["format"] != "awdit-text"]


pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the known histories are not in {DATA}")


@pytest.mark.parametrize("file", files())
def test_every_operation_of_a_known_history_is_read(file):
    text = (DATA / file).read_text()
    invocations = len(re.findall(r":invoke\b|\"type\":\s*\"invoke\"", text))
    of_nemesis = sum("nemesis" in line and ":invoke" in line for line in text.splitlines())
    history = read(DATA / file)
    assert len(history.operations()) == invocations - of_nemesis > 0
    completions = len(re.findall(r":(?:ok|fail|info)\b(?=.*:process|[\s,])|\"type\":\s*\"(?:ok|fail|info)\"", text))
    assert len(history) == sum(kind == EventType.INVOKE for kind in history.type) + completions


def test_the_two_formats_of_one_history_agree():
    edn, json = (read(DATA / f"elle-cli/elle/paper-example.{suffix}") for suffix in ("edn", "json"))
    assert list(edn) == list(json)
