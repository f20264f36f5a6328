"""The lattice: sound as data, equal to what others have written down, and the names of all claims."""

import json
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.checkers import lattice
from splitbrain.checkers.claims import PROPERTIES
from splitbrain.checkers.lattice import implies, maximal, minimal, refuted_by, resolve, stronger, weaker
from splitbrain.harness.errors import SplitbrainError
from splitbrain.harness.options import settle

AVAILABILITY = {"CP", "AP"}
"""Claims about what is answered under partition, not about consistency."""
GIVEN = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "transactions" / "lattice.json"


def test_every_name_exists_once_and_no_model_implies_itself_round_about() -> None:
    found = lattice.lattice()
    names = [*found.models, *(alias for model in found.models.values() for alias in model.aliases)]
    assert len(names) == len(set(names))
    graph = {name: set[str]() for name in found.models}
    for edge in found.implications:
        graph[edge.stronger].add(edge.weaker)  # KeyError for an unknown name
        assert edge.weaker in graph and edge.source
    assert len(list(TopologicalSorter(graph).static_order())) == len(found.models)
    for anomaly, models in found.refutes.items():
        assert anomaly in found.anomalies and set(models) <= set(found.models)
    assert all(set(anomaly.implies) <= set(found.anomalies) for anomaly in found.anomalies.values())
    assert all(model.source and model.holds for model in found.models.values())


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("linearizable", "sequential", True),
        ("linearizable", "safe", True),
        ("sequential", "linearizable", False),
        ("causal-memory", "causal-convergence", False),
        ("causal-convergence", "causal-memory", False),
        ("causal-convergence", "pram", False),
        ("causal-memory", "writes-follow-reads", True),
        ("pram", "writes-follow-reads", False),
        ("sequential", "regular", False),
        ("strict-serializable", "linearizable", True),
        ("serializable", "linearizable", False),
        ("serializable", "causal", False),
        ("snapshot-isolation", "repeatable-read", False),
        ("serializable", "serializable", True),
    ],
)
def test_known_answers(above: str, below: str, expected: bool) -> None:
    assert implies(above, below) is expected


def test_what_lies_above_and_below() -> None:
    assert weaker("regular") == {"safe"}
    assert {"linearizable", "strict-serializable"} == stronger("regular")
    assert maximal(["linearizable", "sequential", "serializable"]) == {"linearizable", "serializable"}
    assert minimal(["linearizable", "sequential", "safe"]) == {"sequential", "safe"}
    assert maximal([]) == minimal([]) == frozenset()


def test_an_anomaly_refutes_what_is_stronger_too() -> None:
    assert refuted_by(["write-skew"]) >= {"repeatable-read", "serializable", "strict-serializable"}
    assert "snapshot-isolation" not in refuted_by(["write-skew"])
    assert refuted_by(["long-fork"]) >= {"prefix", "snapshot-isolation", "serializable"}
    assert "parallel-snapshot-isolation" not in refuted_by(["long-fork"])
    assert refuted_by([]) == frozenset()


def test_aliases() -> None:
    assert resolve("PL-3") == resolve("serializable") == "serializable"
    with pytest.raises(KeyError):
        resolve("perfect")
    with pytest.raises(KeyError):
        implies("linearizable", "perfect")


def test_the_transactional_half_is_the_given_one() -> None:
    if not GIVEN.exists():
        pytest.skip(f"no lattice to compare with: {GIVEN} does not exist")
    given, found = json.loads(GIVEN.read_text()), lattice.lattice()
    transactional = {name for name, model in found.models.items() if model.scope == "transaction"}
    assert transactional == {model["name"] for model in given["models"]}
    edges = {(edge.stronger, edge.weaker, edge.tested) for edge in found.implications}
    ours = {edge for edge in edges if edge[0] in transactional and edge[1] in transactional}
    assert ours == {(edge["stronger"], edge["weaker"], edge["tested"]) for edge in given["implies"]}
    assert {(a, model) for a, models in found.refutes.items() for model in models} == {
        (row["anomaly"], row["refutes"]) for row in given["refutes"]
    }
    assert {(a.name, tuple(a.implies)) for a in found.anomalies.values()} == {
        (row["name"], tuple(row["implies"])) for row in given["anomalies"]
    }


def test_claims_of_every_target_are_names_of_the_lattice() -> None:
    claims = {name: claimed(name) for name in registry.TARGETS}
    known = set(lattice.lattice().models) | AVAILABILITY | set(PROPERTIES)
    assert {name: sorted(found - known) for name, found in claims.items() if found - known} == {}
    assert {"raft", "etcd", "cassandra"} <= {name for name, found in claims.items() if found}


def claimed(name: str) -> set[str]:
    """Claims of a target by itself, and with each choice of one option."""
    kind = registry.target_class(name)
    asked: list[dict[str, str]] = [{}]
    asked += [{option.name: str(choice)} for option in kind.options for choice in option.choices or ()]
    found = set[str]()
    for given in asked:
        try:
            found.update(kind(settle(kind.options, given, name)).claims)
        except SplitbrainError:  # this choice wants others beside it, or a file
            continue
    return found
