"""How does a figure that a document draws become a vector, the same one every time?"""

from __future__ import annotations

import io
from typing import Any

from portlib.documents.document import Figure


def drawn(name: str, made: Any, caption: str, alt: str, *, highest: float = 3.0) -> Figure:
    """A figure (or the axes on it) as a document shows it; it is closed afterwards.

    Parameters
    ----------
    name : str
        Of its file, without ending.
    made : matplotlib figure or axes
    caption, alt : str
        The point that it makes, and the same for who cannot see it.
    highest : float
        Inches.

    Returns
    -------
    Figure

    Examples
    --------
    What would be higher than it may be is made narrower.

    >>> from matplotlib.figure import Figure as Canvas
    >>> tall = Canvas(figsize=(2, 4))
    >>> axes = tall.subplots()
    >>> shown = drawn("line", axes, "It rises.", "A line that rises.", highest=1.0)
    >>> shown.width < Figure("line", shown.svg, "It rises.", "A line that rises.").width
    True
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    figure = getattr(made, "figure", made)
    written = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "prudent"}):
        figure.savefig(written, format="svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return Figure(name, written.getvalue(), caption, alt).no_higher(highest)
