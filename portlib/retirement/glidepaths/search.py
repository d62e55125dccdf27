"""Which mix of equity and bonds should a plan's default hold at each age?

A glidepath is a mix by years to retirement. The custom one is found for the plan's own people: it
has four parameters (where it starts, how long before retirement it begins to fall, where it lands,
how long after), never rises, and makes the most of retirement spending on common scenarios::

    maximise  mean_i log CE_i(path)      lowest <= equity <= highest, equity never rises and falls
    by a least amount

with ``CE_i`` the certainty equivalent of participant ``i`` (`simulation`), who spends each year of
retirement a part of the balance that lasts for life; its logarithm counts everybody alike, rich or
poor. Markets, inflation, lifetimes and risky pay are the plan's, as in `outlook`. Peers are
published paths, the plan's own series, a constant mix and age in bonds. Left out: what a
participant holds elsewhere, reactions to markets, and what `simulation` leaves out. Limits of
``mandate.yml`` on classes and roles hold at every date; those on funds, expenses and risk do not,
since a path is of classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np
import pandas as pd

from portlib.construction.mandate import MandateError
from portlib.plan import Plan
from portlib.ranges import LEVEL, door
from portlib.records import Assumptions
from portlib.retirement import cases, outlook
from portlib.retirement.glidepaths.paths import Glidepath, adopted, age_rule, constant, shaped
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.pay_risk import PayRisk
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import Outcomes, simulate
from portlib.retirement.spending_rules import AnnuityFactor

# ---- the plan's building blocks and people -------------------------------------------------------


def sleeves(plan: Plan) -> tuple[pd.DataFrame, pd.Series]:
    """What ``equity`` and ``bonds`` consist of on this menu, and what they cost a year.

    Policy ``glidepath_sleeves`` over the classes that some fund other than employer stock holds,
    rescaled to one. A class costs what the fund does that holds most of it, the cheaper of equals.

    Returns
    -------
    DataFrame (2, classes)
        Weights, rows sum to one.
    Series (2,)
        Expense ratios, annual decimals.

    Raises
    ------
    ValueError
        For an empty sleeve.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> weights, cost = sleeves(plans.read(data.ROOT / "plan"))
    >>> weights.sum(axis=1).round(9).to_dict(), bool((cost >= 0).all())
    ({'equity': 1.0, 'bonds': 1.0}, True)

    A sleeve is the policy's mix of what the menu holds. What a class costs is what the fund does
    that holds most of it; here by a plain look, class by class:

    >>> ours = plans.read(data.ROOT / "plan")
    >>> wanted = ours.policy["glidepath_sleeves"]["bonds"]
    >>> weights.loc["bonds"][list(wanted)].round(9).to_dict() == dict(wanted)
    True
    >>> menu = ours.exposures.drop(index="COSTK")
    >>> fees = ours.funds["expense_ratio"]
    >>> most = {c: menu.index[menu[c] == menu[c].max()] for c in wanted}
    >>> dear = {c: min(fees[fund] for fund in funds) for c, funds in most.items()}
    >>> bool(abs(cost["bonds"] - sum(share * dear[c] for c, share in wanted.items())) < 1e-12)
    True

    It goes on in ``search.md``.
    """
    funds = plan.exposures.index[plan.funds.loc[plan.exposures.index, "kind"] != "employer_stock"]
    held = plan.exposures.loc[funds]
    fees = plan.funds.loc[funds, "expense_ratio"]
    weights = {}
    cost = {}
    for name, wanted in plan.policy["glidepath_sleeves"].items():
        mix = pd.Series(wanted, dtype=float).reindex(held.columns).fillna(0.0) * (held.max() > 0)
        if not mix.sum() > 0:
            raise ValueError(
                f"no fund holds any class of the {name} sleeve ({', '.join(wanted)}); change "
                f"the policy "
                "glidepath_sleeves for this plan"
            )
        weights[name] = mix / mix.sum()
        dearest = {c: fees[held[c] == held[c].max()].min() for c in held.columns[mix > 0]}
        cost[name] = float((weights[name] * pd.Series(dearest)).sum())
    return pd.DataFrame(weights).T, pd.Series(cost, name="expense ratio")


@door()
def sample(plan: Plan, most: int | None = None) -> list[str]:
    """At most `most` participants (policy ``glidepath_households``), evenly spaced when sorted by
    age, then pay.

    Examples
    --------
    Of five people by age, and by pay where they are alike, the second, the fourth: each stands in
    the middle of its half.

    >>> from dataclasses import replace
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> five = replace(ours, participants=ours.participants.iloc[:5])
    >>> people = five.participants
    >>> order = sorted(people.index, key=lambda who: (-people.birth_year[who], people.pay[who]))
    >>> sample(five, 2) == [order[1], order[3]]
    True
    >>> sample(five, 9) == order
    True
    >>> len(sample(ours)) == ours.policy["glidepath_households"]
    True
    >>> sample(replace(ours, participants=ours.participants.iloc[:0]))
    Traceback (most recent call last):
    ...
    ValueError: Example 401(k) plan: there are no participants, and so no people to sample

    It goes on in ``search.md``.
    """
    count = plan.policy["glidepath_households"] if most is None else most
    if plan.participants.empty:
        raise ValueError(f"{plan.name}: there are no participants, and so no people to sample")
    order = plan.participants.assign(age=plan.age).sort_values(["age", "pay"]).index
    at = np.unique(np.floor((np.arange(count) + 0.5) / count * len(order)).astype(int))
    return [str(order[k]) for k in at]


# ---- the custom glidepath ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class CustomGlidepath:
    """The glidepath found for a plan, and how.

    Attributes
    ----------
    path : Glidepath
        Over equity and bonds.
    classes : Glidepath
        The same over the plan's classes.
    parameters : mapping
        start, falls_from (years before retirement), landing and falls_until (years after).
    value : float
        Certainty equivalent in dollars a year, geometric mean over the participants.
    trials : DataFrame
        A row a path tried.
    participants : tuple of str
    source : str
        Of the returns.
    assumptions : Assumptions
        Of the plan's classes.
    taste : Taste
        By what paths were judged.
    seed : int
        Of the returns.
    """

    path: Glidepath
    classes: Glidepath
    parameters: Mapping[str, float]
    value: float
    trials: pd.DataFrame
    participants: tuple[str, ...]
    source: str
    assumptions: Assumptions
    taste: Taste
    seed: int

    def table(self, step: int = 5) -> pd.DataFrame:
        """Equity share and weights by class every `step` years to retirement."""
        first, last = (
            step * round(x / step) for x in (self.path.years[0] + step, self.path.years[-1] - step)
        )
        years = np.arange(first, last - 1, -step)
        table = pd.DataFrame(self.classes.at(years), index=years, columns=list(self.classes.assets))
        table.insert(0, "equity", self.path.equity_at(years))
        return table.rename_axis("years_to_retirement")


@dataclass(frozen=True)
class Taste:
    """By what a path is judged, and under which law of life and pay.

    Attributes
    ----------
    risk_aversion : of spending.
    floor : dollars a year, below which amounts are not told apart.
    mortality : law of life.
    pay_risk : None is pay as planned.
    seed : of lives and pay.
    """

    risk_aversion: float
    floor: float
    mortality: Mortality
    pay_risk: PayRisk | None = None
    seed: int = 0


@door()
def taste(plan: Plan, risk_aversion: float | None = None) -> Taste:
    """The plan's, by its policy; at another `risk_aversion` where it is given.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> own, other = taste(ours), taste(ours, 3.0)
    >>> own.risk_aversion == ours.policy["lifecycle_risk_aversion"], other.risk_aversion
    (True, 3.0)
    >>> own.floor == ours.policy["spending_floor"], own.mortality == outlook.mortality(ours)
    (True, True)

    It goes on in ``search.md``.
    """
    own = float(plan.policy["lifecycle_risk_aversion"])
    return Taste(
        own if risk_aversion is None else risk_aversion,
        float(plan.policy["spending_floor"]),
        outlook.mortality(plan),
        outlook.pay_risk(plan),
    )


def spent_for_life(
    paths: Sequence[Glidepath], person: Household, returns: Scenarios, by: Taste
) -> Outcomes:
    """What a person who spends a part of the balance that lasts for life gets under each path.

    All paths meet the same markets, pay and lifetimes. What one alone enjoys is weighed by the
    chance of living, so that little hangs on the deaths drawn; of a couple, whose spending depends
    on who has died, both deaths are drawn.

    Parameters
    ----------
    paths : sequence of Glidepath
        Over the assets of the returns.
    person : Household
    returns : Scenarios
    by : Taste

    Returns
    -------
    Outcomes
        A row a path.

    Raises
    ------
    ValueError
        For paths over other assets than the returns.

    Examples
    --------
    Three certain years, no interest: a third of what is there, then half, then the rest. In bonds
    that earn nothing 90,000 are 30,000 a year; equity that gains a quarter pays 30,000, 37,500 and
    46,875:

    >>> from portlib.retirement.glidepaths.paths import constant
    >>> facts = {"retirement_age": 65, "sex": None, "annuity_rate": 0.0}
    >>> person = Household(65, balance=90_000, last_age=68, **facts)
    >>> years = Scenarios(np.array([[[0.25, 0.0]] * 3] * 2), ("equity", "bonds"), "SYNTHETIC")
    >>> by = Taste(2.0, 10_000.0, Mortality())
    >>> paths = [constant(0.0), constant(1.0)]
    >>> out = spent_for_life(paths, person, years, by)
    >>> out.spending.round(6).tolist(), out.bequest.round(6).tolist()
    ([[90000.0, 90000.0], [114375.0, 114375.0]], [[0.0, 0.0], [0.0, 0.0]])
    >>> harmonic = 3 / (1 / 30_000 + 1 / 37_500 + 1 / 46_875)
    >>> bool(np.allclose(out.certainty_equivalent(), [30_000, harmonic]))
    True
    >>> other = Scenarios(years.values, ("stocks", "bonds"), "SYNTHETIC")
    >>> spent_for_life(paths, person, other, by)
    Traceback (most recent call last):
    ...
    ValueError: constant 0% holds other assets than the returns (stocks, bonds); use of_classes

    It goes on in ``search.md``.
    """
    if other := [g.name for g in paths if g.assets != returns.assets]:
        held = ", ".join(returns.assets)
        raise ValueError(f"{other[0]} holds other assets than the returns ({held}); use of_classes")
    lives = cases.draw(
        person,
        returns,
        np.random.default_rng(by.seed),
        mortality=by.mortality,
        pay_risk=by.pay_risk,
        lifetimes="weighed" if person.spouse is None else "drawn",
    )
    rows = cases.of_households(
        [person] * len(paths),
        list(paths),
        lives,
        mortality=by.mortality,
        risk_aversion=by.risk_aversion,
    )
    return simulate(rows, lives, AnnuityFactor(), risk_aversion=by.risk_aversion, floor=by.floor)


@door(level=LEVEL)
def compare(
    paths: Sequence[Glidepath],
    households: Sequence[Household],
    returns: Scenarios,
    by: Taste,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """What is each path worth to these people, and how surely more or less than the first path?

    Paired: all paths and households meet the same scenarios.

    Parameters
    ----------
    paths : sequence of Glidepath
        The first is what the others are compared with.
    households : sequence of Household
    returns : Scenarios
    by : Taste
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame by path
        Certainty equivalent (dollars a year, geometric mean over households, each counted alike);
        gain over the first path, relative, with ``low`` and ``high`` of its normal interval.

    Raises
    ------
    ValueError
        As `spent_for_life` does.

    Examples
    --------
    The people of `spent_for_life` in two markets, one of which falls by a tenth a year: by the
    harmonic mean over both, and over two people, one of whom has twice as much, by the geometric
    mean:

    >>> from portlib.retirement.glidepaths.paths import constant
    >>> facts = {"retirement_age": 65, "sex": None, "annuity_rate": 0.0, "last_age": 68}
    >>> two = [Household(65, balance=held, **facts) for held in (90_000, 180_000)]
    >>> markets = [[[0.25, 0.0]] * 3, [[-0.1, 0.0]] * 3]
    >>> years = Scenarios(np.array(markets), ("equity", "bonds"), "SYNTHETIC")
    >>> by = Taste(2.0, 10_000.0, Mortality())
    >>> table = compare([constant(0.0), constant(1.0)], two, years, by, level=0.9)
    >>> paid = [30_000 * g**t for g in (1.25, 0.9) for t in range(3)]
    >>> ce = 6 / sum(1 / x for x in paid)
    >>> bool(np.allclose(table["certainty equivalent"], [30_000 * 2**0.5, ce * 2**0.5]))
    True
    >>> bool(np.allclose(table["gain"], [0.0, ce / 30_000 - 1])), table.index.tolist()
    (True, ['constant 0%', 'constant 100%'])

    The first path bears no luck. Of the second the logarithm moves by what each market is off the
    mean of the reciprocals, relative to it; 1.645 standard errors of two markets are their half
    difference:

    >>> each = [sum(1 / x for x in paid[:3]), sum(1 / x for x in paid[3:])]
    >>> error = abs(each[0] - each[1]) / sum(each)
    >>> low, high = (ce / 30_000 * np.exp(s * 1.644854 * error) - 1 for s in (-1, 1))
    >>> bool(np.allclose(table.loc["constant 100%", ["low", "high"]].astype(float), [low, high]))
    True

    It goes on in ``search.md``.
    """
    logs = np.zeros(len(paths))
    moved = np.zeros((len(paths), len(returns.values)))
    for person in households:
        out = spent_for_life(paths, person, returns, by)
        ce = out.certainty_equivalent()
        logs += np.log(ce) / len(households)
        moved += out.influence() / ce[:, None] / len(households)
    error = (
        (moved - moved[0]).std(axis=1, ddof=1) / np.sqrt(moved.shape[1])
        if moved.shape[1] > 1
        else np.nan
    )
    gain = logs - logs[0]
    half = NormalDist().inv_cdf(0.5 + level / 2) * error
    columns = {
        "certainty equivalent": np.exp(logs),
        "gain": np.expm1(gain),
        "low": np.expm1(gain - half),
        "high": np.expm1(gain + half),
    }
    return pd.DataFrame(columns, index=[path.name for path in paths])


@door()
def custom(
    plan: Plan,
    assumptions: Assumptions | None = None,
    *,
    seed: int = 2026,
    paths: int | None = None,
    households: int | None = None,
    risk_aversion: float | None = None,
) -> CustomGlidepath:
    """The best never-rising glidepath of four parameters for the plan's people, on the assumptions'
    scenarios.

    A pattern search by 10, then 5 points of equity and 10, then 5 years, all trials on common
    scenarios, from the best point of a coarse grid. Deterministic for a seed.

    Parameters
    ----------
    plan : Plan
    assumptions : Assumptions, optional
        Of the plan's classes; the plan's method's when not given.
    seed : int
    paths, households, risk_aversion : optional
        Of returns, how many people, and of spending; the policy's when not given.

    Returns
    -------
    CustomGlidepath

    Raises
    ------
    MandateError
        Where the mandate's limits on classes and roles leave no room for the least fall.

    Examples
    --------
    On few paths and two people, to show what is found: the best of what was tried, which never
    rises and stays within the policy's range:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> found = custom(ours, paths=6, households=2, seed=4)
    >>> names = ["start", "falls_from", "landing", "falls_until"]
    >>> found.trials[names].iloc[0].tolist() == list(found.parameters.values())
    True
    >>> bool(found.value == found.trials["certainty equivalent"].max())
    True
    >>> bounds = ours.policy["glidepath_equity_range"]
    >>> fall = found.trials["start"] - found.trials["landing"]
    >>> bool((fall >= bounds["least_fall"] - 1e-9).all())
    True
    >>> bool(found.trials[["start", "landing"]].stack().between(0.2, 0.9).all())
    True
    >>> start, falls_from, landing, falls_until = found.parameters.values()

    It goes on in ``search.md``.
    """
    classes = outlook.classes(plan, assumptions)
    mix, cost = sleeves(plan)
    chosen = sample(plan, households)
    people = [outlook.household(plan, who, spending=None) for who in chosen]
    count = plan.policy["glidepath_search_paths"] if paths is None else paths
    by = taste(plan, risk_aversion)
    years = max(person.horizon for person in people)
    level = outlook.expected_inflation(plan)
    returns = outlook.returns_of(plan, classes, level, count, years, seed).of(mix)
    bounds = _equity_range(plan, mix)
    fee = float(cost.mean())
    tried: dict[tuple[float, ...], float] = {}

    def best_of(points: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
        if new := [p for p in points if p not in tried]:
            shapes = [shaped(*p, fee=fee) for p in new]
            worth = compare(shapes, people, returns, by)
            tried.update(zip(new, worth["certainty equivalent"].tolist(), strict=True))
        return max(points, key=lambda p: (tried[p], p))

    shares = np.linspace(bounds["highest"], bounds["lowest"], 5).round(10).tolist()
    coarse = list(product(shares, (10.0, 25.0, 40.0), shares, (0.0, 20.0)))
    best = best_of([p for p in coarse if p[2] <= p[0] - bounds["least_fall"] + 1e-9])
    for equity_step, year_step in ((0.1, 10.0), (0.05, 5.0)):
        while (finer := best_of(_neighbours(best, equity_step, year_step, bounds))) != best:
            best = finer
    names = ["start", "falls_from", "landing", "falls_until"]
    found = shaped(
        *best, fee=fee, source=f"custom, for {plan.name} ({plan.origin}); {returns.source}"
    )
    trials = pd.DataFrame(
        [(*p, v) for p, v in tried.items()], columns=[*names, "certainty equivalent"]
    )
    trials = trials.sort_values("certainty equivalent", ascending=False, ignore_index=True)
    parameters = dict(zip(names, best, strict=True))
    return CustomGlidepath(
        path=found,
        classes=found.of_classes(mix),
        parameters=parameters,
        value=tried[best],
        trials=trials,
        participants=tuple(chosen),
        source=found.source,
        assumptions=classes,
        taste=by,
        seed=seed,
    )


@door()
def beside_adopted(
    found: CustomGlidepath,
    plan: Plan,
    *,
    seed: int | None = None,
    paths: int | None = None,
) -> pd.DataFrame:
    """What is the path that was found worth beside the one that the plan's default follows, on
    scenarios that the search has not seen, and what are two rules that need no search?

    The scenarios of a search flatter what it finds. The rules, a constant 60% and 100 minus age,
    hold the plan's classes at the cost of the path that was found; the adopted path keeps its own
    mix and cost.

    Parameters
    ----------
    found : CustomGlidepath
        Its assumptions and taste are those of the comparison.
    plan : Plan
    seed : int, optional
        Of the scenarios; one that is not the search's when not given.
    paths : int, optional
        Of returns; the policy's when not given.

    Returns
    -------
    DataFrame by path
        The path that was found and the two rules: ``gain`` over the adopted path in certainty
        equivalent of retirement spending, relative, with ``low`` and ``high`` of its 95% interval.

    Raises
    ------
    ValueError
        For the search's own seed.

    Examples
    --------
    They meet what `compare` would let them meet, one by one over the plan's classes:

    >>> from portlib import data, plan as plans
    >>> from portlib.retirement.glidepaths.paths import from_plan
    >>> ours = plans.read(data.ROOT / "plan")
    >>> found = custom(ours, paths=6, households=2, seed=4)
    >>> told = beside_adopted(found, ours, seed=9, paths=5)
    >>> people = [outlook.household(ours, who, spending=None) for who in found.participants]
    >>> longest = max(person.horizon for person in people)
    >>> level = outlook.expected_inflation(ours)
    >>> years = outlook.returns_of(ours, outlook.classes(ours), level, 5, longest, 9)
    >>> first, by = from_plan(ours), found.taste
    >>> even = constant(0.6).of_classes(sleeves(ours)[0]).charged(found.path.fee)
    >>> alone = [compare([first, one], people, years, by).iloc[1] for one in (found.classes, even)]
    >>> told.index.tolist() == [found.path.name, "constant 60%", "100 minus age"]
    True
    >>> bool(np.allclose(told.iloc[:2], pd.DataFrame(alone)[["gain", "low", "high"]].astype(float)))
    True

    It goes on in ``search.md``.
    """
    if seed == found.seed:
        raise ValueError(f"the path was found on the scenarios of seed {seed}: give another")
    fresh_seed = found.seed ^ 1 if seed is None else seed  # its neighbour, at either end too
    mix, _ = sleeves(plan)
    people = [outlook.household(plan, who, spending=None) for who in found.participants]
    years = max(person.horizon for person in people)
    count = plan.policy["glidepath_search_paths"] if paths is None else paths
    level = outlook.expected_inflation(plan)
    fresh = outlook.returns_of(plan, found.assumptions, level, count, years, fresh_seed)
    naive = [constant(0.6), age_rule(plan.rules["normal_retirement_age"])]
    rules = [path.of_classes(mix).charged(found.path.fee) for path in naive]
    over = compare([adopted(plan), found.classes, *rules], people, fresh, found.taste)
    return over.iloc[1:][["gain", "low", "high"]]


def _equity_range(plan: Plan, mix: pd.DataFrame) -> dict[str, float]:
    """The policy's range of equity, narrowed by the mandate's limits on classes and roles.

    At equity ``x`` the classes of a limit hold ``b + (e - b) x``, with ``e`` and ``b`` their shares
    of the two sleeves. Limits that may be broken at a price do not bind.
    """
    bounds = dict(plan.policy["glidepath_equity_range"])
    roles = {one.name: one.role for one in plan.inputs.classes}
    for limit in plan.inputs.mandate:
        if limit.penalty is not None or limit.kind not in ("class_limit", "role_limit"):
            continue
        given = limit.arguments
        named = given.get("classes", [c for c in mix if roles.get(str(c)) == given.get("role")])
        held = mix[[c for c in mix if c in named]].sum(axis=1)
        slope = float(held["equity"] - held["bonds"])
        for side, value in (("upper", given.get("upper")), ("lower", given.get("lower"))):
            if value is None:
                continue
            room = float(value - held["bonds"])
            if abs(slope) < 1e-9:
                kept = room >= -1e-9 if side == "upper" else room <= 1e-9
                bounds["highest"] = bounds["highest"] if kept else -np.inf
            elif (side == "upper") == (slope > 0):
                bounds["highest"] = min(bounds["highest"], room / slope)
            else:
                bounds["lowest"] = max(bounds["lowest"], room / slope)
        if bounds["highest"] - bounds["lowest"] < bounds["least_fall"] - 1e-9:
            raise MandateError(
                f"{limit.name!r} leaves no glidepath that falls by {bounds['least_fall']:.0%} of "
                "equity (policy: glidepath_equity_range)"
            )
    return bounds


def _neighbours(
    at: tuple[float, ...], equity: float, years: float, bounds: Mapping[str, float]
) -> list[tuple[float, ...]]:
    """The point itself and one step each way in each parameter, and in some pairs, within the
    bounds.
    """
    steps = [
        (equity, 0, 0, 0),
        (0, years, 0, 0),
        (0, 0, equity, 0),
        (0, 0, 0, years),
        (equity, 0, equity, 0),
        (equity, -years, 0, 0),
        (0, 0, equity, years),
    ]
    points = {at}
    for sign in (1, -1):
        points |= {
            tuple(round(a + sign * s, 10) for a, s in zip(at, step, strict=True)) for step in steps
        }
    low = bounds["lowest"]
    high = bounds["highest"]
    fall = bounds["least_fall"] - 1e-9
    return sorted(
        p
        for p in points
        if low - 1e-9 <= p[2] <= p[0] - fall
        and p[0] <= high + 1e-9
        and 5 <= p[1] <= 45
        and 0 <= p[3] <= 30
    )
