"""Published lives: a lifecycle policy, a ruin probability, the table of distribution periods,
target-date funds."""

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from portlib import data
from portlib.estimation.inference import wilson
from portlib.retirement import cases, taxes
from portlib.retirement.glidepaths import constant, published
from portlib.retirement.glidepaths.human_capital import solve
from portlib.retirement.household import Household
from portlib.retirement.retirement_income.ruin import (
    constant_hazard_by_moments,
    constant_hazard_exactly,
)
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate
from portlib.retirement.spending_rules import Distribution
from portlib.stewardship.model_validation.replications import CASES, lifecycle_model


def read(name: str) -> dict[str, Any]:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


CGM, RUIN = read("cocco_gomes_maenhout_2005"), read("milevsky_robinson_2005_ruin")
TABLE, FUNDS = read("irs_uniform_lifetime_table_2022"), read("target_date_glidepath_facts")


def distances(permanent: bool) -> tuple[float, float]:
    """The largest distance of share and of consumption from the published policy, over all compared
    points."""
    policy, share, consumption = solve(lifecycle_model(CGM, permanent=permanent)), 0.0, 0.0
    cash = np.array(CGM["inputs"]["cash_on_hand"], float)
    for age, printed in CGM["policy"].items():
        at = min(int(age), 65) - 20
        unit = np.exp(policy.model.log_income[at]) if permanent else 1.0
        there = np.array([np.nan if s is None else s for s in printed["share"]])
        share = max(share, np.nanmax(np.abs(policy.share(int(age), cash / unit) - there)))
        consumes = unit * policy.consumption(int(age), cash / unit)
        consumption = max(consumption, np.abs(consumes - printed["consumption"]).max())
    return float(share), float(consumption)


def test_policy_of_cocco_gomes_and_maenhout() -> None:
    share, consumption = distances(permanent=False)
    assert share <= CGM["tolerance"]["share"]
    assert consumption <= CGM["tolerance"]["consumption"]


def test_the_published_policy_is_not_that_of_a_shock_that_stays() -> None:
    """What the article describes and its program computes differ by far more than the tolerance."""
    share, consumption = distances(permanent=True)
    assert 0.3 < share < 0.5
    assert consumption > 5 * CGM["tolerance"]["consumption"]


def test_ruin_probability_of_milevsky_and_robinson() -> None:
    hazard = np.log(2) / RUIN["median_remaining_life"]
    assert hazard == pytest.approx(RUIN["implied_mortality"], abs=5e-5)
    ours = constant_hazard_by_moments(
        RUIN["mean_real"], RUIN["sd"], hazard, RUIN["wealth_over_spending"]
    )
    assert ours == pytest.approx(RUIN["ruin_probability"], abs=RUIN["tolerance"])
    at_ten = constant_hazard_by_moments(
        RUIN["mean_real"], RUIN["sd"], hazard, 1 / RUIN["spending_rate_for_10pct_ruin"]
    )
    assert at_ten == pytest.approx(0.10, abs=RUIN["tolerance"])


def test_exact_ruin_against_the_perpetuity_and_the_certain_return() -> None:
    """Dufresne (1990): without death the law is reciprocal gamma; without risk it is an annuity."""
    forever = stats.gamma.cdf(1 / 20, 2 * 0.07 / 0.04 - 1, scale=0.02)
    assert constant_hazard_exactly(0.07, 0.2, 1e-9, 20) == pytest.approx(forever, abs=1e-6)
    lasts = -np.log(1 - 10 * 0.05) / 0.05
    ours = constant_hazard_exactly(0.05, 0.02, 0.03, 10)
    assert ours == pytest.approx(np.exp(-0.03 * lasts), abs=0.005)


@pytest.mark.parametrize("wealth", [10, 20])
def test_the_simulator_meets_the_exact_law_in_quarters(wealth: float) -> None:
    """Spending at the start of a step costs half a step's spending more than spending evenly."""
    mean, sd, hazard = RUIN["mean_real"], RUIN["sd"], np.log(2) / RUIN["median_remaining_life"]
    rng, step, count = np.random.default_rng(2005), 1 / 4, 600
    log_growth = (mean - sd**2 / 2) * step + sd * np.sqrt(step) * rng.standard_normal(
        (8_000, count)
    )
    returns = Scenarios(
        np.stack([np.expm1(log_growth), 0 * log_growth], axis=2), ("equity", "bonds"), "normal"
    )
    person = Household(
        age=0,
        retirement_age=0,
        balance=wealth + step / 2,
        spending=step,
        social_security=False,
        last_age=count,
        mortality=[-np.expm1(-hazard * step)] * count,
    )
    lives = cases.draw(person, returns, rng)
    met = simulate(cases.of_households([person], constant(1.0)), lives, floor=1.0).success[0]
    low, high = wilson((~met).sum(), met.size, level=0.999)
    assert low <= constant_hazard_exactly(mean, sd, hazard, wealth) <= high


def test_uniform_lifetime_table_and_what_leaves_the_account() -> None:
    period = taxes.distribution_period(TABLE["ages"])
    assert np.array_equal(period, TABLE["distribution_period"])
    assert np.abs(100 / period - TABLE["percent_of_balance"]).max() <= TABLE["percent_tolerance"]
    case = TABLE["example"]
    due = float(
        taxes.required_minimum_distribution(case["balance"], case["age"], 2026 - case["age"])
    )
    assert due == pytest.approx(case["rmd"], abs=TABLE["dollar_tolerance"])


def test_required_distributions_leave_what_the_table_says() -> None:
    """Spent as the table requires, without return, the balance falls by the printed percentages."""
    person = Household(
        age=73,
        retirement_age=70,
        balance=1e6,
        social_security=False,
        sex=None,
        last_age=119,
        year=2026,
    )
    nothing = Scenarios(np.zeros((1, 46, 2)), ("equity", "bonds"), "nothing")
    row = cases.of_households([person], constant(0.0))
    outcome = simulate(row, cases.draw(person, nothing), Distribution())
    kept = np.prod(
        1
        - np.array(
            [
                p
                for a, p in zip(TABLE["ages"], TABLE["percent_of_balance"], strict=True)
                if 73 <= a < 119
            ]
        )
        / 100
    )
    assert outcome.spending[0, 0] == pytest.approx(1e6 * (1 - kept), rel=1e-5)
    assert outcome.bequest[0, 0] == pytest.approx(1e6 * kept, rel=1e-3)


def test_published_paths_agree_with_what_was_reported_of_them() -> None:
    """Facts of 2017 and 2024 from other sources than the table's; the landing points do not belong
    to one design."""
    points = data.table("published_glidepaths")
    held = points[
        (points["provider"] == "Vanguard Target Retirement") & (points["years_to_retirement"] == 1)
    ]
    assert held["equity"].iloc[0] == FUNDS["vanguard_2025_fund_equity_2024_09"]
    at_target = FUNDS["equity_at_target_2017"]
    anchors = next(
        p for name, p in published().items() if name.startswith("Vanguard") and "unverified" in name
    )
    assert anchors.equity_at(0) == pytest.approx(at_target["vanguard"], abs=FUNDS["tolerance"])
    landing = FUNDS["landing_2017"]
    assert anchors.equity_at(-landing["vanguard"]["years_after"]) == pytest.approx(
        landing["vanguard"]["equity"]
    )
    last = points[(points["provider"] == "Fidelity Freedom")].iloc[-1]
    assert -last["years_to_retirement"] == landing["fidelity"]["years_after"]
    assert last["equity"] == landing["fidelity"]["equity"]
