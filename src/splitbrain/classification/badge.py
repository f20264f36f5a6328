"""Badge: the class of a target as a small picture for a README. No font is loaded, and nothing else."""

from html import escape

from splitbrain.classification.card import Card
from splitbrain.classification.rule import CapClass

COLOURS = {
    CapClass.CP: "#2f7396",
    CapClass.AP: "#1f7554",
    CapClass.CA: "#5b646e",
    CapClass.NEITHER: "#c2311d",
    CapClass.UNDETERMINED: "#8a6400",
}
LEFT = "splitbrain"
CHARACTER = 6.6
PADDING = 12


def badge(card: Card) -> str:
    """The badge of a card, as SVG."""
    finding = card.finding
    right = finding.cap.value
    if (finding.reads, finding.writes) != (finding.cap, finding.cap) and CapClass.UNDETERMINED is not finding.cap:
        right = f"{finding.cap.value} (reads {finding.reads.value}, writes {finding.writes.value})"
    left_width, right_width = (round(len(text) * CHARACTER + PADDING) for text in (LEFT, right))
    width, title = left_width + right_width, escape(f"{card.subject.target}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left_width}" height="20" fill="#3a4148"/>'
        f'<rect x="{left_width}" width="{right_width}" height="20" fill="{COLOURS[finding.cap]}"/></g>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left_width / 2}" y="14">{LEFT}</text>'
        f'<text x="{left_width + right_width / 2}" y="14">{escape(right)}</text></g></svg>\n'
    )
