"""The terminal's lines: the answer first, the command last, nothing that differs from one execution to the next."""

from dataclasses import replace

from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity, Verdict, Witness
from splitbrain.results.report import render
from splitbrain.results.result import Cost, Result, RunStatus
from splitbrain.results.text import lines, witnesses

from .samples import HOSTILE, event, passed, record, refuted, stale


def test_answer_first_command_last() -> None:
    told = lines(Result.of_run(stale(), record(), refuted()))
    assert told[0].startswith("invalid: raft:reads=local · register: n1 read 1")
    assert told[-1].endswith("splitbrain run raft:reads=local --seed 7")
    text = "\n".join(told)
    assert "process 1 wrote 2 before" in text
    assert text.count("n1 read 1, yet 2") == 1
    assert "12 messages dropped" in text
    assert "seed 7" in text


def test_a_witness_told_twice_in_the_tree_is_told_once() -> None:
    tree = refuted()
    repeated = replace(tree, witness=tree.children[0].witness)
    other = replace(tree.children[0], key="m", witness=Witness((1,), ("another",)))
    found = list(witnesses(replace(repeated, children=(*tree.children, other))))
    assert [verdict.key for verdict, _ in found] == ["k", "m"]


def test_wall_times_do_not_show() -> None:
    quick, slow = (lines(Result.of_run(stale(), record(), refuted(), Cost(s, s, s))) for s in (0.1, 99.0))
    assert quick == slow


def test_a_fault_that_never_bit_is_no_pass() -> None:
    result = Result.of_run(stale(), record(faults=("partition", "kill")), passed())
    assert result.status is RunStatus.UNKNOWN
    assert "kill, which was asked for, never bit" in result.reason
    assert result.headline()["faults"] == {"partition": {"times": 1, "bite": {"messages_dropped": 12}}, "kill": None}
    assert Result.of_run(stale(), record(), passed()).status is RunStatus.VALID
    refuted_anyway = Result.of_run(stale(), record(faults=("kill",)), refuted())
    assert refuted_anyway.status is RunStatus.INVALID


def test_what_happened_while_faults_were_on() -> None:
    coverage = {
        "overlaps": 1,
        "at_once": 2,
        "marks": {"leader": 7, "stale": 1, "deduplicated": 0},
        "network": {"old_messages": 1200},
    }
    told = lines(Result.of_run(stale(), record(), passed(), coverage=coverage))
    line = next(line for line in told if "meanwhile" in line)
    assert line == (
        "  meanwhile: 1 overlap of faults, up to 2 at once, 7 elections, 1,200 messages half a second old and older, "
        "1 message of an older term"
    )
    assert not any("meanwhile" in line for line in lines(Result.of_run(stale(), record(), passed())))


def test_a_foreign_history_and_a_failed_run() -> None:
    nothing = Verdict(Validity.UNKNOWN, "the history holds no events", "linearizability", "register")
    foreign = Result.of_history(History(), "x.edn", "register", nothing, Cost(0.1, 0.2))
    assert lines(foreign)[0] == "unknown: x.edn · register: the history holds no events"
    assert foreign.headline()["model"] == "register"
    assert foreign.headline()["read_seconds"] == 0.2
    failed = Result.failed(History(), record(), "n3 never answered")
    assert lines(failed)[0].startswith("infrastructure: ")
    assert failed.to_json()["tree"] is None


def test_evidence_stands_below_the_reason_line_by_line() -> None:
    failed = Result.failed(History(), record(), "n1 ended; the end of its log:\nERROR\n\tat Main\x1b")
    told = lines(failed)
    assert told[0].endswith(": n1 ended; the end of its log:")
    assert told[2:4] == ["  ERROR", "      at Main\N{REPLACEMENT CHARACTER}"]
    page = render(History(), failed)
    assert "ERROR\n    at Main\N{REPLACEMENT CHARACTER}\n</pre>" in page


def test_control_characters_do_not_reach_the_terminal() -> None:
    verdict = Verdict(Validity.UNKNOWN, "a\x1b[31m\nb" + HOSTILE, "c")
    told = lines(Result.of_history(stale(), "name\x07", "m", verdict))
    assert all(c.isprintable() for line in told for c in line)


def test_the_verdict_file_is_the_same_but_for_its_costs() -> None:
    first, second = (Result.of_run(stale(), record(), refuted(), Cost(s, None, s)).to_text() for s in (1.0, 2.0))
    differing = [a for a, b in zip(first.splitlines(), second.splitlines(), strict=True) if a != b]
    assert [line.split(":")[0] for line in differing] == ['"seconds"', '"run_seconds"']


def test_a_pass_that_rests_on_hardly_any_answers_says_so() -> None:
    def asked(answered: int) -> History:
        rows = [
            one
            for number in range(20)
            for one in (
                event(2 * number, number, number, "invoke", "read", node="n1"),
                event(2 * number + 1, number, number, "ok", "read", 1, node="n1")
                if number < answered
                else event(2 * number + 1, number, number, "fail", "read", node="n1", error=("timeout", "")),
            )
        ]
        return History.of(rows)

    quiet = record(faults=())
    thin = Result.of_run(asked(1), quiet, passed())
    assert thin.status is RunStatus.VALID
    assert thin.notes == ("only 1 of 20 operations were answered, so this pass rests on little evidence",)
    assert Result.of_run(asked(2), quiet, passed()).notes == ()
    assert Result.of_run(asked(1), quiet, refuted()).notes == ()
