"""The simulator against a plain loop, closed forms, a dynamic programme and identities."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from portlib.estimation.inference import wilson
from portlib.retirement import cases as rows
from portlib.retirement import spending_rules as rules
from portlib.retirement.cases import Annuity, Care, balanced
from portlib.retirement.glidepaths import shaped
from portlib.retirement.household import Household, Spouse, contributions
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.pay_risk import PayRisk
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate

MATCH = [{"rate": 1.0, "up_to": 0.03}, {"rate": 0.5, "up_to": 0.05}]
SAVER = Household(
    age=50,
    retirement_age=65,
    pay=80_000,
    balance=100_000,
    deferral_rate=0.08,
    match=MATCH,
    pay_growth=0.01,
    spending=60_000,
    fee_dollars=58,
)


def years_of(paths: int, years: int, seed: int = 1) -> Scenarios:
    rng = np.random.default_rng(seed)
    values = np.expm1(rng.normal([0.04, 0.01], [0.15, 0.06], (paths, years, 2)))
    change = np.expm1(rng.normal(0.025, 0.02, (paths, years)))
    return Scenarios(values, ("equity", "bonds"), "made up", (), change)


def flat(rate: float, years: int, inflation: float = 0.0) -> Scenarios:
    change = np.full((1, years), inflation)
    return Scenarios(np.full((1, years, 2), rate), ("equity", "bonds"), "flat", (), change)


def by_hand(h, mix, lives, rule, column, annuity=None, care=None):
    """One life in a plain loop: (unmet, balance at retirement, bequest, spending by year, what was
    wanted by year, the first year in which savings gave less than asked)."""
    w, balance, unmet, bequest, spent_by_year = h.balance, 0.0, 0.0, 0.0, []
    wants, dry = [], -1
    case = rows.of_households([h], mix, lives)
    own = case.benefit[0, min(column, case.benefit.shape[1] - 1)]
    wanted = case.target[0, min(column, case.target.shape[1] - 1)]
    first = initial = previous = bought = gain = 0.0
    last = lives.last[0, column]
    last2 = -1 if lives.last_spouse is None else lives.last_spouse[0, column]
    for t in range(max(last, last2) + 1):
        at = mix.at(h.retirement_age - h.age - t)
        growth = float(at @ (1 + lives.returns[t, :, column])) * (1 - mix.fee)
        price = lives.price[t, column]
        w = max(w - h.fee_dollars, 0.0)
        if t < h.working:
            factor = 1.0 if lives.pay is None else lives.pay[t, column]
            pay = h.pay * (1 + h.pay_growth) ** t * factor
            person = replace(
                h,
                age=h.age + t,
                retirement_age=h.age + t + 1,
                pay=pay,
                escalation=0.0,
                deferral_rate=min(
                    h.deferral_rate + t * h.escalation, max(h.highest_deferral, h.deferral_rate)
                ),
            )
            w = w * growth * (1 - h.leakage) + contributions(person)[0] * growth**0.5
            continue
        if t == h.working:
            balance = w
            if annuity is not None:
                bought, first = annuity.share[0] * w * annuity.payout[0], price
                w -= annuity.share[0] * w
            initial = w
        both, alone = t <= last and t <= last2, t <= last
        theirs = 0.0
        if case.couple is not None:
            theirs = case.couple.benefit[0, 0] if t >= case.couple.claim[0] else 0.0
        mine = own if t >= case.claim[0] else 0.0
        income = h.other_income + (mine + theirs if both else max(mine, theirs))
        if lives.last_spouse is None:
            income = h.other_income + mine
        pension = h.pension / price
        income += pension if alone else h.survivor_pension * pension
        if annuity is not None and t - h.working >= annuity.delay[0]:
            income += bought * first / price if annuity.nominal[0] else bought
        want = wanted * (h.survivor_spending if lives.last_spouse is not None and not both else 1)
        need = max(want - income, 0.0)
        year = rules.Year(
            since=np.array([[t - h.working]]),
            age=np.array([[h.age + t]]),
            wealth=np.array([[w]]),
            initial=np.array([[initial]]),
            previous=np.array([[previous]]),
            need=np.array([[need]]) / (1 - h.tax_rate),
            gain=np.array([[gain]]),
            inflation=np.array([price / lives.price[t - 1, column] - 1 if t else 0.0]),
            factor=case.factor[:, t, None],
            period=case.period[:, t, None],
        )
        asked = float(np.broadcast_to(rule.withdrawal(year), (1, 1))[0, 0])
        cost = 0.0
        if care is not None and lives.care[column] and h.age + t >= care.from_age:
            cost = care.cost if t > max(last, last2) - care.years else 0.0
        asked += cost / (1 - h.tax_rate)
        drawn = min(w, asked)
        wants.append(want)
        if dry < 0 and drawn < asked - 1e-6:
            dry = t - h.working
        spent = max(income + (1 - h.tax_rate) * drawn - cost, 0.0)
        previous = max(drawn - cost / (1 - h.tax_rate), 0.0)
        unmet += max(want - spent, 0.0)
        w = (w - drawn) * growth
        gain = growth - 1
        spent_by_year.append(spent)
        bequest = w
    return unmet, balance, bequest, spent_by_year, wants, dry


EVERYTHING = replace(
    SAVER,
    leakage=0.01,
    escalation=0.01,
    highest_deferral=0.15,
    pension=12_000,
    tax_rate=0.12,
    other_income=2_000,
    spouse=Spouse(47, pay=40_000),
    claiming_age=67.5,
)
RULES = [
    rules.Target(),
    rules.FixedReal(0.05),
    rules.FixedPercentage(0.05),
    rules.Guardrails(0.05),
    rules.Bounded(0.05),
    rules.AnnuityFactor(),
    rules.Distribution(),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("h", [SAVER, EVERYTHING], ids=["plain", "everything"])
def test_a_plain_loop_over_each_life_agrees(h, rule) -> None:
    care = Care(0.3, 30_000, 3)
    returns = years_of(12, h.horizon)
    rng = np.random.default_rng(5)
    lives = rows.draw(h, returns, rng, pay_risk=PayRisk(), care=care)
    annuity = Annuity(np.array([0.3]), np.array([0.07]), np.array([2]), np.array([True]))
    mix = shaped(0.9, 12, 0.2, 10, fee=0.003)  # of a path the year counts, too
    case = rows.of_households([h], mix, lives, annuity=annuity)
    out = simulate(case, lives, rule, care=care, keep=12)
    for k in range(12):
        unmet, balance, bequest, spent, wants, dry = by_hand(h, mix, lives, rule, k, annuity, care)
        assert out.unmet[0, k] == pytest.approx(unmet, rel=1e-9, abs=1e-5)
        assert out.balance[0, k] == pytest.approx(balance, rel=1e-9)
        assert out.bequest[0, k] == pytest.approx(bequest, rel=1e-9, abs=1e-6)
        kept = out.paths[0, :, k]
        assert kept[~np.isnan(kept)] == pytest.approx(spent, rel=1e-9)
        assert out.wanted[0, k] == pytest.approx(sum(wants))
        assert out.spending[0, k] == pytest.approx(sum(spent))
        assert (out.years[0, k], out.depleted[0, k]) == (len(spent), dry)
        missing = [max(want - got, 0) / want for want, got in zip(wants, spent, strict=True)]
        assert out.worst[0, k] == pytest.approx(1 - max(missing, default=0.0), abs=1e-9)
        enjoyed = sum(-0.25 * max(got / 5_000, 1.0) ** -4 for got in spent)
        assert out.enjoyed[0, k] == pytest.approx(enjoyed, rel=1e-9)
        assert out.success[0, k] == (unmet <= 1e-9 * sum(wants))


def test_the_numbers_of_a_row_are_those_of_a_plain_loop_over_its_lives() -> None:
    """Every statistic of `Outcomes` from the lives alone, some of which never reach retirement."""
    ways = [SAVER, replace(SAVER, retirement_age=70), replace(SAVER, deferral_rate=0.02)]
    lives = rows.draw(SAVER, years_of(60, SAVER.horizon), np.random.default_rng(6))
    case = rows.of_households(ways, balanced(0.5), lives, names=["early", "late", "little"])
    for gamma in (1.0, 4.0):
        out = simulate(case, lives, risk_aversion=gamma)
        assert not out.reached.all() and out.success.any() and not out.success.all()
        table, ce = out.table(), []
        for i, name in enumerate(out.names):
            there = [k for k in range(60) if out.reached[i, k]]
            met = [k for k in there if out.success[i, k]]
            failed = [k for k in there if not out.success[i, k]]
            held, left = ([x[i, k] for k in there] for x in (out.balance, out.bequest))
            missed = sum(out.unmet[i, k] for k in there) / sum(out.wanted[i, k] for k in there)
            mean = out.enjoyed[i].sum() / out.years[i].sum()
            ce.append(5_000 * (np.exp(mean) if gamma == 1 else (-3 * mean) ** (-1 / 3)))
            expected = {
                "success": len(met) / len(there),
                "low": wilson(len(met), len(there))[0],
                "high": wilson(len(met), len(there))[1],
                "shortfall": missed,
                "depth": np.mean([1 - out.worst[i, k] for k in failed]),
                "certainty equivalent": ce[i],
                "balance": np.median(held),
                "low balance": np.quantile(held, 0.1),
                "bequest": np.median(left),
            }
            assert list(table.columns) == list(expected)
            assert table.loc[name].tolist() == pytest.approx(list(expected.values()))
        found = out.difference("early", "little")
        both = out.reached[0] & out.reached[2]
        held = (out.balance[0] - out.balance[2])[both]
        error = 1.959964 * held.std(ddof=1) / np.sqrt(len(held))
        assert found.loc["balance"].tolist() == pytest.approx(
            [held.mean(), held.mean() - error, held.mean() + error]
        )
        # of two ways that retire at unlike ages, who reached both
        unlike = out.difference("early", "late").loc["balance"]
        both = out.reached[0] & out.reached[1]
        assert both.sum() < out.reached[0].sum()
        assert unlike["mid"] == pytest.approx((out.balance[0] - out.balance[1])[both].mean())
        # one life left out moves the level by its influence over n - 1 (the jackknife)
        apart = []
        for k in range(60):
            rest = np.arange(60) != k
            mean = out.enjoyed[:, rest].sum(axis=1) / out.years[:, rest].sum(axis=1)
            level = 5_000 * (np.exp(mean) if gamma == 1 else (-3 * mean) ** (-1 / 3))
            apart.append((np.array(ce) - level) * 59)
        apart = np.array(apart).T
        assert out.influence() == pytest.approx(apart, rel=0.1, abs=0.02 * np.abs(apart).max())
        error = 1.959964 * (out.influence()[0] - out.influence()[2]).std(ddof=1) / np.sqrt(60)
        ranged = found.loc["certainty_equivalent"]
        assert (ranged["high"] - ranged["mid"]) == pytest.approx(error, rel=1e-6)
        assert ranged["mid"] - ranged["low"] == pytest.approx(error, rel=1e-6)
        share = out.reached.mean(axis=1)
        chance = (out.success & out.reached).mean(axis=1) / share
        near = [
            ((out.success & out.reached)[i] - chance[i] * out.reached[i]) / share[i] for i in (0, 2)
        ]
        error = 1.959964 * (near[0] - near[1]).std(ddof=1) / np.sqrt(60)
        gap = chance[0] - chance[2]
        assert found.loc["success"].tolist() == pytest.approx([gap, gap - error, gap + error])


def test_what_a_simulation_is_not_asked_changes_nothing() -> None:
    """Utility not asked for, and lives whose lengths are weighed in one row or in each."""
    lives = rows.draw(SAVER, years_of(40, SAVER.horizon), np.random.default_rng(6))
    case = rows.of_households([SAVER, SAVER], balanced(0.5), lives, names=["a", "b"])
    asked, silent = simulate(case, lives), simulate(case, lives, risk_aversion=None)
    for name in ("unmet", "bequest", "balance", "spending", "years", "worst", "success"):
        assert (getattr(asked, name) == getattr(silent, name)).all()
    assert np.isnan(silent.risk_aversion) and (silent.enjoyed == 0).all()
    rng = np.random.default_rng(6)
    weighed = rows.draw(SAVER, years_of(40, SAVER.horizon), rng, lifetimes="weighed")
    one = simulate(case, weighed)
    two = simulate(case, replace(weighed, alive=np.repeat(weighed.alive, 2, axis=0)))
    expected = weighed.alive[0, SAVER.working :].sum()
    assert one.years == pytest.approx(np.full((2, 40), expected))
    for name in ("enjoyed", "years", "bequest"):
        assert getattr(one, name) == pytest.approx(getattr(two, name))


def test_rows_may_retire_at_any_age_and_follow_any_rule() -> None:
    """Rows together are rows apart: sorting by retirement and grouping by rule change nothing."""
    ways = [replace(SAVER, retirement_age=age) for age in (62, 70, 65, 68)]
    lives = rows.draw(SAVER, years_of(40, SAVER.horizon), np.random.default_rng(2))
    chosen = [RULES[0], RULES[3], RULES[1], RULES[3]]
    together = simulate(rows.of_households(ways, balanced(0.5), lives), lives, chosen)
    for k, way in enumerate(ways):
        alone = simulate(rows.of_households([way], balanced(0.5), lives), lives, chosen[k])
        for name in ("unmet", "balance", "bequest", "enjoyed", "worst", "reached"):
            assert getattr(together, name)[k] == pytest.approx(getattr(alone, name)[0], rel=1e-12)


def test_lives_in_parts_are_the_same_lives() -> None:
    lives = rows.draw(SAVER, years_of(300, SAVER.horizon), np.random.default_rng(2))
    case = rows.of_households(
        [SAVER] * 400, balanced(0.5), lives, names=[str(k) for k in range(400)]
    )
    out = simulate(case, lives)
    assert (out.balance == out.balance[0]).all()
    assert out.unmet[0] == pytest.approx(
        simulate(rows.of_households([SAVER], balanced(0.5), lives), lives).unmet[0]
    )


def test_saving_and_spending_at_a_steady_return_are_textbook_annuities() -> None:
    saver = replace(
        SAVER,
        balance=0,
        match=(),
        pay=60_000,
        pay_growth=0,
        deferral_rate=0.1,
        fee_dollars=0,
        social_security=False,
        sex=None,
        last_age=95,
        spending=20_000,
    )
    lives = rows.draw(saver, flat(0.03, saver.horizon))
    out = simulate(rows.of_households([saver], balanced(0.5)), lives)
    formula = 6_000 * (1.03**15 - 1) / 0.03 * 1.03**0.5
    assert out.balance[0, 0] == pytest.approx(formula, rel=1e-12)
    due = 20_000 * (1 - 1.03**-30) / 0.03 * 1.03
    just = replace(saver, age=65, balance=due, pay=0)
    lives = rows.draw(just, flat(0.03, 30))
    enough = simulate(rows.of_households([just], balanced(0.5)), lives)
    assert enough.unmet[0, 0] == pytest.approx(0, abs=1e-4)
    assert enough.bequest[0, 0] == pytest.approx(0, abs=1e-3)
    short = simulate(rows.of_households([replace(just, balance=due - 1)], balanced(0.5)), lives)
    assert not short.success[0, 0]


def test_ruin_is_that_of_a_dynamic_programme() -> None:
    """Backwards over a grid of wealth with quadrature: no draws, no common code."""
    mu, sigma, rate, age = 0.035, 0.14, 0.055, 65
    table = Mortality()
    alive = table.survival(age, "female")
    live_on = alive[1:] / np.maximum(alive[:-1], 1e-300)
    nodes, weight = np.polynomial.hermite_e.hermegauss(40)
    growth, weight = np.exp(mu + sigma * nodes), weight / weight.sum()
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 60, 1500)])
    fails = np.zeros(len(grid))  # chance of a year that is not met, from wealth before spending 1
    for t in range(len(live_on) - 1, -1, -1):
        left = grid - 1
        after = np.interp(np.maximum(left, 0)[:, None] * growth, grid, fails) @ weight
        fails = np.where(left < -1e-12, 1.0, live_on[t] * after)
    exact = float(np.interp(1 / rate, grid, fails))

    person = Household(
        age=age,
        retirement_age=age,
        balance=1 / rate,
        spending=1,
        social_security=False,
        sex="female",
    )
    rng, n = np.random.default_rng(3), 40_000
    years = np.expm1(rng.normal(mu, sigma, (n, person.horizon, 1)))
    returns = Scenarios(np.concatenate([years, 0 * years], axis=2), ("equity", "bonds"), "made up")
    lives = rows.draw(person, returns, rng)
    met = simulate(rows.of_households([person], balanced(1.0)), lives, floor=0.1).success[0].sum()
    low, high = wilson(n - met, n, 0.999)
    assert low < exact < high


@settings(max_examples=25)
@given(st.floats(0.5, 50), st.floats(0, 1), st.integers(0, 10_000))
def test_money_is_neither_made_nor_lost(scale, equity, seed) -> None:
    """Without returns, what is spent and left is what was held, put in and received."""
    h = replace(
        SAVER, balance=scale * 10_000, fee_dollars=0, social_security=12_000.0, claiming_age=65
    )
    paths = 20
    returns = Scenarios(np.zeros((paths, h.horizon, 2)), ("equity", "bonds"), "none")
    lives = rows.draw(h, returns, np.random.default_rng(seed))
    out = simulate(rows.of_households([h], balanced(equity)), lives)
    put_in = h.balance + contributions(h).sum()
    reached = out.reached[0]
    received = 12_000 * out.years[0]
    held = out.spending[0] + out.bequest[0] - received
    assert held[reached] == pytest.approx(put_in, rel=1e-9)


def test_what_is_wanted_scales_with_everything() -> None:
    h = replace(SAVER, social_security=20_000.0, match=(), deferral_rate=0.0, pay=0.0)
    bigger = replace(
        h, balance=3 * h.balance, spending=3 * 60_000, social_security=60_000.0, fee_dollars=174
    )
    lives = rows.draw(h, years_of(200, h.horizon), np.random.default_rng(2))
    out = simulate(rows.of_households([h, bigger], balanced(0.5)), lives)
    assert (out.success[0] == out.success[1]).all()
    assert out.bequest[1] == pytest.approx(3 * out.bequest[0])


def test_a_pension_in_dollars_loses_by_inflation_and_benefits_do_not() -> None:
    base = Household(
        age=65,
        retirement_age=65,
        spending=30_000,
        sex=None,
        last_age=95,
        social_security=False,
    )
    fixed = replace(base, pension=30_000)
    indexed = replace(base, other_income=30_000)
    lives = rows.draw(base, flat(0.0, 30, inflation=0.03))
    out = simulate(rows.of_households([fixed, indexed], balanced(0.5)), lives, keep=1)
    assert out.success[:, 0].tolist() == [False, True]
    assert out.paths[0, 29, 0] == pytest.approx(30_000 / 1.03**29)


def test_a_survivor_keeps_the_larger_benefit_and_wants_less() -> None:
    pair = Household(
        age=65,
        retirement_age=65,
        spending=50_000,
        spouse=Spouse(65, claiming_age=65.0),
        social_security=24_000.0,
        claiming_age=65,
    )
    lives = rows.draw(pair, years_of(500, pair.horizon), np.random.default_rng(4))
    case = rows.of_households([pair], balanced(0.5), lives)
    out = simulate(case, lives, keep=500)
    first, second = lives.last[0], lives.last_spouse[0]
    widowed = int(np.argmax((second > first + 3) & (first > 3)))
    path = out.paths[0, :, widowed]
    assert path[first[widowed] + 1] == pytest.approx(24_000)
    assert path[first[widowed]] == pytest.approx(24_000 + case.couple.benefit[0, 0])
    assert np.isnan(path[second[widowed] + 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rules": [rules.Target()] * 3}, "3 spending rules"),
        ({"years": 10}, "do not cover"),
        ({"nan": True}, "missing or below"),
    ],
)
def test_what_does_not_fit_is_refused(change, message) -> None:
    lives = rows.draw(SAVER, years_of(5, SAVER.horizon), np.random.default_rng(2))
    case = rows.of_households([SAVER], balanced(0.5), lives)
    if "years" in change:
        lives = replace(lives, returns=lives.returns[: change["years"]])
    if "nan" in change:
        lives = replace(lives, returns=np.where(lives.returns > 0, np.nan, lives.returns))
    with pytest.raises(ValueError, match=message):
        simulate(case, lives, change.get("rules"))


def test_everything_may_be_lost_and_no_more() -> None:
    """A year of -1 is the end of what is possible; a hair below it is refused."""
    lives = rows.draw(SAVER, years_of(5, SAVER.horizon), np.random.default_rng(2))
    case = rows.of_households([SAVER], balanced(0.5), lives)
    for worst in (-1.0, -1.0 - 1e-9):
        returns = lives.returns.copy()
        returns[3, 0, 0] = worst
        if worst == -1.0:
            assert np.isfinite(simulate(case, replace(lives, returns=returns)).balance).all()
        else:
            with pytest.raises(ValueError, match="below -1"):
                simulate(case, replace(lives, returns=returns))


def test_what_is_fixed_in_dollars_needs_prices() -> None:
    h = replace(SAVER, pension=1_000)
    returns = replace(years_of(5, h.horizon), inflation=None)
    lives = rows.draw(h, returns, np.random.default_rng(2))
    with pytest.raises(ValueError, match="needs lives with prices"):
        simulate(rows.of_households([h], balanced(0.5)), lives)


def test_certainty_equivalents_are_their_definition() -> None:
    """Two years of spending by hand, and the level whose utility is their mean, by root finding."""
    person = Household(
        age=64,
        retirement_age=65,
        balance=5e5,
        social_security=20_000.0,
        claiming_age=65,
        sex=None,
        last_age=67,
    )
    returns = years_of(200, 3)
    lives = rows.draw(person, returns)
    for gamma in (1.0, 3.0, 8.0):
        case = rows.of_households([person], balanced(1.0))
        out = simulate(case, lives, rules.AnnuityFactor(), risk_aversion=gamma)
        first = 5e5 * (1 + returns.values[:, 0, 0])
        spends = first / (1 + 1 / 1.02)
        second = (first - spends) * (1 + returns.values[:, 1, 0])

        def utility(c, g=gamma):
            return np.log(c) if g == 1 else (c / 1e4) ** (1 - g) / (1 - g)

        mean = np.mean([utility(spends + 20_000), utility(second + 20_000)])
        level = brentq(lambda c, u=utility, m=mean: u(c) - m, 1e4, 1e7)
        assert out.certainty_equivalent()[0] == pytest.approx(level, rel=1e-8)


class Timid:
    """Holds the second mix whenever savings are below a line."""

    def __init__(self, mixes: np.ndarray, line: float) -> None:
        self.mixes, self.line = mixes, line

    def choose(self, t: int, wealth: np.ndarray) -> np.ndarray:
        return (wealth < self.line).astype(int)


def test_who_looks_again_every_year_chooses_by_the_savings_of_that_day() -> None:
    h = replace(SAVER, fee_dollars=0, match=(), deferral_rate=0.0, spending=10_000)
    lives = rows.draw(h, years_of(30, h.horizon), np.random.default_rng(2))
    bold, calm = (rows.of_households([h], balanced(e), lives) for e in (0.9, 0.1))
    mixes = np.concatenate([bold.mix, calm.mix])
    both = rows.of_households([h, h], balanced(0.9), lives, names=["bold", "timid"])
    for line, same in ((0.0, bold), (np.inf, calm)):
        out = simulate(both, lives, reviews=[None, Timid(mixes, line)])
        alone = simulate(same, lives)
        assert out.bequest[1] == pytest.approx(alone.bequest[0], rel=1e-12)
        assert out.bequest[0] == pytest.approx(simulate(bold, lives).bequest[0], rel=1e-12)
    out = simulate(both, lives, reviews=[None, Timid(mixes, 120_000.0)])
    for k in range(30):
        w = h.balance
        for t in range(h.working):
            e = 0.1 if w < 120_000 else 0.9
            w *= 1 + np.array([e, 1 - e]) @ lives.returns[t, :, k]
        if out.reached[1, k]:
            assert out.balance[1, k] == pytest.approx(w, rel=1e-9)
    with pytest.raises(ValueError, match="1 reviews do not go with 2 rows"):
        simulate(both, lives, reviews=[None])


def test_who_looks_again_pays_the_fee_of_the_row() -> None:
    h = replace(SAVER, fee_dollars=0, match=(), deferral_rate=0.0, spending=10_000)
    lives = rows.draw(h, years_of(10, h.horizon), np.random.default_rng(2))
    dear = rows.of_households([h], balanced(0.9, fee=0.01), lives)
    found = simulate(dear, lives, reviews=[Timid(np.concatenate([dear.mix, dear.mix]), 0.0)])
    free = simulate(rows.of_households([h], balanced(0.9), lives), lives)
    assert found.balance == pytest.approx(free.balance * 0.99**h.working, rel=1e-12)
    assert found.bequest == pytest.approx(simulate(dear, lives).bequest, rel=1e-12)


def test_paired_differences_have_the_coverage_they_claim() -> None:
    """Two ways on 200 small samples: intervals of 95% hold the difference of a large one."""
    ways = [SAVER, replace(SAVER, deferral_rate=0.12)]
    big = rows.draw(SAVER, years_of(60_000, SAVER.horizon, 9), np.random.default_rng(9))
    case = rows.of_households(ways, balanced(0.6), big, names=["low", "high"])
    whole = simulate(case, big)
    truth = whole.difference("high", "low")["mid"]
    inside = np.zeros(2)
    for k in range(200):
        part = simulate(case, big.part(slice(300 * k, 300 * (k + 1))))
        found = part.difference("high", "low")
        for i, name in enumerate(("success", "certainty_equivalent")):
            inside[i] += found["low"][name] <= truth[name] <= found["high"][name]
    assert (inside >= 180).all()
    assert (inside <= 199).all()
