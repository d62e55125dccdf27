"""What is a plan's own and what stands in: one table, one box, for every chapter."""

import re
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
    assert shown["what is used"].iloc[0].startswith("2 of 19 options, 2026-04 to 2026-05")
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


#: What a page has to name so that a record of the book's months enters it.
ASKS = {
    standing.LONG: r"data\.history\(\)|read(_history)?\(\"long\"|shocks\.",
    standing.OPEN: r"read(_history)?\(\"open\"|plan_menu\.read_plan\(",
}


def test_an_import_reaches_every_chapter_that_asks_for_months():
    pages = {path.stem: path.read_text() for path in (ROOT / "notebooks").rglob("*.md")}
    assert set(standing.MONTHS) == set(pages)
    for chapter, (records, asked) in standing.MONTHS.items():
        for record, marks in ASKS.items():
            if record in records:
                assert re.search(marks, pages[chapter]), f"{chapter}: {record}"
            elif re.search(marks, pages[chapter]):
                raise AssertionError(f"{chapter} asks the {record} record, and does not say so")
        if re.search(r"\b(open|long)_record\(\)", pages[chapter]):
            assert standing.COMMITTED in records, f"{chapter}: an import does not reach it"
        assert asked


def test_a_box_says_whether_the_months_are_imported(monkeypatch):
    monkeypatch.setattr(standing.history, "folder", lambda: None)
    ours = standing.box(plan.read(), "contributions").table.loc["the book's months"]
    assert ours["status"] == "the book's" and ours["brought by"] == "prudent import"
    monkeypatch.setattr(standing.history, "folder", lambda: ROOT)
    said = {name: standing.months_of(name).status for name in standing.MONTHS}
    assert said["shrinkage"] == "imported" and said["contributions"] == "imported in part"
    assert said["effective_challenge"] == "none"
    assert "Imported: the book's months." in standing.box(plan.read(), "shrinkage").line


def test_one_table_says_which_chapter_uses_which_input():
    shown = standing.by_chapter()
    assert list(shown.index) == list(standing.CHAPTERS)
    used = shown["of the plan's folder"].str.contains("monthly returns of classes")
    assert used["shrinkage"] and not used["forecast_record"]
    assert shown.loc["contributions", "the book's months"] == "long, open, committed"


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
