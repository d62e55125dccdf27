"""Which mix of equity and bonds should a plan's default hold at each age?

A glidepath is a mix by years to retirement. The custom one is found for the plan's own people: it
has four parameters (where it starts, how long before retirement it begins to fall, where it lands,
how long after), never rises, and makes the most of retirement spending on common scenarios::

    maximise  mean_i log CE_i(path)      lowest <= equity <= highest, equity never rises and falls
    by a least amount

with ``CE_i`` the certainty equivalent of participant ``i`` (`lifecycle`); its logarithm counts
everybody alike, rich or poor. Peers are published paths, the plan's own series, a constant mix and
age in bonds. Left out: what a participant holds elsewhere, reactions to markets, and everything
that `lifecycle` leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from portlib import data
from portlib.plan import Plan
from portlib.records import Assumptions
from portlib.retirement import plan_menu
from portlib.retirement.glidepaths.lifecycle import simulate
from portlib.retirement.glidepaths.paths import Glidepath, shaped
from portlib.retirement.household import Household
from portlib.retirement.scenarios import Scenarios, lognormal

# ---- the plan's building blocks and people -------------------------------------------------------


def class_assumptions(plan: Plan, assumptions: Assumptions | None = None) -> Assumptions:
    """The survey's assumptions for the plan's classes, listed real estate by proxy; or
    `assumptions` in their order.
    """
    known = plan_menu.class_assumptions(plan) if assumptions is None else assumptions
    return known.select([str(name) for name in plan.exposures.columns])


def over_sleeves(classes: Assumptions, mix: pd.DataFrame) -> Assumptions:
    """The assumptions for the sleeves `mix`, (sleeves, classes)."""
    m = mix[list(classes.labels)].to_numpy(float)
    return Assumptions(
        [str(name) for name in mix.index],
        m @ classes.mu,
        m @ classes.sigma @ m.T,
        classes.rf,
        classes.source,
    )


def expected_inflation(plan: Plan) -> float:
    """The survey's inflation over the horizon of the plan's policy, arithmetic, decimal a year."""
    return float(
        data.table("horizon_2025_assets")[f"arithmetic_{plan.policy['cma_horizon_years']}y"].loc[
            "inflation"
        ]
    )


def sleeves(plan: Plan) -> tuple[pd.DataFrame, pd.Series]:
    """What ``equity`` and ``bonds`` consist of on this menu, (2, classes), and what they cost a
    year.

    Policy ``glidepath_sleeves`` over the classes that some fund other than employer stock holds,
    rescaled to one. A class costs what the fund does that holds most of it, the cheaper of equals.
    Raises ValueError for an empty sleeve.
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


def household(plan: Plan, participant: str, **changes: Any) -> Household:
    """A participant of the plan as a household: what was not supplied is the plan's rule, the
    policy, or nothing.

    Who has reached the retirement age works one more year. Without `changes` nobody states a
    spending goal.
    """
    row = plan.participants.loc[
        participant, ["retirement_age", "other_income", "pay", "balance", "deferral_rate"]
    ]
    retires, income, pay, balance, deferral = (float(x) for x in row.to_numpy(float))
    age = plan.as_of.year - int(plan.participants["birth_year"].loc[participant])
    retires = retires if retires > 0 else plan.rules["normal_retirement_age"]
    income = income if income > 0 else 0.0
    person = Household(
        age=age,
        retirement_age=max(int(retires), age + 1),
        pay=pay,
        balance=balance,
        deferral_rate=deferral,
        match=plan.rules["contributions"]["match"],
        pay_growth=plan.policy["lifecycle_pay_growth"],
        other_income=income,
        annuity_rate=plan.policy["lifecycle_annuity_rate"],
        fee_dollars=float(plan.rules["recordkeeping_fee"]),
        year=plan.as_of.year,
    )
    return replace(person, **changes) if changes else person


