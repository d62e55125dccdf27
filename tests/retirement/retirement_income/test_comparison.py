"""Ways of spending and of buying income: by what each column says, and at the corners."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from portlib.retirement import cases as rows
from portlib.retirement import scenarios as sc
from portlib.retirement import spending_rules as rules
from portlib.retirement.cases import balanced
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.retirement_income import comparison
from portlib.retirement.scenarios import Scenarios

RETIREE = Household(
    age=65, retirement_age=65, balance=300_000, social_security=24_000.0, claiming_age=65
)
RULES = [rules.FixedReal(0.04), rules.AnnuityFactor(), rules.Distribution()]


def returns_of(paths: int, years: int = 55) -> Scenarios:
    rng = np.random.default_rng(1)
    values = np.expm1(rng.normal([0.04, 0.01], [0.14, 0.06], (paths, years, 2)))
    change = np.full((paths, years), 0.025)
    return Scenarios(values, ("equity", "bonds"), "made up", (), change)


def lives_of(paths: int) -> rows.Lives:
    return rows.draw(RETIREE, returns_of(paths), np.random.default_rng(2))


def test_each_column_says_what_its_name_says() -> None:
    lives = lives_of(300)
    out = comparison.ways(RETIREE, balanced(0.5), lives, RULES)
    table = comparison.by_rule(out)
    assert table.loc["fixed real", "first"] == pytest.approx(24_000 + 12_000)
    period = 27.4 + 7
    assert table.loc["required distributions", "first"] == pytest.approx(24_000 + 300_000 / period)
    alive = [k for k in range(300) if lives.last[0, k] >= 20]
    at_85 = [out.paths[1, 20, k] for k in alive]
    assert table.loc["annuity factor", "lean"] == pytest.approx(np.quantile(at_85, 0.1))
    assert (table.loc[["annuity factor", "required distributions"], "dry"] == 0).all()


def test_history_by_cohort_is_each_cohort_alone() -> None:
    monthly = sc.joint_history()[["equity", "bonds", "inflation"]]
    runs = sc.cohorts(30, monthly)
    table = comparison.on_history(RETIREE, balanced(0.5), runs, RULES[:1])
    k = runs.paths.index("1966")
    wealth, spent = 300_000.0, []
    for t in range(30):
        spent.append(24_000 + min(wealth, 12_000))
        wealth = (wealth - min(wealth, 12_000)) * (1 + runs.values[k, t].mean())
    assert table.loc["1966", ("fixed real", "mean")] == pytest.approx(np.mean(spent))
    assert table.loc["1966", ("fixed real", "left")] == pytest.approx(wealth)


def test_more_annuity_leaves_less_and_none_is_the_base() -> None:
    wanted = replace(RETIREE, spending=39_000)
    out = comparison.with_annuity(wanted, balanced(0.5), lives_of(400), [0.0, 0.5, 1.0], 0.0767)
    left = np.median(out.bequest, axis=1)
    assert left[0] > left[1] > left[2] == 0
    plain = comparison.ways(wanted, balanced(0.5), lives_of(400), [rules.Target()])
    assert out.success[0].tolist() == plain.success[0].tolist()


def test_every_column_is_what_a_plain_loop_over_the_lives_counts() -> None:
    early = replace(RETIREE, age=60, retirement_age=65)
    # five years before anything is spent
    lives = rows.draw(early, returns_of(200, 60), np.random.default_rng(3))
    out = comparison.ways(early, balanced(0.5), lives, [rules.FixedReal(0.07), *RULES[1:]])
    table = comparison.by_rule(out, later=10)
    assert list(table.index) == list(out.names)
    for k, name in enumerate(out.names):
        spent, first, later, worst, left, dry = [], [], [], [], [], 0
        for life in range(lives.count):
            own = [x for x in out.paths[k][:, life] if not np.isnan(x)]
            if not own:
                continue
            spent += own
            first.append(own[0])
            worst.append(min(own))
            later += own[10:11]
        for life in range(lives.count):
            left.append(out.bequest[k, life])
            dry += out.depleted[k, life] >= 0
        row = table.loc[name]
        assert row["mean"] == pytest.approx(sum(spent) / len(spent))
        assert row["first"] == pytest.approx(np.mean(first))
        assert row["later"] == pytest.approx(np.median(later))
        assert row["lean"] == pytest.approx(np.quantile(later, 0.1))
        assert row["worst"] == pytest.approx(np.quantile(worst, 0.1))
        assert row["left"] == pytest.approx(sorted(left)[99] / 2 + sorted(left)[100] / 2)
        assert row["dry"] == pytest.approx(dry / lives.count)
    assert 0 < table.loc["fixed real", "dry"] < 1
    assert table.loc["annuity factor", "left"] > 0


def test_an_annuitant_is_of_the_mortality_given() -> None:
    frail, wanted = Mortality(relative=2.0), replace(RETIREE, spending=39_000)
    with mock.patch.object(rows, "of_households", wraps=rows.of_households) as made:
        comparison.with_annuity(wanted, balanced(0.5), lives_of(5), [0.3], 0.07, mortality=frail)
    assert made.call_args.kwargs["mortality"] == frail
