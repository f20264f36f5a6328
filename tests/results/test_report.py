"""A page that needs no network, gives strings from outside no power, and says what it leaves out."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, Witness
from splitbrain.results.report import render
from splitbrain.results.report.sample import choose
from splitbrain.results.result import Cost, Result

from .samples import HOSTILE, event, passed, record, refuted, stale

REMOTE = re.compile(
    r"""<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//|@import|\bfetch\(\s*["']http"""
)


class PageReader(HTMLParser):
    """The page as a browser would see it: elements, text, and the content of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


def test_the_breach_of_an_invariant_stands_on_the_timeline_at_its_time() -> None:
    breach = {"invariant": "one leader a term", "node": "n2", "time": 2_000, "words": "n2 leads in term 3 <b>"}
    leaf = Verdict(Validity.INVALID, "two leaders", "invariants", details={"breaches": [breach]})
    verdict = Verdict(Validity.INVALID, "two leaders", "run", children=(passed(), leaf))
    shown = PageReader(render(stale(), Result.of_run(stale(), record(), verdict))).data()["faults"][-1]
    assert (shown["name"], shown["start"], shown["stop"], shown["bad"]) == ("breach", 2_000, 2_000, True)
    assert "n2 leads in term 3" in shown["value"]


def hostile_page() -> str:
    history = History.of(
        event(2 * i + end, i + end, i, "ok" if end else "invoke", HOSTILE, HOSTILE, key=HOSTILE, node=HOSTILE)
        for i in range(3)
        for end in (0, 1)
    )
    witness = Witness((0, 1, 2, 3), (HOSTILE, HOSTILE + "2"), 2)
    verdict = Verdict(Validity.INVALID, HOSTILE, HOSTILE, HOSTILE, key=HOSTILE, witness=witness)
    history.warnings.append(HOSTILE)
    given = record(command=HOSTILE, target=HOSTILE, options={HOSTILE: HOSTILE}, faults=(HOSTILE,), version=HOSTILE)
    return render(history, Result.of_run(history, given, verdict))


def test_the_answer_comes_first_then_the_evidence() -> None:
    page = render(stale(), Result.of_run(stale(), record(), refuted()))
    text = PageReader(page).text
    order = [
        "invalid",
        "n1 read 1, yet",
        "--seed 7",
        "Why",
        "Faults",
        "Operations",
        "Availability",
        "Latency",
        "Timeline",
    ]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert "12 messages dropped" in text


def test_a_witness_is_told_once() -> None:
    """A row of its table that is no sentence above it too; a check that is its own model is named once; keys with one
    reason are one line."""
    words = ("0.025 s to 0.026 s: n1 (process 0) read → 1", "read → 1 of n1 (process 0) cannot be placed")
    witness = Witness((0, 1, 3, 4, 6, 7), words, offending=6)
    refuting = Verdict(Validity.INVALID, "n1 read 1", "porcupine", "register", key="k", witness=witness)
    served = Verdict(Validity.VALID, "all is well", "service", "service")
    left = [Verdict(Validity.UNKNOWN, "not reached", "porcupine", "register", key=f"r{n}") for n in range(5)]
    whole = Verdict(Validity.INVALID, "n1 read 1", "run", children=(refuting, served, *left))
    text = PageReader(render(stale(), Result.of_run(stale(), record(), whole))).text
    assert words[0] not in text and words[1] in text
    assert "service · service" not in text and "service" in text
    assert text.count("not reached") == 1 and "porcupine · register, keys r0, r1, r2 and 2 more" in text


def test_a_witness_without_operations_has_no_table() -> None:
    breach = Verdict(Validity.INVALID, "two leaders", "invariants", witness=Witness((), ("n1 and n2 lead in term 3",)))
    text = PageReader(render(stale(), Result.of_run(stale(), record(), breach))).text
    assert "n1 and n2 lead in term 3" in text and "completed" not in text and "The smallest part" not in text


def test_no_remote_references_whatever_the_strings() -> None:
    for page in (hostile_page(), render(stale(), Result.of_run(stale(), record(), refuted()))):
        elements = [element for element in PageReader(page).opened if element[0] in ("img", "link", "iframe", "source")]
        assert not elements
        assert not [attributes for tag, attributes in PageReader(page).opened if "src" in attributes]
    assert not REMOTE.search(render(stale(), Result.of_run(stale(), record(), refuted())))


def test_strings_from_outside_have_no_power() -> None:
    page = hostile_page()
    reader = PageReader(page)
    assert len(reader.scripts) == 2
    assert all(not name.startswith("on") for _, attributes in reader.opened for name in attributes)
    assert HOSTILE[:-1] in "".join(reader.data()["texts"])
    assert "\u202e" not in page


def test_the_content_policy_names_the_script() -> None:
    page = render(stale(), Result.of_run(stale(), record(), passed()))
    policy = next(a["content"] for tag, a in PageReader(page).opened if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy


def test_the_timeline_carries_every_operation() -> None:
    data = PageReader(render(stale(), Result.of_run(stale(), record(), refuted()))).data()
    operations = data["operations"]
    assert operations["index"] == [0, 3, 5, 6, 8, 11]
    assert [data["lanes"][lane]["node"] for lane in operations["lane"]] == ["n1", "n2", "n10", "n1", "n2", "n2"]
    assert data["witness"] == [0, 1, 3]
    assert data["offending"] == 3
    assert [fault["bite"] for fault in data["faults"]] == ["12 messages dropped"]
    assert {len(column) for column in operations.values()} == {6}


def test_the_page_is_the_same_but_for_wall_times() -> None:
    pages = [render(stale(), Result.of_run(stale(), record(), refuted(), Cost(s, None, s))) for s in (1.0, 1.0, 2.0)]
    assert pages[0] == pages[1]
    differing = [a for a, b in zip(pages[0].splitlines(), pages[2].splitlines(), strict=True) if a != b]
    assert len(differing) == 1


def many(count: int) -> History:
    return History.of(
        event(2 * i + end, i + end / 2, i % 10, "ok" if end else "invoke", "write", i)
        for i in range(count)
        for end in (0, 1)
    )


def test_a_large_history_is_cut_and_the_page_says_so() -> None:
    history = many(1000)
    witness = Witness((1200, 1201, 20, 21), ("wrong",), 1200)
    result = Result.of_history(history, "x", "m", Verdict(Validity.INVALID, "wrong", "c", witness=witness))
    page = render(history, result, operations_max=100)
    data = PageReader(page).data()
    rows = [index // 2 for index in data["operations"]["index"]]
    assert len(rows) <= 102
    assert set(range(580, 620)) <= set(rows)
    assert 10 in rows
    assert data["witness"] == [rows.index(10), rows.index(600)]
    assert f"carries {len(rows)} of 1,000 operations" in page


@pytest.mark.parametrize("focus", [[], [0], [999], [5, 500, 999]])
@pytest.mark.parametrize("cap", [1, 7, 100, 999, 1000])
def test_samples_keep_the_focus_and_the_cap(focus: list[int], cap: int) -> None:
    history = many(1000)
    sample = choose(history, focus, max(cap, 2))
    assert set(focus) <= set(sample.rows)
    assert list(sample.rows) == sorted(set(sample.rows))
    assert len(sample.rows) <= max(cap, 2) + 1 + len(focus)
    assert (sample.note is None) == (cap == 1000)


def test_pages_of_little() -> None:
    nothing = Verdict(Validity.UNKNOWN, "the history holds no events", "linearizability")
    assert "the history holds no events" in render(History(), Result.of_history(History(), "x", "m", nothing))
    assert "n3 never" in render(History(), Result.failed(History(), record(), "n3 never answered"))
    untimed = stale()
    untimed.timed = False
    page = render(untimed, Result.of_history(untimed, "x", "register", refuted()))
    assert "Over time" not in page
    assert PageReader(page).data()["timed"] is False


def test_threads_keep_their_lane_across_processes() -> None:
    rows = [(0, "info"), (1, "ok"), (4, "ok")]
    history = History.of(
        event(2 * i + end, 2 * i + end, process, kind if end else "invoke", "write", i, node="n1")
        for i, (process, kind) in enumerate(rows)
        for end in (0, 1)
    )
    data = PageReader(render(history, Result.of_run(history, record(faults=()), passed()))).data()
    assert data["operations"]["lane"] == [0, 1, 0]
    assert [lane["label"] for lane in data["lanes"]] == ["0 …", "1"]


def test_the_page_tells_what_was_rare_and_what_the_seed_drew() -> None:
    coverage: dict[str, Value] = {"overlaps": 3, "at_once": 2, "in_doubt": {"operations": 4, "carried_out": 1}}
    drawn = replace(record(), drawn="--rate 74 --set aged=0.2")
    text = PageReader(render(stale(), Result.of_run(stale(), drawn, passed(), coverage=coverage))).text
    assert "3 overlaps of faults, up to 2 at once, 1 of 4 operations of unknown end carried out" in text
    assert "--rate 74 --set aged=0.2" in text
