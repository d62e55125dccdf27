"""Which few portfolios does the plan offer by name, and when are they made anew?

One model a posture, made offline from the plan's menu and kept as targets with a fingerprint of
everything they were made from. When assumptions move, the old weights stay unless a change is worth
more than the assumptions are sure of::

    change  w0 -> w1   if   U(w1) - U(w0)  >  k sqrt(d' B Omega B' d),      d = w1 - w0,   |d|_1 / 2
    <= limit

with U the certainty equivalent, B the funds' exposures and Omega the covariance of the errors of
the expected returns, by how far providers disagree. The left side is quadratic in a small change of
the assumptions and the right side is linear in it: small changes move nobody. Left out: trading
costs, and the tax that retirement accounts do not have.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from portlib.construction.engines import NotSolved
from portlib.construction.mandate import Bounds, Infeasible, Limit, Mandate
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import among, door, number
from portlib.records import Array, Assumptions, symmetric_root
from portlib.retirement import plan_menu
from portlib.retirement.plan_menu import engine, expectations
from portlib.retirement.plan_menu.few_funds import WORTH

SCHEMA = "prudent-by-construction/suite/2"
#: A change of weights, or a gain a year, below this is rounding.
SLIGHT = 1e-6
#: Changes when the way of making models does, so that a stored suite says which way made it.
METHOD = "maximum utility on every option, whole percents where the plan asks for them; 2"


class SuiteError(ValueError):
    """A stored suite cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Model:
    """One portfolio of a suite: targets by fund, and what is expected of them.

    Attributes
    ----------
    posture : str
    weights : mapping
        By fund, that sum to one.
    risk_aversion : float
        Under which they were made.
    mean, risk : float
        Annual decimals, net of fees.
    equity : float
        Share, looking through the funds.
    cost : float
        Weighted expense ratio, annual decimal.
    departure : float
        Tracking error against the reference with the same equity share, annual decimal.
    mandate : str
        Fingerprint of the rules.
    made : str
        Why the weights are these.

    Examples
    --------
    Between 5% expected and half of 4 times a variance of 0.01 lie 3% for certain:

    >>> held = {"stocks": 0.5, "bonds": 0.5}
    >>> round(Model("moderate", held, 4.0, 0.05, 0.1, 0.5, 0.001, 0.0, "", "typed").utility, 9)
    0.03
    """

    posture: str
    weights: Mapping[str, float]
    risk_aversion: float
    mean: float
    risk: float
    equity: float
    cost: float
    departure: float
    mandate: str
    made: str

    @property
    def utility(self) -> float:
        """Certainty equivalent, annual decimal."""
        return self.mean - self.risk_aversion / 2 * self.risk**2


@dataclass(frozen=True)
class Suite:
    """The models of a plan, and what they were made from.

    Attributes
    ----------
    models : tuple of Model
        From the most cautious posture to the boldest.
    missing : mapping
        By posture, why no portfolio of the menu obeys its rules.
    origins : mapping
        What they were made from.
    day : str
        ISO date.
    schema : str
        Of the JSON.

    Examples
    --------
    What is written is what is read; another day is another fingerprint:

    >>> held = {"bonds": 0.4, "stocks": 0.5, "cash": 0.1, "gold": 0.0}
    >>> half = Model(
    ...     "moderate", held, 4.0, 0.05, 0.1, 0.5, 0.001, 0.0, "", "typed"
    ... )
    >>> bold = replace(half, posture="growth", weights={"stocks": 1.0}, equity=1.0)
    >>> old = Suite((half, bold), {"cautious": "no bonds"}, {"plan": "x"}, "2026-01-01")
    >>> stored = json.dumps(old.to_json())
    >>> from_json(old.to_json()) == old, from_json(json.loads(stored)) == old
    (True, True)
    >>> replace(old, day="2026-01-02").fingerprint == old.fingerprint
    False
    >>> old.postures, old["growth"] is bold, old.weights().loc["stocks"].to_dict()
    (('moderate', 'growth'), True, {'moderate': 0.5, 'growth': 1.0})
    >>> old["cautious"]
    Traceback (most recent call last):
    ...
    portlib.retirement.model_portfolios.models.SuiteError: no model 'cautious': no bonds
    >>> table = old.table()
    >>> table.loc["moderate"].tolist()
    [0.5, 0.05, 0.1, 0.001, 3.0]
    """

    models: tuple[Model, ...]
    missing: Mapping[str, str]
    origins: Mapping[str, str]
    day: str
    schema: str = field(default=SCHEMA)

    def __getitem__(self, posture: str) -> Model:
        if posture in self.missing:
            raise SuiteError(f"no model {posture!r}: {self.missing[posture]}")
        among("model", [posture], self.postures, error=SuiteError)
        return self.models[self.postures.index(posture)]

    @property
    def postures(self) -> tuple[str, ...]:
        """Those that have a model, most cautious first."""
        return tuple(model.posture for model in self.models)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON: of targets, inputs, method and day."""
        return _digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A dict that strict JSON can hold; `from_json` takes it back."""
        return {
            "schema": self.schema,
            "day": self.day,
            "origins": dict(self.origins),
            "missing": dict(self.missing),
            "models": [asdict(model) for model in self.models],
        }

    def table(self) -> pd.DataFrame:
        """One row a model: equity, expected return, risk, cost (annual decimals), number of
        funds."""
        rows = {
            m.posture: {
                "equity": m.equity,
                "expected return": m.mean,
                "risk": m.risk,
                "cost": m.cost,
                "funds": sum(w > 0 for w in m.weights.values()),
            }
            for m in self.models
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def weights(self) -> pd.DataFrame:
        """Funds x postures."""
        return pd.DataFrame({model.posture: model.weights for model in self.models})


def from_json(content: Mapping[str, Any]) -> Suite:
    """The suite that `Suite.to_json` wrote.

    Raises
    ------
    SuiteError
        Where the schema is another or a weight is out of place.

    Examples
    --------
    A schema of another version, weights that do not sum to one, and percentages are refused by
    name:

    >>> held = {"a": 0.6, "b": 0.4}
    >>> half = Model("moderate", held, 4.0, 0.05, 0.1, 0.5, 0.001, 0.0, "", "typed")
    >>> def refused(schema=SCHEMA, **other):
    ...     stored = Suite((replace(half, **other),), {}, {}, "2026-01-01").to_json()
    ...     try:
    ...         return from_json({**stored, "schema": schema}).models[0] != replace(half, **other)
    ...     except SuiteError as error:
    ...         return str(error)
    >>> refused(), refused(weights={"a": 0.6, "b": 0.4000009}), refused(risk=0.0)
    (False, False, False)
    >>> refused(weights={"a": 0.6, "b": 0.40001})
    'the weights of moderate sum to 1.000010, the least is 0.400010'
    >>> refused(weights={"a": 1.1, "b": -0.1})
    'the weights of moderate sum to 1.000000, the least is -0.100000'
    >>> refused(weights={})
    'the weights of moderate sum to 0.000000, the least is 0.000000'
    >>> refused(schema="another")[:20], refused(mean=5.0)[:14], refused(risk=-0.1)[:14]
    ("schema is 'another';", 'moderate: mean', 'moderate: risk')
    >>> refused(mean=-1.0)[:19]  # nothing is left
    'moderate: mean is -'
    """
    if content.get("schema") != SCHEMA:
        raise SuiteError(f"schema is {content.get('schema')!r}; this version reads {SCHEMA!r}")
    among("part of a suite", ("models", "missing", "origins", "day"), content, error=SuiteError)
    parts = [part.name for part in fields(Model)]
    for model in content["models"]:
        among("part of a model", model, parts, error=SuiteError)
        among("part of a model", parts, model, error=SuiteError)
    models = tuple(Model(**model) for model in content["models"])
    for model in models:
        for what, value in (*model.weights.items(), ("mean", model.mean), ("risk", model.risk)):
            number(f"{model.posture}: {what}", value, above=-1, most=2, error=SuiteError)
        number(f"{model.posture}: risk", model.risk, least=0, error=SuiteError)
        held = list(model.weights.values()) or [0.0]
        if abs(sum(held) - 1) > 1e-6 or min(held) < -1e-9:
            raise SuiteError(
                f"the weights of {model.posture} sum to {sum(held):.6f}, the least is "
                f"{min(held):.6f}"
            )
    return Suite(models, dict(content["missing"]), dict(content["origins"]), content["day"])


def postures(policy: Policy) -> tuple[str, ...]:
    """The policy's postures, most cautious first: those of falling risk aversion.

    Examples
    --------
    The most averse to risk comes first, by the upper end of its band:

    >>> postures({"risk_aversion_bands": {"bold": [1, 2], "shy": [2.5, 12], "middling": [3, 5]}})
    ('shy', 'middling', 'bold')
    """
    bands = policy["risk_aversion_bands"]
    return tuple(sorted(bands, key=lambda name: -max(bands[name])))


def suite(plan: Plan, assumptions: Assumptions | None = None) -> Suite:
    """One model a posture from the plan's menu.

    A posture whose rules no portfolio of the menu obeys has no model, and the suite says why.
    Source: Markowitz (1952); the postures and their rules are policy.

    Parameters
    ----------
    plan : Plan
    assumptions : Assumptions, optional
        Of asset classes; the plan's method's when not given.

    Returns
    -------
    Suite

    Examples
    --------
    Four funds and figures typed for the example plan's rules, without its series: what is expected
    of a model is the sum of its parts, net of expenses, and each obeys the largest weight that
    policy allows:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> rules = {**ours.rules, "default": None}
    >>> menu = replace(ours, rules=rules).offering(["LCIDX", "BNDIDX", "INTIDX", "GOVMM"])
    >>> labels = ["us_large_equity", "intl_dev_equity", "us_core_bonds", "cash"]
    >>> mu = np.array([0.065, 0.07, 0.045, 0.035])
    >>> sigma = np.array([
    ...     [0.0256, 0.02, 0.001, 0.0], [0.02, 0.03, 0.001, 0.0], [0.001, 0.001, 0.0036, 0.0],
    ...     [0.0, 0.0, 0.0, 0.0001],
    ... ])
    >>> classes = Assumptions(labels, mu, sigma, rf=0.035, source="typed")
    >>> made = suite(menu, classes)
    >>> made.postures == postures(menu.policy), dict(made.missing), made.day, faults(made)
    (True, {}, '2026-06-30', [])
    >>> w = made.weights().loc[["LCIDX", "INTIDX", "BNDIDX", "GOVMM"]].to_numpy()
    >>> costs = np.array([0.0002, 0.0005, 0.0003, 0.0018])
    >>> own = np.array([0.002, 0.002, 0.002, 0.0])
    >>> expected = [(model.mean, model.cost, model.equity) for model in made.models]
    >>> bool(np.allclose(expected, np.transpose([(mu - costs) @ w, costs @ w, w[0] + w[1]])))
    True
    >>> variance = ((sigma @ w) * w).sum(axis=0) + own**2 @ w**2
    >>> bool(np.allclose([model.risk**2 for model in made.models], variance))
    True
    >>> bool(w.max() <= menu.policy["max_single_fund"]), bool(np.allclose(w, w.round(2)))
    (True, True)
    >>> [model.risk_aversion == menu.policy["model_risk_aversion"][model.posture]
    ...  for model in made.models]
    [True, True, True, True]

    It goes on in ``models.md``.
    """
    made = []
    missing = {}
    classes = plan_menu.class_assumptions(plan) if assumptions is None else assumptions
    for posture in postures(plan.policy):
        try:
            made.append(model(plan, posture, classes))
        except (Infeasible, NotSolved) as error:
            missing[posture] = str(error)
    return _suite(plan, classes, made, missing)


def model(
    plan: Plan, posture: str, classes: Assumptions, *, without: Collection[str] = ()
) -> Model:
    """The posture's model.

    Parameters
    ----------
    plan : Plan
    posture : str
    classes : Assumptions
    without : collection of str
        Funds that somebody does not want.

    Returns
    -------
    Model

    Raises
    ------
    Infeasible
        Where no portfolio obeys the rules.
    NotSolved
        Where none does with so few funds.
    """
    funds = plan_menu.menu_assumptions(plan, classes)
    mandate = _mandate(plan, posture, classes, without)
    w, gap = _best(plan, posture, classes, funds, mandate)
    optimizer = plan.policy["optimizer"]
    best = "best" if optimizer in engine.MAXIMISES else f"weights of {optimizer}"
    return _model(
        plan, posture, classes, funds, mandate, w, f"{best} under these assumptions{_short_of(gap)}"
    )


def _short_of(gap: float) -> str:
    """What is not proved, in words; nothing where everything is.

    Examples
    --------
    >>> _short_of(WORTH), _short_of(0.000216)
    ('', ', to 2.16 bp a year')
    """
    return "" if gap <= WORTH else f", to {1e4 * gap:.2f} bp a year"


@door()
def remake(
    old: Suite,
    plan: Plan,
    assumptions: Assumptions | None = None,
    *,
    no_trade: float | None = None,
    errors: Array | None = None,
) -> Suite:
    """The suite under new assumptions of classes, each model changed only where that is worth it,
    and not by too much.

    A change beyond the policy's ``turnover_limit`` is cut to the best weights within it, each
    between the old and the best. A model that no longer obeys its rules (a fund has left the menu,
    a cap has fallen) is replaced whole, and says so.

    Parameters
    ----------
    no_trade : standard errors of the gain that a gain must exceed; policy's if not given, 0 to
        follow every change.
    errors : covariance (classes x classes) of the errors of the expected returns;
        `plan_menu.mean_errors` if not given.
    """
    classes = plan_menu.class_assumptions(plan) if assumptions is None else assumptions
    again = _remaker(old, plan, classes, no_trade, errors)
    made = []
    missing = {}
    for posture in postures(plan.policy):
        try:
            made.append(again(posture))
        except (Infeasible, NotSolved) as error:
            missing[posture] = str(error)
    return _suite(plan, classes, made, missing)


def _remaker(
    old: Suite, plan: Plan, classes: Assumptions, no_trade: float | None, errors: Array | None
) -> Callable[[str], Model]:
    """What makes one posture's model anew; raises where no portfolio obeys the rules."""
    k = plan.policy["no_trade_standard_errors"] if no_trade is None else no_trade
    funds = plan_menu.menu_assumptions(plan, classes)
    b = (
        plan_menu.each_vintage(plan)
        .exposures.reindex(index=list(funds.labels), columns=list(classes.labels), fill_value=0.0)
        .to_numpy(float)
    )
    omega = b @ (plan_menu.mean_errors(plan, classes) if errors is None else errors) @ b.T

    def again(posture: str) -> Model:
        mandate = _mandate(plan, posture, classes)
        w, gap = _best(plan, posture, classes, funds, mandate)
        why = f"made for the first time{_short_of(gap)}"
        if posture in old.postures:
            w, why = _moved(old[posture], w, classes, funds, mandate, omega, k, plan)
        return _model(plan, posture, classes, funds, mandate, w, why)

    return again


def _moved(
    old: Model,
    best: Array,
    classes: Assumptions,
    funds: Assumptions,
    mandate: Mandate,
    omega: Array,
    k: float,
    plan: Plan,
) -> tuple[Array, str]:
    """From the old weights towards the best: not at all, so far as the turnover limit lets, or,
    where forced, whole. What a change gains is judged by the policy's risk aversion of today.

    Examples
    --------
    Shares earn 6% at a volatility of 20% and bonds 3% at 10%, unrelated. At a risk aversion of 3
    three quarters in shares are worth ``0.0525 - 1.5 (0.0225 + 0.000625)``, a half 84.375 basis
    points more. A standard error of shares of 1% leaves 25 in doubt:

    >>> from types import SimpleNamespace
    >>> from portlib.construction.mandate import fully_invested, long_only
    >>> funds = Assumptions(["shares", "bonds"], [0.06, 0.03], np.diag([0.04, 0.01]), 0.0, "typed")
    >>> rules = Mandate(funds.labels, [fully_invested(), long_only()])
    >>> omega = np.diag([0.0001, 0.0])
    >>> def moved(held, best, k=1.0, limit=0.25):
    ...     old = Model("growth", held, 9.0, 0.05, 0.1, 0.5, 0.001, 0.0, "", "typed")
    ...     decided = {"mandate_tolerance": 1e-6, "turnover_limit": limit}
    ...     decided["model_risk_aversion"] = {"growth": 3.0}
    ...     plan = SimpleNamespace(policy=decided)
    ...     w, why = _moved(old, np.array(best), funds, funds, rules, omega, k, plan)
    ...     return w.tolist(), why
    >>> most = {"bonds": 0.25, "SOLD": 0.0, "shares": 0.75}  # nothing was held of what is gone
    >>> moved(most, [0.5, 0.5])
    ([0.5, 0.5], 'changed: gains 84.4 bp a year, 25.0 of which are in doubt')
    >>> moved(most, [0.5, 0.5], k=3.37)[1][:8]
    'changed:'
    >>> moved(most, [0.5, 0.5], k=3.375)  # as much in doubt as is gained
    ([0.75, 0.25], 'kept: a change would gain 84.4 bp a year, 84.4 of which are in doubt')
    >>> moved(most, [0.75 - 1e-7, 0.25 + 1e-7])
    ([0.75, 0.25], 'kept: still the best')

    What is held whole, before or after, is held whole or not at all:

    >>> moved({"shares": 1.0}, [0.5, 0.5])[1] == moved({"bonds": 0.5, "shares": 0.5}, [0, 1])[1]
    True
    >>> moved({"shares": 1.0}, [0.5, 0.5])
    ([1.0, 0.0], 'kept: a date of the series is held whole, and the whole way exceeds the limit')
    >>> moved({"shares": 1.0}, [0.5, 0.5], limit=0.5)[0]
    [0.5, 0.5]

    It goes on in ``models.md``.
    """
    w0 = np.array([old.weights.get(label, 0.0) for label in funds.labels])
    gone = [fund for fund, w in old.weights.items() if w > 0 and fund not in funds.labels]
    broken = [
        rule
        for rule, by in mandate.violations(w0, funds).items()
        if by > plan.policy["mandate_tolerance"]
    ]
    if gone or broken:
        why = (
            f"left the menu: {', '.join(gone)}"
            if gone
            else f"no longer allowed: {', '.join(broken)}"
        )
        return best, f"replaced whole, {why}"
    trade = float(np.abs(best - w0).sum()) / 2
    limit = plan.policy["turnover_limit"]
    if trade <= SLIGHT:
        return w0, "kept: still the best"
    aversion = plan.policy["model_risk_aversion"][old.posture]
    w1 = best
    if trade > limit and max(w0.max(), best.max()) > 1 - SLIGHT:
        return w0, "kept: a date of the series is held whole, and the whole way exceeds the limit"
    if trade > limit:
        between = _part_of_the_way(w0, best, limit, mandate)
        w1 = engine.mix(plan, funds, between, risk_aversion=aversion, classes=classes).allocation.w
    d = w1 - w0
    gain = float(funds.mu @ d) - aversion / 2 * (funds.risk_of(w1) ** 2 - funds.risk_of(w0) ** 2)
    error = k * float(np.sqrt(max(d @ omega @ d, 0.0)))
    if gain <= error + SLIGHT:
        return (
            w0,
            f"kept: a change would gain {1e4 * gain:.1f} bp a year, {1e4 * error:.1f} of which "
            f"are in doubt",
        )
    done = "changed" if trade <= limit else "changed as far as the turnover limit lets"
    return w1, f"{done}: gains {1e4 * gain:.1f} bp a year, {1e4 * error:.1f} of which are in doubt"


def turnover(old: Suite, new: Suite) -> pd.Series:
    """Half the sum of absolute weight changes by posture, for postures that have a model in
    both.

    Examples
    --------
    Half of what moved, a fund that only one of them holds included; postures without two models
    have none:

    >>> held = {"a": 0.5, "b": 0.3, "c": 0.2}
    >>> old = Model("moderate", held, 4.0, 0.05, 0.1, 0.5, 0.0, 0.0, "", "typed")
    >>> new = replace(old, weights={"b": 0.45, "d": 0.1, "a": 0.45})
    >>> lone = replace(old, posture="growth")
    >>> one, two = (Suite(models, {}, {}, "2026-01-01") for models in ((lone, old), (new,)))
    >>> # -0.05, +0.15, -0.2 and +0.1
    >>> turnover(one, two).round(9).to_dict()
    {'moderate': 0.25}
    """
    both = [name for name in old.postures if name in new.postures]
    moved = {
        name: pd.Series(new[name].weights)
        .sub(pd.Series(old[name].weights), fill_value=0.0)
        .abs()
        .sum()
        / 2
        for name in both
    }
    return pd.Series(moved, dtype=float)


@door()
def churn(
    old: Suite,
    plan: Plan,
    classes: Assumptions,
    draws: int,
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    no_trade: float | None = None,
) -> pd.DataFrame:
    """How much would be traded if providers had disagreed otherwise?

    Parameters
    ----------
    old : Suite
    plan : Plan
    classes : Assumptions
        Around which expected returns are drawn.
    draws : int
    rng : Generator
    scale : float
        Of the standard errors of `plan_menu.mean_errors`.
    no_trade : float, optional
        As in `remake`.

    Returns
    -------
    DataFrame (draws, postures)
        Turnover.

    Examples
    --------
    Where nothing is drawn nothing is traded; where providers might have said anything, something
    is:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> rules = {**ours.rules, "default": None}
    >>> menu = replace(ours, rules=rules).offering(["LCIDX", "BNDIDX", "INTIDX", "GOVMM"])
    >>> labels = ["us_large_equity", "intl_dev_equity", "us_core_bonds", "cash"]
    >>> risks = np.diag([0.0256, 0.03, 0.0036, 0.0001])
    >>> classes = Assumptions(labels, [0.065, 0.07, 0.045, 0.035], risks, rf=0.035, source="typed")
    >>> first = suite(menu, classes)
    >>> old = replace(first, models=first.models[2:3])
    >>> churn(old, menu, classes, 2, np.random.default_rng(1), scale=0.0).to_numpy().tolist()
    [[0.0], [0.0]]
    >>> wild = churn(old, menu, classes, 3, np.random.default_rng(1), scale=9.0, no_trade=0.0)
    >>> wild.shape, bool(0 < wild["growth"].max() <= menu.policy["turnover_limit"] + 1e-9)
    ((3, 1), True)
    """
    errors = plan_menu.mean_errors(plan, classes)
    noise = rng.standard_normal((draws, len(classes))) @ symmetric_root(errors)
    drawn = classes.mu + scale * noise
    rows = []
    for mu in drawn:
        other = classes.replace(mu=mu, source="drawn within the spread of providers")
        again = _remaker(old, plan, other, no_trade, errors)
        new = replace(old, models=tuple(again(posture) for posture in old.postures))
        rows.append(turnover(old, new))
    return pd.DataFrame(rows)


def faults(made: Suite) -> list[str]:
    """What keeps the models from being a ladder: equity or risk that falls with boldness, a
    dominated model.

    Examples
    --------
    >>> low = Model("shy", {"a": 1.0}, 8.0, 0.04, 0.06, 0.3, 0.0, 0.0, "", "")
    >>> high = replace(low, posture="bold", mean=0.05, risk=0.059, equity=0.29)
    >>> faults(Suite((low, high), {}, {}, "")), faults(Suite((low, low), {}, {}, ""))
    (['equity falls from shy to bold', 'risk falls from shy to bold'], [])
    >>> faults(Suite((high, low), {}, {}, ""))
    ['mean falls from bold to shy']
    """
    found = []
    for lower, upper in zip(made.models, made.models[1:], strict=False):
        for what in ("equity", "risk", "mean"):
            if getattr(upper, what) < getattr(lower, what) - 1e-9:
                found.append(f"{what} falls from {lower.posture} to {upper.posture}")
    return found


def _mandate(
    plan: Plan, posture: str, classes: Assumptions, without: Collection[str] = ()
) -> Mandate:
    """The menu's rules for the posture, and nothing of what a person asks to exclude."""
    mandate = plan_menu.menu_mandate(plan, posture, classes)
    if unwanted := [fund for fund in mandate.labels if fund in without]:
        mandate = mandate.also(
            Bounds("not wanted", upper=dict.fromkeys(unwanted, 0.0)).under("the person's wish")
        )
    return mandate


def _best(
    plan: Plan, posture: str, classes: Assumptions, funds: Assumptions, mandate: Mandate
) -> tuple[Array, float]:
    """Weights of the policy's engine, and what any others could be worth beyond them at most."""
    aversion = plan.policy["model_risk_aversion"][posture]
    found = engine.best(plan, funds, mandate, risk_aversion=aversion, classes=classes)
    return found.allocation.w, found.gap


def _part_of_the_way(w0: Array, best: Array, limit: float, mandate: Mandate) -> Mandate:
    """The mandate between old and best weights, with no more bought than the limit: there turnover
    is linear.
    """
    low = np.minimum(w0, best)
    high = np.maximum(w0, best)
    bought = [i for i in range(len(w0)) if best[i] > w0[i]]
    names = mandate.labels
    between = Bounds(
        "between old and best",
        lower=dict(zip(names, low.tolist(), strict=True)),
        upper=dict(zip(names, high.tolist(), strict=True)),
    )
    cap = Limit("turnover", {names[i]: 1.0 for i in bought}, upper=float(w0[bought].sum()) + limit)
    return mandate.also(between, cap.under("policy: turnover_limit"))


def _model(
    plan: Plan,
    posture: str,
    classes: Assumptions,
    funds: Assumptions,
    mandate: Mandate,
    w: Array,
    why: str,
) -> Model:
    """The record; NotSolved for one further from the reference than the policy lets a model
    stand."""
    x = np.where(np.abs(w) < 1e-9, 0.0, w).astype(float)
    apart = expectations.departure(plan, pd.Series(x, list(funds.labels)), classes)
    if apart > (limit := plan.policy["tracking_error_limit"]):
        raise NotSolved(
            f"{posture}: its tracking error against the reference with the same equity share is "
            f"{apart:.2%}, above the policy's {limit:.2%} (tracking_error_limit); narrow "
            "reference_bands, or widen the limit with a reason"
        )
    equity, cost = (
        table.reindex(list(funds.labels)).to_numpy(float)
        for table in (
            plan_menu.equity_share(plan),
            plan_menu.each_vintage(plan).funds["expense_ratio"],
        )
    )
    return Model(
        posture,
        dict(zip(funds.labels, x.tolist(), strict=True)),
        plan.policy["model_risk_aversion"][posture],
        funds.mean_of(x),
        funds.risk_of(x),
        float(equity @ x),
        float(cost @ x),
        apart,
        mandate.fingerprint,
        why,
    )


def _suite(
    plan: Plan, classes: Assumptions, made: Sequence[Model], missing: Mapping[str, str]
) -> Suite:
    inputs = {
        "labels": classes.labels,
        "mu": classes.mu.tolist(),
        "sigma": classes.sigma.tolist(),
        "rf": classes.rf,
    }
    origins = {
        "plan": plan.fingerprint,
        "assumptions": _digest(inputs),
        "policy": plan.policy.fingerprint,
        "method": METHOD,
        "source": classes.source,
    }
    return Suite(tuple(made), dict(missing), origins, plan.as_of.isoformat())


def _digest(content: Any) -> str:
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, allow_nan=False, default=str).encode()
    ).hexdigest()
