"""The rest of the command line: list, demo, report, version, and what happens when something breaks."""

import subprocess
import sys

import pytest

from splitbrain import registry
from splitbrain.cli import COMMANDS
from splitbrain.cli.exits import INTERNAL, INTERRUPTED, INVALID, USAGE, VALID, worst
from splitbrain.targets import STORES


def test_help_names_every_command(splitbrain):
    said = splitbrain("--help")
    assert said.code == VALID
    for name in COMMANDS:
        assert f"  {name} " in said.out
        assert splitbrain(name, "--help").code == VALID


def test_list_names_everything(splitbrain):
    said = splitbrain("list")
    assert said.code == VALID
    for name in (*registry.TARGETS, *registry.WORKLOADS, *registry.ENVIRONMENTS, "partition", "cas-register"):
        assert f"  {name} " in said.out
    assert "\x1b[" not in said.out


def test_list_of_a_target_tells_options_claims_and_faults(splitbrain):
    said = splitbrain("list", "raft:reads=local")
    assert "reads=local" in said.out and "heartbeat_ms=50" in said.out
    assert "partition, kill" in said.out and "register" in said.out
    assert "linearizable" not in said.out.split("claims:")[1].split("\n")[0]


@pytest.mark.parametrize("name", sorted({*registry.TARGETS} - {*STORES, "binary", "maelstrom"}))
def test_list_of_a_real_system_tells_where_its_claims_stand(splitbrain, name):
    entry, *_ = splitbrain("list", name, "--json").objects
    assert len(entry["source"].split()) > 4, entry["source"]


def test_list_of_a_target_tells_what_the_textbook_says_of_these_options(splitbrain):
    def said(name):
        return " ".join(splitbrain("list", name).out.partition("textbook:")[2].split())

    assert said("postgresql").startswith("CA: PostgreSQL, single.")
    assert said("postgresql:quorum=1,fsync=on").strip() == ""
    assert said("postgresql:quorum=1").startswith(
        "CP: PostgreSQL, synchronous standby (3 nodes). PostgreSQL documentation"
    )
    assert said("etcd:version=3.5.17,reads=serializable").startswith("neither: etcd")


def test_list_of_each_name(splitbrain):
    """Also of what cannot be made without options, and of workloads beside such a target."""
    names = [*registry.TARGETS, *registry.WORKLOADS, *registry.faults(), *registry.models(), *registry.ENVIRONMENTS]
    for name in names:
        said = splitbrain("list", name)
        assert (said.code, said.err) == (0, ""), name
        assert said.out.startswith(f"{name}: "), said.out


def test_list_of_what_several_things_are_called_tells_them_all(splitbrain):
    assert splitbrain("list", "lock").out.count("kind: ") == 3, "a target, a workload and a model"
    assert splitbrain("list", "lock:fencing=off").out.count("kind: ") == 1


def test_list_as_json(splitbrain):
    kinds = {entry["kind"] for entry in splitbrain("list", "--json").objects}
    assert {"targets", "workloads", "nemeses", "models", "environments"} <= kinds
    (raft,) = splitbrain("list", "raft", "--json").objects
    assert raft["claims"] == ["linearizable", "CP"] and "partition" in raft["nemeses"]


@pytest.mark.parametrize(
    "name",
    [*registry.TARGETS, *registry.WORKLOADS, *registry.ENVIRONMENTS, *registry.faults(), *registry.models()],
)
def test_list_of_each_name_tells_what_it_is(splitbrain, name):
    said = splitbrain("list", name)
    assert said.code == VALID and said.out.startswith(f"{name}: ") and "kind: " in said.out


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_list_is_no_wider_than_the_terminal(splitbrain, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for words in ((), ("raft",), ("partition",), ("cas-register",), ("mixed",)):
        assert max(map(len, splitbrain("list", *words).out.splitlines())) <= int(columns)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["ru"], "run"),
        (["run", "ra"], "raft"),
        (["run", "raft:rea"], "raft:reads=local"),
        (["run", "raft", "--workload", "mi"], "mixed"),
        (["run", "raft", "--nemesis", "kill,par"], "kill,partition"),
        (["run", "raft", "--env", "lo"], "local"),
        (["check", "file", "--model", "cas-r"], "cas-register"),
        (["list", "lin-s"], "lin-set"),
        (["list", "partit"], "partition"),
        (["list", "raf"], "raft"),
    ],
)
def test_a_shell_completes_names_where_they_stand(splitbrain, words, completed):
    from click.shell_completion import BashComplete

    from splitbrain.cli import cli

    found = BashComplete(cli, {}, "splitbrain", "_X").get_completions(words[:-1], words[-1])
    assert completed in [item.value for item in found]


@pytest.mark.parametrize(("word", "section"), [("faults", "nemeses"), ("model", "models"), ("target", "targets")])
def test_list_of_another_word_for_a_section(splitbrain, word, section):
    assert splitbrain("list", word).out == splitbrain("list", section).out


def test_list_of_something_unknown(splitbrain):
    said = splitbrain("list", "nonsense")
    assert said.code == USAGE and "raft" in said.err and "models" in said.err


