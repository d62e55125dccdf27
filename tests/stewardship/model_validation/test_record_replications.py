"""Replications of records: the comparisons would see a wrong convention."""

import numpy as np
import pytest

from portlib.stewardship.model_validation import record_replications as records
from portlib.stewardship.model_validation import replications


@pytest.mark.parametrize(
    ("name", "key", "at"),
    [
        ("us_inflation_calculator", "change_percent", (3, 4)),
        ("newcombe_1998_score_intervals", "low", (0,)),
        ("kupiec_1995_regions", "most", (1,)),
        ("minneapolis_fed_prices", "average", (80,)),
    ],
)
def test_a_changed_printed_figure_is_seen(name: str, key: str, at: tuple[int, ...]) -> None:
    case = replications.read(name)
    runner = replications.RUNNERS[name][2]
    assert "differs" not in {row.verdict for row in runner(case)}
    place = case[key]
    for i in at[:-1]:
        place = place[i]
    place[at[-1]] += 1.0
    assert "differs" in {row.verdict for row in runner(case)}


def test_the_systematic_risk_that_is_printed_contradicts_its_own_treynor_ratio() -> None:
    """Who is right about Bacon's 24 months: return over systematic risk is printed too."""
    case = replications.read("bacon_2008_monthly_returns")
    rows = {row.quantity: row for row in records.two_years(case)}
    ours = float(rows["systematic risk"].ours)
    earned = ours * float(rows["modified Treynor ratio"].ours)
    assert earned / case["systematic_risk"] > 9 * case["modified_treynor"]
    assert earned / ours == pytest.approx(case["modified_treynor"], abs=1e-4)
    assert round(ours / 10, 3) == case["systematic_risk"]


def test_fitted_weights_are_the_published_ones_and_not_those_of_another_quarter() -> None:
    case = replications.read("tsp_lifecycle_weights")
    rows = records.known_weights(case)
    assert all(np.abs(row.ours.sum(axis=1) - 1).max() < 1e-9 for row in rows)
    late = {**case, "quarters": {"2021-04-01": "2021-06-30", "2020-01-01": "2020-03-31"}}
    assert "differs" in {row.verdict for row in records.known_weights(late)}
