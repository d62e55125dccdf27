"""How does a figure that a document draws become a vector, the same one every time?"""

from __future__ import annotations

import io
from typing import Any

from portlib.documents.document import Figure


def drawn(name: str, made: Any, caption: str, alt: str, *, highest: float = 3.0) -> Figure:
    """A figure (or the axes on it) as a document shows it, at most `highest` inches high; it is
    closed afterwards."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    figure = getattr(made, "figure", made)
    written = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "prudent"}):
        figure.savefig(written, format="svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return Figure(name, written.getvalue(), caption, alt).no_higher(highest)
