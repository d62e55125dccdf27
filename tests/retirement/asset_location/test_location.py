"""After-tax value, risk and place: closed forms against books, programmes against brute force, and
bad inputs.
"""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import data, policy
from portlib.construction import optimize
from portlib.records import Assumptions
from portlib.retirement.asset_location import (
    BUCKETS,
    Rates,
    after_tax_values,
    best_order,
    deferred_growth,
    equivalents,
    fill,
    locate,
    pair_label,
    pair_mandate,
    pairs,
    roth_break_even,
    tax_character,
    taxable_growth,
)

OURS = policy.read()
RATES = Rates(0.3, 0.15, 0.2, 0.25)
rate = st.floats(0, 0.6)
share = st.floats(0, 1)


def values(*amounts: float) -> pd.Series:
    return pd.Series(dict(zip(BUCKETS, amounts, strict=True)))


def problem(seed: int, n: int = 4) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    names = [f"class {i}" for i in range(n)]
    mu = rng.uniform(0.02, 0.10, n)
    assumptions = Assumptions(names, mu, np.diag(rng.uniform(0.001, 0.04, n)))
    character = pd.DataFrame(
        {
            "interest": mu * rng.random(n),
            "qualified": 0.01 * rng.random(n),
            "realised": rng.random(n),
        },
        index=names,
    )
    target = pd.Series(rng.dirichlet(np.ones(n)), index=names)
    money = values(*rng.uniform(0, 1e5, 4))
    return target, money, equivalents(assumptions, character, RATES, 20)


# ---- one asset ----


@given(
    r=st.floats(-0.05, 0.15),
    interest=st.floats(0, 0.05),
    qualified=st.floats(0, 0.03),
    turned=share,
    basis=share,
    years=st.integers(1, 40),
    rates=st.tuples(rate, rate, rate),
)
@settings(max_examples=80)
def test_growth_equals_the_books_kept_year_by_year(
    r, interest, qualified, turned, basis, years, rates
):
    t = Rates(*rates, 0.2)
    value, cost = 1.0, basis
    for _ in range(years):
        price = value * (r - interest - qualified)
        paid = value * interest * t.ordinary + (value * qualified + turned * price) * t.gains
        cost += value * (interest + qualified) + turned * price - paid
        value += price + value * (interest + qualified) - paid
    expected = value - t.exit_gains * (value - cost)
    found = taxable_growth(
        r, years, t, interest=interest, qualified=qualified, realised=turned, basis=basis
    )
    assert float(found) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_limits_of_the_formula():
    assert taxable_growth(0.05, 10, Rates(0, 0, 0, 0), interest=0.03) == pytest.approx(1.05**10)
    assert taxable_growth(0.05, 10, RATES, interest=0.05) == pytest.approx((1 + 0.05 * 0.7) ** 10)
    assert taxable_growth(0.05, 10, RATES, realised=1.0) == pytest.approx((1 + 0.05 * 0.85) ** 10)
    assert taxable_growth(0.05, 10, RATES) == pytest.approx(0.8 * 1.05**10 + 0.2)
    assert taxable_growth(0.05, 10, RATES, step_up=True, basis=0.1) == pytest.approx(1.05**10)
    assert taxable_growth(0.0, 10, RATES, basis=0.5) == pytest.approx(1 - 0.2 * 0.5)
    assert deferred_growth(0.05, 10, RATES) == pytest.approx(0.75 * 1.05**10)


def test_expected_wealth_follows_from_the_expected_return():
    """Independent years: the formula at the mean return is the mean of wealth."""
    rng = np.random.default_rng(1)
    r = 0.06 + 0.15 * rng.standard_normal((200_000, 6))
    value, cost = np.ones(len(r)), np.ones(len(r))
    for k in range(6):
        price = value * (r[:, k] - 0.03)
        paid = value * 0.01 * RATES.ordinary + (value * 0.02 + 0.4 * price) * RATES.gains
        cost, value = cost + 0.03 * value + 0.4 * price - paid, value + price + 0.03 * value - paid
    wealth = value - RATES.exit_gains * (value - cost)
    found = float(taxable_growth(0.06, 6, RATES, interest=0.01, qualified=0.02, realised=0.4))
    assert abs(wealth.mean() - found) < 4 * wealth.std() / len(r) ** 0.5


def test_the_government_shares_risk_as_it_taxes_gains():
    one = Assumptions(["a"], [0.06], [[0.04]])
    for turned, kept in ((1.0, 0.85), (0.0, None)):
        flows = pd.DataFrame(
            {"interest": [0.0], "qualified": [0.0], "realised": [turned]}, index=["a"]
        )
        found = equivalents(one, flows, RATES, 20)["risk_kept"].iloc[0]
        late = 0.8 * 20 * 1.06**19 / (20 * (0.8 * 1.06**20 + 0.2) ** (19 / 20))
        assert found == pytest.approx(kept or late, rel=1e-6)


