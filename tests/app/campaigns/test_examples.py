"""The example for continuous integration, and what docs/campaigns.md says of it."""

import shutil
from pathlib import Path

import pytest

from splitbrain.cli.exits import VALID

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "ci"


def test_the_campaign_is_as_expected(splitbrain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLES / "campaign.toml", tmp_path)
    said = splitbrain("campaign", "campaign.toml", "--deadline", "20m", "--json")
    assert said.code == VALID
    assert said.objects[-1]["passed"] == said.objects[-1]["tests"] == 5


def test_the_page_shows_the_file():
    text = (EXAMPLES / "campaign.toml").read_text()
    assert text.partition("\n")[2] in (ROOT / "docs" / "campaigns.md").read_text()


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml", "baseline.yml"])
def test_the_files_of_forges_are_yaml_and_call_the_campaign(name):
    yaml = pytest.importorskip("yaml", reason="comes with the extra 'docs'")
    text = (EXAMPLES / name).read_text()
    assert isinstance(yaml.safe_load(text), dict)
    assert "splitbrain campaign campaign.toml" in text
