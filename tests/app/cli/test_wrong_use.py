"""Wrong uses: each ends at once with 254 and one sentence that says what is right, and leaves nothing."""

import shlex

import pytest

from splitbrain.cli.exits import USAGE

GOOD = """\
{"process": 0, "type": "invoke", "f": "write", "value": 1}
{"process": 0, "type": "ok", "f": "write", "value": 1}
"""
FILES = {
    "good.jsonl": GOOD,
    "one.toml": '[[test]]\ntarget = "single"\nexpect = "valid"\ntime-limit = 1\n',
    "wrong.toml": "at = [",
    "other.toml": '[[fault]]\nname = "kill"\n',
}
CASES = (
    ("", "a command is needed"),
    ("rnu raft", "did you mean run?"),
    ("splitbrain run", "there is no command 'splitbrain'"),
    ("--verison", "--version"),
    ("run", "TARGET"),
    ("run ''", "argument 1 is empty"),
    ("run RAFT", "did you mean raft?"),
    ("run raft:reads=local,reads=log", "reads is given twice, as 'local' and as 'log'"),
    ("run binary:", "the file, as in binary:FILE"),
    ("run examples.islands:", "examples.islands:MyStore"),
    ("run raft --nemesis ,", "names no fault"),
    ("run raft --out ''", "--out is given without a value"),
    ("run raft --out=", "--out is given without a value"),
    ("run raft --workload register:values=3", "--workload register --set values=3"),
    ("run raft --set read_share=0.1 --set read_share=0.2", "read_share is given twice"),
    ("check '' --model register", "argument 1 is empty"),
    ("check good.jsonl --model register --report ''", "--report is given without a value"),
    ("check good.jsonl --model register --report one.toml", "name another place with --report"),
    ("check good.jsonl --model register:initial=0", "--model register --set initial=0"),
    ("check good.jsonl --model ./model.py", "./model.py:MODEL"),
    ("check good.jsonl --model register --set keyed=maybe", "keyed is on or off, not 'maybe'"),
    ("check good.jsonl --model lin-counter", "good.jsonl: model lin-counter does not know"),
    ("completion", "Choose from: bash, zsh, fish. Try"),
    ("images biuld", "did you mean build?"),
    ("compare one two --html", "Did you mean '--help'? Try"),
    ("run rfat", "did you mean raft?"),
    ("run raft:", "raft:OPTION=VALUE"),
    ("run raft:reads", "reads"),
    ("run raft:red=local", "did you mean reads?"),
    ("run raft:reads=lokal", "log, index, lease, local"),
    ("run raft:snapshot_entries=often", "a number of entries, 0 or more, or drawn"),
    ("run single:snapshot_entries=-1", "a number of entries, 0 or more, or drawn"),
    ("run raft:heartbeat_ms=0", "heartbeat_ms is more than 0"),
    ("run raft:bug=vote-twicee", "did you mean vote-twice?"),
    ("run raft raft", "Try 'splitbrain run --help'"),
    ("run nothing:Class", "nothing"),
    ("run json:Nothing", "Nothing"),
    ("run ./store.py", "./store.py:MyStore"),
    ("run raft --nemesis ''", "--nemesis is given without a value"),
    ("run raft --nemesis partitoin", "did you mean partition?"),
    ("run raft --nemesis partition:topology=brigde", "bridge"),
    ("run abd --nemesis membership", "how its nodes leave a cluster and join it"),
    ("run raft --nemesis-interval 0", "--nemesis-interval"),
    ("run raft --workload ''", "--workload is given without a value"),
    ("run raft --workload registr", "did you mean register?"),
    ("run raft --workload deletes", "remove"),
    ("run raft --set ''", "KEY=VALUE"),
    ("run raft --set keys", "key=value"),
    ("run raft --set operations_per_kee=1", "did you mean operations_per_key?"),
    ("run raft --set operations_per_key=-1", "at least 1"),
    ("run raft --set read_share=2", "read_share"),
    ("run raft --workload register --set values=0", "at least 1"),
    ("run lock --workload lock --set hold_seconds=10", "its deadline is 5 s: raise it with --timeout"),
    ("run raft --env moon", "sim, local"),
    ("run raft --env ssh", "raft"),
    ("run etcd --env sim", "etcd"),
    ("run raft --hosts hosts.toml", "--env ssh"),
    ("run raft --model regster", "did you mean register?"),
    ("run raft --model mutex", "choose --workload too"),
    ("run raft --nodes 0", "--nodes is a whole number from 1 to 100"),
    ("run raft --nodes three", "--nodes"),
    ("run raft --concurrency 0", "--concurrency"),
    ("run raft --rate -1", "--rate"),
    ("run raft --time-limit -1", "duration"),
    ("run raft --time-limit 1e300", "at most 31536000 seconds"),
    ("run raft --timeout 0", "--timeout"),
    ("run raft --budget soon", "60s,2GiB,20M"),
    ("run raft --seed x", "seed"),
    ("run raft --seed 99999999999999999999", "seed"),
    ("run raft --world moon", "lan, wan"),
    ("run raft --schedule nothing.toml", "nothing.toml"),
    ("run raft --liveness 0", "--liveness"),
    ("run etcd:endpoints=http://me:secret@127.0.0.1:2379", "password_env=VARIABLE"),
    ("check", "FILE"),
    ("check nothing.jsonl --model register", "No such file"),
    ("check good.jsonl", "--model"),
    ("check good.jsonl --model regster", "did you mean register?"),
    ("check good.jsonl --model register --set initail=0", "did you mean initial?"),
    ("check good.jsonl --model register --set initial", "key=value"),
    ("check good.jsonl --model cas-register --set precondition=maybe", "drop, observe, all"),
    ("check good.jsonl --model mutex", "does not know the operation"),
    ("check good.jsonl --model register --budget 0", "duration"),
    ("check good.jsonl --model register --format yaml", "jsonl"),
    ("check good.jsonl --model ./models.py:M", "models.py"),
    ("list rfat", "did you mean raft?"),
    ("list raft:red=local", "did you mean reads?"),
    ("report nothing", "nothing"),
    ("replay nothing", "nothing"),
    ("shrink nothing", "nothing"),
    ("campaign nothing.toml", "nothing.toml"),
    ("compare nothing other", "nothing"),
    ("campaign", "--resume DIR"),
    ("campaign wrong.toml", "not TOML"),
    ("campaign one.toml --on moon", "local, ray or ray://HOST:PORT"),
    ("campaign one.toml --on ray://", "ray://HOST:PORT"),
    ("campaign one.toml --deadline -1", "duration"),
    ("campaign one.toml --keep some", "'failed', 'all', 'none'"),
    ("campaign one.toml --memory much", "a size such as 2GiB"),
    ("campaign one.toml --baseline nothing", "write one with --write-baseline"),
    ("campaign one.toml --baseline good.jsonl", "not a baseline"),
    ("campaign one.toml --out good.jsonl", "is a file"),
    ("campaign --resume nothing", "campaign.json"),
    ("claims quorms", "did you mean quorums?"),
    ("claims nothing", "the topics are quorums"),
    ("claims quorums --seeds 0", "1<=x<=1000"),
    ("claims quorums --json --markdown", "choose one of them"),
    ("classify", "name a target"),
    ("classify rfat", "did you mean raft?"),
    ("classify raft:reads=lokal", "log, index, lease, local"),
    ("classify raft --env moon", "sim, local"),
    ("classify raft --env ssh", "raft does not run with --env ssh"),
    ("classify raft --nodes 101", "1<=x<=100"),
    ("classify raft --baseline nothing.json", "No such file"),
    ("classify raft --baseline wrong.toml", "not a card.json"),
    ("classify ./nothing.py:Store", "there is no file ./nothing.py"),
    ("classify ./kept", "classify.json"),
    ("compare one.toml nothing", "expected"),
    ("compare one.toml one.toml", "expected a baseline of format = 1"),
    ("runs nothing", "no such folder of runs"),
    ("runs . --verdict good", "'valid', 'invalid'"),
    ("runs . --newer soon", "duration"),
    ("runs . --sort size", "'age', 'target'"),
    ("runs . --limit 0", "x>=1"),
    ("runs kept --target rfat", "did you mean raft?"),
    ("runs kept --fault kil", "did you mean kill?"),
    ("runs kept --workload registr", "did you mean register?"),
    ("shrink kept", "test.toml"),
    ("shrink kept --budget 0", "duration"),
    ("replay sb1-nothing", "the token is damaged"),
    ("run raft --schedule wrong.toml", "not TOML"),
    ("run raft --schedule kept", "Is a directory"),
    ("run raft --schedule other.toml", "it has fault, variant, start, duration"),
    ("completion tcsh", "bash"),
    ("zoo rfat", "did you mean raft?"),
)


def test_there_are_forty_wrong_uses_at_least() -> None:
    assert len(dict(CASES)) == len(CASES) >= 40


@pytest.mark.parametrize(("words", "told"), CASES, ids=[words or "nothing" for words, _ in CASES])
def test_wrong_use_is_one_sentence_that_says_what_is_right(splitbrain, tmp_path, monkeypatch, words, told):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "kept").mkdir()
    monkeypatch.chdir(tmp_path)
    said = splitbrain(*shlex.split(words))
    assert said.code == USAGE, said.err
    assert said.out == "" and told in said.err
    sentence, *more = said.err.rstrip("\n").split("\n")
    assert sentence.startswith("splitbrain: ") and (not more or words == ""), said.err
    assert "Traceback" not in said.err and "internal error" not in said.err
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, "kept"}
