"""What would today's portfolios have lost in the worst windows, what would they lose in the next,
and what follows?

Portfolios are mixes of asset classes, looked at through the funds. A window's returns pass through
them as ``x'R - cost months/12``: held from the first day to the last without rebalancing, less
today's expenses. A class has its own months where the plan brought all of a window's; else the
figures of the table, and where these lack it the policy's stand-in. Shocks and the least
unlikely loss are in `shocks`. The committee's rule: a portfolio passes if no window and no shock,
calm or in crisis, costs more than its limit, and if a year that does is rarer under Student's t
than the policy's ``stress_return_period``.

Left out: rebalancing and contributions during a window, own risks of funds in windows and shocks
(they are in the reverse test), liquidity, and what frightened people do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib import data
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import Bounds, Infeasible, Limit, Mandate
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import FEE, SHARE, VOLATILITY, among, door, numbers
from portlib.records import Array, Assumptions
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement.glidepaths.paths import Glidepath
from portlib.retirement.model_portfolios import Suite
from portlib.retirement.plan_menu import engine
from portlib.stewardship.stress_testing import shocks

HELD = "as held"


# ---- what is tested ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tested:
    """Portfolios as a stress test sees them, one row each.

    ``mix`` (portfolios x classes) sums to one; ``own`` is the volatility beyond the classes and
    ``cost`` the weighted expense ratio (annual decimals); ``limit`` the loss allowed, NaN where
    policy sets none; ``group`` what kind it is.

    Examples
    --------
    Weights that do not sum to one, and percentages, are refused:

    >>> one = pd.DataFrame({"stocks": [0.6], "bonds": [0.4]}, ["ours"])
    >>> mixes(one.assign(bonds=0.5))
    Traceback (most recent call last):
    ...
    ValueError: the class weights of ours do not sum to one
    >>> mixes(one, limit=40.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a loss limit is 40: give ...
    >>> other = mixes(one.set_axis(["theirs"]), limit=0.3, group="b")
    >>> both = joined([mixes(one, group="a"), other])
    >>> list(both.only("b").mix.index), both.only("b").limit.tolist()
    (['theirs'], [0.3])
    """

    mix: pd.DataFrame
    own: pd.Series
    cost: pd.Series
    limit: pd.Series
    group: pd.Series

    def __post_init__(self) -> None:
        twice = self.mix.index[self.mix.index.duplicated()]
        if len(twice):
            raise ValueError(f"two portfolios are called {twice[0]}")
        off = ~((self.mix.sum(axis=1, skipna=False) - 1).abs() <= 1e-6)
        if off.any():
            raise ValueError(f"the class weights of {self.mix.index[off][0]} do not sum to one")
        numbers("a volatility beyond the classes", self.own, **VOLATILITY)
        numbers("an expense ratio", self.cost, **FEE)
        numbers("a loss limit", self.limit.dropna(), **SHARE)

    def only(self, group: str) -> Tested:
        """The portfolios of one group."""
        among("group", [group], dict.fromkeys(self.group))
        kept = self.group == group
        return Tested(
            self.mix[kept], self.own[kept], self.cost[kept], self.limit[kept], self.group[kept]
        )


def mixes(
    mix: pd.DataFrame,
    own: float | Sequence[float] = 0.0,
    cost: float | Sequence[float] = 0.0,
    limit: float | Sequence[float] = np.nan,
    group: str = "mix",
) -> Tested:
    """Any portfolios of asset classes, to be tested like the plan's own.

    Parameters
    ----------
    mix : DataFrame (portfolios, classes)
        Weights, each row summing to one.
    own, cost : float or a sequence by portfolio
        Volatility beyond the classes, and expenses, annual decimals.
    limit : float or a sequence by portfolio
        Loss allowed, decimal; nan for none.
    group : str
        What kind they are.

    Returns
    -------
    Tested

    Examples
    --------
    Put together, a class that one set lacks has weight zero there.

    >>> stocks = mixes(pd.DataFrame({"stocks": [1.0]}, ["all in"]), limit=0.4)
    >>> bonds = mixes(pd.DataFrame({"bonds": [1.0]}, ["none"]), cost=0.001)
    >>> joined([stocks, bonds]).mix
            stocks  bonds
    all in     1.0    0.0
    none       0.0    1.0
    """
    o, c, most = (pd.Series(v, mix.index, dtype=float) for v in (own, cost, limit))
    return Tested(mix, o, c, most, pd.Series(group, mix.index))


def joined(parts: Sequence[Tested]) -> Tested:
    """Several sets of portfolios as one; a class that one of them lacks has weight zero there."""
    mix = pd.concat([p.mix for p in parts]).fillna(0.0)
    return Tested(
        mix,
        *(
            pd.concat([getattr(p, what) for p in parts])
            for what in ("own", "cost", "limit", "group")
        ),
    )


@door()
def path_limit(years: float, *, policy: Policy) -> float:
    """The loss that policy ``stress_path_limit`` allows; between its points on a line.

    Parameters
    ----------
    years : float
        Before retirement; below zero after it.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    float
        Decimal.

    Raises
    ------
    ValueError
        For years that are no finite number.

    Examples
    --------
    Half way between two points half of each; beyond the ends nothing changes, and the order of the
    points does not count:

    >>> policy = {"stress_path_limit": {40: 0.6, 0: 0.3, -10: 0.4}}
    >>> [round(path_limit(years, policy=policy), 9) for years in (50.0, 10.0, 0.0, -5.0, -30.0)]
    [0.6, 0.375, 0.3, 0.35, 0.4]
    """
    points = policy["stress_path_limit"]
    return float(np.interp(years, sorted(points), [points[k] for k in sorted(points)]))


@door()
def along(
    path: Glidepath, years: Sequence[float], group: str, own: float = 0.0, *, policy: Policy
) -> Tested:
    """A glidepath over classes, one portfolio for each of the years to retirement.

    Parameters
    ----------
    path : Glidepath
        Over classes.
    years : sequence of float
        To retirement.
    group : str
        What kind they are.
    own : float
        Volatility beyond the classes, annual decimal.
    policy : Policy
        Whose ``stress_path_limit`` says what may be lost.

    Returns
    -------
    Tested

    Examples
    --------
    >>> path = Glidepath("p", [10.0, 0.0], [0.8, 0.4], fee=0.002)
    >>> policy = {"stress_path_limit": {20: 0.5, 0: 0.3}}
    >>> found = along(path, [5.0, -2.0], "series", 0.01, policy=policy)
    >>> found.mix.round(9).to_dict("index")  # doctest: +NORMALIZE_WHITESPACE
    {'series, 5 years before': {'equity': 0.6, 'bonds': 0.4},
     'series, 2 years after': {'equity': 0.4, 'bonds': 0.6}}
    >>> found.limit.round(9).tolist(), found.own.tolist(), found.cost.tolist()
    ([0.35, 0.3], [0.01, 0.01], [0.002, 0.002])
    """
    mix = pd.DataFrame(
        path.at(np.array(years, float)),
        columns=list(path.assets),
        index=[f"{group}, {abs(y):g} years {'before' if y >= 0 else 'after'}" for y in years],
    )
    return mixes(mix, own, path.fee, [path_limit(y, policy=policy) for y in years], group)


def _own_risk(plan: Plan) -> pd.Series:
    """By fund, the volatility beyond the classes; of employer stock that of the plan's rules."""
    own = plan.funds["specific_risk"].astype(float)
    stock = plan.rules["employer_stock"]
    return own.where(own.index != stock["fund"], stock["own_volatility"]) if stock else own


def of_funds(
    plan: Plan, weights: pd.DataFrame, limit: float | Sequence[float] = np.nan, group: str = "mix"
) -> Tested:
    """Portfolios of funds with known exposures.

    Parameters
    ----------
    plan : Plan
        Whose funds they are.
    weights : DataFrame (portfolios, funds)
        Each row sums to one.
    limit : float or a sequence by portfolio
        Loss allowed, decimal; nan for none.
    group : str
        What kind they are.

    Returns
    -------
    Tested

    Examples
    --------
    Own risks are independent, those of the employer's stock are as the plan's rules say; costs are
    weighed:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> held = pd.DataFrame({"COSTK": [0.25], "LGACT": [0.75]}, ["ours"])
    >>> found = of_funds(ours, held, 0.4, "model")
    >>> bool(np.isclose(found.own["ours"], np.hypot(0.25 * 0.3, 0.75 * 0.03)))
    True
    >>> round(float(found.cost["ours"]), 9)  # 0.25 * 0.0005 + 0.75 * 0.0055
    0.00425
    >>> {name: round(w, 9) for name, w in found.mix.loc["ours"].items() if w}
    {'us_large_equity': 0.9775, 'intl_dev_equity': 0.0225}
    """
    plan = plan_menu.each_vintage(plan)
    funds = list(weights.columns)
    among("fund", funds, plan.exposures.index)
    own = np.sqrt(np.square(weights) @ np.square(_own_risk(plan)[funds]))
    mix = weights @ plan.exposures.loc[funds]
    return mixes(
        mix, own.to_list(), (weights @ plan.funds["expense_ratio"][funds]).to_list(), limit, group
    )


def people(plan: Plan) -> Tested:
    """What each participant holds, the target-date series at the vintage of their own
    retirement.

    Examples
    --------
    What somebody of 34 holds in the series, a twenty-fifth, lies in the mix of 31 years before
    retirement; the rest is looked through:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> found = people(ours)
    >>> # 0.34 + 0.55 * 0.86 + 0.05 * 0.97 and 0.04 * 0.459
    >>> bool(np.isclose(found.mix.loc["P0001", "us_large_equity"], 0.34 + 0.473 + 0.0485 + 0.01836))
    True
    >>> bool(np.isclose(found.mix.loc["P0001", "us_long_bonds"], 0.02))
    True
    >>> parts = np.array([0.34, 0.55, 0.05, 0.02, 0.04])
    >>> risks = np.array([0.002, 0.002, 0.03, 0.002, 0.002])
    >>> bool(np.isclose(found.own["P0001"], np.sqrt(parts**2 @ risks**2)))
    True
    >>> bool(found.limit.isna().all()), set(found.group)
    (True, {'participant'})

    Everybody together is the mean by balance:

    >>> all_of_them = as_held(ours)
    >>> dollars = ours.participants["balance"]
    >>> mean = (found.mix.mul(dollars, axis=0)).sum() / dollars.sum()
    >>> bool(np.allclose(all_of_them.mix.loc[HELD], mean))
    True
    >>> bool(np.isclose(all_of_them.cost[HELD], found.cost @ dollars / dollars.sum()))
    True
    """
    series = [f for f, kind in plan.funds["kind"].items() if kind == "target_date"]
    mix = (
        plan.holdings.drop(columns=series) @ plan.exposures.loc[plan.holdings.columns.drop(series)]
    )
    path = glidepaths.from_plan(plan)
    if path is not None:
        retires = plan.participants["retirement_age"].fillna(plan.rules["normal_retirement_age"])
        held = (
            path.at((retires - plan.age).to_numpy(float))
            * plan.holdings[series].sum(axis=1).to_numpy()[:, None]
        )
        mix = mix.add(pd.DataFrame(held, mix.index, list(path.assets)), fill_value=0.0)
    own = np.sqrt(np.square(plan.holdings) @ np.square(_own_risk(plan)))
    return mixes(
        mix,
        own.to_list(),
        (plan.holdings @ plan.funds["expense_ratio"]).to_list(),
        group="participant",
    )


def as_held(plan: Plan) -> Tested:
    """All balances together as one portfolio."""
    each = people(plan)
    dollars = plan.participants["balance"] / plan.assets
    own = float(np.sqrt((plan.shares**2 * _own_risk(plan) ** 2).sum()))
    return mixes(
        (dollars @ each.mix).to_frame(HELD).T, own, float((dollars * each.cost).sum()), group="held"
    )


def portfolios(plan: Plan, suite: Suite) -> Tested:
    """Everything that the plan stands behind: models, what is held, each vintage of its series, and
    its default where that is something else.

    A default that is no series is looked at every five years to retirement.

    Examples
    --------
    Two models, all balances together, and the series at each of its vintages, which is the default;
    where a fund of shares is the default, that too, from forty years before to five years after:

    >>> from dataclasses import replace
    >>> from types import SimpleNamespace
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> mix = {"BNDIDX": 0.5, "LCIDX": 0.5}
    >>> half = pd.DataFrame({name: mix for name in ("moderate", "growth")})
    >>> suite = SimpleNamespace(weights=lambda: half)
    >>> every = portfolios(ours, suite)
    >>> every.group.value_counts(sort=False).to_dict(), every.mix.index[:2].tolist()
    ({'model': 2, 'held': 1, 'series': 10}, ['moderate', 'growth'])
    >>> allowed = ours.policy["stress_loss_limit"]
    >>> [bool(every.limit[name] == allowed[name]) for name in half], len({*allowed.values()})
    ([True, True], 4)
    >>> fund = ours.funds[ours.funds["kind"] == "target_date"].iloc[0]
    >>> vintages = every.only("series")
    >>> set(vintages.own) == {fund["specific_risk"]}, list(vintages.mix.index[[0, -1]])
    (True, ['series, 40 years before', 'series, 5 years after'])
    >>> other = replace(ours, rules={**ours.rules, "default": "TSMIDX"})
    >>> default = portfolios(other, suite).only("default")
    >>> list(default.mix.index[[0, -1]]), set(default.cost), set(default.mix["us_large_equity"])
    (['default, 40 years before', 'default, 5 years after'], {0.0003}, {0.86})
    >>> default.limit.iloc[[1, -2]].tolist() == [
    ...     path_limit(years, policy=ours.policy) for years in (35.0, 0.0)
    ... ]
    True
    """
    made = suite.weights().T
    allowed = plan.policy["stress_loss_limit"]
    parts = [of_funds(plan, made, [allowed[name] for name in made.index], "model"), as_held(plan)]
    series, default = glidepaths.from_plan(plan), glidepaths.adopted(plan)
    if series is not None:
        own = plan.funds["specific_risk"][plan.funds["kind"] == "target_date"].to_numpy(float)
        dates = series.years.tolist()
        parts.append(along(series, dates, "series", float(own[0]), policy=plan.policy))
    if series is None or default.name != series.name:
        years = list(np.arange(40.0, -6.0, -5.0))
        parts.append(along(default, years, "default", policy=plan.policy))
    return joined(parts)


# ---- windows -------------------------------------------------------------------------------------


def own_months(plan: Plan) -> pd.DataFrame | None:
    """The months of classes that the plan brought; None where it brought none."""
    own = plan.inputs.history
    return None if own is None else own.values


def window_returns(
    classes: Sequence[str], *, policy: Policy, months: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Total returns of classes over the stress windows.

    A window that the plan's own months cover whole is theirs. The others are the table's, by the
    policy's stand-ins: a mix is held in fixed proportions, ``exp(sum share log(1 + R)) - 1``.

    Parameters
    ----------
    classes : sequence of str
        By the survey's names.
    policy : Policy
        The committee's decisions.
    months : DataFrame, optional
        Monthly returns by class of the plan's own, decimals.

    Returns
    -------
    DataFrame (windows, classes)
        Nominal, decimals of the whole window.

    Raises
    ------
    ValueError
        Where no stand-in of a class has figures for a window.

    Examples
    --------
    A class that stands for itself has the table's figures; months of the plan's own replace those
    of the windows that they cover whole:

    >>> from portlib import policy as policies
    >>> decided = policies.read()
    >>> table = data.table("stress_windows")
    >>> last = table.index[-1]
    >>> span = pd.date_range(str(table["start"][last]), periods=table["months"][last], freq="MS")
    >>> own = pd.DataFrame({"us_large_equity": 0.01}, span + pd.offsets.MonthEnd(0))
    >>> theirs = window_returns(["us_large_equity"], policy=decided)["us_large_equity"]
    >>> found = window_returns(["us_large_equity"], policy=decided, months=own)["us_large_equity"]
    >>> bool(np.isclose(found[last], 1.01 ** table["months"][last] - 1))
    True
    >>> inside = (table["start"] >= table["start"][last]) & (table["end"] <= table["end"][last])
    >>> bool((found[~inside] == theirs[~inside]).all()), bool((found != theirs)[inside].all())
    (True, True)
    >>> short = window_returns(["us_large_equity"], policy=decided, months=own.iloc[1:])
    >>> bool((short["us_large_equity"] == theirs).all())
    True
    """
    return _stood_in(classes, policy, months)[0]


def proxies(
    classes: Sequence[str], *, policy: Policy, months: pd.DataFrame | None = None
) -> pd.DataFrame:
    """In words, what stood in for each class in each window; empty where it is the class's own.

    Parameters
    ----------
    classes : sequence of str
    policy : Policy
    months : DataFrame, optional
        The plan's own returns by class.

    Returns
    -------
    DataFrame (classes, windows)

    Examples
    --------
    Cash stands for itself; inflation-protected bonds are a mix, held in fixed proportions:

    >>> from portlib import policy as policies
    >>> decided, table = policies.read(), data.table("stress_windows")
    >>> said = proxies(["cash", "us_tips"], policy=decided)
    >>> first = table.index[0]
    >>> set(said["cash"]), said["us_tips"][first]
    ({''}, '0.7 us_10y_treasury + 0.15 us_market + 0.15 cash')
    >>> ten, shares, cash = 1 + table.loc[first, ["us_10y_treasury", "us_market", "cash"]]
    >>> stood = window_returns(["us_tips"], policy=decided)["us_tips"][first]
    >>> bool(np.isclose(stood, ten**0.7 * shares**0.15 * cash**0.15 - 1))
    True
    """
    return _stood_in(classes, policy, months)[1]


def _stood_in(
    classes: Sequence[str], policy: Policy, months: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = data.table("stress_windows")
    growth: dict[str, pd.Series] = {}
    words: dict[str, pd.Series] = {}
    for name, choices in shocks.stand_ins(classes, "windows", policy=policy).items():
        total = pd.Series(np.nan, table.index)
        if months is not None and name in months:
            total = _compounded(months[name], table)
        said = pd.Series("", table.index)
        for mix in choices:
            grown = (
                np.exp(sum((share * np.log1p(table[column]) for column, share in mix.items()), 0.0))
                - 1
            )
            text = " + ".join(f"{share:g} {column}" for column, share in mix.items())
            said = said.where(total.notna() | grown.isna(), "" if mix == {name: 1.0} else text)
            total = total.fillna(grown)
        if total.isna().any():
            raise ValueError(
                f"no stand-in of {name} has returns for {total.index[total.isna()][0]}; add "
                f"another to "
                "the policy stress_proxies"
            )
        growth[name], words[name] = total, said
    return pd.DataFrame(growth), pd.DataFrame(words)


def _compounded(months: pd.Series, table: pd.DataFrame) -> pd.Series:
    """By window, what the months compound to; nan where they do not cover all of it."""
    found = {}
    for name, window in table.iterrows():
        inside = months.loc[str(window["start"]) : str(window["end"])].dropna()
        whole = len(inside) == window["months"]
        found[name] = float(np.prod(1 + inside) - 1) if whole else np.nan
    return pd.Series(found, dtype=float)


def through_windows(
    tested: Tested, *, policy: Policy, months: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Nominal returns of portfolios over the windows, net of today's expenses.

    Parameters
    ----------
    tested : Tested
        Portfolios.
    policy : Policy
        The committee's decisions.
    months : DataFrame, optional
        As for `window_returns`.

    Returns
    -------
    DataFrame (portfolios, windows)
        Decimals of the whole window.

    Examples
    --------
    A cost of 1.2% a year is a tenth of a percent for each month of a window:

    >>> from portlib import policy as policies
    >>> decided = policies.read()
    >>> mix = pd.DataFrame({"us_core_bonds": [0.3], "us_large_equity": [0.7]}, ["ours"])
    >>> free, dear = (through_windows(mixes(mix, cost=c), policy=decided) for c in (0.0, 0.012))
    >>> months = data.table("stress_windows")["months"]
    >>> bool(np.allclose(free.loc["ours"] - dear.loc["ours"], 0.001 * months))
    True
    >>> each = window_returns(["us_large_equity", "us_core_bonds"], policy=decided)
    >>> both = 0.7 * each["us_large_equity"] + 0.3 * each["us_core_bonds"]
    >>> bool(np.allclose(free.loc["ours"], both))
    True
    >>> prices = data.table("stress_windows")["consumer_prices"]
    >>> bool(np.allclose((1 + real(free).loc["ours"]) * (1 + prices), 1 + free.loc["ours"]))
    True
    """
    years = data.table("stress_windows")["months"] / 12
    each = window_returns(list(tested.mix.columns), policy=policy, months=months)
    return tested.mix @ each.T - np.outer(tested.cost, years)


def real(returns: pd.DataFrame) -> pd.DataFrame:
    """Window returns (portfolios, windows) after consumer prices.

    Examples
    --------
    >>> names = data.table("stress_windows").index
    >>> flat = pd.DataFrame(0.0, ["cash"], names[::-1])
    >>> risen = data.table("stress_windows")["consumer_prices"]
    >>> bool(np.allclose(real(flat).loc["cash", names], -risen / (1 + risen)))
    True
    """
    return (1 + returns) / (1 + data.table("stress_windows")["consumer_prices"]) - 1


def through_shocks(tested: Tested, classes: Assumptions, *, policy: Policy) -> pd.DataFrame:
    """Expected returns of portfolios in a year of each shock, calm and in crisis, net of expenses.

    Parameters
    ----------
    tested : Tested
        Portfolios.
    classes : Assumptions
        Annual decimals.
    policy : Policy
        Whose shocks they are.

    Returns
    -------
    DataFrame (portfolios, shocks)
        Annual decimals.

    Raises
    ------
    ValueError
        Naming the classes held that the assumptions lack.

    Examples
    --------
    In calm each class is expected where `shocks.conditional` says; expenses come off:

    >>> from portlib import policy as policies
    >>> decided = policies.read().replace(
    ...     stress_shocks={"shares fall": {"us_large_equity": -0.3}}, crisis_correlation_blend=0.0
    ... )
    >>> told = Assumptions(
    ...     ["us_core_bonds", "us_large_equity"], [0.04, 0.06], [[0.0025, 0.004], [0.004, 0.04]]
    ... )
    >>> held = pd.DataFrame({"us_large_equity": [0.6], "us_core_bonds": [0.4]}, ["ours"])
    >>> ours = mixes(held, cost=0.002)
    >>> found = through_shocks(ours, told, policy=decided)
    >>> found.round(9).to_dict("records")  # 0.6 * -0.3 + 0.4 * (0.04 - 0.1 * 0.36) - 0.002
    [{'shares fall': -0.1804, 'shares fall, crisis': -0.1804}]
    """
    share = policy["crisis_correlation_blend"]
    x = _aligned(tested.mix, classes)
    crisis = shocks.under_crisis(classes, share, policy=policy)
    columns = {}
    for name, shock in policy["stress_shocks"].items():
        for words, base in ((name, classes), (f"{name}, crisis", crisis)):
            expected = shocks.propagate(base, shock, policy=policy)
            columns[words] = x @ expected - tested.cost
    return pd.DataFrame(columns)


# ---- the committee's rule ------------------------------------------------------------------------


@door()
def reversed_loss(
    tested: Tested, classes: Assumptions, name: str, loss: float, *, policy: Policy
) -> shocks.Reverse:
    """The least unlikely year in which a portfolio loses so much; its funds' own risks count as one
    more asset.

    Parameters
    ----------
    tested : Tested
        Portfolios.
    classes : Assumptions
        Annual decimals.
    name : str
        Which portfolio.
    loss : float
        A positive decimal.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    Reverse

    Examples
    --------
    The funds' own risks are one asset more, which loses too, and expects what expenses take:

    >>> policy = {"fat_tail_degrees_of_freedom": 5.0}
    >>> told = Assumptions(["bonds", "shares"], [0.04, 0.06], [[0.0025, 0.004], [0.004, 0.04]])
    >>> both = pd.DataFrame({"shares": [0.0, 0.6], "bonds": [1.0, 0.4]}, ["theirs", "ours"])
    >>> ours = mixes(both, [0.3, 0.1], [0.01, 0.002])
    >>> found = reversed_loss(ours, told, "ours", 0.2, policy=policy)
    >>> # 0.36 * 0.04 + 0.16 * 0.0025 + 2 * 0.24 * 0.004 and 0.01; 0.052 - 0.002 are expected
    >>> variance = 0.0144 + 0.0004 + 0.00192 + 0.01
    >>> bool(np.isclose(found.distance, 0.25 / variance**0.5))
    True
    >>> bool(np.isclose(found.shock["own risks"], -0.002 - 0.25 * 0.01 / variance))
    True
    >>> reversed_loss(ours, told.select(["bonds"]), "ours", 0.2, policy=policy)
    Traceback (most recent call last):
    ...
    ValueError: the assumptions lack shares, which portfolios hold
    """
    among("portfolio", [name], tested.mix.index)
    labels = [*classes.labels, "own risks"]
    n = len(classes)
    own = float(tested.own[name])
    sigma = np.zeros((n + 1, n + 1))
    sigma[:n, :n], sigma[n, n] = classes.sigma, own**2
    wider = Assumptions(
        labels, np.append(classes.mu, -float(tested.cost[name])), sigma, classes.rf, classes.source
    )
    w = np.append(_aligned(tested.mix, classes).loc[name].to_numpy(float), 1.0)
    dof = policy["fat_tail_degrees_of_freedom"]
    return shocks.reverse(wider, w, loss, degrees_of_freedom=dof)


def _aligned(mix: pd.DataFrame, classes: Assumptions) -> pd.DataFrame:
    """Weights in the order of the assumptions; ValueError for a class held that they lack."""
    strange = [str(c) for c in mix if c not in classes.labels and (mix[c] != 0).any()]
    if strange:
        raise ValueError(f"the assumptions lack {', '.join(strange)}, which portfolios hold")
    return mix.reindex(columns=list(classes.labels), fill_value=0.0)


def judged(
    tested: Tested,
    classes: Assumptions,
    *,
    policy: Policy,
    months: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Does each portfolio with a limit pass, and by how much?

    Parameters
    ----------
    tested : Tested
        Portfolios.
    classes : Assumptions
        Annual decimals.
    policy : Policy
        The committee's decisions.
    months : DataFrame, optional
        As for `window_returns`.

    Returns
    -------
    DataFrame
        ``window`` and ``shock``, the worst of each, and their returns; ``years`` between years that
        lose the limit (Student), and ``years, normal``; ``limit``, ``headroom`` (limit less worst
        loss), ``failed`` (names of tests).

    Examples
    --------
    Limits above and below the worst window of a portfolio of shares, and one that sets none:

    >>> from portlib import policy as policies
    >>> decided = policies.read().replace(
    ...     stress_shocks={"shares fall": {"us_large_equity": -0.3}}, crisis_correlation_blend=0.0
    ... )
    >>> told = Assumptions(["us_large_equity"], [0.06], [[0.04]])
    >>> past = window_returns(["us_large_equity"], policy=decided)["us_large_equity"]
    >>> worst = -float(past.min())
    >>> shares = pd.DataFrame({"us_large_equity": 1.0}, ["wide", "even", "tight", "none"])
    >>> limits = [worst + 0.02, worst, worst - 0.02, np.nan]
    >>> found = judged(mixes(shares, limit=limits), told, policy=decided)
    >>> list(found.index), found["window"].unique().tolist() == [past.idxmin()]
    (['wide', 'even', 'tight'], True)
    >>> ["windows" in failed for failed in found["failed"]]
    [False, False, True]
    >>> found["headroom"].round(9).tolist(), found["shock return"].round(9).tolist()
    ([0.02, 0.0, -0.02], [-0.3, -0.3, -0.3])
    >>> normal, student = shocks.tail_probability(
    ...     (limits[0] + 0.06) / 0.2, degrees_of_freedom=decided["fat_tail_degrees_of_freedom"]
    ... )
    >>> bool(np.isclose(found["years"]["wide"], 1 / student))
    True
    >>> bool(np.isclose(found["years, normal"]["wide"], 1 / normal))
    True
    >>> short = judged(mixes(shares.head(1), limit=0.29), told, policy=decided)
    >>> short["failed"].tolist()
    ['windows, shocks, reverse']
    """
    limited = tested.limit.index[tested.limit.notna()]
    past = through_windows(tested, policy=policy, months=months).loc[limited]
    future = through_shocks(tested, classes, policy=policy).loc[limited]
    x = _aligned(tested.mix.loc[limited], classes)
    limit = tested.limit[limited]
    risk = np.sqrt(
        ((x @ classes.sigma).to_numpy() * x.to_numpy()).sum(axis=1) + tested.own[limited] ** 2
    )
    normal, student = shocks.tail_probability(
        (limit + x @ classes.mu - tested.cost[limited]) / risk,
        degrees_of_freedom=policy["fat_tail_degrees_of_freedom"],
    )
    table = pd.DataFrame(
        {
            "window": past.idxmin(axis=1),
            "window return": past.min(axis=1),
            "shock": future.idxmin(axis=1),
            "shock return": future.min(axis=1),
            "years": 1 / np.maximum(student, 1e-300),
            "years, normal": 1 / np.maximum(normal, 1e-300),
            "limit": limit,
        }
    )
    table["headroom"] = limit + table[["window return", "shock return"]].min(axis=1)
    failing = {
        "windows": -table["window return"] > limit + 1e-9,
        "shocks": -table["shock return"] > limit + 1e-9,
        "reverse": table["years"] < policy["stress_return_period"],
    }
    table["failed"] = [
        ", ".join(k for k, bad in zip(failing, row, strict=True) if bad)
        for row in zip(*failing.values(), strict=True)
    ]
    return table


# ---- what is changed -----------------------------------------------------------------------------


def menu_rules(plan: Plan, posture: str, classes: Assumptions) -> Mandate:
    """The menu's mandate for a posture's model: no employer stock, which models leave out.

    Parameters
    ----------
    plan : Plan
    posture : str
    classes : Assumptions

    Returns
    -------
    Mandate

    Examples
    --------
    Models hold none of the employer's stock:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels, n = list(ours.exposures), len(list(ours.exposures))
    >>> told = Assumptions(labels, np.full(n, 0.05), 0.04 * np.eye(n))
    >>> rules = menu_rules(ours, "growth", told)
    >>> rules.constraints[-1].upper, rules.constraints[-1].clause
    ({'COSTK': 0.0}, 'policy: models')
    """
    mandate = plan_menu.menu_mandate(plan, posture, classes)
    stock = plan.rules["employer_stock"]
    if not stock:
        return mandate
    return mandate.also(
        Bounds("no employer stock in models", upper={stock["fund"]: 0.0}).under("policy: models")
    )


@door()
def stress_rules(
    plan: Plan, funds: Sequence[str], limit: float, classes: Assumptions
) -> list[Limit]:
    """No window and no shock may cost more than so much: one linear rule on fund weights for each.

    Parameters
    ----------
    plan : Plan
        Whose funds they are.
    funds : sequence of str
        Over which the rules are.
    limit : float
        Loss allowed, decimal.
    classes : Assumptions
        Annual decimals.

    Returns
    -------
    list of Limit

    Examples
    --------
    Each rule is what one fund alone loses, times its weight, and not more than the limit:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels, n = list(ours.exposures), len(list(ours.exposures))
    >>> told = Assumptions(labels, np.full(n, 0.05), 0.04 * np.eye(n))
    >>> rules = stress_rules(ours, ["BNDIDX", "LCIDX"], 0.2, told)
    >>> windows = data.table("stress_windows").index
    >>> len(rules) == len(windows) + 2 * len(ours.policy["stress_shocks"])
    True
    >>> first = window_returns(["us_large_equity"], policy=ours.policy)["us_large_equity"].iloc[0]
    >>> cost = 0.0002 * data.table("stress_windows")["months"].iloc[0] / 12
    >>> rules[0].lower, rules[0].name == f"window {windows[0]}", list(rules[0].coefficients)
    (-0.2, True, ['BNDIDX', 'LCIDX'])
    >>> bool(np.isclose(rules[0].coefficients["LCIDX"], first - cost))
    True
    """
    alone = of_funds(plan, pd.DataFrame(np.eye(len(funds)), list(funds), list(funds)))
    both = {
        "window": through_windows(alone, policy=plan.policy, months=own_months(plan)),
        "shock": through_shocks(alone, classes, policy=plan.policy),
    }
    return [
        Limit(
            f"{kind} {name}", dict(zip(funds, table[name].tolist(), strict=True)), lower=-limit
        ).under("policy: stress_loss_limit")
        for kind, table in both.items()
        for name in table
    ]


def mended(plan: Plan, posture: str, classes: Assumptions) -> tuple[pd.Series | None, str]:
    """A model of the posture that passes every stress test, and how.

    The weights that the policy's engine makes under the posture's mandate and `stress_rules`; where
    the reverse test still fails, at risk aversions raised in steps until it passes.

    Parameters
    ----------
    plan : Plan
        Its menu and policy.
    posture : str
        A name in the policy.
    classes : Assumptions
        Annual decimals.

    Returns
    -------
    weights : Series or None
        By fund; None where the menu has none.
    how : str
        Or the reason why there is none.

    Examples
    --------
    A model made so passes every test:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> classes = plan_menu.class_assumptions(ours)
    >>> weights, how = mended(ours, "moderate", classes)
    >>> tested = of_funds(ours, weights.to_frame("moderate").T, 0.25)
    >>> how, judged(tested, classes, policy=ours.policy)["failed"]["moderate"]
    ('best that passes, at its own risk aversion', '')
    """
    among("posture", [posture], plan.policy["stress_loss_limit"])
    limit = plan.policy["stress_loss_limit"][posture]
    funds = plan_menu.menu_assumptions(plan, classes)
    mandate = menu_rules(plan, posture, classes)
    mandate = mandate.also(*stress_rules(plan, funds.labels, limit, classes))
    aversion = plan.policy["model_risk_aversion"][posture]
    for times in (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0):
        try:
            found = engine.best(
                plan, funds, mandate, risk_aversion=times * aversion, classes=classes
            ).allocation
        except (Infeasible, NotSolved) as error:
            return None, str(error)
        one = of_funds(plan, found.weights.to_frame(posture).T, limit)
        judgement = judged(one, classes, policy=plan.policy, months=own_months(plan))
        if not judgement.loc[posture, "failed"]:
            how = (
                "at its own risk aversion"
                if times == 1
                else f"at {times:g} times its risk aversion"
            )
            return found.weights, f"best that passes, {how}"
    return None, "no risk aversion makes a loss of the limit rare enough"


def equity_that_passes(
    plan: Plan, years: Sequence[float], path: Glidepath, classes: Assumptions
) -> pd.DataFrame:
    """By years to retirement, a glidepath's equity share and the largest share, not above it, that
    passes every test.

    Parameters
    ----------
    plan : Plan
        Whose sleeves equity and bonds consist of.
    years : sequence of float
        To retirement.
    path : Glidepath
        Over equity and bonds.
    classes : Assumptions
        Annual decimals.

    Returns
    -------
    DataFrame
        Tried are the path's own share and the whole percents below it. The second never rises with
        age; NaN where not even bonds alone pass.

    Examples
    --------
    Of shares alone, what passes at the day of retirement:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> classes, shares = plan_menu.class_assumptions(ours), glidepaths.constant(1.0)
    >>> found = equity_that_passes(ours, [0.0], shares, classes)
    >>> found.index.tolist(), found["equity"].tolist(), bool(0.2 < found["that passes"][0.0] < 1)
    ([0.0], [1.0], True)

    It goes on in ``stress.md``.
    """
    sleeves, _ = glidepaths.sleeves(plan)
    whole = np.arange(101) / 100
    before = path.equity_at(np.array(years, float))
    tried = [np.append(whole[whole < own - 1e-9], own) for own in before]
    stocks, bonds = sleeves.loc["equity"].to_numpy(float), sleeves.loc["bonds"].to_numpy(float)
    each = [
        mixes(
            pd.DataFrame(
                np.outer(shares, stocks) + np.outer(1 - shares, bonds),
                [(y, share) for share in shares],
                list(sleeves.columns),
            ),
            0.0,
            path.fee,
            path_limit(y, policy=plan.policy),
        )
        for y, shares in zip(years, tried, strict=True)
    ]
    judgement = judged(joined(each), classes, policy=plan.policy, months=own_months(plan))
    ends = np.cumsum([len(shares) for shares in tried])
    passing = np.split((judgement["failed"] == "").to_numpy(), ends[:-1])
    kept = [
        max(shares[passes], default=np.nan) for shares, passes in zip(tried, passing, strict=True)
    ]
    by_age = np.argsort(np.negative(years), kind="stable")
    lowered = np.empty(len(kept))
    lowered[by_age] = np.minimum.accumulate(np.array(kept)[by_age])
    return pd.DataFrame({"equity": before, "that passes": lowered}, index=list(years))


# ---- assumptions that turn out wrong -------------------------------------------------------------


def reoptimised(plan: Plan, suite: Suite, classes: Assumptions) -> pd.DataFrame:
    """If assumptions are wrong as policy ``stress_assumptions`` says, what would be held, and what
    does the model lose?

    Parameters
    ----------
    plan : Plan
        Its menu and policy.
    suite : Suite
        The models.
    classes : Assumptions
        As decided, annual decimals.

    Returns
    -------
    DataFrame
        A row a change and model: ``turnover`` to the best weights under the changed assumptions and
        mandate; ``bought`` and ``sold``, the funds that move most; ``lost``, the certainty
        equivalent (annual) of holding the model instead, at the posture's risk aversion;
        ``allowed``, whether the model still obeys the rules, which read the assumptions too.

    Examples
    --------
    What is left of a portfolio's mean after half its aversion times its variance:

    >>> two = Assumptions(["a", "b"], [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> round(_worth(two, np.array([0.5, 0.5]), 4.0), 9)  # 0.06 - 2 * (0.0025 + 0.01)
    0.035
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> classes = plan_menu.class_assumptions(ours)

    It goes on in ``stress.md``.
    """
    rows = []
    for name, change in {"as assumed": {}, **plan.policy["stress_assumptions"]}.items():
        stressed = shocks.changed(classes, change, policy=plan.policy)
        funds = plan_menu.menu_assumptions(plan, stressed)
        for model in suite.models:
            mandate = menu_rules(plan, model.posture, stressed)
            old = np.array([model.weights.get(fund, 0.0) for fund in funds.labels])
            new = engine.best(
                plan,
                funds,
                mandate,
                risk_aversion=model.risk_aversion,
                classes=stressed,
                most_funds=0,
                whole_percent=False,
            ).allocation.w
            moved = pd.Series(new - old, list(funds.labels))
            rows.append(
                {
                    "change": name,
                    "posture": model.posture,
                    "turnover": float(moved.abs().sum() / 2),
                    "bought": moved.idxmax(),
                    "sold": moved.idxmin(),
                    "lost": _worth(funds, new, model.risk_aversion)
                    - _worth(funds, old, model.risk_aversion),
                    "allowed": max(mandate.violations(old, funds).values())
                    <= plan.policy["mandate_tolerance"],
                }
            )
    return pd.DataFrame(rows)


def _worth(funds: Assumptions, w: Array, aversion: float) -> float:
    return funds.mean_of(w) - aversion / 2 * funds.risk_of(w) ** 2


# ---- people --------------------------------------------------------------------------------------


def losses_by_age(plan: Plan, tested: Tested, bands: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """What participants would have lost in the worst window of each, by age band.

    Parameters
    ----------
    plan : Plan
        Whose participants they are.
    tested : Tested
        What each holds, as from `people`.
    bands : mapping
        First and last age by name, inclusive.

    Returns
    -------
    DataFrame
        ``people``; medians of ``balance``, ``loss`` (US dollars) and ``share`` (of the balance);
        ``most``, the largest share; ``years``, the median of the loss in years of the person's own
        contributions (infinite without).

    Examples
    --------
    Three people hold shares alone. Of the two of 30 and 40 the median holds $55,000, and a loss of
    it all would be 20 and 5 years of what they save, 12.5 in the middle; who saves nothing never
    has it back:

    >>> from types import SimpleNamespace
    >>> from portlib import policy as policies
    >>> names = ["p", "q", "r"]
    >>> who = pd.DataFrame(
    ...     {"balance": [100_000.0, 10_000.0, 50_000.0], "pay": [50_000.0, 40_000.0, 0.0],
    ...      "deferral_rate": [0.1, 0.05, 0.1]}, names,
    ... )
    >>> plan = SimpleNamespace(
    ...     participants=who, age=pd.Series([30, 40, 41], names), policy=policies.read(),
    ...     inputs=SimpleNamespace(history=None),
    ... )
    >>> shares = mixes(pd.DataFrame({"us_large_equity": 1.0}, names))
    >>> table = losses_by_age(plan, shares, {"young": (25, 40), "old": (41, 60), "none": (61, 70)})
    >>> worst = -window_returns(["us_large_equity"], policy=plan.policy)["us_large_equity"].min()
    >>> table["people"].to_dict(), table["balance"].tolist()
    ({'young': 2.0, 'old': 1.0}, [55000.0, 50000.0])
    >>> bool(np.allclose(table["loss"], [55_000 * worst, 50_000 * worst]))
    True
    >>> bool(np.allclose(table["years"], [12.5 * worst, np.inf]))
    True
    >>> bool(np.allclose(table["most"], worst)), bool(np.allclose(table["share"], worst))
    (True, True)
    """
    past = through_windows(tested, policy=plan.policy, months=own_months(plan))
    worst = -past.min(axis=1)
    who = plan.participants.assign(
        share=worst, loss=worst * plan.participants["balance"], age=plan.age
    )
    paid = who["pay"] * who["deferral_rate"]
    who["years"] = (who["loss"] / paid).where(paid > 0, np.inf)
    rows = {name: who[who["age"].between(*ends)] for name, ends in bands.items()}
    return pd.DataFrame(
        {
            name: {
                "people": len(part),
                **part[["balance", "loss", "share"]].median().to_dict(),
                "most": part["share"].max(),
                "years": part["years"].median(),
            }
            for name, part in rows.items()
            if len(part)
        }
    ).T
