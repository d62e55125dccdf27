"""One look for every figure and table: quiet axes, colours that survive colour blindness and
greyscale.

Each function draws one kind of figure on new axes and returns them. Colours are Okabe and Ito's
(2008). A notebook shows a figure as vectors on no ground, its lettering as text: the page gives it
its own ground, and in dark mode its colours. A caption that states the point,
and a text for who cannot see it, belong to the chapter's cell, not to the figure.
"""

from __future__ import annotations

import hashlib
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from pandas.io.formats.style import Styler

from portlib.inputs.classes import NAMES
from portlib.ranges import numbers
from portlib.records import Array

#: Okabe-Ito, darkest first: blue, vermilion, green, purple, orange, sky blue, black, yellow.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
#: Line styles in step with the colours, so that lines differ in greyscale too.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)), "-", "--")

_STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": "#333333",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "font.size": 10.6,
    "legend.fontsize": 10.6,
    "legend.frameon": False,
    "figure.dpi": 160,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "prudent",
}
#: Width of a figure, in inches, and its smallest lettering, in points: on a phone of 390 pixels a
#: figure is about 340 pixels wide, and its lettering 9 pixels high.
WIDTH, SMALL = 5.2, 10.6
#: Characters of an axis' name on a line, beside nothing and beside names of rows: a longer line
#: would widen the figure, and a phone would show all of it smaller.
LONG, SHORT = 46, 36


#: More lines than these have their names below the axes.
MANY = 4


def _look() -> None:
    """This look, and vectors in a notebook."""
    plt.rcParams.update(_STYLE)
    if _in_a_notebook():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})


def _in_a_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def axes(
    width: float = WIDTH,
    height: float = 3.5,
    *,
    xlabel: str = "",
    ylabel: str = "",
    percent: str = "",
) -> tuple[plt.Figure, Axes]:
    """Styled empty axes.

    Parameters
    ----------
    width, height : float
        Inches.
    xlabel, ylabel : str
    percent : str
        The axes ("x", "y" or "xy") whose decimals are shown as percent.

    Examples
    --------
    >>> fig, ax = axes(4.0, 2.5, xlabel="years", ylabel="wealth", percent="y")
    >>> fig.get_size_inches().tolist(), ax.get_xlabel(), ax.get_ylabel()
    ([4.0, 2.5], 'years', 'wealth')
    >>> [axis.get_major_formatter().__class__.__name__ for axis in (ax.xaxis, ax.yaxis)]
    ['ScalarFormatter', 'PercentFormatter']
    >>> _, both = axes(percent="xy")
    >>> {axis.get_major_formatter().__class__.__name__ for axis in (both.xaxis, both.yaxis)}
    {'PercentFormatter'}
    >>> plt.close("all")
    """
    _look()
    fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
    if _in_a_notebook():
        plt.uninstall_repl_displayhook()  # it draws every figure once before it is shown
    along = textwrap.fill(xlabel, LONG) if "\n" not in xlabel else xlabel
    ax.set(xlabel=along, ylabel=textwrap.fill(ylabel, max(24, round(11 * height))))
    ax.locator_params(axis="x", nbins=5)
    for letter, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        if letter in percent:
            axis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    return fig, ax


def lines(
    data: pd.DataFrame,
    *,
    xlabel: str = "",
    ylabel: str = "",
    percent: str = "",
    height: float = 3.5,
) -> Axes:
    """One line a column over the index.

    Parameters
    ----------
    data : DataFrame
        As it is drawn: decimals where `percent` names the axis.
    xlabel, ylabel, percent, height : as in `axes`.

    Examples
    --------
    Each column is a line under its own name, in a colour and dash of its own; names of more than
    four stand below the axes, and of one nowhere:

    >>> wealth = pd.DataFrame({f"plan {n}": [1.0, 1.0 + n] for n in range(8)}, [2020, 2030])
    >>> drawn = lines(wealth)
    >>> [(line.get_label(), line.get_xydata().tolist()) for line in drawn.lines[:2]]
    [('plan 0', [[2020.0, 1.0], [2030.0, 1.0]]), ('plan 1', [[2020.0, 1.0], [2030.0, 2.0]])]
    >>> len({(line.get_color(), line.get_linestyle()) for line in drawn.lines})
    8
    >>> [lines(wealth.iloc[:, :n]).get_legend() is not None for n in (1, 2, 4, 5)]
    [False, True, True, False]
    >>> [line.get_linestyle() for line in drawn.lines[6:]], len(drawn.figure.legends)
    (['-', '--'], 1)
    >>> plt.close("all")
    """
    many = data.shape[1] > MANY
    tall = height + (0.2 * data.shape[1] if many else 0.0)
    fig, ax = axes(height=tall, xlabel=xlabel, ylabel=ylabel, percent=percent)
    for i, column in enumerate(data.columns):
        ax.plot(
            data.index,
            data[column],
            color=COLORS[i % 8],
            linestyle=DASHES[i % 8],
            linewidth=1.8,
            label=str(column),
        )
    if many:
        fig.legend(loc="outside lower left", fontsize=SMALL)
    elif data.shape[1] > 1:
        ax.legend(loc="best", fontsize=SMALL)
    ax.margins(x=0.01)
    return ax


