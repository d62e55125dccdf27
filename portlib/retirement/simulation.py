"""What becomes of savings over working lives and retirements, many rows at once?

A row is a way (a strategy of one household) or a person (a participant of a plan); a column is a
life, with markets, prices, pay and death of its own. All rows meet the same columns, so that rows
are compared on common luck. Real dollars of the first year; one step a year. With savings ``W``,
real growth ``G`` of the row's mix after fees, contribution ``c`` and withdrawal ``x``::

    working:  W' = (W - k) (1 - l) G + c sqrt(G)     k: record keeping, l: leakage, c at mid-year
    retired:  W' = (W - k - x) G                     x: by the row's rule, at the start of the year

Social Security and inflation-protected income keep their purchasing power; a pension or an annuity
fixed in dollars is divided by the price level of its life. A couple has two deaths: while both live
both benefits come, afterwards the larger; spending wanted falls to a share.

Left out: taxes but one flat rate on what leaves the plan, the moment of required distributions
(they leave the plan and stay invested), rebalancing within the year, and dependence between death,
health and markets. Lives go in parts, so that memory is the lives' own plus what comes out: twelve
ways of 10,000 lives, 75 years and ten classes took 1.0 s of one core and 330 MB, draws and all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib.estimation.inference import wilson
from portlib.ranges import among, door
from portlib.records import Array
from portlib.retirement.cases import Annuity, Care, Cases, Lives
from portlib.retirement.spending_rules import SpendingRule, Target, Year

Rows = TypeVar("Rows", bound=NDArray[Any])

#: Elements of an array of rows x lives that stay in a core's cache: how many lives go at a time.
CELLS = 80000
#: Lives that have ended are left behind when they are one in so many.
ENOUGH = 10


class Review(Protocol):
    """Somebody who looks again every year: what should a life hold, by what it has now?"""

    @property
    def mixes(self) -> Array:
        """What there is to choose from, (mixes, years, assets)."""
        ...

    def choose(self, t: int, wealth: Array) -> NDArray[np.intp]:
        """Which mix each life holds in year `t`, by its savings at the start of it; (lives,)."""
        ...


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came of each row, life by life: arrays (rows, lives), real dollars.

    Attributes
    ----------
    reached : alive at retirement; everything below is of those, and zero for the others.
    success : spending wanted was met in every year of life (False where none was stated).
    unmet : dollars wanted over life and not met.
    wanted : dollars wanted over life.
    worst : least spending of any year as a share of what was wanted then.
    balance : at retirement, before an annuity is bought.
    bequest : left at death.
    enjoyed : sum over years of retirement of CRRA utility of spending over ``unit``.
    years : of retirement; this and `enjoyed` of the years lived, or of each year times the chance
        of living it (`Lives.alive`).
    spending : real dollars of all sources over life.
    depleted : years after retirement in which savings first gave less than asked, -1 never.
    paths : spending by year for the first lives, (rows, years, kept), nan before and after.
    risk_aversion, unit : of the utility of a year's spending, and its floor, dollars a year.
    source : of the returns.

    Examples
    --------
    Two rows of four lives, of which each loses one before retirement. A year's spending ``x`` was
    counted as ``-10 / x``: a risk aversion of two and a unit of ten dollars.

    >>> from statistics import stdev
    >>> alive = np.array([[True, True, True, False], [True, True, False, True]])
    >>> out = Outcomes(
    ...     names=("a", "b"),
    ...     reached=alive,
    ...     success=np.array([[True, False, False, True], [True, True, True, False]]),
    ...     unmet=np.array([[0.0, 10.0, 30.0, 99.0], [0.0, 0.0, 77.0, 20.0]]),
    ...     wanted=np.full((2, 4), 100.0),
    ...     worst=np.array([[1.0, 0.8, 0.4, 0.0], [1.0, 1.0, 0.0, 0.7]]),
    ...     balance=np.array([[100.0, 300.0, 200.0, 0.0], [150.0, 200.0, 0.0, 250.0]]),
    ...     bequest=np.array([[0.0, 5.0, 9.0, 50.0], [7.0, 6.0, 0.0, 8.0]]),
    ...     enjoyed=np.array([[-1.0, -1.0, -0.25, 0.0], [-0.4, -0.8, 0.0, -1.0]]),
    ...     years=np.array([[2.0, 4.0, 2.0, 0.0], [2.0, 2.0, 0.0, 2.0]]),
    ...     spending=np.zeros((2, 4)),
    ...     depleted=np.full((2, 4), -1.0),
    ...     paths=np.zeros((2, 5, 0)),
    ...     risk_aversion=2.0,
    ...     unit=10.0,
    ...     source="SYNTHETIC",
    ... )

    It goes on in ``simulation.md``.
    """

    names: tuple[str, ...]
    reached: NDArray[np.bool_]
    success: NDArray[np.bool_]
    unmet: Array
    wanted: Array
    worst: Array
    balance: Array
    bequest: Array
    enjoyed: Array
    years: Array
    spending: Array
    depleted: Array
    paths: Array
    risk_aversion: float
    unit: float
    source: str

    def rows(self, which: Sequence[int], names: Iterable[str]) -> Outcomes:
        """Some of the rows, under other names."""
        at = list(which)
        picked: dict[str, Any] = {
            name: value[at] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, names=tuple(names), **picked)

    def chance(self, level: float = 0.95) -> pd.DataFrame:
        """Chance that what is wanted is met for life, with Wilson's interval: mid, low, high."""
        met = (self.success & self.reached).sum(axis=1)
        count = self.reached.sum(axis=1)
        low, high = wilson(met, count, level)
        columns = {"mid": met / count, "low": low, "high": high}
        return pd.DataFrame(columns, index=list(self.names))

    def shortfall(self) -> Array:
        """Share of the spending wanted over life that was not met, mean over lives, by row."""
        missed = np.where(self.reached, self.unmet, 0.0).sum(axis=1)
        return missed / np.maximum(np.where(self.reached, self.wanted, 0.0).sum(axis=1), 1e-9)

    def depth(self) -> Array:
        """Mean of the worst year's missing share among lives that failed, by row; 0 without any."""
        failed = self.reached & ~self.success
        missing = np.where(failed, 1 - self.worst, 0.0).sum(axis=1)
        return missing / np.maximum(failed.sum(axis=1), 1)

    def certainty_equivalent(self) -> Array:
        """Constant spending worth as much as what came, dollars a year, by row."""
        mean = self.enjoyed.sum(axis=1) / self.years.sum(axis=1)
        a = 1 - self.risk_aversion
        return np.asarray(self.unit * (np.exp(mean) if a == 0 else (a * mean) ** (1 / a)))

    def influence(self) -> Array:
        """By how much each life moves the certainty equivalent, dollars; means are zero."""
        ce = self.certainty_equivalent()[:, None]
        mean = self.enjoyed.sum(axis=1, keepdims=True) / self.years.sum(axis=1, keepdims=True)
        slope = ce * (ce / self.unit) ** (self.risk_aversion - 1)
        average = self.years.mean(axis=1, keepdims=True)
        return slope * (self.enjoyed - mean * self.years) / average

    def difference(self, better: str, worse: str, level: float = 0.95) -> pd.DataFrame:
        """How much better is one row than another, on common lives?

        Chances are of those alive at retirement in each row.

        Parameters
        ----------
        better, worse : str
            Names of rows.
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame (3, 3)
            Rows success, certainty_equivalent, balance; columns mid, low, high: normal intervals of
            paired differences (ddof 1), of the certainty equivalent by the delta method.
        """
        among("row", [better, worse], self.names)
        i = self.names.index(better)
        j = self.names.index(worse)
        z = NormalDist().inv_cdf(0.5 + level / 2)
        share = np.where(self.reached, 1.0, 0.0)
        met = (self.success & self.reached) / share.mean(axis=1, keepdims=True)
        chance = met.mean(axis=1)
        near = met - chance[:, None] * share / share.mean(axis=1, keepdims=True)
        moved = self.influence()
        ce = self.certainty_equivalent()
        held = np.where(
            self.reached[i] & self.reached[j], self.balance[i] - self.balance[j], np.nan
        )
        held = held[~np.isnan(held)]
        rows = {
            "success": (chance[i] - chance[j], near[i] - near[j]),
            "certainty_equivalent": (ce[i] - ce[j], moved[i] - moved[j]),
            "balance": (held.mean(), held),
        }
        table = {
            name: (mid, *(mid + s * z * d.std(ddof=1) / math.sqrt(len(d)) for s in (-1, 1)))
            for name, (mid, d) in rows.items()
        }
        return pd.DataFrame.from_dict(table, orient="index", columns=["mid", "low", "high"])

    def table(self) -> pd.DataFrame:
        """One row a case: chance with interval, shortfall, depth, certainty equivalent, balance."""
        chance = self.chance()
        held = np.where(self.reached, self.balance, np.nan)
        columns = {
            "success": chance["mid"],
            "low": chance["low"],
            "high": chance["high"],
            "shortfall": self.shortfall(),
            "depth": self.depth(),
            "certainty equivalent": self.certainty_equivalent(),
            "balance": np.nanmedian(held, axis=1),
            "low balance": np.nanquantile(held, 0.1, axis=1),
            "bequest": [np.median(b[r]) for b, r in zip(self.bequest, self.reached, strict=True)],
        }
        return pd.DataFrame(columns, index=list(self.names))


