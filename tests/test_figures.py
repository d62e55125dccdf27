import matplotlib as mpl
import numpy as np
import pandas as pd

from portlib import figures

mpl.use("agg")
FRAME = pd.DataFrame({"first": [0.2, 0.3, 0.5], "second": [0.8, 0.7, 0.5]}, index=["a", "b", "c"])


def test_colours_differ_in_greyscale_or_in_dash():
    rgb = np.array([mpl.colors.to_rgb(c) for c in figures.COLORS])
    grey = rgb @ [0.299, 0.587, 0.114]
    for i in range(8):
        for j in range(i):
            assert abs(grey[i] - grey[j]) > 0.05 or figures.DASHES[i] != figures.DASHES[j]


def test_bars_stand_in_the_order_of_the_rows_first_on_top():
    ax = figures.bars(FRAME["first"], labels=".1f")
    tops = {
        label.get_text(): at
        for label, at in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)
    }
    assert tops["a"] > tops["b"] > tops["c"]
    assert [p.get_width() for p in ax.patches] == FRAME["first"].tolist()


def test_a_heatmap_writes_its_numbers():
    ax = figures.heatmap(FRAME, digits=1)
    assert [t.get_text() for t in ax.texts] == ["0.2", "0.8", "0.3", "0.7", "0.5", "0.5"]


def test_bands_stack_to_the_whole():
    ax = figures.area(FRAME.set_index(np.array([0.0, 0.1, 0.2])))
    top = max(path.vertices[:, 1].max() for band in ax.collections for path in band.get_paths())
    assert np.isclose(top, 1.0)


def test_a_frontier_shows_line_points_and_assets():
    risk, mean = np.array([0.1, 0.2]), np.array([0.05, 0.08])
    ax = figures.frontier(risk, mean, points={"p": (0.1, 0.05)}, assets={"q": (0.3, 0.06)})
    assert {t.get_text() for t in ax.texts} == {"p", "q"} and len(ax.lines) == 3
    assert [line.get_xydata().tolist() for line in ax.lines[1:]] == [[[0.1, 0.05]], [[0.3, 0.06]]]
    ax = figures.frontier(risk, mean, points={f"p{i}": (0.1, 0.01 * i) for i in range(6)})
    assert len({line.get_color() for line in ax.lines}) == 7  # each portfolio, and the line


def test_a_table_shows_percent_only_where_told():
    shown = figures.table(
        pd.DataFrame({"r": [0.0512], "n": [3], "x": [1.26]}), percent=["r"]
    ).to_html()
    assert "5.1%" in shown and ">3<" in shown and "1.3" in shown
    assert "126" not in shown


def test_labels_in_words() -> None:
    assert figures.plain("us_large_equity") == "US large companies"
    assert figures.plain("intl_dev_equity") == "other developed markets"
    assert (
        figures.plain("stand-ins for us_reits, and 0.5 us_tips")
        == "stand-ins for listed real estate, and 0.5 inflation-protected bonds"
    )
    assert figures.plain("us") == "us"


def test_a_table_never_says_minus_zero() -> None:
    shown = figures.table(
        pd.DataFrame({"r": [-1e-6, -0.02], "x": [-0.001, 1.0]}), percent=["r"]
    ).to_html()
    assert "-0.0" not in shown
    assert ">0.0%<" in shown and ">-2.0%<" in shown