def _names(index: pd.Index) -> tuple[list[str], float]:
    """Names for a figure's rows, long ones on two lines, and the height of a row, in inches."""
    names = [textwrap.fill(str(name), 26) for name in index]
    return names, 0.46 if any("\n" in name for name in names) else 0.34


def bars(
    data: pd.Series | pd.DataFrame, *, xlabel: str = "", percent: str = "", labels: str = ""
) -> Axes:
    """Horizontal bars, first row on top.

    Parameters
    ----------
    data : Series or DataFrame
        A row of bars a row, a colour a column.
    xlabel, percent : as in `axes`.
    labels : str
        A format, such as ``.1%``, for the value written at each bar's end; none by default.

    Examples
    --------
    Each row's bars stand beside its name, the first row on top and the first column above the
    second; a bar to the left has a negative value, and what rounds to nothing has no sign:

    >>> gained = pd.DataFrame({"ours": [0.02, -0.0001], "theirs": [0.01, -0.03]}, ["up", "down"])
    >>> drawn = bars(gained, labels=".1%")
    >>> drawn.get_yticks().tolist(), [tick.get_text() for tick in drawn.get_yticklabels()]
    ([1, 0], ['up', 'down'])
    >>> [(float(bar.get_width()), round(float(bar.get_y()))) for bar in drawn.patches]
    [(0.02, 1), (-0.0001, 0), (0.01, 1), (-0.03, 0)]
    >>> ours, theirs = (drawn.patches[at].get_y() for at in (0, 2))
    >>> bool(ours > theirs), bool(drawn.get_xlim()[0] < -0.03)
    (True, True)
    >>> [text.get_text() for text in drawn.texts]
    ['2.0%', '0.0%', '1.0%', '-3.0%']
    >>> [text.get_text() for text in drawn.get_legend().get_texts()], bars(gained["ours"]).legend_
    (['ours', 'theirs'], None)
    >>> plt.close("all")
    """
    frame = data.to_frame() if isinstance(data, pd.Series) else data
    rows, columns = frame.shape
    names, line = _names(frame.index)
    tall = 1.0 + line * rows * max(1.0, 0.6 * columns)
    _, ax = axes(height=tall, xlabel=textwrap.fill(xlabel, SHORT), percent=percent)
    thick = 0.8 / columns
    at = np.arange(rows)[::-1]
    for j, column in enumerate(frame.columns):
        drawn = ax.barh(
            at + (columns - 1 - 2 * j) * thick / 2,
            frame[column],
            height=0.92 * thick,
            color=COLORS[j % 8],
            label=str(column),
        )
        if labels:
            ax.bar_label(
                drawn, [format(v, f"z{labels}") for v in frame[column]], padding=3, fontsize=SMALL
            )
    ax.set_yticks(at, names)
    ax.grid(axis="y", visible=False)
    ax.axvline(0, color="#555555", linewidth=0.8)
    if columns > 1:  # above: bars leave it no room beside them
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=SMALL)
    ax.margins(x=0.12 if labels else 0.05)
    return ax