def test_after_tax_values():
    held = {"taxable": 100.0, "deferred": 100.0, "roth": 100.0, "hsa": 100.0}
    found = after_tax_values(held, RATES, basis=0.5)
    assert list(found) == pytest.approx([90, 75, 100, 100])
    assert after_tax_values({}, RATES).sum() == 0


@pytest.mark.parametrize("missing", BUCKETS)
def test_a_missing_balance_is_named_and_no_other(missing):
    balances = dict.fromkeys(BUCKETS, 5.0) | {missing: float("nan")}
    with pytest.raises(ValueError, match=f"the balance of the {missing} account"):
        after_tax_values(balances, RATES)


def test_tax_character_is_the_policys_and_leaves_no_more_interest_than_return():
    names = list(OURS["reference_portfolio"])
    table = tax_character(names, OURS)
    expected = data.table("horizon_2025_assets").loc[names, "arithmetic_10y"]
    assert (table["interest"] + table["qualified"] <= expected + 1e-9).all()
    assert table.to_numpy().min() >= 0
    assert table["realised"].max() <= 1
    with pytest.raises(ValueError, match="does not describe gold"):
        tax_character(["gold"], OURS)


# ---- place ----


@given(seed=st.integers(0, 10_000), n=st.integers(1, 6))
@settings(max_examples=40)
def test_programme_and_order_agree_and_keep_every_dollar(seed, n):
    target, money, returns = problem(seed, n)
    best = locate(target, money, returns)
    greedy = fill(target, money, returns, best_order(returns))
    assert best.annual_return == pytest.approx(greedy.annual_return, abs=1e-12)
    for found in (best, greedy, fill(target, money, returns, None)):
        np.testing.assert_allclose(found.dollars.sum(axis=1), target * money.sum(), atol=1e-6)
        np.testing.assert_allclose(found.dollars.sum(), money, atol=1e-6)
        assert found.dollars.to_numpy().min() > -1e-6
        assert found.annual_return <= best.annual_return + 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_no_order_beats_the_programme_and_one_meets_it(seed):
    target, money, returns = problem(seed)
    earned = [
        fill(target, money, returns, list(o)).annual_return for o in permutations(target.index)
    ]
    assert max(earned) == pytest.approx(locate(target, money, returns).annual_return, abs=1e-12)
    assert max(earned) > min(earned)


