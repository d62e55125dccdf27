"""What does each way of spending and of buying income give, by more than its chance of success?

Success alone says that a rule which never runs out is best, however little it pays. So each way is
read by what is spent at first, in the middle and in lean lives, by the worst year, by the certainty
equivalent (one number for level and risk) and by what is left.

Left out: what a smooth path is worth beyond the certainty equivalent, and bequests as a wish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from portlib.ranges import SHARE, door
from portlib.records import Array
from portlib.retirement import cases as rows
from portlib.retirement.cases import Annuity, Lives, Mix
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import Outcomes, simulate
from portlib.retirement.spending_rules import SpendingRule


@door()
def ways(
    retiree: Household,
    mix: Mix,
    lives: Lives,
    rules: Sequence[SpendingRule],
    *,
    mortality: Mortality | None = None,
    risk_aversion: float = 5.0,
) -> Outcomes:
    """The retiree under each rule, on common lives, with every life's path kept.

    Parameters
    ----------
    retiree : Household
    mix : Mix
    lives : Lives
        Drawn for the retiree.
    rules : sequence of SpendingRule
    mortality : Mortality, optional
        Of the price of income for life; the population's when not given.
    risk_aversion : float
        Of the certainty equivalent.

    Returns
    -------
    Outcomes
        A row a rule.

    Examples
    --------
    A fixed eighth of the first savings runs out after eight of ten years in which nothing is
    earned; an eighth of what is left never does:

    >>> from portlib.retirement.spending_rules import FixedPercentage, FixedReal
    >>> one = Household(age=65, retirement_age=65, balance=100_000, sex=None, last_age=75)
    >>> flat = Scenarios(np.zeros((1, 10, 2)), ("equity", "bonds"), "nothing is earned")
    >>> two = [FixedReal(0.125), FixedPercentage(0.125)]
    >>> out = ways(one, rows.balanced(0.6), rows.draw(one, flat), two)
    >>> out.depleted.ravel().tolist()
    [8.0, -1.0]

    Income for life costs what the mortality given says; of more lives than a few all are kept:

    >>> from portlib.retirement.spending_rules import AnnuityFactor
    >>> old = Household(age=65, retirement_age=65, balance=100_000, sex="female")
    >>> still = Scenarios(np.zeros((4, 60, 2)), ("equity", "bonds"), "nothing is earned")
    >>> lives = rows.draw(old, still, np.random.default_rng(1))
    >>> frail, plain = (
    ...     ways(old, rows.balanced(0.6), lives, [AnnuityFactor()], mortality=law).paths[0]
    ...     for law in (Mortality(relative=3.0), None)
    ... )
    >>> frail.shape[1], bool(frail[0, 0] > plain[0, 0])  # who dies sooner may spend more
    (4, True)
    """
    names = [rule.name for rule in rules]
    case = rows.of_households([retiree] * len(rules), mix, names=names, mortality=mortality)
    return simulate(case, lives, list(rules), risk_aversion=risk_aversion, keep=lives.count)


@door()
def by_rule(out: Outcomes, later: int = 20) -> pd.DataFrame:
    """What each rule gives, real dollars a year of all sources.

    Parameters
    ----------
    out : Outcomes
        With the paths of all lives, as `ways` gives them.
    later : int
        Years after the first at which ``later`` and ``lean`` are read.

    Returns
    -------
    DataFrame, a row a rule
        first : in the first year, mean of lives. mean : over all years lived. later, lean : median
        and tenth percentile `later` years on, of those alive. worst : tenth percentile of the worst
        year. equivalent : certainty equivalent. left : median bequest. dry : share of lives in
        which the rule asked for more than there was.

    Raises
    ------
    ValueError
        For a year `later` in which nobody lives any more.

    Examples
    --------
    Three lives gain nothing, lose 4% and gain 7% a year for ten years. A fixed eighth of 100,000
    runs out in the first two; of an eighth of what is left the middle life has 0.875 of the year
    before:

    >>> from portlib.retirement.spending_rules import FixedPercentage, FixedReal
    >>> one = Household(age=65, retirement_age=65, balance=100_000, sex=None, last_age=75)
    >>> steady = np.array([0.0, -0.04, 0.07])[:, None, None] * np.ones((3, 10, 2))
    >>> lives = rows.draw(one, Scenarios(steady, ("equity", "bonds"), "steady"))
    >>> two = [FixedReal(0.125), FixedPercentage(0.125)]
    >>> table = by_rule(ways(one, rows.balanced(0.6), lives, two, risk_aversion=2.0), later=3)
    >>> table["first"].tolist(), table["dry"].round(6).tolist()
    ([12500.0, 12500.0], [0.666667, 0.0])
    >>> share = table.loc["fixed percentage"]
    >>> by_hand = {  # quantiles of three lives lie between the lowest and the middle one
    ...     "later": 12_500 * 0.875**3,
    ...     "lean": 12_500 * 0.875**3 * (0.8 * 0.96**3 + 0.2),
    ...     "worst": 12_500 * 0.875**9 * (0.8 * 0.96**9 + 0.2),
    ...     "left": 100_000 * 0.875**10,
    ... }
    >>> all(abs(share[name] - value) < 1e-6 for name, value in by_hand.items())
    True
    >>> paid = [12_500 * (0.875 * g) ** t for g in (1.0, 0.96, 1.07) for t in range(10)]
    >>> bool(abs(share["mean"] - sum(paid) / 30) < 1e-6)
    True

    With a risk aversion of two the equivalent is the harmonic mean, of amounts above 5,000:

    >>> harmonic = 30 / sum(1 / max(x, 5_000) for x in paid)
    >>> bool(abs(share["equivalent"] - harmonic) < 1e-6)
    True

    It goes on in ``comparison.md``.
    """
    paths = out.paths
    first = np.array([_first(p) for p in paths])
    lived = np.flatnonzero(~np.isnan(paths[0]).all(axis=1))
    if not 0 <= later <= lived[-1] - lived[0]:
        raise ValueError(
            f"later is {later}: give years after the first in which somebody lives, up to "
            f"{lived[-1] - lived[0]}"
        )
    at = lived[0] + later
    with np.errstate(invalid="ignore"):
        worst = [np.nanquantile(np.nanmin(p[:, _lived(p)], axis=0), 0.1) for p in paths]
    columns = {
        "first": first,
        "mean": out.spending.sum(axis=1) / out.years.sum(axis=1),
        "later": np.nanmedian(paths[:, at], axis=1),
        "lean": np.nanquantile(paths[:, at], 0.1, axis=1),
        "worst": worst,
        "equivalent": out.certainty_equivalent(),
        "left": np.median(out.bequest, axis=1),
        "dry": (out.depleted >= 0).mean(axis=1),
    }
    return pd.DataFrame(columns, index=list(out.names))


@door()
def on_history(
    retiree: Household, mix: Mix, returns: Scenarios, rules: Sequence[SpendingRule], years: int = 30
) -> pd.DataFrame:
    """Every cohort of history under each rule.

    Each lives `years` for certain; so the annuity rule spreads over what remains of them.

    Parameters
    ----------
    retiree : Household
    mix : Mix
    returns : Scenarios
        As `portlib.retirement.scenarios.cohorts` gives them.
    rules : sequence of SpendingRule
    years : int

    Returns
    -------
    DataFrame
        Rows cohorts, columns (rule, mean | worst | left), real dollars.

    Raises
    ------
    ValueError
        For two rules of one name.

    Examples
    --------
    Two years of 1950 and two of 1951, by the year; half of what is left is spent:

    >>> from portlib.retirement.spending_rules import FixedPercentage
    >>> one = Household(age=65, retirement_age=65, balance=100_000)
    >>> years = np.array([[0.2, -0.1], [-0.1, 0.3]])[..., None] * np.ones((2, 2, 2))
    >>> history = Scenarios(years, ("equity", "bonds"), "SYNTHETIC", ("1950", "1951"))
    >>> table = on_history(one, rows.balanced(0.6), history, [FixedPercentage(0.5)], years=2)
    >>> table.loc["1950"].round(6).tolist()  # 50,000 and 30,000 are spent, 30,000 less a tenth left
    [40000.0, 30000.0, 27000.0]
    >>> table.loc["1951"].round(6).tolist()  # 50,000 and 22,500, and 22,500 * 1.3
    [36250.0, 22500.0, 29250.0]

    At 70 and with another mix too, each rule by its own name, cohorts in the order given:

    >>> parted = years * [1.0, 0.0]  # bonds earn nothing
    >>> history = Scenarios(parted[::-1], ("equity", "bonds"), "SYNTHETIC", ("1951", "1950"))
    >>> two = [FixedPercentage(0.5), FixedPercentage(0.25, name="less")]
    >>> older = replace(one, age=70, retirement_age=70)
    >>> table = on_history(older, rows.balanced(0.5), history, two, years=2)
    >>> # 50,000 and half of 55,000; 25,000 and a quarter of 82,500; the rest earns 10%, loses 5%
    >>> table.index.tolist(), table.loc["1950", "fixed percentage"].round(6).tolist()
    (['1951', '1950'], [38750.0, 27500.0, 26125.0])
    >>> table.loc["1950", "less"].round(6).tolist()
    [22812.5, 20625.0, 58781.25]
    >>> on_history(older, rows.balanced(0.5), history, [*two, FixedPercentage(0.3)], years=2)
    Traceback (most recent call last):
    ...
    ValueError: two rules are called fixed percentage: give each a name of its own

    It goes on in ``comparison.md``.
    """
    named = [rule.name for rule in rules]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise ValueError(f"two rules are called {', '.join(twice)}: give each a name of its own")
    certain = replace(retiree, sex=None, last_age=retiree.age + years)
    lives = rows.draw(certain, returns)
    out = ways(certain, mix, lives, rules)
    found = {}
    for k, rule in enumerate(rules):
        found[rule.name, "mean"] = out.paths[k, :years].mean(axis=0)
        found[rule.name, "worst"] = out.paths[k, :years].min(axis=0)
        found[rule.name, "left"] = out.bequest[k]
    return pd.DataFrame(found, index=list(returns.paths))


@door(shares=SHARE, payout=SHARE)
def with_annuity(
    retiree: Household,
    mix: Mix,
    lives: Lives,
    shares: Sequence[float],
    payout: float,
    *,
    delay: int = 0,
    nominal: bool = True,
    mortality: Mortality | None = None,
) -> Outcomes:
    """The retiree with a part of savings turned into income, spending what is wanted.

    Parameters
    ----------
    retiree, mix, lives, mortality
        As in `ways`; with prices, where the annuity is nominal.
    shares : sequence of float
        Of savings, a row each.
    payout : float
        Dollars a year for each dollar.
    delay : int
        Years until it pays.
    nominal : bool
        Whether it is fixed in dollars, else in purchasing power.

    Returns
    -------
    Outcomes
        A row a share.

    Examples
    --------
    Nothing is earned for ten years, and 10,000 are wanted of 100,000. Two fifths at a payout of 10%
    pay 4,000 and leave 60,000 for 6,000 a year; at 8% 3,200, and 60,000 for 6,800 last eight years;
    what begins a year late lacks 4,000:

    >>> facts = {"age": 65, "retirement_age": 65, "balance": 100_000, "spending": 10_000}
    >>> one = Household(**facts, sex=None, last_age=75)
    >>> flat = Scenarios(np.zeros((1, 10, 2)), ("equity", "bonds"), "nothing is earned")
    >>> lives = rows.draw(one, flat)
    >>> out = with_annuity(one, rows.balanced(0.6), lives, [0.0, 0.4], 0.10, nominal=False)
    >>> out.names, out.success.ravel().tolist(), out.spending.ravel().round(2).tolist()
    (('0%', '40%'), [True, True], [100000.0, 100000.0])
    >>> less = with_annuity(one, rows.balanced(0.6), lives, [0.4], 0.08, nominal=False)
    >>> less.depleted.ravel().tolist(), less.unmet.ravel().round(2).tolist()  # 68,000 of 60,000
    ([8.0], [8000.0])
    >>> late = with_annuity(one, rows.balanced(0.6), lives, [0.4], 0.10, delay=1, nominal=False)
    >>> late.unmet.ravel().round(2).tolist()
    [4000.0]
    >>> late = with_annuity(one, rows.balanced(0.6), lives, [0.4], 0.10, delay=3, nominal=False)
    >>> late.unmet.ravel().round(2).tolist()
    [12000.0]

    Fixed in dollars it buys less as prices rise, here by a quarter a year: 3,200 in the second
    year, and 2,560 in the third:

    >>> one = Household(**facts, sex=None, last_age=68)
    >>> still, rising = np.zeros((1, 3, 2)), np.full((1, 3), 0.25)
    >>> dear = Scenarios(still, ("equity", "bonds"), "prices rise", (), rising)
    >>> short = with_annuity(one, rows.balanced(0.6), rows.draw(one, dear), [1.0], 0.04)
    >>> short.unmet.ravel().round(2).tolist()  # 6,000 + 6,800 + 7,440
    [20240.0]

    It goes on in ``comparison.md``.
    """
    n = len(shares)
    bought = Annuity(
        np.array(shares, float),
        np.full(n, payout),
        np.full(n, float(delay)),
        np.full(n, nominal),
    )
    names = [f"{100 * share:g}%" for share in shares]
    case = rows.of_households([retiree] * n, mix, names=names, annuity=bought, mortality=mortality)
    return simulate(case, lives)


def _first(path: Array) -> float:
    begun = np.flatnonzero(~np.isnan(path).all(axis=1))[0]
    return float(np.nanmean(path[begun]))


def _lived(path: Array) -> Array:
    return np.asarray(~np.isnan(path).all(axis=0))
