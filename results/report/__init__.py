"""A result as one self-contained page: `render(history, result)`.

- `page`      what the page says, and in which order
- `witness`   the minimal contradiction, as a table and a picture
- `models`    the lattice of models with what a spectrum refuted
- `sample`    which operations a page of a large history carries
- `timeline`  the data of the timeline; `report.js` draws it
- `charts`    the pictures over time, as geometry for the template
"""

from splitbrain.results.report.page import render

__all__ = ["render"]
