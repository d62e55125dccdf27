"""Replications: every filed case has a runner whose figures are in the file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlib import data
from portlib.stewardship import model_validation as validation
from portlib.stewardship.model_validation import replications
from portlib.stewardship.model_validation.portfolio_replications import (
    Compared,
    compared,
)

FOLDER = replications.CASES


@pytest.fixture(scope="module")
def comparisons() -> pd.DataFrame:
    return validation.comparisons()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout, beside which the data stay where they are."""
    monkeypatch.setattr(replications, "data", type("Elsewhere", (), {"ROOT": tmp_path / "data"}))
    monkeypatch.setattr(replications, "CASES", tmp_path / "cases")
    return tmp_path


@pytest.mark.parametrize("case", sorted(p.stem for p in FOLDER.glob("*.json")))
def test_every_file_has_a_runner_whose_figures_are_in_the_file(case: str) -> None:
    """Each printed figure that a runner compares stands in the file, or in the table of data that
    the file names: a runner cannot compare with itself."""
    content = replications.read(case)

    def numbers(x: object) -> set[float]:
        if isinstance(x, dict):
            return set().union(*map(numbers, [*x.values(), *x]))
        if isinstance(x, list):
            return set().union(*map(numbers, x))
        if isinstance(x, str):
            try:
                return {float(x)}
            except ValueError:
                return set()
        return {float(x)} if isinstance(x, (int, float)) else set()

    filed = numbers(content)
    if "table" in content:
        filed |= numbers(data.table(content["table"]).to_numpy().tolist())
    for row in replications.RUNNERS[case][2](content):
        if "byte" in row.quantity or "encoded" in row.quantity:
            continue
        assert {float(x) for x in np.ravel(row.printed)} <= filed | {0.1}, (
            row.quantity
        )  # 10% in a key, by name


def test_verdicts(comparisons: pd.DataFrame) -> None:
    assert set(comparisons["verdict"]) == {"to the digit", "within its notes"}
    missed = comparisons[comparisons["verdict"] != "to the digit"]
    assert set(zip(missed["case"], missed["quantity"], strict=True)) == set(replications.EXPLAINED)
    assert (missed["reason"] != "").all()
    assert set(missed["right"]) <= {"ours", "theirs", "neither", "unknown"}
    hits = comparisons[comparisons["verdict"] == "to the digit"]
    assert (hits[["reason", "right"]] == "").all(axis=None)
    assert comparisons.groupby("case")["quantity"].apply(lambda q: q.is_unique).all()


@given(st.floats(-100, 100), st.integers(0, 8), st.floats(-3, 3))
def test_a_difference_is_counted_in_units_of_the_last_digit(
    x: float, digits: int, units: float
) -> None:
    digit = 10.0**-digits
    row = compared("x", x + units * digit, x, digit, 2 * digit)
    assert row.digits == pytest.approx(abs(units), abs=1e-4)
    if abs(abs(units) - 0.5) > 1e-3 and abs(abs(units) - 2) > 1e-3:
        expected = (
            "to the digit"
            if abs(units) < 0.5
            else "within its notes"
            if abs(units) < 2
            else "differs"
        )
        assert row.verdict == expected


def test_the_register_has_what_was_asked_of_it(comparisons: pd.DataFrame) -> None:
    """Forty sources and two thousand figures, and not by one source alone."""
    figures = comparisons.groupby("case")["values"].sum()
    assert len(figures) >= 40
    assert figures.sum() - figures.max() >= 1900
    assert figures.sum() >= 2000


@pytest.mark.parametrize("case", sorted(replications.RUNNERS))
def test_every_case_says_where_it_was_printed(case: str) -> None:
    assert len("".join(replications.read(case)["citation"])) > 20


def test_what_is_no_number_differs() -> None:
    assert Compared("x", np.array([np.nan]), np.array([1.0]), 0.1, 1.0).verdict == "differs"
    assert compared("x", [np.inf, 1], [1, 1], 0.1, 9).verdict == "differs"


def test_shapes_must_agree() -> None:
    with pytest.raises(
        ValueError, match=r"weights: we have shape \(2,\), the source prints \(3,\)"
    ):
        compared("weights", [1, 2], [1, 2, 3], 0.1)


def test_a_changed_published_figure_is_noticed() -> None:
    found = {
        "roncalli_2013_three_asset_budgeting": "budgeted",
        "lopezdeprado_2016_hrp": "hierarchical",
    }
    for case, printed in found.items():
        content = replications.read(case)
        content[printed][0] += 2e-4
        assert "differs" in {row.verdict for row in replications.RUNNERS[case][2](content)}


def test_a_case_without_a_runner_or_a_file_is_refused(elsewhere: Path) -> None:
    folder = elsewhere / "cases"
    folder.mkdir(parents=True)
    for case in [*replications.RUNNERS, "smith_2030"]:
        (folder / f"{case}.json").write_text("{}")
    (folder / "higham_2002_3x3.json").unlink()
    assert replications.missing() == ["higham_2002_3x3", "smith_2030"]
    with pytest.raises(replications.Unfiled, match="higham_2002_3x3, smith_2030"):
        replications.run()


def test_an_absent_file_is_named(elsewhere: Path) -> None:
    with pytest.raises(
        replications.Unfiled, match=r"benchmarks/results\.json is not in this checkout"
    ):
        replications.checkout("benchmarks", "results.json")
    with pytest.raises(replications.Unfiled, match=r"cases/higham_2002_3x3\.json"):
        replications.read("higham_2002_3x3")