def test_the_demonstration_comes_out_as_expected_and_twice_the_same(splitbrain, tmp_path):
    first = splitbrain("demo", "--out", tmp_path / "a")
    assert first.code == VALID
    assert "4 of 4 verdicts are as expected" in first.out
    assert "Why primary-backup:failover=timeout is invalid" in first.out
    assert splitbrain("demo", "--out", tmp_path / "b").out == first.out


def test_a_demonstration_with_a_surprise_says_so(splitbrain, tmp_path, monkeypatch):
    from splitbrain import demo
    from splitbrain.results.result import RunStatus

    scene = demo.Scene("single", "", RunStatus.INVALID, "never true")
    monkeypatch.setattr(demo, "SCENES", (scene,))
    said = splitbrain("demo", "--out", tmp_path)
    assert said.code == INVALID
    assert "0 of 1 verdicts" in said.out and "not as expected: single should be invalid" in said.out


def test_report_is_written_anew(splitbrain, tmp_path):
    splitbrain("run", "single", "--time-limit", 2, "--seed", 1, "--out", tmp_path)
    page = tmp_path / "latest" / "report.html"
    before = page.read_text()
    page.unlink()
    said = splitbrain("report", tmp_path / "latest")
    assert said.code == VALID and page.read_text() == before
    assert splitbrain("report", tmp_path / "nothing").code == USAGE


def test_a_bug_of_ours_is_no_verdict(splitbrain, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("splitbrain.cli.run.plan", broken)
    monkeypatch.setattr("splitbrain.own_targets.place", lambda error: "")
    said = splitbrain("run", "raft")
    assert said.code == INTERNAL
    assert "internal error, not a verdict: ZeroDivisionError: oops" in said.err and "Traceback" not in said.err


def test_an_interrupt_is_told(splitbrain, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("splitbrain.cli.run.plan", interrupted)
    said = splitbrain("run", "raft")
    assert said.code == INTERRUPTED and "nothing was judged" in said.err


@pytest.mark.parametrize(
    ("codes", "together"), [([], 2), ([0, 0], 0), ([0, 2], 2), ([2, 3, 0], 3), ([3, 254, 2], 254), ([254, 1, 3], 1)]
)
def test_the_worst_of_several_codes(codes, together):
    assert worst(codes) == together


def test_help_imports_nothing_heavy():
    """Quick start-up, because nothing heavy is imported for it; the time itself is measured in benchmarks."""
    heavy = ("docker", "paramiko", "rich", "jinja2", "numpy")
    code = f"import sys, splitbrain.cli; print(*(m for m in {heavy} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_processes_need_is_had_without_docker(splitbrain, monkeypatch, tmp_path):
    from splitbrain.targets.servers import server

    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(server, "found_java", lambda name: "java")
    wanted: list[str] = []
    monkeypatch.setattr(server.Software, "obtain", lambda self, version, binary, say: wanted.append(version))
    said = splitbrain("images", "build", "cassandra", "cassandra:version=5.0.2", "--jars-only")
    assert said.code == VALID and wanted == ["5.0.6", "5.0.2"]
    assert said.out == "cassandra is ready for --env local\ncassandra:version=5.0.2 is ready for --env local\n"
    told = splitbrain("images", "build", "cassandra", "--jars-only", "--json")
    assert told.objects == [{"kind": "provided", "target": "cassandra"}]
    refused = splitbrain("images", "build", "raft", "--jars-only")
    assert refused.code == USAGE and "raft needs nothing fetched" in refused.err


@pytest.mark.parametrize("word", ["all", "every", "none", "storm"])
def test_words_for_faults_are_described(splitbrain, word):
    said = splitbrain("list", word, "--json")
    assert said.code == VALID and said.objects[0]["kind"] == "word for faults"
    told = " ".join(splitbrain("list", word).out.split())
    assert told.startswith(f"{word}: {said.objects[0]['summary']}")


def test_a_history_of_another_tool_has_its_page_beside_it(splitbrain, tmp_path):
    history = tmp_path / "history.edn"
    lines = (
        "{:process 0 :type :invoke :f :write :value 1}", "{:process 0 :type :ok :f :write :value 1}",
        "{:process 1 :type :invoke :f :read}", "{:process 1 :type :ok :f :read :value 1}",
    )  # fmt: skip
    history.write_text("\n".join(lines))
    assert splitbrain("report", history).code == USAGE
    said = splitbrain("report", history, "--model", "register", "--json")
    assert said.code == VALID
    page = tmp_path / "history.edn.html"
    assert said.objects == [{"kind": "report", "history": str(history), "report": str(page)}]
    assert "an order of 2 operations was found and verified" in page.read_text()
    assert splitbrain("report", history, "--model", "register", "--steps").code == USAGE


def test_the_history_of_a_run_stands_for_the_run(splitbrain, tmp_path):
    splitbrain("run", "single", "--time-limit", 1, "--out", tmp_path)
    (history,) = (tmp_path / "latest").glob("history.*")
    assert splitbrain("report", history).out.strip() == str((tmp_path / "latest" / "report.html").resolve())
    said = splitbrain("report", history, "--model", "register")
    assert said.code == USAGE and "histories of other tools" in said.err
