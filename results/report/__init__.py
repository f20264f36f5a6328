"""A result as one self-contained page: `render(history, result)`.

- `page`      what the page says, and in which order
- `witness`   the minimal contradiction, as a table and a picture
- `models`    the lattice of models with what a spectrum refuted
- `sample`    which operations a page of a large history carries
- `timeline`  the data of the timeline; `report.js` draws it
- `charts`    the pictures over time, as geometry for the template
- `steps`     the page of what simulated nodes did, event by event; `steps.js` draws it
"""

from splitbrain.results.report.page import render
from splitbrain.results.report.steps import render_steps

__all__ = ["render", "render_steps"]