@door()
def simulate(
    cases: Cases,
    lives: Lives,
    rules: SpendingRule | Sequence[SpendingRule] | None = None,
    *,
    reviews: Sequence[Review | None] | None = None,
    risk_aversion: float | None = 5.0,
    floor: float = 5_000.0,
    care: Care | None = None,
    keep: int = 0,
) -> Outcomes:
    """What becomes of every case over every life?

    Parameters
    ----------
    cases, lives : the rows and the columns.
    rules : one for all rows, or one a row; what is wanted (`Target`) when not given.
    reviews : one a row, or None for those that hold the mix of their `Cases`: who is asked at the
        start of every year what each life should hold, and sees its savings of that day.
    risk_aversion, floor : of the utility of a year's spending; below `floor` (dollars a year)
        amounts are not told apart, so that a high floor makes risk look harmless. None: not asked.
    care : with it, ``lives.care`` says who needs it.
    keep : for how many lives the path of spending is kept.

    Returns
    -------
    Outcomes
        Arrays (rows, lives).

    Raises
    ------
    ValueError
        When returns are short or missing, when something is fixed in dollars and the lives have no
        prices, and for a number of rules that is not that of the rows.

    Examples
    --------
    Where nothing is earned, 100,000 dollars last ten years at 10,000 a year, and eight at 12,500:

    >>> from portlib.retirement.cases import balanced, draw, of_households
    >>> from portlib.retirement.household import Household
    >>> from portlib.retirement.scenarios import Scenarios
    >>> facts = {"age": 65, "retirement_age": 65, "balance": 100_000, "sex": None, "last_age": 75}
    >>> two = [Household(**facts, spending=wanted) for wanted in (10_000, 12_500)]
    >>> flat = Scenarios(np.zeros((1, 10, 2)), ("equity", "bonds"), "nothing is earned")
    >>> lives = draw(two[0], flat)
    >>> out = simulate(of_households(two, balanced(0.6), lives), lives)
    >>> out.success.ravel().tolist(), out.depleted.ravel().tolist(), out.shortfall().tolist()
    ([True, False], [-1.0, 8.0], [0.0, 0.2])

    It goes on in ``simulation.md``.
    """
    one_rule = Target() if rules is None else rules
    chosen = list(one_rule) if isinstance(one_rule, Sequence) else [one_rule] * len(cases)
    asked = [None] * len(cases) if reviews is None else list(reviews)
    _check(cases, lives, chosen, asked, care)
    order = np.argsort(-cases.retires, kind="stable")
    cases = _take(cases, order)
    chosen = [chosen[k] for k in order]
    reviewed = {i: one for i, k in enumerate(order) if (one := asked[k]) is not None}
    size = max(CELLS // len(cases), 50)
    parts = []
    kept = np.arange(lives.count) < keep
    final = lives.ends.max(axis=0)
    others = replace(lives, returns=lives.returns[:0])  # returns stay where they are
    for first in range(0, lives.count, size):
        which = np.arange(first, min(first + size, lives.count))
        by_death = np.arange(len(which))
        if lives.alive is None:  # else nobody is left behind
            by_death = np.argsort(final[which], kind="stable")
        met = lives.returns[:, :, first : first + size]
        which = which[by_death]
        one = others.part(which)
        rows = _columns(cases, which, lives.count)
        if one.last.shape[0] > 1:
            one = replace(one, last=one.last[order])
        if one.last_spouse is not None and one.last_spouse.shape[0] > 1:
            one = replace(one, last_spouse=one.last_spouse[order])
        if one.alive is not None and one.alive.shape[0] > 1:
            one = replace(one, alive=one.alive[order])
        found = _run(
            rows, one, met, by_death, chosen, reviewed, risk_aversion, floor, care, kept[which]
        )
        again = np.argsort(by_death, kind="stable")
        paths = found.pop("paths")[..., np.argsort(which[kept[which]])]
        parts.append({name: value[:, again] for name, value in found.items()} | {"paths": paths})
    back = np.argsort(order, kind="stable")
    joined = {name: np.concatenate([p[name] for p in parts], axis=-1)[back] for name in parts[0]}
    names = tuple(cases.names[k] for k in back)
    gamma = math.nan if risk_aversion is None else risk_aversion
    return Outcomes(names, risk_aversion=gamma, unit=floor, source=lives.source, **joined)


@dataclass(eq=False)
class _State:
    """What changes from year to year, (rows, lives), and what is counted on the way.

    The share of spending that is wanted and the years are counted in one row where every row has
    the same.
    """

    wealth: Array
    gain: Array
    initial: Array
    previous: Array
    bought: Array
    bought_at: Array
    missing: Array
    shares: Array
    counted: dict[str, Any]

    def without(self, gone: int) -> _State:
        """The lives after the first `gone`, in the same memory."""
        counted = {name: value[:, gone:] for name, value in self.counted.items()}
        values = {n: v[:, gone:] for n, v in vars(self).items() if n != "counted"}
        return _State(**values, counted=counted)


def _run(
    c: Cases,
    lives: Lives,
    met: Array,
    order: NDArray[np.intp],
    rules: Sequence[SpendingRule],
    reviews: Mapping[int, Review],
    gamma: float | None,
    unit: float,
    care: Care | None,
    kept: NDArray[np.bool_],
) -> dict[str, Any]:
    """All rows, sorted by retirement, the latest first, over some lives, the shortest first.

    Lives that have ended in every row are left behind, once they are many enough. The returns that
    they meet, `met` (years, assets, lives), are in another order: life k's are those of
    ``order[k]``. Moving the growth of a few rows is less work than moving all assets.
    """
    shape = (len(c), lives.count)
    lived_until = ends = lives.ends
    alike = len(ends) == 1 and len(np.unique(c.retires)) == 1
    alike = alike and (lives.alive is None or len(lives.alive) == 1)
    first = s = _start(c, shape, alike)
    stated = ~np.isnan(c.target)
    target = np.nan_to_num(c.target)
    c = replace(c, target=target)
    paths = np.full((len(c), c.years, int(kept.sum())), np.nan)
    held = c.mix * (1 - c.fee)[:, None, None]
    if not reviews and (held == held[:1]).all():
        held = held[:1]
    groups = _groups(rules)
    weighed = lives.alive is not None
    until = c.years if weighed else min(int(ends.max()) + 1, c.years)
    ended = np.searchsorted(ends.max(axis=0), np.arange(until)).tolist()
    at_work = np.count_nonzero(c.retires > np.arange(until)[:, None], axis=1).tolist()
    charged = bool(c.fee_dollars.any())
    before = len(c)
    past = 0
    moved = not _sorted(order)
    for t in range(until):
        gone = 0 if weighed else ended[t] - past
        if gone * ENOUGH >= lives.count:
            c = _columns(c, slice(gone, None), lives.count)
            lives = lives.part(slice(gone, None))
            s = s.without(gone)
            ends = ends[:, gone:]
            past += gone
        gross = 1 + met[t]
        growth = held[:, t] @ gross
        if moved or past:
            growth = np.take(growth, order[past:], axis=1)
        if charged:
            s.wealth -= c.fee_dollars[:, None]
            np.maximum(s.wealth, 0.0, out=s.wealth)
        for i, review in reviews.items():
            mixes = np.take(review.mixes[:, t] @ gross, order[past:], axis=1)
            chosen = review.choose(t, s.wealth[i])
            growth[i] = np.take_along_axis(mixes, chosen[None], axis=0)[0] * (1 - c.fee[i])
        working = at_work[t]
        if working:
            _work(c, lives, s, t, slice(0, working), growth)
        if working < before:
            _retire(c, lives, s, t, slice(working, before))
            before = working
        if working < len(c):
            at = slice(working, len(c))
            income = _spend(c, lives, s, t, at, groups, care, gamma, unit)
            grown = _of(growth, at)
            s.wealth[at] *= grown
            end = _of(ends, at)
            np.copyto(s.counted["bequest"][at], s.wealth[at], where=t == end)
            if working:
                s.gain[at] = grown - 1
            else:
                s.gain = grown - 1
            if paths.size:
                lived = np.where(end >= t, income, np.nan)
                paths[at, t, int(kept[:past].sum()) :] = lived[:, kept[past:]]
    out = first.counted
    out["paths"] = paths
    out["wanted"] = target * first.shares
    out["years"] = np.broadcast_to(out["years"], shape)
    out["reached"] = lived_until >= c.retires[:, None]
    out["balance"] *= out["reached"]
    met = out["unmet"] <= 1e-9 * np.maximum(out["wanted"], 1.0)
    out["unmet"][met] = 0.0
    out["worst"] = np.where(met, 1.0, 1 - first.missing)
    out["success"] = met & stated
    return out


def _start(c: Cases, shape: tuple[int, int], alike: bool) -> _State:
    names = ("unmet", "balance", "bequest", "enjoyed", "spending")
    counted: dict[str, Any] = {name: np.zeros(shape) for name in names}
    few = (1, shape[1]) if alike else shape
    counted["years"] = np.zeros(few)
    counted["depleted"] = np.full(shape, -1.0)
    wealth = np.broadcast_to(c.balance[:, None], shape).copy()
    gain, initial, previous, bought, missing = (np.zeros(shape) for _ in range(5))
    return _State(
        wealth, gain, initial, previous, bought, np.ones(shape), missing, np.zeros(few), counted
    )


def _of(values: Rows, at: slice) -> Rows:
    """Some rows, or the one row that holds for all."""
    return values if len(values) == 1 else cast(Rows, values[at])


def _sorted(order: NDArray[np.intp]) -> bool:
    return bool((np.diff(order) == 1).all())


def _work(c: Cases, lives: Lives, s: _State, t: int, at: slice, growth: Array) -> None:
    """A year of work of the rows `at`: the balance grows, leaks, and contributions come in."""
    employee, employer = c.saving.paid(t, at, 1.0 if lives.pay is None else lives.pay[t])
    grown = _of(growth, at)
    wealth = s.wealth[at]
    wealth *= grown
    if np.count_nonzero(c.leakage):
        wealth *= (1 - c.leakage[at])[:, None]
    wealth += (employee + employer) * np.sqrt(grown)


def _retire(c: Cases, lives: Lives, s: _State, t: int, new: slice) -> None:
    """The rows `new` reach retirement: the balance is noted, and an annuity bought."""
    s.counted["balance"][new] = s.wealth[new]
    if c.annuity is not None:
        premium = c.annuity.share[new, None] * s.wealth[new]
        s.wealth[new] -= premium
        s.bought[new] = premium * c.annuity.payout[new, None]
        s.bought_at[new] = 1.0 if lives.price is None else lives.price[t]
    s.initial[new] = s.wealth[new]


def _spend(
    c: Cases,
    lives: Lives,
    s: _State,
    t: int,
    at: slice,
    groups: Sequence[tuple[SpendingRule, Array]],
    care: Care | None,
    gamma: float | None,
    unit: float,
) -> Array:
    """The rows `at` spend a year: savings fall, what was met is counted; returns what was
    enjoyed."""
    alive, income, share = _coming_in(c, lives, t, at)
    want = share * c.target[at]
    since = (t - c.retires[at])[:, None].astype(float)
    if c.annuity is not None:
        income = income + _annuity_paid(c.annuity, lives, s, t, at, since)
    wealth = s.wealth[at]
    net = 1 - c.tax_rate[at, None]
    need = np.maximum(want - income, 0.0)
    year = Year(
        since=since,
        age=c.age[at, None] + t,
        wealth=wealth,
        initial=s.initial[at],
        previous=s.previous[at],
        need=need / net,
        gain=_of(s.gain, at),
        inflation=_inflation(lives, t),
        factor=c.factor[at, t, None],
        period=c.period[at, t, None],
    )
    paid = _asked(groups, year, at)
    cost: Array | float = 0.0
    if care is not None:
        cost = _care_cost(c, lives, care, t, at)
        paid = paid + cost / net
    drawn = np.minimum(wealth, paid)
    dry = drawn < paid - 1e-7
    wealth -= drawn
    previous = drawn if care is None else np.maximum(drawn - cost / net, 0.0)
    if at.start:
        s.previous[at] = previous
    else:
        s.previous = previous
    spent = (net * drawn if np.count_nonzero(c.tax_rate) else drawn) + income
    if care is not None:
        spent -= cost
        np.maximum(spent, 0.0, out=spent)
    _count(s, lives, t, at, alive, spent, want, share, dry, since, gamma, unit)
    return spent


def _count(
    s: _State,
    lives: Lives,
    t: int,
    at: slice,
    alive: NDArray[np.bool_],
    spent: Array,
    want: Array,
    share: Array | float,
    dry: NDArray[np.bool_],
    since: Array,
    gamma: float | None,
    unit: float,
) -> None:
    """Add a year to what is counted, for those alive."""
    out = s.counted
    lived = alive.astype(float)
    everybody = np.count_nonzero(alive) == alive.size
    few = slice(0, 1) if len(s.shares) == 1 else at
    weight = lived if lives.alive is None else _of(lives.alive, at)[:, t, None]
    out["years"][few] += weight
    s.shares[few] += share * lived
    if np.count_nonzero(want):
        short = want - spent
        np.maximum(short, 0.0, out=short)
        if not everybody:
            short *= lived
        out["unmet"][at] += short
        short *= 1 / np.maximum(want, 1e-9)
        missing = s.missing[at]
        np.maximum(missing, short, out=missing)
    if np.count_nonzero(dry):
        if not everybody:
            dry &= alive
        dry &= out["depleted"][at] < 0
        np.copyto(out["depleted"][at], since, where=dry)
    if gamma is not None:
        enjoyed = _utility(spent, gamma, unit)
        enjoyed *= weight
        out["enjoyed"][at] += enjoyed
    out["spending"][at] += spent if everybody else spent * lived


def _annuity_paid(a: Annuity, lives: Lives, s: _State, t: int, at: slice, since: Array) -> Array:
    """What an annuity bought at retirement pays this year, real dollars."""
    paid = s.bought[at]
    if a.nominal.any() and lives.price is not None:
        fixed = paid * s.bought_at[at] / lives.price[t]
        paid = np.where(a.nominal[at, None], fixed, paid)
    return np.where(since >= a.delay[at, None], paid, 0.0)


def _care_cost(c: Cases, lives: Lives, care: Care, t: int, at: slice) -> Array:
    """Out-of-pocket costs of care this year, (rows, lives)."""
    ends = _of(lives.ends, at)
    old = (c.age[at] + t >= care.from_age)[:, None]
    needs = np.zeros(1, bool) if lives.care is None else lives.care
    return np.where(needs & (t > ends - care.years) & (t <= ends) & old, care.cost, 0.0)


def _inflation(lives: Lives, t: int) -> Array:
    """Last year's inflation, (lives,), or zero where it is not known."""
    if lives.price is None or t == 0:
        return np.zeros(1)
    return lives.price[t] / lives.price[t - 1] - 1


@door()
def household_year(
    c: Cases, lives: Lives, t: int, at: slice
) -> tuple[NDArray[np.bool_], Array, Array | float]:
    """Who of some rows is alive in a year, and what comes in beside savings.

    Parameters
    ----------
    c, lives : the rows and the columns.
    t : the year, from 0.
    at : which rows.

    Returns
    -------
    array of bool (rows or 1, lives)
        Whether somebody of the household is alive.
    array (rows, lives or 1)
        Real US dollars.
    array or 1
        The share of the spending wanted that is still wanted, 1 but for survivors.

    Examples
    --------
    A couple of 66 with benefits of 18,000 and of half as much from the second year on, a pension of
    10,000 and 1,000 more. Prices have risen by a quarter. In the first life the spouse has died, in
    the second the person, in the third nobody:

    >>> from portlib.retirement.cases import balanced, of_households
    >>> from portlib.retirement.household import Household, Spouse
    >>> pair = Household(
    ...     66,
    ...     66,
    ...     social_security=18_000.0,
    ...     claiming_age=67,
    ...     spouse=Spouse(66, claiming_age=67),
    ...     pension=10_000,
    ...     other_income=1_000,
    ...     last_age=69,
    ...     sex=None,
    ...     survivor_spending=0.6,
    ...     survivor_pension=0.5,
    ... )

    It goes on in ``simulation.md``.
    """
    return _coming_in(c, lives, t, at)


def _coming_in(
    c: Cases, lives: Lives, t: int, at: slice
) -> tuple[NDArray[np.bool_], Array, Array | float]:
    """`household_year`, once for every year of a simulation."""
    own = np.where((t >= c.claim[at])[:, None], c.benefit[at], 0.0)
    pension = c.pension[at, None]
    if np.count_nonzero(c.pension) and lives.price is not None:
        pension = pension / lives.price[t]
    alive = _of(lives.last, at) >= t
    if c.couple is None or lives.last_spouse is None:
        return alive, own + c.other[at, None] + pension, 1.0
    spouse = _of(lives.last_spouse, at) >= t
    other = np.where((t >= c.couple.claim[at])[:, None], c.couple.benefit[at], 0.0)
    both = alive & spouse
    benefits = np.where(both, own + other, np.maximum(own, other))
    pension = np.where(alive, pension, c.couple.pension * pension)
    share = np.where(both, 1.0, c.couple.spending)
    return alive | spouse, benefits + c.other[at, None] + pension, share


def _groups(rules: Sequence[SpendingRule]) -> list[tuple[SpendingRule, Array]]:
    """Each rule with the rows that follow it."""
    kinds = list(dict.fromkeys(rules))
    return [(k, np.array([i for i, r in enumerate(rules) if r == k])) for k in kinds]


def _asked(groups: Sequence[tuple[SpendingRule, Array]], year: Year, at: slice) -> Array:
    """What each row's rule asks for, (rows, lives or 1)."""
    if len(groups) == 1:
        return groups[0][0].withdrawal(year)
    asked = np.empty(year.wealth.shape)
    for rule, rows in groups:
        mine = rows[rows >= at.start] - at.start
        if len(mine):
            asked[mine] = rule.withdrawal(_rows_of(year, mine))
    return asked


def _rows_of(year: Year, rows: Array) -> Year:
    fields = {}
    for name, value in vars(year).items():
        fields[name] = value[rows] if value.ndim == 2 and value.shape[0] > 1 else value
    return Year(**fields)


def _utility(spending: Array, gamma: float, unit: float) -> Array:
    x = np.asarray(spending / unit)
    np.maximum(x, 1.0, out=x)
    if gamma == 1:
        return np.log(x, out=x)
    if gamma == 5:
        x *= x
        x *= x
        return np.divide(-0.25, x, out=x)
    x **= 1 - gamma
    x /= 1 - gamma
    return x


def _take(c: Cases, order: NDArray[np.intp]) -> Cases:
    """The rows of `c` in another order."""
    fields = {}
    for name, value in vars(c).items():
        if isinstance(value, np.ndarray):
            fields[name] = value[order]
    saving = replace(c.saving, **{name: v[order] for name, v in vars(c.saving).items()})
    couple = c.couple and replace(
        c.couple, benefit=c.couple.benefit[order], claim=c.couple.claim[order]
    )
    annuity = c.annuity and replace(c.annuity, **{n: v[order] for n, v in vars(c.annuity).items()})
    names = tuple(c.names[k] for k in order)
    return replace(c, names=names, saving=saving, couple=couple, annuity=annuity, **fields)


def _columns(c: Cases, which: slice | NDArray[np.intp], count: int) -> Cases:
    """The cases with those facts that differ by life cut to some lives."""

    def cut(value: Array) -> Array:
        return value[:, which] if value.ndim == 2 and value.shape[1] == count > 1 else value

    couple = c.couple and replace(c.couple, benefit=cut(c.couple.benefit))
    return replace(c, target=cut(c.target), benefit=cut(c.benefit), couple=couple)


def _check(
    c: Cases,
    lives: Lives,
    rules: Sequence[SpendingRule],
    reviews: Sequence[Review | None],
    care: Care | None,
) -> None:
    for what, given in (("spending rules", rules), ("reviews", reviews)):
        if len(given) != len(c):
            raise ValueError(f"{len(given)} {what} do not go with {len(c)} rows")
    years, assets = c.mix.shape[1:]
    if lives.returns.shape[0] < years or lives.returns.shape[1] != assets:
        raise ValueError(
            f"returns {lives.returns.shape} do not cover {years} years of {assets} assets"
        )
    met = lives.returns[:years]
    if not (met.min() >= -1 and met.max() < np.inf):  # what is missing is neither
        raise ValueError("returns are missing or below -1; they are real annual decimals")
    nominal = c.pension.any() or (c.annuity is not None and c.annuity.nominal.any())
    if nominal and lives.price is None:
        raise ValueError("a pension or annuity fixed in dollars needs lives with prices")
    if (c.couple is None) != (lives.last_spouse is None):
        raise ValueError("a couple needs the lives of both: last and last_spouse")
    if care is not None and lives.care is None:
        raise ValueError("care needs lives that say who will need it")
