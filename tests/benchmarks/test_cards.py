"""Cards that are kept: the page keeps what somebody wrote, and the navigation has every card."""

import re

from cards import BELOW, ENTRY, MKDOCS, slug, text, with_entry
from systems import CARDS


def test_a_page_keeps_what_somebody_wrote() -> None:
    first = text("# raft: CP\n\nit refuses.\n", "splitbrain classify raft", (1.2, 3.6), "")
    assert first == (
        "# raft: CP\n\n```\nsplitbrain classify raft\n```\n\n"
        f"On a machine of two cores under a load of 1 to 4.\n\n{BELOW}\n\nit refuses.\n"
    )
    noted = first.replace(BELOW, f"A note\nof two lines.\n\nAnother one.\n\n{BELOW}")
    again = text("# raft: AP\n\nit answers.\n", "splitbrain classify raft", (7.0, 8.0), noted)
    assert "a load of 7 to 8.\n\nA note\nof two lines.\n\nAnother one.\n\n" in again
    assert "1 to 4" not in again and "it refuses" not in again and again.startswith("# raft: AP\n")
    assert text("# raft: AP\n\nit answers.\n", "splitbrain classify raft", None, again) == again


def test_a_page_is_named_by_the_target_and_the_values_of_its_options() -> None:
    assert slug("galera") == "galera"
    assert slug("cassandra:cl=ONE,repaired=on") == "cassandra-one-on"


def test_the_navigation_has_every_card_once() -> None:
    mkdocs = MKDOCS.read_text()
    assert sorted(re.findall(rf"^{ENTRY}(\S+)$", mkdocs, re.M)) == sorted(page.name for page in CARDS.glob("*.md"))
    new = with_entry(mkdocs, "galera-new.md")
    assert len(new.splitlines()) == len(mkdocs.splitlines()) + 1
    assert re.search(rf"{ENTRY}(f|galera)\S+\n{ENTRY}galera-new.md\n", new)
    assert with_entry(new, "galera-new.md") == new


def test_every_page_has_its_card_below_the_command() -> None:
    for page in CARDS.glob("*.md"):
        assert f"\n{BELOW}\n\n" in page.read_text(), page
        assert re.match(r"# .+: \w+\n\n```\nsplitbrain classify ", page.read_text()), page