def dots(data: pd.DataFrame, *, xlabel: str = "", percent: str = "") -> Axes:
    """A dot with its range a row, first row on top.

    Parameters
    ----------
    data : DataFrame
        Columns ``low``, ``mid`` and ``high``.
    xlabel, percent : as in `axes`.

    Examples
    --------
    Each range goes from its low to its high with the dot where its middle is, the first on top:

    >>> spans = {"low": [0.1, -0.2], "mid": [0.2, 0.5], "high": [0.6, 0.7]}
    >>> drawn = dots(pd.DataFrame(spans, ["first", "second"]))
    >>> [span.vertices.tolist() for span in drawn.collections[0].get_paths()]
    [[[0.1, 1.0], [0.6, 1.0]], [[-0.2, 0.0], [0.7, 0.0]]]
    >>> drawn.lines[0].get_xydata().tolist()
    [[0.2, 1.0], [0.5, 0.0]]
    >>> drawn.get_yticks().tolist(), [tick.get_text() for tick in drawn.get_yticklabels()]
    ([1, 0], ['first', 'second'])
    >>> plt.close("all")
    """
    names, line = _names(data.index)
    tall = 1.0 + line * len(data)
    _, ax = axes(height=tall, xlabel=textwrap.fill(xlabel, SHORT), percent=percent)
    at = np.arange(len(data))[::-1]
    ax.hlines(at, data["low"], data["high"], color=COLORS[5], linewidth=4)
    ax.plot(data["mid"], at, "o", color=COLORS[0], markersize=6)
    ax.set_yticks(at, names)
    ax.grid(axis="y", visible=False)
    return ax


