"""What is a plan's own and what stands in: one table, one box, for every chapter."""

import shutil
from pathlib import Path

import pytest

from portlib import data, plan, standing
from portlib.data import DataError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(data.ROOT / "plan", tmp_path / "plan")
    return tmp_path / "plan"


def test_the_example_plan_brings_nothing_and_says_so():
    shown = standing.table(plan.read())
    assert list(shown.index) == [label for label, _, _ in standing.INPUTS.values()]
    assert set(shown["status"]) == {"SYNTHETIC", "stands in", "none"}
    assert shown.loc["monthly returns of funds", "status"] == "SYNTHETIC"
    assert shown.loc["monthly returns of funds", "brought by"].startswith("fund_returns.csv")


def test_what_is_brought_is_own_or_own_in_part(folder):
    (folder / "fund_returns.csv").write_text(
        "date,LCIDX,LGACT\n2026-04-30,0.01,0.02\n2026-05-31,-0.01,0.01\n"
    )
    (folder / "trades.csv").write_text(
        "trade,fund,side,shares,decided,ordered,settled,decision_price,price\n"
        "T1,LCIDX,buy,10,2026-05-01,2026-05-01,2026-05-04,10,10.01\n"
    )
    shown = standing.table(plan.read(folder), ["fund_returns", "trades"])
    assert shown["status"].to_list() == ["own in part", "own"]
    assert shown["what is used"].iloc[0].startswith("2 of 19 funds, 2026-04 to 2026-05")
    assert "SYNTHETIC" in shown["what is used"].iloc[0]
    assert shown["brought by"].iloc[1] == ""
    (folder / "trades.csv").unlink()
    shown = standing.table(plan.read(folder), ["trades"])
    assert shown["status"].item() == "SYNTHETIC"


#: What a page has to name so that an input enters it.
MARKS = {
    "valuations": ("inputs.valuations",),
    "assumptions": ("house_view(", "second_opinion(", "read_plan("),
    "fund_returns": ("inputs.funds", "plan_menu.read_plan("),
    "fund_holdings": ("plan_menu.read_plan(",),
    "history": ("class_returns(", "inputs.history", "own_months(", "plan_menu.read_plan("),
    "years": ("inputs.years",),
    "balances": ("inputs.accounts",),
    "trades": ("inputs.trades",),
}


def test_no_chapter_is_said_to_show_what_it_does_not():
    pages = {path.stem: path.read_text() for path in (ROOT / "notebooks").rglob("*.md")}
    for chapter, names in standing.CHAPTERS.items():
        for name in names:
            marks = MARKS.get(name, ("",))
            assert any(mark in pages[chapter] for mark in marks), f"{chapter}: {name}"
    assert not standing.waiting()


def test_every_chapter_opens_with_its_box():
    pages = {path.stem: path.read_text() for path in (ROOT / "notebooks").rglob("*.md")}
    assert set(pages) == set(standing.CHAPTERS)
    for name, text in pages.items():
        second = text.split("```{code-cell}")[2]
        assert f'standing.box(the_plan, "{name}")' in second, name


def test_a_box_is_one_line_and_the_table_behind_it():
    shown = standing.box(plan.read(), "style_analysis")
    assert shown.line.startswith("What goes in (Example 401(k) plan). The plan's own: nothing. ")
    assert "SYNTHETIC: monthly returns of funds" in shown.line
    page = shown._repr_html_()
    assert page.startswith("<details") and "fund_returns.csv" in page
    assert standing.whole(plan.read()).table.equals(standing.table(plan.read()))
    for name in standing.CHAPTERS.values():
        assert set(name) <= set(standing.INPUTS)
    with pytest.raises(DataError, match="did you mean 'style_analysis'"):
        standing.box(plan.read(), "style_analysi")
    with pytest.raises(DataError, match="no input 'trade'"):
        standing.table(plan.read(), ["trade"])
