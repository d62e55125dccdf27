"""Replications of retirement: the comparisons would see a wrong convention."""

import numpy as np
import pytest

from portlib.retirement.retirement_income.withdrawal_rates import sustainable_rates
from portlib.stewardship.model_validation import replications
from portlib.stewardship.model_validation import retirement_replications as retirement


def missed(rows: list) -> list[str]:
    return [row.quantity for row in rows if row.verdict == "differs"]


def test_survivors_of_a_constant_force_are_exponential() -> None:
    case = {"first_age": 20, "last_age": 30, "a": 0.01, "b": 0.0, "c": 1.1, "survivors": [100.0]}
    assert retirement.survivors(case) == pytest.approx(100 * np.exp(-0.01 * np.arange(11)))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("soa_standard_ultimate_life_table", {"interest": 0.0505}),
        ("bowers_illustrative_life_table", {"a": 0.00072}),
        ("ssa_maximum_earnings", {"months_early_at_62": 36}),
        ("probability_of_ruin_package", {"sd": 0.201}),
        ("ssa_bend_points", {"base_wage": 9760.0}),
        ("bengen_1994_safemax", {"maturity_years": 10}),
        ("bengen_1994_safemax", {"years": 25}),
        ("policyengine_us_worksheets", {"seniors_year": 2029}),
    ],
)
def test_another_input_is_seen(name: str, change: dict) -> None:
    case = replications.read(name)
    assert not missed(replications.RUNNERS[name][2](case))
    assert missed(replications.RUNNERS[name][2]({**case, **change}))


def test_the_study_of_withdrawals_pays_at_the_end_of_years() -> None:
    """Paid at the start, far more than three of its forty percents miss."""
    case = replications.read("cooley_hubbard_walz_1998")
    printed = np.array(list(case["success_percent"].values()))
    growth = 1 + np.array(case["percent"]) / 100
    wrong = {}
    for at_end in (True, False):
        ours = []
        for years in map(int, case["periods"]):
            runs = np.lib.stride_tricks.sliding_window_view(growth, years)
            lasting = sustainable_rates(runs, at_end=at_end)
            ours.append([100 * np.mean(lasting >= r / 100) for r in case["rates_percent"]])
        wrong[at_end] = int((np.abs(np.array(ours) - printed) > 0.51).sum())
    assert wrong[True] == 3
    assert wrong[False] > 20