def sample(plan: Plan, most: int | None = None) -> list[str]:
    """At most `most` participants (policy ``glidepath_households``), evenly spaced when sorted by
    age, then pay.
    """
    count = plan.policy["glidepath_households"] if most is None else most
    order = plan.participants.assign(age=plan.age).sort_values(["age", "pay"]).index
    at = np.unique(np.floor((np.arange(count) + 0.5) / count * len(order)).astype(int))
    return [str(order[k]) for k in at]


# ---- the custom glidepath ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class CustomGlidepath:
    """The glidepath found for a plan, and how.

    ``path`` is over equity and bonds, ``classes`` over the plan's classes; ``parameters`` are
    start, falls_from (years before retirement), landing and falls_until (years after); ``value`` is
    the certainty equivalent in dollars a year, geometric mean over ``participants``; ``trials`` has
    a row a path tried.
    """

    path: Glidepath
    classes: Glidepath
    parameters: Mapping[str, float]
    value: float
    trials: pd.DataFrame
    participants: tuple[str, ...]
    source: str

    def table(self, step: int = 5) -> pd.DataFrame:
        """Equity share and weights by class every `step` years to retirement."""
        first, last = (
            step * round(x / step) for x in (self.path.years[0] + step, self.path.years[-1] - step)
        )
        years = np.arange(first, last - 1, -step)
        table = pd.DataFrame(self.classes.at(years), index=years, columns=list(self.classes.assets))
        table.insert(0, "equity", self.path.equity_at(years))
        return table.rename_axis("years_to_retirement")


def compare(
    paths: Sequence[Glidepath],
    households: Sequence[Household],
    returns: Scenarios,
    *,
    risk_aversion: float,
    floor: float,
    level: float = 0.95,
) -> pd.DataFrame:
    """What is each path worth to these people, and how surely more or less than the first path?

    Columns: certainty equivalent (dollars a year, geometric mean over households, each counted
    alike); gain over the first path, relative, with ``low`` and ``high`` of its normal interval.
    Paired: all paths and households meet the same scenarios. Lifetimes are weighted, not drawn.
    `risk_aversion` and `floor` as in `lifecycle.simulate`.
    """
    logs = np.zeros(len(paths))
    moved = np.zeros((len(paths), len(returns.values)))
    for person in households:
        # only what is not used here, success and bequests, depends on the lifetimes drawn
        rng = np.random.default_rng(0)
        out = simulate(paths, person, returns, rng=rng, risk_aversion=risk_aversion, floor=floor)
        logs += np.log(out.certainty_equivalent()) / len(households)
        moved += out.influence() / len(households)
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
    scenarios, from the best point of a coarse grid. `paths` of returns, `households` and
    `risk_aversion` are the plan's policy's if not given. Deterministic for a seed.
    """
    classes = class_assumptions(plan, assumptions)
    mix, cost = sleeves(plan)
    two = over_sleeves(classes, mix)
    chosen = sample(plan, households)
    people = [household(plan, who) for who in chosen]
    count = plan.policy["glidepath_search_paths"] if paths is None else paths
    gamma = plan.policy["lifecycle_risk_aversion"] if risk_aversion is None else risk_aversion
    floor = plan.policy["spending_floor"]
    years = max(person.horizon for person in people)
    rng = np.random.default_rng(seed)
    returns = lognormal(two, expected_inflation(plan), count, years, rng)
    bounds = plan.policy["glidepath_equity_range"]
    fee = float(cost.mean())
    tried: dict[tuple[float, ...], float] = {}

    def best_of(points: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
        if new := [p for p in points if p not in tried]:
            shapes = [shaped(*p, fee=fee) for p in new]
            worth = compare(shapes, people, returns, risk_aversion=gamma, floor=floor)
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
        found, found.of_classes(mix), parameters, tried[best], trials, tuple(chosen), found.source
    )


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
        if low <= p[2] <= p[0] - fall and p[0] <= high and 5 <= p[1] <= 45 and 0 <= p[3] <= 30
    )
