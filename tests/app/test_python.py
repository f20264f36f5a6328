"""docs/python.md: what it shows is what happens."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
RUN, PANDAS, DUCKDB = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Carry out the first example, then another one: what that has printed, and the names of both."""
    monkeypatch.chdir(tmp_path)

    def carried_out(further=""):
        names = {}
        exec(compile(RUN, str(PAGE), "exec"), names)
        capsys.readouterr()
        exec(compile(further, str(PAGE), "exec"), names)
        return capsys.readouterr().out, names

    return carried_out


def test_a_run_and_a_check_as_calls(shown):
    _, names = shown()
    assert names["made"].status == "invalid" and names["made"].folder.path.is_dir()
    assert names["found"].status in ("valid", "invalid")


def test_a_history_is_a_table_of_what_stands_in_its_lines(shown):
    _, names = shown()
    history = names["made"].history()
    table = history.table()
    assert {len(column) for column in table.values()} == {len(history)}
    for position in (0, len(history) // 2, len(history) - 1):
        event = history.event(position)
        for name, column in table.items():
            found = getattr(event, name)
            assert column[position] == (None if type(found).__name__ == "UnsetType" else found)


def test_pandas(shown):
    pandas = pytest.importorskip("pandas", reason="splitbrain does not bring pandas along")
    told, names = shown(PANDAS)
    assert isinstance(names["events"], pandas.DataFrame) and len(names["events"]) == len(names["made"].history())
    assert "read" in told and "ok" in told


def test_duckdb(shown):
    pytest.importorskip("duckdb", reason="splitbrain does not bring DuckDB along")
    told, _ = shown(DUCKDB)
    assert "n5" in told and "invoke" in told
