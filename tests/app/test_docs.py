"""Documentation: what it quotes is what stands in the repository, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_page_on_targets_quotes_the_example_whole() -> None:
    quoted = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "your-own-target.md").read_text(), re.S)
    example = (ROOT / "examples" / "register.toml").read_text()
    assert quoted is not None and quoted[1] == example.partition("\n")[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/your-own-target.md"])
def test_files_that_are_named_are_there(page: str) -> None:
    folders = "harness|workloads|nemeses|checkers|targets|results|src|tests|docs|benchmarks|examples"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", (ROOT / page).read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []
