"""What does a page need that solves and simulates by itself, and would portlib say the same?

The page *What if* moves controls in a reader's browser, without a network. This module writes its
data from a plan, by the functions that the chapters use, and hands the same lives to portlib, so
that both can be compared to the last digits:

- portfolios: means and covariance of the funds that may be mixed, each posture's rules as rows and
  bounds, the rivals (equal shares, 60/40, what is held, the default);
- paths: a pool of real years of class returns in whole basis points. Life ``j`` meets in year ``t``

      row  (a_t j + b_t) mod K      of the pool, K prime and a_t, b_t drawn once,

  so that each year of the calendar meets every row once in K lives, and years are independent. The
  pool's means and covariances of logarithms are made those of `MANY` years (moment matching,
  Barraquand 1995): few rows serve as many;
- the menu: expense ratios, and a career over which a yearly loss becomes years of spending.

Left out: dates of a series within a mix (a date is a whole portfolio), distances and soft rules,
engines other than the maximum of utility, whole percents; fixed pensions, taxes, couples.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib import data
from portlib.compounding import arithmetic_to_geometric
from portlib.construction.mandate import Bounds, Infeasible, Limit, Mandate, MandateError
from portlib.construction.mandate.rules import Rule, vector
from portlib.construction.mean_variance import equal_weights, maximum_utility
from portlib.plan import Plan
from portlib.ranges import among
from portlib.records import Allocation, Array, Assumptions
from portlib.retirement import glidepaths, outlook, plan_menu, taxes
from portlib.retirement import household as hh
from portlib.retirement.cases import ConstantMix, Lives, Mix, of_households
from portlib.retirement.glidepaths import Glidepath
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.simulation import Outcomes, simulate

MIME = "application/vnd.portlib.what-if+json"
#: Rows of the pool, a prime; lives that are simulated; years drawn to match the pool's moments.
ROWS = 4_001
LIVES = 2_000
MANY = 200_000
#: Returns are kept in whole basis points.
UNIT = 1e-4
#: The longest life from the youngest age, in years.
YEARS = 102
#: Where the controls stand for a plan that brings no people; each can be moved.
SOMEBODY = {
    "age": 45,
    "pay": 60_000.0,
    "balance": 100_000.0,
    "deferral_rate": 0.06,
    "other_income": 0.0,
}
#: Equity of the naive rule.
SIXTY = 0.60


# ---- portfolios ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Funds:
    """The funds that may be mixed, and what each posture allows.

    Attributes
    ----------
    plan : with each date of a series as a fund. classes : what is expected of asset classes.
    menu : of all funds. assumptions : of those that may be mixed. mandates : by posture, over them.
    refused : by posture, why no portfolio obeys.
    """

    plan: Plan
    classes: Assumptions
    menu: Assumptions
    assumptions: Assumptions
    mandates: Mapping[str, Mandate]
    refused: Mapping[str, str]

    @property
    def posture(self) -> str:
        """Where the controls stand first: the policy's default, or the first that is possible."""
        usual = str(self.plan.policy["default_posture"])
        return usual if usual in self.mandates else next(iter(self.mandates))

    def best(self, posture: str) -> Allocation:
        """The maximum of utility at the policy's risk aversion of a posture."""
        among("posture with a portfolio", [posture], self.mandates)
        aversion = float(self.plan.policy["model_risk_aversion"][posture])
        return maximum_utility(self.assumptions, self.mandates[posture], risk_aversion=aversion)

    def name(self, fund: str) -> str:
        """What people call a fund."""
        among("fund", [fund], self.plan.funds.index)
        return str(self.plan.funds.at[fund, "label"] or fund)


def funds(plan: Plan) -> Funds:
    """What may be mixed of a plan's menu; a date of a series is held alone or not at all.

    Raises
    ------
    Infeasible
        Where no posture has a portfolio; else as `plan_menu.menu_assumptions` does.
    """
    classes = plan_menu.class_assumptions(plan)
    menu = plan_menu.menu_assumptions(plan, classes)
    series = set(plan_menu.dates(plan))
    mixed = [label for label in menu.labels if label not in series]
    mandates: dict[str, Mandate] = {}
    refused: dict[str, str] = {}
    last: ValueError | None = None
    for posture, aversion in plan.policy["model_risk_aversion"].items():
        try:
            mandate = _straight(plan_menu.menu_mandate(plan, posture, classes).among(mixed))
            maximum_utility(menu.select(mixed), mandate, risk_aversion=float(aversion))
            mandates[posture] = mandate
        except (Infeasible, MandateError) as error:
            refused[posture], last = str(error), error
    if last is not None and not mandates:
        raise last
    opened = plan_menu.each_vintage(plan)
    return Funds(opened, classes, menu, menu.select(mixed), mandates, refused)


def left_out(plan: Plan, posture: str) -> list[str]:
    """The rules of a plan that are no limits and bounds, and so not on the page."""
    rules = plan_menu.menu_mandate(plan, posture).constraints
    return [rule.name for rule in rules if not _is_straight(rule)]


def _is_straight(rule: Rule) -> bool:
    return isinstance(rule, Limit | Bounds) and rule.penalty is None


def _straight(mandate: Mandate) -> Mandate:
    return mandate.without(*(rule.name for rule in mandate.constraints if not _is_straight(rule)))


def rules(mandate: Mandate) -> list[dict[str, Any]]:
    """A mandate's limits and bounds for JSON: rows and bounds over its labels; None is no limit."""
    from portlib.figures import plain

    told: list[dict[str, Any]] = []
    for rule in mandate.constraints:
        one: dict[str, Any] = {"name": rule.name, "title": plain(rule.name)}
        one |= {"clause": rule.clause, "unit": rule.unit}
        if isinstance(rule, Limit):
            one["row"] = vector(rule.coefficients, mandate.labels, 0.0).tolist()
            one["lower"] = _finite(rule.lower)
            one["upper"] = _finite(rule.upper)
        elif isinstance(rule, Bounds):
            low = vector(rule.lower, mandate.labels, -np.inf).tolist()
            high = vector(rule.upper, mandate.labels, np.inf).tolist()
            one["lower"] = [_finite(x) for x in low]
            one["upper"] = [_finite(x) for x in high]
        told.append(one)
    return told


def moved(mandate: Mandate, told: list[dict[str, Any]]) -> Mandate:
    """The mandate that the page's rules are, after controls were moved: the inverse of `rules`."""
    made: list[Rule] = []
    for one in told:
        if "row" in one:
            weights = dict(zip(mandate.labels, one["row"], strict=True))
            low = -np.inf if one["lower"] is None else one["lower"]
            high = np.inf if one["upper"] is None else one["upper"]
            made.append(Limit(one["name"], weights, low, high))
        else:
            sides = [
                {
                    label: x
                    for label, x in zip(mandate.labels, one[side], strict=True)
                    if x is not None
                }
                for side in ("lower", "upper")
            ]
            made.append(Bounds(one["name"], lower=sides[0] or -np.inf, upper=sides[1] or np.inf))
    return Mandate(mandate.labels, made, tolerance=mandate.tolerance)


def _finite(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None


def rivals(found: Funds) -> pd.DataFrame:
    """What the best portfolio is compared with.

    Returns
    -------
    DataFrame
        mean, risk (annual decimals) and ``kind``: ``naive``, ``held`` or ``default``; a series
        gives one row a date.
    """
    plan = found.plan
    kinds = plan.funds["kind"].astype(str)
    menu = found.menu
    naive = [label for label in found.assumptions.labels if kinds[label] not in ("employer_stock",)]
    equal = equal_weights(found.assumptions.select(naive))
    rows = {"equal shares of the funds": (equal.mean, equal.risk, "naive")}
    sixty = balanced(plan, found.classes, SIXTY)
    if sixty is not None:
        rows["60% equity, 40% bonds"] = (*sixty, "naive")
    money = plan.holdings.mul(plan.participants["balance"], axis=0).sum()
    held = money.reindex(list(menu.labels)).to_numpy(float)
    if held.sum() > 0:
        w = held / held.sum()
        rows["what participants hold"] = (menu.mean_of(w), menu.risk_of(w), "held")
    for fund in _default_of(found):
        at = menu.labels.index(fund)
        rows[found.name(fund)] = (float(menu.mu[at]), float(menu.volatility[at]), "default")
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "risk", "kind"])


def _default_of(found: Funds) -> list[str]:
    """The plan's default as funds: its fund, each date of its series, or nothing."""
    named = found.plan.rules["default"]
    dates = [label for label in found.menu.labels if label not in found.assumptions.labels]
    if named in found.menu.labels:
        return [str(named)]
    return dates if named is not None else []


def balanced(plan: Plan, classes: Assumptions, equity: float) -> tuple[float, float] | None:
    """Mean net of cost and risk of a mix of the policy's equity sleeve and its bond sleeve.

    Parameters
    ----------
    plan : whose funds make the sleeves.
    classes : what is expected of asset classes.
    equity : share of the equity sleeve, decimal; the rest is bonds.

    Returns
    -------
    float, float, or None
        Annual decimals; None for a menu without one of the sleeves.
    """
    parts = _sleeves(plan)
    if parts is None:
        return None
    mix, cost = parts
    w = mix.T @ np.array([equity, 1 - equity])
    among("assumption for", w[w != 0].index, classes.labels)
    whole = w.reindex(list(classes.labels)).fillna(0.0).to_numpy(float)
    fee = float(cost.to_numpy() @ [equity, 1 - equity])
    return classes.mean_of(whole) - fee, classes.risk_of(whole)


def _sleeves(plan: Plan) -> tuple[pd.DataFrame, pd.Series] | None:
    try:
        mix, cost = glidepaths.sleeves(plan)
    except ValueError:
        return None
    return mix.loc[["equity", "bonds"]], cost[["equity", "bonds"]]


# ---- paths ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pool:
    """Years of real class returns, and which year each life meets when.

    Attributes
    ----------
    assets : the classes. whole : returns in basis points, (ROWS, classes).
    multipliers, offsets : (YEARS + 1,) of the rule above; the last are those of death.
    """

    assets: tuple[str, ...]
    whole: NDArray[np.int16]
    multipliers: NDArray[np.int64]
    offsets: NDArray[np.int64]
    source: str

    @cached_property
    def met(self) -> NDArray[np.int64]:
        """The row that each life meets in each year, (YEARS + 1, LIVES); the last year is death."""
        life = np.arange(1, LIVES + 1)
        return (self.multipliers[:, None] * life + self.offsets[:, None]) % len(self.whole)

    def lives(self, age: int, mortality: Mortality) -> Lives:
        """The lives of somebody of `age`, for `portlib.retirement.simulation`."""
        years = mortality.last_age - age
        returns = (self.whole * UNIT)[self.met[:years]]
        chance = (self.met[-1] + 0.5) / len(self.whole)
        last = mortality.last_years(age, "both", chance)
        by_class = np.ascontiguousarray(np.moveaxis(returns, 1, 2))
        return Lives(returns=by_class, last=last[None], source=self.source)


def pool(plan: Plan) -> Pool:
    """The pool of a plan: the years that its outlooks draw from, few enough for a page.

    Raises
    ------
    ValueError
        For returns that do not fit 16 bits of basis points.
    """
    known = outlook.classes(plan)
    seed = int(plan.policy["scenario_seed"])
    drawn = outlook.returns_of(plan, known, outlook.expected_inflation(plan), MANY, 1, seed)
    logs = np.log1p(drawn.values[:, 0])
    few = _matched(logs[:ROWS], logs)
    whole = np.rint(np.expm1(few) / UNIT)
    if np.abs(whole).max() > np.iinfo(np.int16).max:
        worst = drawn.assets[int(np.abs(whole).max(axis=0).argmax())]
        raise ValueError(f"a year of {worst} is beyond what the page can hold (327%)")
    rng = np.random.default_rng(seed + 1)
    multipliers = rng.integers(1, ROWS, YEARS + 1)
    offsets = rng.integers(0, ROWS, YEARS + 1)
    source = f"{ROWS:,} years matched to {MANY:,} of: {drawn.source}"
    return Pool(drawn.assets, whole.astype(np.int16), multipliers, offsets, source)


def _matched(few: Array, many: Array) -> Array:
    """`few` rows, shifted and stretched to the mean and covariance of `many`."""

    def root(x: Array, power: float) -> Array:
        values, vectors = np.linalg.eigh(np.cov(x.T).reshape(x.shape[1], -1))
        kept = values > 1e-12 * values[-1]
        scaled = np.where(kept, np.abs(values) ** power, 0.0)
        return np.asarray((vectors * scaled) @ vectors.T)

    centred = few - few.mean(axis=0)
    return np.asarray(many.mean(axis=0) + centred @ root(few, -0.5) @ root(many, 0.5))


def somebody(plan: Plan) -> dict[str, Any]:
    """Where the controls of a path stand first: the middle of the plan's people, in round figures.

    Spending wanted is the policy's share of final pay.
    """
    facts: dict[str, Any] = dict(SOMEBODY)
    if len(plan.participants):
        known = plan.participants[["pay", "balance", "deferral_rate", "other_income"]]
        middle = known.fillna({"other_income": 0.0}).median()
        facts = {
            "age": int(np.median(plan.age)),
            "pay": float(round(middle["pay"], -3)),
            "balance": float(round(middle["balance"], -3)),
            "deferral_rate": float(round(middle["deferral_rate"], 2)),
            "other_income": float(round(max(middle["other_income"], 0.0), -2)),
        }
    facts["age"] = int(min(max(facts["age"], 20), 75))
    facts["retirement_age"] = int(max(plan.rules["normal_retirement_age"], facts["age"] + 1))
    one = household(plan, **facts, spending=0.0)
    facts["spending"] = round(float(plan.policy["spending_replacement"]) * one.final_pay, -2)
    return facts


def household(
    plan: Plan,
    *,
    age: int,
    pay: float,
    balance: float,
    deferral_rate: float,
    other_income: float,
    retirement_age: int,
    spending: float,
) -> Household:
    """What the page's controls say, as a household of the plan.

    Parameters
    ----------
    plan : whose match, fees and day hold.
    age, retirement_age : years.
    pay, balance, other_income, spending : US dollars, of today; all but the balance a year.
    deferral_rate : share of pay, decimal.
    """
    return Household(
        age=int(age),
        retirement_age=int(retirement_age),
        pay=pay,
        balance=balance,
        deferral_rate=deferral_rate,
        other_income=other_income,
        spending=spending,
        match=plan.rules["contributions"]["match"],
        pay_growth=plan.policy["lifecycle_pay_growth"],
        annuity_rate=plan.policy["lifecycle_annuity_rate"],
        fee_dollars=float(plan.rules["recordkeeping_fee"]),
        year=plan.as_of.year,
    )


def paths(plan: Plan) -> dict[str, Glidepath]:
    """The paths that can be chosen by name: the plan's default, and the naive rule of age."""
    chosen = {"the plan's default": glidepaths.adopted(plan)}
    parts = _sleeves(plan)
    if parts is not None:
        mix, cost = parts
        rule = glidepaths.age_rule(int(plan.rules["normal_retirement_age"]))
        chosen["100 minus age in equity"] = rule.of_classes(mix).charged(float(cost.mean()))
    return chosen


def constant(plan: Plan, equity: float) -> ConstantMix:
    """`equity` in the equity sleeve and the rest in bonds, for life, at what they cost."""
    parts = _sleeves(plan)
    if parts is None:
        raise ValueError(f"{plan.name}: no fund holds one of the policy's glidepath_sleeves")
    mix, cost = parts
    stocks, bonds = mix.loc["equity"].to_numpy(float), mix.loc["bonds"].to_numpy(float)
    held = equity * stocks + (1 - equity) * bonds
    fee = equity * float(cost["equity"]) + (1 - equity) * float(cost["bonds"])
    return ConstantMix(held, tuple(map(str, mix.columns)), fee)


def simulated(plan: Plan, one: Household, mix: Mix, drawn: Pool) -> Outcomes:
    """What becomes of a household on the page's lives, by portlib; spending of all lives is kept.

    Parameters
    ----------
    plan : whose policy and mortality hold.
    one : the household.
    mix : what it holds; of the pool's classes, in their order.
    drawn : the pool.

    Raises
    ------
    ValueError
        For a mix of other classes.
    """
    if mix.assets != drawn.assets:
        raise ValueError(f"{mix.name} holds {', '.join(mix.assets)}, not the pool's classes")
    table = outlook.mortality(plan)
    lives = drawn.lives(one.age, table)
    case = of_households([one], mix, lives, mortality=table)
    return simulate(case, lives, risk_aversion=None, keep=LIVES)


def by_age(one: Household, out: Outcomes) -> pd.DataFrame:
    """How many lives fall short at each age, and by how much?

    Parameters
    ----------
    one : the household.
    out : from `simulated`.

    Returns
    -------
    DataFrame
        By age from retirement on, of those alive: ``alive`` (how many lives), ``short`` (share
        whose spending falls short), ``depth`` (mean share missing among them; 0 where there are
        none).
    """
    wanted = float(one.target or 0.0)
    spent = out.paths[0]
    rows = {}
    for t in range(one.working, one.horizon):
        here = spent[t][~np.isnan(spent[t])]
        missing = np.maximum(wanted - here, 0.0)
        falls = missing >= 1e-7
        if len(here):
            depth = missing[falls].mean() / wanted if falls.any() else 0.0
            rows[one.age + t] = (len(here), float(falls.mean()), float(depth))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["alive", "short", "depth"])


# ---- the menu ------------------------------------------------------------------------------------


def career(found: Funds, posture: str) -> dict[str, float]:
    """Over what does a yearly loss become years of spending (policy ``fee_illustration``)?

    Parameters
    ----------
    found : the funds.
    posture : whose best portfolio grows.

    Returns
    -------
    dict
        ``growth`` (real, a year, before costs), ``years`` of saving and ``retired``, of spending.
    """
    best = found.best(posture)
    fees = found.plan.funds["expense_ratio"][list(best.labels)].to_numpy(float)
    nominal = float(arithmetic_to_geometric(best.mean + float(fees @ best.w), best.risk))
    inflation = float(data.table("horizon_2025_assets")["geometric_10y"].loc["inflation"])
    ages = found.plan.policy["fee_illustration"]
    retires = int(found.plan.rules["normal_retirement_age"])
    return {
        "growth": (1 + nominal) / (1 + inflation) - 1,
        "years": retires - int(ages["first_age"]),
        "retired": int(ages["last_age"]) - retires,
    }


# ---- all of it, as JSON --------------------------------------------------------------------------


def of_plan(plan: Plan) -> dict[str, Any]:
    """Everything that the page needs of a plan, as strict JSON.

    Examples
    --------
    >>> from portlib import data, plan
    >>> told = of_plan(plan.read(data.ROOT / "plan"))
    >>> sorted(told)
    ['path', 'plan', 'portfolios']

    It goes on in ``what_if.md``.
    """
    return {
        "plan": {
            "name": plan.name,
            "origin": plan.origin,
            "as_of": f"{plan.as_of:%Y-%m-%d}",
            "policy": plan.policy.fingerprint[:10],
        },
        "portfolios": _portfolios(funds(plan)),
        "path": _path(plan),
    }


def _portfolios(found: Funds) -> dict[str, Any]:
    plan = found.plan
    labels = list(found.assumptions.labels)
    known = plan.exposures.loc[labels]
    return {
        "funds": [
            {
                "name": found.name(label),
                "expense": float(plan.funds["expense_ratio"][label]),
                "classes": row,
            }
            for label, row in zip(labels, known.to_numpy(float).tolist(), strict=True)
        ],
        "mu": found.assumptions.mu.tolist(),
        "sigma": found.assumptions.sigma.tolist(),
        "rf": found.assumptions.rf,
        "posture": found.posture,
        "postures": {
            posture: {
                "aversion": float(plan.policy["model_risk_aversion"][posture]),
                "rules": rules(mandate),
                "career": career(found, posture),
            }
            for posture, mandate in found.mandates.items()
        },
        "refused": dict(found.refused),
        "left_out": left_out(plan, found.posture),
        "rivals": [
            {
                "name": str(name),
                "mean": float(row["mean"]),
                "risk": float(row["risk"]),
                "kind": row["kind"],
            }
            for name, row in rivals(found).iterrows()
        ],
    }


def _told_sleeves(mix: pd.DataFrame, cost: pd.Series) -> dict[str, Any]:
    weights = mix.to_numpy(float).tolist()
    costs = cost.to_numpy(float).tolist()
    return {
        str(name): {"weights": w, "cost": c}
        for name, w, c in zip(mix.index, weights, costs, strict=True)
    }


def _path(plan: Plan) -> dict[str, Any]:
    drawn = pool(plan)
    parts = _sleeves(plan)
    table = outlook.mortality(plan)
    dies = data.table("life_table_2023")[["male_death_probability", "female_death_probability"]]
    year = plan.as_of.year
    security = data.document("retirement_limits")["social_security"]
    ages = range(121)
    law = [taxes.limits(year, age) for age in ages]
    start = Household(age=40, retirement_age=41)
    return {
        "somebody": somebody(plan),
        "classes": list(drawn.assets),
        "pool": {
            "returns": base64.b64encode(drawn.whole.astype("<i2").tobytes()).decode(),
            "rows": len(drawn.whole),
            "lives": LIVES,
            "multipliers": drawn.multipliers.tolist(),
            "offsets": drawn.offsets.tolist(),
            "source": drawn.source,
        },
        "paths": [
            {
                "name": name,
                "label": path.name,
                "fee": path.fee,
                "years": path.years.tolist(),
                "weights": path.weights.tolist(),
            }
            for name, path in paths(plan).items()
        ],
        "sleeves": None if parts is None else _told_sleeves(*parts),
        "mortality": {
            "male": dies["male_death_probability"].tolist(),
            "female": dies["female_death_probability"].tolist(),
            "improvement": table.improvement,
            "relative": table.relative,
            "last_age": table.last_age,
        },
        "law": {
            "year": year,
            "employee": [one.employee for one in law],
            "elective": [one.elective_deferral for one in law],
            "additions": [one.annual_additions for one in law],
            "compensation": [one.compensation for one in law],
        },
        "security": {
            "bend_points": security["bend_points_monthly"][year],
            "factors": security["benefit_factors"],
            "wage_base": security["wage_base"][year],
            "full_retirement": [[born, months] for born, months in hh.FULL_RETIREMENT.items()],
            "early": hh.EARLY,
            "earlier": hh.EARLIER,
            "late": hh.LATE,
            "career_start": start.career_start,
        },
        "match": sorted(
            (dict(tier) for tier in plan.rules["contributions"]["match"]),
            key=lambda tier: float(tier["up_to"]),
        ),
        "pay_growth": float(plan.policy["lifecycle_pay_growth"]),
        "fee_dollars": float(plan.rules["recordkeeping_fee"]),
        "replacement": float(plan.policy["spending_replacement"]),
    }
