"""What one participant may change on one day, by rules read twice."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from portlib.construction.mandate import (
    Infeasible,
    Mandate,
    fully_invested,
    long_only,
)
from portlib.retirement import plan_menu as menu
from portlib.retirement.plan_menu import account_review as review
from portlib.retirement.plan_menu.account_review import Trade
from portlib.retirement.plan_menu.menu import FROZEN
from tests.retirement.plan_menu.cases import BOTH, EXAMPLE

TODAY = date(2026, 11, 16)
EVEN = {"LCIDX": 0.4, "BNDIDX": 0.3, "STABLE": 0.3}


def mandates(holdings, trades=(), on=TODAY, plan=EXAMPLE, posture="moderate"):
    return review.review_mandates(plan, menu.menu_mandate(plan, posture), holdings, trades, on)


def names(found):
    return [{c.name for c in m.constraints} for m in found]


def test_a_blackout_and_a_used_up_quarter_allow_nothing():
    a = menu.menu_assumptions(EXAMPLE)
    span = EXAMPLE.rules["blackouts"][0]
    for on in (span["first"], span["last"]):
        (only,) = mandates(EVEN, on=on)
        found = review.best_of(a, [only], risk_aversion=5)
        assert found.weights[list(EVEN)].to_dict() == pytest.approx(EVEN)
    assert len(mandates(EVEN, on=span["first"] - timedelta(1))) == 2
    allowed = EXAMPLE.rules["trading"]["transfers_per_quarter"]
    past = [Trade(date(2026, 10, 1 + i), "LCIDX", 0.01) for i in range(allowed)]
    assert names(mandates(EVEN, past)) == [{"transfers per quarter"}]
    assert len(mandates(EVEN, past[1:])) == 2
    assert len(mandates(EVEN, past, on=date(2027, 1, 20))) == 2
    assert (
        len(mandates(EVEN, [*past[1:], Trade(past[1].on, "EMACT", 0.1)])) == 2
    )  # two trades, one day


def test_frozen_stock_is_kept_or_sold_but_never_bought():
    held = {"COSTK": 0.015, "BNDIDX": 0.985}
    for one in mandates(held):
        assert one[FROZEN].upper == {"COSTK": 0.015}
    generous = menu.menu_assumptions(EXAMPLE)
    generous = generous.replace(
        mu=generous.mu + 0.3 * np.array([f == "COSTK" for f in generous.labels]),
        source="a stock to wish for",
    )
    assert review.best_of(generous, mandates(held), risk_aversion=5)["COSTK"] == pytest.approx(
        0.015
    )


def test_round_trips_and_minimum_holdings_end_on_their_day():
    days = EXAMPLE.rules["trading"]["round_trip_days"]["EMACT"]
    sold = [Trade(TODAY - timedelta(days - 1), "EMACT", -0.1)]
    assert "round trip" in names(mandates(EVEN, sold))[0]
    assert "round trip" not in names(mandates(EVEN, sold, on=TODAY + timedelta(1)))[0]
    assert "round trip" not in names(mandates(EVEN, [Trade(TODAY, "EMACT", 0.1)]))[0]
    days = EXAMPLE.rules["trading"]["minimum_holding_days"]["HYACT"]
    bought, held = (
        [Trade(TODAY - timedelta(days - 1), "HYACT", 0.05)],
        {"HYACT": 0.05, "BNDIDX": 0.95},
    )
    (first, *_) = mandates(held, bought)
    assert first["minimum holding"].lower == {"HYACT": 0.05}
    assert "minimum holding" not in names(mandates(held, bought, on=TODAY + timedelta(1)))[0]


def test_the_wash_is_a_choice_of_two_and_after_a_sale_of_one():
    both = names(mandates(EVEN))
    assert ["equity wash: stable value not sold" in x for x in both] == [True, False]
    assert ["equity wash: no competing fund bought" in x for x in both] == [False, True]
    days = EXAMPLE.rules["stable_value"]["equity_wash_days"]
    sold = [Trade(TODAY - timedelta(days - 1), "STABLE", -0.1)]
    assert [
        {"equity wash: no competing fund bought"} <= x for x in names(mandates(EVEN, sold))
    ] == [True]
    assert len(mandates(EVEN, sold, on=TODAY + timedelta(1))) == 2


def test_the_better_branch_is_the_best_of_all_that_obey():
    """Against random portfolios that obey the wash, on a menu of three."""
    plan = EXAMPLE.offering(["TDIDX", "BNDIDX", "STABLE", "GOVMM"])
    a, rng = menu.menu_assumptions(plan), np.random.default_rng(8)
    loose = Mandate(a.labels, [fully_invested(), long_only()])
    for _ in range(6):
        held = pd.Series(rng.dirichlet(np.ones(len(a))), list(a.labels))
        best = review.best_of(
            a, review.review_mandates(plan, loose, held, [], TODAY), risk_aversion=6
        )
        tried = rng.dirichlet(np.full(len(a), 0.7), 4000)
        stable, cash = (a.labels.index(fund) for fund in ("STABLE", "GOVMM"))
        obeys = ~((tried[:, stable] < held["STABLE"]) & (tried[:, cash] > held["GOVMM"]))
        value = tried @ a.mu - 3 * np.einsum("pi,ij,pj->p", tried, a.sigma, tried)
        assert menu.utility(best, 6) >= value[obeys].max() - 1e-9


@pytest.mark.parametrize("plan", BOTH)
def test_no_review_breaks_a_rule_as_read_a_second_time(plan):
    rng, posture = np.random.default_rng(9), "moderate"
    a, mandate = menu.menu_assumptions(plan), menu.menu_mandate(plan, posture)
    start, seen = plan.as_of, 0
    for _ in range(30):
        held = pd.Series(rng.dirichlet(np.full(len(a), 0.5)), list(a.labels))
        on = start + timedelta(int(rng.integers(0, 250)))
        trades = [
            Trade(
                on - timedelta(int(rng.integers(1, 120))),
                str(rng.choice(a.labels)),
                float(rng.choice([-0.1, 0.1])),
            )
            for _ in range(4)
        ]
        try:
            after = review.best_of(
                a, review.review_mandates(plan, mandate, held, trades, on), risk_aversion=5
            ).weights
        except Infeasible:
            continue
        seen += 1
        assert review.broken_rules(plan, held, after, trades, on) == []
    assert seen > 10


def test_the_second_reading_sees_each_rule_broken():
    on, shift = TODAY, {"LCIDX": 0.4, "BNDIDX": 0.3, "STABLE": 0.2, "GOVMM": 0.1}

    def seen(after, trades=(), on=on, before=None):
        both = (
            pd.Series(x).reindex(EXAMPLE.funds.index, fill_value=0.0)
            for x in (before or EVEN, after)
        )
        return review.broken_rules(EXAMPLE, *both, trades, on)

    assert seen(EVEN) == []
    assert seen(shift) == ["equity wash"]
    assert seen(
        {**EVEN, "LCIDX": 0.3, "GOVMM": 0.1}, [Trade(on - timedelta(5), "STABLE", -0.1)]
    ) == ["equity wash"]
    assert seen(
        {**EVEN, "LCIDX": 0.3, "BNDIDX": 0.4}, on=EXAMPLE.rules["blackouts"][0]["first"]
    ) == ["blackout"]
    assert seen({**EVEN, "LCIDX": 0.3, "COSTK": 0.1}) == ["frozen employer stock"]
    assert seen(
        {**EVEN, "LCIDX": 0.3, "EMACT": 0.1}, [Trade(on - timedelta(5), "EMACT", -0.1)]
    ) == ["round trip"]
    assert seen(
        EVEN, [Trade(on - timedelta(5), "HYACT", 0.1)], before={**EVEN, "LCIDX": 0.3, "HYACT": 0.1}
    ) == ["minimum holding"]
    many = [Trade(date(2026, 10, d), "LCIDX", 0.01) for d in (1, 2, 3, 4)]
    assert seen({**EVEN, "LCIDX": 0.3, "BNDIDX": 0.4}, many) == ["transfers per quarter"]


def test_money_in_the_series_is_reviewed_like_any_other():
    mandate = menu.menu_mandate(EXAMPLE, "growth")
    someone = EXAMPLE.holdings.index[EXAMPLE.holdings["TDIDX"] == 1][0]
    held = review.holdings_considered(EXAMPLE, mandate, someone)
    assert held.sum() == pytest.approx(1) and held.idxmax() in set(menu.dates(EXAMPLE))
    funds = EXAMPLE.funds.assign(kind=EXAMPLE.funds["kind"].replace("stable_value", "annuity"))
    insured = replace(EXAMPLE, funds=funds, holdings=EXAMPLE.holdings * 0.0)
    insured.holdings["STABLE"] = 1.0
    left = menu.menu_mandate(insured, "growth")
    with pytest.raises(ValueError, match=someone):
        review.holdings_considered(insured, left, someone)
    with pytest.raises(ValueError, match="not to one"):
        mandates({"LCIDX": 0.5})


def test_locks_that_contradict_the_mandate_are_named():
    held = {"HYACT": 0.5, "BNDIDX": 0.5}
    with pytest.raises(Infeasible, match="minimum holding"):
        review.best_of(
            menu.menu_assumptions(EXAMPLE),
            mandates(held, [Trade(TODAY, "HYACT", 0.5)]),
            risk_aversion=5,
        )
