"""Claims of textbooks: the file, measurements, intervals, the finding over seeds, and the command."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from splitbrain.cli.claims import code, command, lines
from splitbrain.cli.run import run
from splitbrain.cli.spec_options import spec_of
from splitbrain.harness.errors import UsageError
from splitbrain.runner.plan import plan
from splitbrain.textbook.catalogue import MEASUREMENTS
from splitbrain.textbook.claim import BookClaim, ClaimFinding, ClaimSample, claims, found_if
from splitbrain.textbook.measure import MeasuredClaim, chosen, measure
from splitbrain.textbook.page import page

DOCS = Path(__file__).parents[3] / "docs" / "claims.md"
CHEAP = (
    "availability-fleet", "availability-thousand", "delivery-commit-order",
    "delivery-checkpoints", "delivery-window", "delivery-upsert", "agreement-detectors",
)  # fmt: skip
QUICK = [
    claim for claim in claims()
    if (claim.topic == "partitioning" and claim.name != "partitions-moves") or claim.name in CHEAP
]  # fmt: skip
REST = [claim for claim in claims() if claim not in QUICK]
ON_RECORD = BookClaim("moons", "tides", "there are two", "nobody", ClaimFinding.REFUTED, "There is one.", "look up")


def measured(*findings: ClaimFinding) -> MeasuredClaim:
    """A claim whose seeds came to these findings."""
    return MeasuredClaim(
        ON_RECORD,
        {
            seed: ClaimSample(found, {"nights": (seed, 10)}, {"km": [1.0 * seed]})
            for seed, found in enumerate(findings, 1)
        },
    )


def test_each_claim_has_a_name_a_source_and_a_measurement() -> None:
    names = [claim.name for claim in claims()]
    assert len(set(names)) == len(names)
    assert set(names) == MEASUREMENTS.keys()
    for claim in claims():
        assert claim.source and claim.why and claim.run.strip().startswith("splitbrain ")
        assert claim.finding is not ClaimFinding.UNSETTLED
        assert claim.topic not in names


@pytest.mark.parametrize("claim", QUICK, ids=lambda claim: claim.name)
def test_what_is_cheap_is_found_again(claim: BookClaim) -> None:
    (found,) = measure([claim], jobs=1)
    assert found.finding is claim.finding
    (again,) = measure([claim], jobs=1)
    assert again.to_json() == found.to_json()


@pytest.mark.long
@pytest.mark.parametrize("claim", REST, ids=lambda claim: claim.name)
def test_what_takes_longer_is_found_again(claim: BookClaim) -> None:
    (found,) = measure([claim], seeds=(1,), jobs=1)
    assert found.finding is claim.finding


def test_seeds_that_do_not_agree_settle_nothing() -> None:
    assert measured(ClaimFinding.REFUTED, ClaimFinding.REFUTED).finding is ClaimFinding.REFUTED
    torn = measured(ClaimFinding.REFUTED, ClaimFinding.CONFIRMED)
    assert torn.finding is ClaimFinding.UNSETTLED
    assert (code(torn), code(measured(ClaimFinding.REFUTED)), code(measured(ClaimFinding.CONFIRMED))) == (2, 0, 1)
    assert "  on record: refuted" in lines(torn)
    assert found_if(confirmed=True, refuted=True) is ClaimFinding.UNSETTLED
    assert found_if(confirmed=False, refuted=False) is ClaimFinding.UNSETTLED


def test_figures_have_intervals_over_all_seeds() -> None:
    figures = measured(*[ClaimFinding.REFUTED] * 9).figures
    share = figures["nights"]
    assert (share.value, share.of) == (45 / 90, 90)
    assert (round(share.low, 2), round(share.high, 2)) == (0.4, 0.6)
    kilometres = figures["km"]
    assert (kilometres.low, kilometres.value, kilometres.high) == (2.0, 5.0, 8.0), (
        "binomial(9, 1/2) within 2 to 7: 96 %"
    )
    few = measured(*[ClaimFinding.REFUTED] * 3).figures["km"]
    assert (few.low, few.value, few.high) == (1.0, 2.0, 3.0)


def test_names_and_topics_choose_and_others_are_wrong_use() -> None:
    assert [claim.name for claim in chosen(["quorums-strong", "availability-fleet"])] == [
        "quorums-strong", "availability-fleet",
    ]  # fmt: skip
    assert {claim.topic for claim in chosen(["partitioning"])} == {"partitioning"}
    assert len(chosen([])) == len(claims())
    with pytest.raises(UsageError, match="no claim or topic 'quorum', did you mean"):
        chosen(["quorum"])


def test_the_command_tells_lines_json_and_the_page() -> None:
    words = ["partitions-few-keys", "--jobs", "1", "--seeds", "2"]
    told = CliRunner().invoke(command, words, standalone_mode=False)
    assert told.return_value == 0
    assert told.stdout.startswith("confirmed: partitions-few-keys: Ten keys")
    line = json.loads(CliRunner().invoke(command, [*words, "--json"], standalone_mode=False).stdout)
    assert {"claim", "source", "finding", "measured", "run"} <= line.keys()
    (figure,) = line["measured"].values()
    assert figure["low"] < figure["value"] < figure["high"]
    assert line["seeds"] == {"1": "confirmed", "2": "confirmed"}
    written = CliRunner().invoke(command, [*words, "--markdown"], standalone_mode=False).stdout
    assert "**confirmed** · `partitions-few-keys`" in written
    assert "| FoundationDB | default | CP |" in written


def test_the_page_in_the_documentation_has_what_is_on_record() -> None:
    written = DOCS.read_text(encoding="utf-8")
    for claim in claims():
        assert f"### {claim.claim}\n\n**{claim.finding.value}** · `{claim.name}` · {claim.source}\n" in written, (
            claim.name
        )
    assert written.startswith(page([]).partition("##")[0].rstrip())


COMMANDS = [line for claim in claims() for line in claim.run.split("\n") if line.startswith("splitbrain run ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_fits_what_there_is(line: str) -> None:
    words = shlex.split(line)[2:]
    asked = run.make_context("run", words).params
    made = plan(spec_of({name: value for name, value in asked.items() if name not in ("folder", "as_json")}))
    assert made.seed > 0