def heatmap(data: pd.DataFrame, *, digits: int = 2, limit: float = 1.0, unit: str = "") -> Axes:
    """A matrix as coloured cells with the numbers written in.

    Parameters
    ----------
    data : DataFrame
    digits : int
        Places after the point.
    limit : float
        Colours go from ``-limit`` (orange) to ``limit`` (purple).
    unit : str
        What follows each number: ``%``, for instance.

    Raises
    ------
    ValueError
        For cells that are no numbers.

    Examples
    --------
    Numbers stand in the cells of their row and column, the first row on top; colours are of the
    limit, whatever the largest number is, and lettering is light where they are deep:

    >>> moved = pd.DataFrame({"a": [0.4, -0.001], "b": [-0.5, 1.2]}, ["x", "y"])
    >>> drawn = heatmap(moved, digits=1, limit=0.6, unit="%")
    >>> [(text.get_text(), text.get_position(), text.get_color()[:2]) for text in drawn.texts]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('0.4%', (0.5, 0.5), '#F'), ('-0.5%', (1.5, 0.5), '#F'),
     ('0.0%', (0.5, 1.5), '#1'), ('1.2%', (1.5, 1.5), '#F')]
    >>> [tick.get_text() for tick in (*drawn.get_xticklabels(), *drawn.get_yticklabels())]
    ['a', 'b', 'x', 'y']
    >>> bool(drawn.yaxis_inverted()), drawn.collections[0].get_clim()
    (True, (-0.6, 0.6))
    >>> red, _, blue, _ = drawn.collections[0].to_rgba(-0.6)  # below nothing is orange
    >>> bool(red > blue)
    True
    >>> plt.close("all")
    """
    try:
        values = data.to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"a heatmap needs numbers; see {', '.join(map(str, data))}") from None
    n, m = values.shape
    _, ax = axes(height=1.1 + 0.42 * n)
    ax.pcolormesh(values, cmap="PuOr", vmin=-limit, vmax=limit, edgecolors="white", linewidth=0.4)
    ax.invert_yaxis()
    for i in range(n):
        for j in range(m):
            deep = values[i, j] > 0.55 * limit or values[i, j] < -0.75 * limit
            ax.text(
                j + 0.5,
                i + 0.5,
                f"{values[i, j]:z.{digits}f}{unit}",
                ha="center",
                va="center",
                fontsize=SMALL,
                color="#FDFDFE" if deep else "#101418",  # of the cell, not of the page
            )
    names = [str(c) for c in data.columns]
    ax.set_xticks(np.arange(m) + 0.5, names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(np.arange(n) + 0.5, _names(data.index)[0])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def frontier(
    risk: Array | pd.Series,
    mean: Array | pd.Series,
    *,
    points: Mapping[str, tuple[float, float]] | None = None,
    assets: Mapping[str, tuple[float, float]] | None = None,
) -> Axes:
    """Expected return over volatility: the frontier as a line, portfolios as dots, single assets as
    crosses.

    Parameters
    ----------
    risk, mean : array (points,)
        The frontier, annual decimals.
    points, assets : mapping, optional
        (risk, mean) by name.

    Examples
    --------
    Each name stands where its mark does:

    >>> line = np.array([0.1, 0.2])
    >>> drawn = frontier(line, line / 4, points={"mix": (0.12, 0.03)}, assets={"gold": (0.3, 0.05)})
    >>> [(text.get_text(), text.xy) for text in drawn.texts]
    [('mix', (0.12, 0.03)), ('gold', (0.3, 0.05))]
    >>> [mark.get_xydata().tolist() for mark in drawn.lines[1:]]
    [[[0.12, 0.03]], [[0.3, 0.05]]]
    >>> plt.close(drawn.figure)
    """
    _, ax = axes(
        height=4.6, xlabel="volatility, a year", ylabel="expected return, a year", percent="xy"
    )
    ax.plot(risk, mean, color=COLORS[0], linewidth=2.2)
    for i, (name, (x, y)) in enumerate((points or {}).items(), start=1):
        ax.plot(x, y, "o", color=COLORS[i % 7], markersize=7, zorder=3)
        ax.annotate(
            name,
            (x, y),
            xytext=(7, -11),
            textcoords="offset points",
            fontsize=SMALL,
            color="#222222",
        )
    for name, (x, y) in (assets or {}).items():
        ax.plot(x, y, "x", color="#777777", markersize=6)
        ax.annotate(
            name, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=SMALL, color="#666666"
        )
    ax.margins(x=0.17)
    return ax


def area(weights: pd.DataFrame, *, xlabel: str = "", percent: str = "xy") -> Axes:
    """Weights as stacked areas over the index: one band a column.

    Parameters
    ----------
    weights : DataFrame
        Decimals, not negative.
    xlabel, percent : as in `axes`.

    Raises
    ------
    ValueError
        For a negative weight.

    Examples
    --------
    The first column is the lowest band; names stand as the bands do, the last on top:

    >>> held = pd.DataFrame({"bonds": [0.25, 0.75], "shares": [0.75, 0.25]}, [0.0, 0.1])
    >>> drawn = area(held)
    >>> [float(band.get_paths()[0].vertices[:, 1].max()) for band in drawn.collections]
    [0.75, 1.0]
    >>> [band.get_label() for band in drawn.collections]
    ['bonds', 'shares']
    >>> [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    ['shares', 'bonds']
    >>> area(held - 0.255)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: a weight of the areas, which may not be negative, ...
    >>> plt.close("all")
    """
    heights = numbers("a weight of the areas, which may not be negative,", weights, least=-1e-9)
    tall = 3.4 + 0.1 * (weights.shape[1] + 1)
    fig, ax = axes(height=tall, xlabel=xlabel, ylabel="weight, percent", percent=percent)
    hatches = ("", "//", "", "..", "", "\\\\", "", "xx", "", "++")
    bands = ax.stackplot(
        weights.index.to_numpy(),
        heights.T,
        labels=[str(c) for c in weights.columns],
        colors=[(*COLORS, "#999999", "#882255")[i % 10] for i in range(weights.shape[1])],
        alpha=0.85,
    )
    for band, hatch in zip(bands, (hatches * 3)[: len(bands)], strict=True):
        band.set(hatch=hatch, edgecolor="white", linewidth=0.4)
    fig.legend(loc="outside lower left", ncols=2, fontsize=SMALL, reverse=True)
    ax.margins(x=0, y=0)
    return ax


def histogram(
    values: Array | pd.Series,
    *,
    bins: int = 40,
    marks: Mapping[str, float] | None = None,
    xlabel: str = "",
    percent: str = "",
) -> Axes:
    """How values spread, with named vertical marks.

    Parameters
    ----------
    values : array
    bins : int
    marks : mapping, optional
        Where on the horizontal axis, by name.
    xlabel, percent : as in `axes`.

    Examples
    --------
    >>> drawn = histogram(np.array([0.0, 0.1, 0.1, 0.4]), bins=4, marks={"Mean": 0.15, "5%": 0.01})
    >>> [int(bar.get_height()) for bar in drawn.patches]  # each a tenth wide
    [1, 2, 0, 1]
    >>> [(line.get_label(), line.get_xdata()[0]) for line in drawn.lines]
    [('Mean', 0.15), ('5%', 0.01)]
    >>> plt.close("all")
    """
    _, ax = axes(xlabel=xlabel, ylabel="how many", percent=percent)
    ax.hist(np.asarray(values), bins=bins, color=COLORS[5], edgecolor="white", linewidth=0.4)
    for i, (name, value) in enumerate((marks or {}).items()):
        ax.axvline(value, color=COLORS[i], linestyle=DASHES[i], linewidth=1.8, label=name)
    if marks:
        ax.legend(fontsize=SMALL)
    ax.grid(axis="x", visible=False)
    return ax


#: What the parts of a label stand for, where they are no words.
WORDS = {
    "us": "US",
    "tips": "TIPS",
    "reits": "REITs",
    "em": "emerging",
    "intl": "other",
    "dev": "developed",
}


def plain(text: str) -> str:
    """Labels of the data, alone or in a sentence, in words: an asset class by the name that it has
    everywhere (`portlib.inputs.classes.NAMES`), another label by its parts.

    Examples
    --------
    >>> plain("more us_large_equity than us_tips")
    'more US large companies than inflation-protected bonds'
    >>> plain("us_market"), plain("em_2x_tips"), plain("intl_dev_small")
    ('US market', 'emerging 2x TIPS', 'other developed small')
    """
    return re.sub(
        r"[a-z0-9]+(_[a-z0-9]+)+",
        lambda label: NAMES.get(label[0], " ".join(WORDS.get(x, x) for x in label[0].split("_"))),
        text,
    )


#: Characters of a text cell that fit on a line; longer ones are wrapped.
LINE = 28


def table(
    data: pd.DataFrame | pd.Series, *, percent: Sequence[str] | bool = (), digits: int = 1
) -> Styler:
    """A table to read.

    Parameters
    ----------
    data : DataFrame or Series
    percent : sequence of str, or True
        Columns of decimals that are shown as percent; True: all. Whole numbers are counts.
    digits : int
        Places after the point.

    Examples
    --------
    Counts stay counts, what is true or not is in words, what is not known is a dash, and a label
    is text whatever it contains:

    >>> rows = {"share": [0.0512, None], "of": [1200, 3], "best": [True, False], "a<b": ["x<y", ""]}
    >>> page = table(pd.DataFrame(rows, ["R&D", "b"]), percent=True).to_html()
    >>> re.findall("<t[dh][^>]*>([^<]*)</t[dh]>", page)[1:]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['share', 'of', 'best', 'a&lt;b', 'R&amp;D', '5.1%', '1,200', 'yes', 'x&lt;y',
     'b', '–', '3', 'no', '']
    >>> page == table(pd.DataFrame(rows, ["R&D", "b"]), percent=["share"]).to_html()
    True
    >>> page = table(pd.DataFrame([[1, 2]], columns=["a", "a"])).to_html()  # two of one name
    >>> re.findall("<t[dh][^>]*>([^<]*)</t[dh]>", page)[1:]
    ['a', 'a', '0', '1', '2']
    """
    frame = data.to_frame() if isinstance(data, pd.Series) else data
    flags = [c for c in frame.columns if pd.api.types.is_bool_dtype(frame[c])]
    numeric = [
        c for c in frame.columns if c not in flags and pd.api.types.is_numeric_dtype(frame[c])
    ]
    as_percent = numeric if percent is True else [c for c in numeric if percent and c in percent]
    formats: dict[Any, Any] = {
        c: f"{{:z{'' if c in as_percent else ','}.{digits}{'%' if c in as_percent else 'f'}}}"
        for c in numeric
    }
    formats |= {c: "{:,d}" for c in numeric if pd.api.types.is_integer_dtype(frame[c])}
    formats |= {c: lambda flag: "yes" if flag else "no" for c in flags}
    style = frame.style.format(formats, na_rep="–", escape="html").set_table_attributes(
        'class="dataframe"'
    )
    for axis in (0, 1):  # a fund's label is text, whatever it contains
        style.format_index(axis=axis, escape="html")
    style.set_uuid(
        hashlib.sha256(frame.to_csv().encode()).hexdigest()[:10]
    )  # the same table, the same page
    if not frame.columns.is_unique:
        return style
    right: Any = [{"selector": "th.col_heading, td", "props": "text-align: right"}]
    wide = "text-align: left; white-space: normal; min-width: 9rem"
    wrapped: Any = [{"selector": "th.col_heading, td", "props": wide}]
    long = [
        c for c in frame.columns if c not in numeric and frame[c].astype(str).str.len().max() > LINE
    ]
    return style.set_table_styles(dict.fromkeys(numeric, right) | dict.fromkeys(long, wrapped))
