"""Pictures of claims: drawn from measured figures, for claims that there are, and on the page."""

from pathlib import Path
from xml.etree import ElementTree

from splitbrain.textbook.claim import ClaimFinding, ClaimSample, claims
from splitbrain.textbook.measure import MeasuredClaim
from splitbrain.textbook.picture import Picture
from splitbrain.textbook.pictures import PICTURES, draw

DOCS = Path(__file__).parents[3] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
AXES = Picture("Moons", "planet", "moons", (1, 10, 100), (0, 10), {"all": [(1, "one"), ("ten", "five")]}, log_x=True)


def measured(name: str, amounts: dict[str, list[float]]) -> MeasuredClaim:
    """A claim with these figures, of one seed."""
    (claim,) = (one for one in claims() if one.name == name)
    return MeasuredClaim(claim, {1: ClaimSample(ClaimFinding.CONFIRMED, amounts=amounts)})


def test_points_lie_where_their_figures_say() -> None:
    found = measured("partitions-evenness", {"one": [0.0], "five": [5.0], "ten": [10.0]})
    picture = ElementTree.fromstring(AXES.svg(found))
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in picture.iter(f"{SVG}circle")]
    across, up = ([float(line.get(name, "")) for line in picture.iter(f"{SVG}line")] for name in ("x1", "y1"))
    assert dots == [(min(across), max(up)), (min(across) + 260, (min(up) + max(up)) / 2)]


def test_each_picture_is_of_a_claim_and_lies_beside_the_page(tmp_path: Path) -> None:
    names = {claim.name for claim in claims()}
    page = (DOCS / "claims.md").read_text(encoding="utf-8")
    for name, picture in PICTURES.items():
        assert name in names
        assert f"![{picture.title}](claims/{name}.svg)" in page
        ElementTree.parse(DOCS / "claims" / f"{name}.svg")
    draw([measured("partitions-few-keys", {})], tmp_path)
    assert not list(tmp_path.iterdir())
