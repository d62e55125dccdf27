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
        ("orlib_port1", "variance", (50,)),
        ("orlib_port4", "variance", (20,)),
        ("bacon_multi_period_attribution", "menchero", ("selection", 4, 1)),
        ("mathworks_varbacktest", "independence", (0,)),
        ("mathworks_varbacktest", "both", (1,)),
        ("performance_analytics_bacon_months", "pain_index", ()),
        ("performance_analytics_bacon_months", "m_squared_excess", (1,)),
        ("direct_file_taxable_benefits", "taxable_benefits", (9, "taxable")),
        ("policyengine_us_worksheets", "gains", (1, "tax")),
        ("policyengine_us_worksheets", "investment", (5, "tax")),
        ("irs_joint_periods_reprinted", "period", ("60", 6)),
    ],
)
def test_a_changed_printed_figure_is_seen(name: str, key: str, at: tuple) -> None:
    case = replications.read(name)
    runner = replications.RUNNERS[name][2]
    assert "differs" not in {row.verdict for row in runner(case)}
    *path, last = (key, *at)
    place = case
    for i in path:
        place = place[i]
    place[last] += 1.0
    assert "differs" in {row.verdict for row in runner(case)}


def test_a_record_of_breaches_is_made_from_how_days_follow_each_other() -> None:
    given = {"kept_kept": 2, "kept_broken": 2, "broken_kept": 2, "broken_broken": 1}
    record = records._followed(**given).astype(int)
    pairs = list(zip(record[:-1].tolist(), record[1:].tolist(), strict=True))
    assert [pairs.count(x) for x in ((0, 0), (0, 1), (1, 0), (1, 1))] == list(given.values())
    with pytest.raises(ValueError, match="2 runs of breaches begin and 1 end"):
        records._followed(**{**given, "broken_kept": 1})


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


def test_the_parts_of_risk_that_a_package_prints_do_not_add_up_to_the_variance() -> None:
    """Who is right: ours do, theirs do not, whichever number the variance is divided by."""
    case = replications.read("performance_analytics_bacon_months")
    rows = {row.quantity: float(row.ours.ravel()[0]) for row in records.two_years_by_package(case)}
    months = np.array(case["portfolio"]) / 100
    variances = [12 * months.var(ddof=ddof) for ddof in (0, 1)]
    assert rows["specific risk"] ** 2 + rows["systematic risk"] ** 2 == pytest.approx(variances[0])
    theirs = case["specific_risk"] ** 2 + case["systematic_risk"] ** 2
    assert theirs == pytest.approx(case["total_risk"] ** 2, rel=1e-5)
    assert all(abs(theirs / x - 1) > 1e-3 for x in variances)
