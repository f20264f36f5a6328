"""Table of the real systems: a row a system, kept where it was not run again, and the page's own rows are of such."""

import re
from pathlib import Path

import pytest
from systems import CARDS, HEAD, MARK, PAGE, SYSTEMS, cells, classes, rows_of, table

from splitbrain import registry
from splitbrain.textbook.systems import claim_of

UNSETTLED = "undetermined"
NEWER = {
    "rqlite",
    "galera",
    "ignite",
    "opensearch",
    "seaweedfs",
    "deltalake",
    "iceberg",
    "dynamodb",
    "rabbitmq",
    "hazelcast",
    "patroni",
    "consul",
    "ferretdb",
    "dqlite",
    "infinispan",
    "hbase",
}


def test_every_system_is_a_target_with_processes_and_no_store_of_ours() -> None:
    assert {"etcd", "nats", "sqlite"} | NEWER <= set(SYSTEMS)
    assert not {"raft", "single", "binary"} & set(SYSTEMS)
    for name in SYSTEMS:
        assert any(one.environment == "local" for one in registry.target(name).deployments), name


def test_rows_are_read_back_as_they_were_written() -> None:
    lines = {name: cells(name, 3, "1.0", "20", "valid", "4") for name in ("nats", "etcd")}
    page = f"<!-- {MARK}: begin -->\n" + "\n".join(table(lines)) + f"\n<!-- {MARK}: end -->"
    assert dict(rows_of(page)) == lines
    assert all(line.count("|") == len(HEAD) + 1 for line in table(lines))


def test_a_class_is_that_of_the_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("systems.CARDS", tmp_path)
    (tmp_path / "etcd.md").write_text("# etcd:version=3.4.23: CP\n\n| textbook | CP: etcd, linearizable reads |\n")
    (tmp_path / "etcd-old.md").write_text("# etcd:reads=serializable: neither\n")
    assert (
        classes("etcd") == "[neither](cards/etcd-old.md) (`reads=serializable`), "
        "[CP](cards/etcd.md) (`version=3.4.23`; textbook: CP)"
    )
    assert classes("nats") == "not classified"
    assert classes("kafka") == "none: it has no read and no write"


def test_cards_have_what_the_textbook_says_today() -> None:
    for path in CARDS.glob("*.md"):
        text = path.read_text()
        target, _, found = text.splitlines()[0].removeprefix("# ").rpartition(": ")
        nodes = re.search(r"(\d+) nodes? · local", text)
        assert nodes is not None, path.name
        line = claim_of(target, "local", int(nodes[1]))
        differs = " (differs)" if line is not None and found not in (line.claim, UNSETTLED) else ""
        said = [] if line is None else [f"{line.claim}{differs}: {line.name}"]
        assert re.findall(r"^\| textbook \| (.*) \|$", text, re.M) == said, path.name


def test_the_page_tells_the_classes_of_its_cards() -> None:
    text = PAGE.read_text()
    assert "\n".join(table(dict(rows_of(text)))) in text


def test_the_page_has_a_row_for_systems_that_there_are() -> None:
    named = [name for name, _ in rows_of(PAGE.read_text())]
    assert len(named) == len(set(named)) >= 20 and set(named) <= set(SYSTEMS)
    text = Path(PAGE).read_text()
    assert all(f"`{name}`" in text for name in NEWER)
