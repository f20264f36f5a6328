"""The benchmark of the spectrum, in short: every model holds on its history, and a picture is drawn."""

import json
from pathlib import Path

import pytest
import spectrum


def test_it_prints_a_row_for_each_model_and_size(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "growth.svg"
    spectrum.main(["--json", "--sizes", "100", "1000", "--sessions", "5", "--plot", str(picture)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["model"] for row in rows] == [spectrum.READING, *spectrum.MODELS] * 2
    assert {row["verdict"] for row in rows if row["model"] not in (spectrum.READING, "convergence")} == {"valid"}
    assert picture.read_text().count("<polyline") == 2 * (len(spectrum.MODELS) + 1)