@pytest.mark.parametrize("seed", range(5))
def test_worth_of_room_is_what_a_moved_dollar_earns(seed):
    target, money, returns = problem(seed)
    best = locate(target, money, returns)
    for bucket in BUCKETS[1:]:
        more = money.copy()
        more["taxable"] -= 1.0
        more[bucket] += 1.0
        gain = (locate(target, more, returns).annual_return - best.annual_return) * money.sum()
        assert gain == pytest.approx(best.room[bucket], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_floors_are_kept_and_cost_what_the_programme_says(seed):
    target, money, returns = problem(seed)
    worst = best_order(returns)[-1]
    kept = 0.5 * min(target[worst] * money.sum(), money["deferred"])
    floors = pd.DataFrame({"deferred": [kept]}, index=[worst])
    best, tied = locate(target, money, returns), locate(target, money, returns, floors=floors)
    assert tied.dollars.loc[worst, "deferred"] >= kept - 1e-6
    assert tied.annual_return <= best.annual_return + 1e-12
    by_order = fill(target, money, returns, best_order(returns), floors=floors)
    assert by_order.annual_return == pytest.approx(tied.annual_return, abs=1e-12)


def test_dollars_have_no_unit():
    target, money, returns = problem(7)
    small, large = locate(target, money, returns), locate(target, 1000 * money, returns)
    assert small.annual_return == pytest.approx(large.annual_return)
    np.testing.assert_allclose(large.room, small.room, atol=1e-12)


def test_nothing_to_choose_when_nothing_is_taxed():
    target, money, _ = problem(3)
    assumptions = Assumptions(list(target.index), [0.03, 0.05, 0.06, 0.08], np.eye(4) * 0.01)
    flows = pd.DataFrame(0.01, index=target.index, columns=["interest", "qualified", "realised"])
    free = equivalents(assumptions, flows, Rates(0, 0, 0, 0), 20)
    assert free["advantage"].abs().max() < 1e-12
    assert free["risk_kept"].to_numpy() == pytest.approx(1.0)
    assert locate(target, money, free).annual_return == pytest.approx(
        fill(target, money, free, None).annual_return
    )


# ---- together ----


def test_joint_problem_of_identical_accounts_is_the_plain_one():
    """With no tax at all an account is a name: the joint optimum has the plain problem's
    utility."""
    names = ["a", "b", "c"]
    assumptions = Assumptions(names, [0.03, 0.06, 0.08], np.diag([0.002, 0.02, 0.04]), 0.02)
    flows = pd.DataFrame(0.01, index=names, columns=["interest", "qualified", "realised"])
    free = equivalents(assumptions, flows, Rates(0, 0, 0, 0), 10)
    money = values(40.0, 60.0, 0.0, 0.0)
    both = pairs(assumptions, free, ["taxable", "deferred"])
    found = optimize(both, pair_mandate(names, money), risk_aversion=4.0, optimizer="MARKOWITZ")
    plain = optimize(assumptions, risk_aversion=4.0, optimizer="MARKOWITZ")
    assert found.mean - 2 * found.risk**2 == pytest.approx(plain.mean - 2 * plain.risk**2, abs=1e-7)
    assert sum(found[pair_label(n, "taxable")] for n in names) == pytest.approx(0.4, abs=1e-7)


def test_caps_hold_over_all_accounts():
    target, money, returns = problem(11)
    assumptions = Assumptions(list(target.index), returns["sheltered"].to_numpy(), np.eye(4) * 0.01)
    both = pairs(assumptions, returns, BUCKETS)
    mandate = pair_mandate(list(target.index), money, caps=dict.fromkeys(target.index, 0.3))
    found = optimize(both, mandate, risk_aversion=1.0, optimizer="MARKOWITZ")
    assert found.w.reshape(4, 4).sum(axis=0).max() <= 0.3 + 1e-7


# ---- Roth or traditional, and bad inputs ----


def test_break_even():
    assert roth_break_even(0.24, 3.0, 3.0) == pytest.approx(0.24)
    assert roth_break_even(0.24, 3.0, 2.0) == pytest.approx(0.16)
    assert roth_break_even(0.24, 3.0, 2.0, saving_invested=0.5) == pytest.approx(0.08)
    assert roth_break_even(0.24, 3.0, 2.0, at_limit=False) == 0.24
    with pytest.raises(ValueError, match=r"above (0|zero)"):
        roth_break_even(0.24, 0.0, 1.0)


def test_bad_inputs_are_refused_by_name():
    target, money, returns = problem(0)
    with pytest.raises(ValueError, match="the rate gains is 15"):
        Rates(0.3, 15, 0.2, 0.25)
    with pytest.raises(ValueError, match="no account 401k"):
        after_tax_values({"401k": 1.0}, RATES)
    with pytest.raises(ValueError, match="balance of the deferred account is negative"):
        after_tax_values({"deferred": -1.0}, RATES)
    with pytest.raises(ValueError, match=r"not to 0\.5"):
        locate(target / 2, money, returns)
    with pytest.raises(ValueError, match="some above zero"):
        locate(target, 0 * money, returns)
    with pytest.raises(ValueError, match="no after-tax returns for 'class 0'"):
        locate(target, money, returns.drop("class 0"))
    with pytest.raises(ValueError, match="name every class"):
        fill(target, money, returns, list(target.index[:-1]))
    floors = pd.DataFrame({"roth": [2 * money.sum()]}, index=["class 1"])
    for place in (
        lambda: locate(target, money, returns, floors=floors),
        lambda: fill(target, money, returns, None, floors=floors),
    ):
        with pytest.raises(ValueError, match=r"what must stay exceeds (class 1|roth)"):
            place()


@pytest.mark.parametrize(("name", "law"), [("inherited", "401.a..9..H."), ("qcd", "408.d..8.")])
def test_inherited_accounts_and_charitable_distributions_are_refused_by_name(name, law) -> None:
    with pytest.raises(ValueError, match=f"{name}.*{law}"):
        after_tax_values({"deferred": 1_000.0, name: 1_000.0}, RATES)


def test_pairs_carry_the_after_tax_return_and_risk_of_their_own_account():
    names = ["a", "b"]
    sigma = np.array([[0.01, 0.004], [0.004, 0.04]])
    assumptions = Assumptions(names, [0.03, 0.08], sigma, 0.02)
    flows = pd.DataFrame(
        {"interest": [0.03, 0.0], "qualified": [0.0, 0.02], "realised": [0.0, 0.1]}, index=names
    )
    found = equivalents(assumptions, flows, Rates(0.3, 0.15, 0.15, 0.2), 10)
    both = pairs(assumptions, found, ["deferred", "taxable"])
    assert list(both.labels) == [pair_label(n, b) for b in ("deferred", "taxable") for n in names]
    assert both.mu == pytest.approx([*found["sheltered"], *found["taxable"]])
    kept = np.r_[1.0, 1.0, found["risk_kept"]]
    expected = [[kept[i] * kept[j] * sigma[i % 2, j % 2] for j in range(4)] for i in range(4)]
    assert both.sigma == pytest.approx(np.array(expected))
    spared = equivalents(assumptions, flows, Rates(0.3, 0.15, 0.15, 0.2), 10, step_up=True)
    never = equivalents(assumptions, flows, Rates(0.3, 0.15, 0.0, 0.2), 10)
    assert spared["taxable"].to_numpy() == pytest.approx(never["taxable"].to_numpy())
    assert (spared["taxable"] >= found["taxable"]).all() and (spared != found).any(axis=None)
