"""When is an account brought back to its target, why, and what does each way of deciding cost?

Four triggers, each a rule of the policy: the calendar, drift beyond a band, a spike of risk, a
signal. `backtest` follows weights ``w`` and targets ``t`` through monthly returns ``r``: they
drift, ``w' = w (1 + r) / (1 + w.r)``; when the trigger speaks they go back to the target, less the
costs of what is traded and, in a taxable account, a tax on gains over average cost. New money can
be used first: it goes to what is below target, which trades nothing.

A `RebalanceInstruction` says why, from what to what, under which plan, policy and mandate, and what
it will cost; its fingerprint is the id under which `settlement` carries it out. Left out: taxes on
dividends and interest (the same for every trigger), short-term rates, prices within the month.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.estimation.months import monthly
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import NOT_NEGATIVE, SHARE, door, numbers
from portlib.records import Array
from portlib.stewardship.audit_log import AuditLog, Event, canonical
from portlib.stewardship.rebalancing.trade_lists import Account, TradeList
from portlib.stewardship.settlement import Leg, Order

TRIGGERS = ("calendar", "drift", "risk_spike", "signal")
SCHEMA = "prudent-by-construction/rebalance-instruction/2"
#: 29 CFR 2520.101-3(b)(2)(i): so many days before the last day on which the affected rights can
#: still be used.
NOTICE_DAYS = (30, 60)
#: 29 CFR 2520.101-3(d)(1): only a suspension of more than so many consecutive business days is a
#: blackout.
BUSINESS_DAYS = 3
#: A weight that passes its band by less than this passes it by rounding: 0.55 is 0.05 off 0.50.
ROUNDING = 1e-12


# ---- triggers ------------------------------------------------------------------------------------


class Situation(NamedTuple):
    """What a trigger may know at a month's end: returns (months x assets) so far, and how many
    months since a trade."""

    weights: Array
    target: Array
    returns: Array
    months_since: int


Trigger = Callable[[Situation], str]


@door()
def calendar(months: int) -> Trigger:
    """Speaks so many months after the last trade.

    Examples
    --------
    >>> half = np.array([0.5, 0.5])
    >>> now = Situation(np.array([0.6, 0.4]), half, np.zeros((20, 2)), months_since=12)
    >>> calendar(12)(now), calendar(13)(now)
    ('12 months have passed', '')
    >>> calendar(0)
    Traceback (most recent call last):
    ...
    ValueError: months is 0; a trigger needs more than zero, and a number
    """
    _above_zero(months=months)
    return lambda now: f"{months} months have passed" if now.months_since >= months else ""


@door()
def drift(absolute: float, relative: float) -> Trigger:
    """Speaks when a weight is off target by more than `absolute`, or by more than `relative` of the
    target itself.

    Whichever is less counts for each asset (the "5/25 rule" of practice: 0.05 and 0.25). An asset
    whose target is zero is to be sold: any part of nothing is nothing, so its band is none.

    Parameters
    ----------
    absolute, relative : float
        Decimals, above 0, at most 1.

    Returns
    -------
    Trigger
        From a `Situation` to the reason, empty where it is silent.

    Raises
    ------
    ValueError
        For a band that is not above zero, or in percent.

    Examples
    --------
    Five points, or a quarter of a target, whichever is less: of 12% that is 3 points, of 60% 5. A
    band may be reached, not passed:

    >>> target = np.array([0.60, 0.28, 0.12])
    >>> def said(*weights):
    ...     return drift(0.05, 0.25)(Situation(np.array(weights), target, np.zeros((1, 3)), 1))
    >>> said(0.55, 0.30, 0.15), said(0.63, 0.22, 0.15)
    ('', 'asset 1 is 0.0600 off target, band 0.0500')
    >>> said(0.60, 0.245, 0.155)
    'asset 2 is 0.0350 off target, band 0.0300'
    >>> held, sold = np.array([0.6, 0.39, 0.01]), np.array([0.6, 0.4, 0.0])
    >>> drift(0.05, 0.25)(Situation(held, sold, np.zeros((1, 3)), 1))
    'asset 2 is 0.0100 off target, band 0.0000'
    >>> drift(5, 0.25)
    Traceback (most recent call last):
    ...
    ValueError: absolute is 5: a band above 1 never speaks; in percent? Write 0.05
    >>> for bands in ((0.0, 0.25), (0.05, 0.0)):
    ...     try:
    ...         drift(*bands)
    ...     except ValueError as error:
    ...         print(str(error)[:15])
    absolute is 0.0
    relative is 0.0
    """
    _above_zero(absolute=absolute, relative=relative)
    for name, band in (("absolute", absolute), ("relative", relative)):
        if band > 1:
            raise ValueError(
                f"{name} is {band}: a band above 1 never speaks; in percent? Write {band / 100:g}"
            )

    def speak(now: Situation) -> str:
        off = np.abs(now.weights - now.target)
        band = np.minimum(absolute, relative * now.target)
        worst = int(np.argmax(off - band))
        if off[worst] <= band[worst] + ROUNDING:
            return ""
        return f"asset {worst} is {off[worst]:.4f} off target, band {band[worst]:.4f}"

    return speak


@door()
def risk_spike(window_months: int, multiple: float) -> Trigger:
    """Speaks when the account's volatility over the window exceeds `multiple` times that of all
    months before.

    Both at the account's present weights, annual, ddof 1; silent while there are fewer than two
    windows of months, and again for a window after a trade, so that one spike is answered once.

    Parameters
    ----------
    window_months : int
    multiple : float
        Above 0.

    Returns
    -------
    Trigger

    Examples
    --------
    Of two assets, half each, months that move by 1% either way are followed by three of 4, -4 and
    4%; at these weights those of before are 0.5477% (ddof 1 of six), of the window 2.3094%, times
    the root of twelve:

    >>> first = [0.01, -0.01] * 3 + [0.04, -0.04, 0.04]
    >>> returns = np.column_stack([first, np.zeros(9)])
    >>> half = np.array([0.5, 0.5])
    >>> now = Situation(half, half, returns, months_since=3)
    >>> risk_spike(3, 4.2)(now), risk_spike(3, 4.22)(now)
    ('volatility 0.0800 exceeds 4.2 times 0.0190', '')
    >>> risk_spike(3, 2.0)(now._replace(months_since=2)), risk_spike(5, 0.1)(now)
    ('', '')
    >>> risk_spike(3, 2.0)(now._replace(returns=returns[-6:])) != ""
    True
    >>> for given in ((0, 2.0), (3, 0.0)):
    ...     try:
    ...         risk_spike(*given)
    ...     except ValueError as error:
    ...         print(str(error)[:18])
    window_months is 0
    multiple is 0.0; a
    """
    _above_zero(window_months=window_months, multiple=multiple)

    def speak(now: Situation) -> str:
        if len(now.returns) < 2 * window_months or now.months_since < window_months:
            return ""
        mine = now.returns @ now.weights
        recent, before = (
            float(part.std(ddof=1)) * 12**0.5
            for part in (mine[-window_months:], mine[:-window_months])
        )
        return (
            f"volatility {recent:.4f} exceeds {multiple:g} times {before:.4f}"
            if recent > multiple * before
            else ""
        )

    return speak


@door()
def signal(months: int) -> Trigger:
    """Speaks when the first asset's return over `months` changes sides with the last asset's: it
    was above, or below.

    A stand-in for a `RebalanceSignal` that a model would send: the trend of shares over bills
    (Moskowitz, Ooi and Pedersen 2012 use 12 months). It says when to return to the target, never to
    leave it.

    Examples
    --------
    Over two months the first asset gained 10% and lost 10%, the last gained nothing: 0.99 is
    behind. A month ago 1.1 was ahead:

    >>> returns = np.array([[0.0, 0.5, 0.0], [0.1, 0.5, 0.0], [-0.1, 0.5, 0.0]])
    >>> now = Situation(np.ones(3) / 3, np.ones(3) / 3, returns, months_since=1)
    >>> signal(2)(now), signal(2)(now._replace(returns=returns[:, ::-1]))
    ('the 2-month trend turned down', 'the 2-month trend turned up')
    >>> signal(3)(now), signal(1)(now)  # too few months; up a month ago and down now
    ('', 'the 1-month trend turned down')
    >>> signal(2)(now._replace(returns=returns[[0, 1, 1]]))
    ''
    >>> signal(1)(now._replace(returns=returns[[0, 0, 1]]))  # as much is not ahead
    'the 1-month trend turned up'
    """
    _above_zero(months=months)

    def ahead(returns: Array) -> bool:
        grown = np.prod(1 + returns[-months:], axis=0)
        return bool(grown[0] > grown[-1])

    def speak(now: Situation) -> str:
        if len(now.returns) <= months or ahead(now.returns) == ahead(now.returns[:-1]):
            return ""
        return f"the {months}-month trend turned {'up' if ahead(now.returns) else 'down'}"

    return speak


def from_policy(name: str, *, policy: Policy) -> Trigger:
    """The policy's trigger of that name; ValueError for a name that is none of `TRIGGERS`.

    Examples
    --------
    >>> from portlib import policy as policies
    >>> decided = policies.read().replace(rebalance_calendar_months=6)
    >>> half = np.array([0.5, 0.5])
    >>> now = Situation(half, half, np.zeros((1, 2)), months_since=6)
    >>> from_policy("calendar", policy=decided)(now), from_policy("drift", policy=decided)(now)
    ('6 months have passed', '')
    >>> moves = np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.0], [0.2, 0.0], [-0.3, 0.0]])
    >>> late = Situation(np.array([0.65, 0.35]), half, moves, months_since=2)
    >>> decided = decided.replace(
    ...     rebalance_drift={"absolute": 0.1, "relative": 0.2},
    ...     rebalance_risk_spike={"window_months": 2, "multiple": 3.0},
    ...     rebalance_signal_months=3,
    ... )
    >>> # of 0.65 * 0.2 and 0.65 * -0.3: 0.65 * 0.5 / 2**0.5 * 12**0.5
    >>> [from_policy(name, policy=decided)(late)[:20] for name in TRIGGERS[1:]]
    ['asset 0 is 0.1500 of', 'volatility 0.7961 ex', 'the 3-month trend tu']
    >>> from_policy("whim", policy=decided)
    Traceback (most recent call last):
    ...
    ValueError: no trigger 'whim'; use one of calendar, drift, risk_spike, signal
    """
    made: Mapping[str, Callable[[], Trigger]] = {
        "calendar": lambda: calendar(policy["rebalance_calendar_months"]),
        "drift": lambda: drift(**policy["rebalance_drift"]),
        "risk_spike": lambda: risk_spike(**policy["rebalance_risk_spike"]),
        "signal": lambda: signal(policy["rebalance_signal_months"]),
    }
    if name not in made:
        raise ValueError(f"no trigger {name!r}; use one of {', '.join(made)}")
    return made[name]()


def _above_zero(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}; a trigger needs more than zero, and a number")


# ---- history -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Backtest:
    """What became of one dollar: monthly returns after costs and taxes, month-end weights, and what
    was traded.

    ``traded`` is half the sum of absolute trades as a part of wealth, by month; ``costs`` and
    ``taxes`` likewise.

    Examples
    --------
    Six SYNTHETIC months, half a year, in which a quarter of wealth was traded once:

    >>> months = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> returns = pd.Series([0.02, -0.01, 0.03, 0.0, 0.01, -0.02], months)
    >>> apart = pd.Series([0.001, -0.001, 0.001, -0.001, 0.001, -0.001], months)
    >>> traded = pd.Series([0.25, 0.0, 0.0, 0.0, 0.0, 0.0], months)
    >>> made = Backtest(
    ...     returns, pd.DataFrame(), traded, traded * 0.01, traded * 0.02, {months[0]: "because"}
    ... )
    >>> found = made.summary(returns - apart, cash=0.5 * returns - 0.001)
    >>> found[["trades", "turnover", "costs", "taxes"]].tolist()  # a year
    [2.0, 0.5, 0.005, 0.01]
    >>> bool(np.isclose(found["geometric return"], (1.02 * 0.99 * 1.03 * 1.01 * 0.98) ** 2 - 1))
    True
    >>> # a sum of 0.03, squares of 0.0019; six thousandths squared over five
    >>> variance = (0.0019 - 6 * 0.005**2) / 5
    >>> bool(np.isclose(found["volatility"] ** 2, 12 * variance))
    True
    >>> bool(np.isclose(found["tracking error"] ** 2, 12 * 6 * 0.001**2 / 5))
    True
    >>> bool(np.isclose(found["Sharpe ratio"], 12**0.5 * 0.0035 / (0.5 * variance**0.5)))
    True
    >>> made.summary(returns.iloc[1:], returns)
    Traceback (most recent call last):
    ...
    ValueError: ideal lacks 2026-01
    """

    returns: pd.Series
    weights: pd.DataFrame
    traded: pd.Series
    costs: pd.Series
    taxes: pd.Series
    reasons: Mapping[Any, str]

    def summary(self, ideal: pd.Series, cash: pd.Series) -> pd.Series:
        """Annual figures; all nominal.

        Parameters
        ----------
        ideal : Series
            Monthly returns that tracking error is measured from, decimals.
        cash : Series
            Monthly returns that the Sharpe ratio is over, decimals.

        Returns
        -------
        Series
            Trades, turnover, costs, taxes, geometric return, volatility, tracking error
            (volatility, ddof 1, of the return over `ideal`) and Sharpe ratio (arithmetic).

        Raises
        ------
        ValueError
            For a month that either lacks.
        """
        for name, series in (("ideal", ideal), ("cash", cash)):
            known = series.reindex(self.returns.index)
            if known.isna().any():
                raise ValueError(f"{name} lacks {known.index[known.isna()][0]:%Y-%m}")
        years = len(self.returns) / 12
        over = self.returns - cash
        return pd.Series(
            {
                "trades": len(self.reasons) / years,
                "turnover": self.traded.sum() / years,
                "costs": self.costs.sum() / years,
                "taxes": self.taxes.sum() / years,
                "geometric return": float(np.expm1(np.log1p(self.returns).mean() * 12)),
                "volatility": float(self.returns.std(ddof=1)) * 12**0.5,
                "tracking error": float((self.returns - ideal).std(ddof=1)) * 12**0.5,
                "Sharpe ratio": float(over.mean() / over.std(ddof=1)) * 12**0.5,
            }
        )


@door()
def backtest(
    returns: pd.DataFrame,
    target: Mapping[str, float] | pd.Series,
    trigger: Trigger | None,
    *,
    cost: ArrayLike = 0.0,
    gains_tax: float = 0.0,
    contribution: float = 0.0,
    contributions_first: bool = True,
) -> Backtest:
    """Follow an account through months of returns, going back to its target whenever the trigger
    speaks.

    Parameters
    ----------
    returns : DataFrame, (months, assets)
        Decimals by month end, every month.
    target : weights by asset, summing to one.
    trigger : None never trades.
    cost : decimals of the dollars traded, one or by asset.
    gains_tax : rate on realised gains over average cost; losses are carried forward without limit.
    contribution : new money each month, a part of wealth; it is part of no return.
    contributions_first : whether it goes to what is below target, or to every asset at its target
        weight.

    Raises
    ------
    ValueError
        Naming the asset and the month for a return that is missing, and the month in which all is
        lost; for targets that do not sum to
        one or are of other assets; for costs, taxes and contributions that are no decimals.

    Examples
    --------
    Brought back every month, two halves earn the mean of both assets; left alone, the winner grows:

    >>> months = pd.to_datetime(["2026-01-31", "2026-02-28"])
    >>> returns = pd.DataFrame({"a": [0.1, 0.1], "b": [0.0, 0.0]}, months)
    >>> halves = {"a": 0.5, "b": 0.5}
    >>> [backtest(returns, halves, how).returns.round(4).tolist() for how in (calendar(1), None)]
    [[0.05, 0.05], [0.05, 0.0524]]

    It goes on in ``triggers.md``.
    """
    monthly(returns, "returns", least=-1.0)
    if unknown := [
        str(name) for name in pd.Series(target, dtype=float).index if name not in returns.columns
    ]:
        raise ValueError(f"a target for {', '.join(unknown)}, which has no returns")
    for what, part in (("cost", cost), ("gains_tax", gains_tax), ("contribution", contribution)):
        if not ((np.asarray(part, float) >= 0) & (np.asarray(part, float) < 1)).all():
            raise ValueError(f"{what} is {part}; a decimal from 0 to below 1, so 0.01 for 1%")
    t = np.array([float(target.get(name, np.nan)) for name in returns.columns])
    if not abs(t.sum() - 1) < 1e-9 or t.min() < 0:
        raise ValueError(
            f"targets of {', '.join(map(str, returns.columns))} must be given and sum to one; "
            f"they sum to {t.sum():.6g}"
        )
    r = returns.to_numpy(float)
    if isinstance(cost, pd.Series):
        if set(cost.index) != set(returns.columns) or len(cost) != len(t):
            raise ValueError(f"costs are of {', '.join(map(str, cost.index))}: name every asset")
        cost = cost.loc[list(returns.columns)]
    rate = np.broadcast_to(np.asarray(cost, dtype=float), t.shape)
    values = t.copy()
    basis = t.copy()
    carried = 0.0
    since = 0
    rows = np.zeros((len(r), 4))
    kept = np.zeros(r.shape)
    reasons = {}
    for month, now in enumerate(r):
        before, values, since = values.sum(), values * (1 + now), since + 1
        if not values.sum() > 0:
            raise ValueError(f"returns: all is lost in {returns.index[month]:%Y-%m}; end before it")
        traded = costs = tax = 0.0
        weights = values / values.sum()
        why = trigger(Situation(weights, t, r[: month + 1], since)) if trigger else ""
        if why:
            change = t * values.sum() - values
            sold = np.maximum(-change, 0.0)
            gains = float((sold * (1 - basis / np.where(values > 0, values, 1.0))).sum()) - carried
            tax = gains_tax * max(gains, 0.0)
            carried = max(-gains, 0.0)
            traded = float(np.abs(change).sum()) / 2
            costs = float(rate @ np.abs(change))
            basis = basis * (1 - sold / np.where(values > 0, values, 1.0)) + np.maximum(change, 0.0)
            # both are paid from everything, in proportion
            kept_part = 1 - (costs + tax) / values.sum()
            values = (values + change) * kept_part
            basis = basis * kept_part
            since = 0
            reasons[returns.index[month]] = why
        wealth = values.sum()
        rows[month] = wealth / before - 1, traded / wealth, costs / wealth, tax / wealth
        kept[month] = values / wealth
        new = (
            new_money(values, t, contribution * wealth)
            if contributions_first
            else t * contribution * wealth
        )
        values = values + new
        basis = basis + new
    earned, moved, paid, taxed = (pd.Series(column, index=returns.index) for column in rows.T)
    return Backtest(
        earned, pd.DataFrame(kept, returns.index, returns.columns), moved, paid, taxed, reasons
    )


@door()
def new_money(values: ArrayLike, target: ArrayLike, amount: float) -> Array:
    """Where to put new money so that the account comes as near its target as purchases alone can
    bring it.

    What is below target at the new total is filled in proportion to what it lacks, which is never
    less than the amount.

    Parameters
    ----------
    values : array (n,)
        What is held, in any currency.
    target : array (n,)
        Weights that sum to one.
    amount : float
        New money, in the same currency.

    Returns
    -------
    array (n,)
        Purchases, summing to the amount.

    Raises
    ------
    ValueError
        For an amount below zero: what is taken out is a trade; for holdings below zero, and targets
        that do not sum to one.

    Examples
    --------
    Of 100 the targets of 130 are 65, 39 and 26: the first lacks 25, the second 9 and the third
    nothing; 30 go to them 25 to 9:

    >>> new_money([40.0, 30.0, 30.0], [0.5, 0.3, 0.2], 30.0).round(6).tolist()
    [22.058824, 7.941176, 0.0]
    >>> new_money([40.0, 60.0], [0.5, 0.5], 0.0).tolist()
    [0.0, 0.0]
    >>> new_money([40.0, 60.0], [0.5, 0.5], -1.0)
    Traceback (most recent call last):
    ...
    ValueError: the amount is -1.0: new money is zero or more
    >>> for amount in (float("nan"), float("inf")):
    ...     try:
    ...         new_money([40.0, 60.0], [0.5, 0.5], amount)
    ...     except ValueError as error:
    ...         print(error)
    amount is nan: give a finite number
    amount is inf: give a finite number
    >>> new_money([40.0, 60.0], [0.5, 0.4], 1.0)
    Traceback (most recent call last):
    ...
    ValueError: targets of 2 for 2 holdings sum to 0.9, not one
    """
    if not 0 <= amount < math.inf:
        raise ValueError(f"the amount is {amount}: new money is zero or more")
    v = numbers("a holding", values, **NOT_NEGATIVE)
    t = numbers("a target weight", target, **SHARE)
    if v.shape != t.shape or not abs(t.sum() - 1) < 1e-9:
        raise ValueError(f"targets of {t.size} for {v.size} holdings sum to {t.sum():.6g}, not one")
    if amount == 0:
        return np.zeros_like(v)
    lacking = np.maximum(t * (v.sum() + amount) - v, 0.0)
    return lacking * amount / lacking.sum()


# ---- the instruction -----------------------------------------------------------------------------


@dataclass(frozen=True)
class RebalanceInstruction:
    """Why an account is to be traded, from what to what, under which rules, and what it is expected
    to cost.

    ``plan``, ``policy`` and ``mandate`` are fingerprints; weights are by fund; ``expected_cost``
    and ``distance`` (left off target) in US dollars; ``legs`` in micro-shares and cents;
    ``price_tolerance`` (decimal) and ``deadline_hours`` as the policy had them when it was made.
    """

    account: str
    day: str
    trigger: str
    reason: str
    plan: str
    policy: str
    mandate: str
    before: Mapping[str, float]
    target: Mapping[str, float]
    after: Mapping[str, float]
    legs: tuple[Leg, ...]
    expected_cost: float
    distance: float
    price_tolerance: float
    deadline_hours: float
    schema: str = SCHEMA

    def __post_init__(self) -> None:
        """Refuse an instruction that does not say why, or under what."""
        if self.trigger not in TRIGGERS or not self.reason:
            raise ValueError(
                f"an instruction needs a trigger ({', '.join(TRIGGERS)}) and its reason, not "
                f"{self.trigger!r}, {self.reason!r}"
            )
        if unnamed := [
            name for name in ("account", "plan", "policy", "mandate") if not getattr(self, name)
        ]:
            raise ValueError(
                f"the instruction does not say which {', '.join(unnamed)}: give the fingerprint"
            )

    def to_json(self) -> dict[str, Any]:
        """A dict that strict JSON can hold."""
        return asdict(self)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON; the order's id."""
        return hashlib.sha256(canonical(self.to_json()).encode()).hexdigest()

    def order(self) -> Order:
        """What settlement is asked to carry out, under the tolerance and deadline it was made
        with."""
        return Order(self.fingerprint, self.legs, self.price_tolerance, self.deadline_hours)


def issue(log: AuditLog, instruction: RebalanceInstruction, at: datetime) -> Event:
    """Write `RebalanceInstructionIssued` to the audit log, once however often it is asked.

    Parameters
    ----------
    log : AuditLog
    instruction : RebalanceInstruction
    at : datetime
        Now, with its zone.

    Returns
    -------
    Event

    Examples
    --------
    An instruction is written once, however often it is issued:

    >>> from datetime import UTC
    >>> from types import SimpleNamespace
    >>> from portlib.stewardship.audit_log import AuditLog
    >>> one = SimpleNamespace(to_json=lambda: {"account": "P1"}, fingerprint="ab" * 32)
    >>> log, at = AuditLog(), datetime(2026, 11, 29, 12, tzinfo=UTC)
    >>> event = issue(log, one, at)
    >>> event.topic, event.name, event.at == at, event.actor, event.body
    ('rebalancing', 'RebalanceInstructionIssued', True, 'rebalancing', {'account': 'P1'})
    >>> later = datetime(2026, 12, 1, tzinfo=UTC)
    >>> issue(log, one, at) == event == issue(log, one, later), len(log.events())
    (True, 1)
    """
    return log.append(
        "rebalancing",
        "RebalanceInstructionIssued",
        at=at,
        actor="rebalancing",
        body=instruction.to_json(),
        key=instruction.fingerprint,
    )


def instruct(
    plan: Plan,
    name: str,
    account: Account,
    made: TradeList,
    target: Mapping[str, float] | pd.Series,
    *,
    trigger: str,
    reason: str,
    mandate: str,
    day: date,
) -> RebalanceInstruction:
    """The instruction that carries out a trade list.

    Parameters
    ----------
    plan : Plan
        Its fingerprint, its policy's, and the policy's tolerance and deadline.
    name : str
        Of the account.
    account : Account
        As it was before.
    made : TradeList
        What is to be traded.
    target : mapping or Series
        Weights by fund.
    trigger, reason : str
        Which rule spoke, and what it said.
    mandate : str
        Fingerprint of the mandate that the target was made under.
    day : date

    Returns
    -------
    RebalanceInstruction

    Examples
    --------
    An account of $100 in cash buys two shares of $30, to hold half of itself in them:

    >>> from portlib import data, plan as plans
    >>> from portlib.stewardship.rebalancing.trade_lists import listed
    >>> ours = plans.read(data.ROOT / "plan")
    >>> account = Account(
    ...     funds=("LCIDX", "BNDIDX"), micro_shares=(0, 1_000_000),
    ...     prices=np.array([3000.0, 2000.0]), cash=8_000, lots=(1_000_000, 1_000_000),
    ...     cost=np.array([0.01, 0.0]), smallest=0,
    ...     buyable=np.array([1e9, 1e9]), sellable=np.array([1e9, 1e9]),
    ... )
    >>> made = listed(account, {"LCIDX": 0.5}, [2, 0])
    >>> def instruction(**other):
    ...     said = {"trigger": "drift", "reason": "too little", "mandate": "abc"} | other
    ...     return instruct(
    ...         ours, "P1", account, made, {"LCIDX": 0.5}, day=date(2026, 6, 30), **said
    ...     )
    >>> told = instruction()
    >>> told.before, told.target
    ({'LCIDX': 0.0, 'BNDIDX': 0.2}, {'LCIDX': 0.5, 'BNDIDX': 0.0})
    >>> {fund: round(w, 6) for fund, w in told.after.items()}  # 60 and 20 of 99.40
    {'LCIDX': 0.603622, 'BNDIDX': 0.201207}

    It goes on in ``triggers.md``.
    """
    before = dict(zip(account.funds, (account.values / account.total).tolist(), strict=True))
    after = {str(fund): float(w) for fund, w in made.after.items()}
    return RebalanceInstruction(
        name,
        day.isoformat(),
        trigger,
        reason,
        plan.fingerprint,
        plan.policy.fingerprint,
        mandate,
        before,
        {fund: float(target.get(fund, 0.0)) for fund in account.funds},
        after,
        made.legs,
        made.cost,
        made.distance,
        plan.policy["settlement_price_tolerance"],
        plan.policy["settlement_deadline_hours"],
    )


# ---- blackouts -----------------------------------------------------------------------------------


def blackout_notices(plan: Plan) -> pd.DataFrame:
    """Was each of the plan's blackouts announced 30 to 60 days ahead (29 CFR 2520.101-3)?

    Columns: ``first``, ``last``, ``notice``; ``business_days`` that it lasts (holidays count as
    business days, which is the cautious reading); ``required`` (more than three); ``days_ahead`` of
    the last day before it; ``timely``.

    Examples
    --------
    A SYNTHETIC blackout from Monday the 4th to Friday the 15th of January lasts ten business days;
    a notice of November 20 comes 44 days before January 3, the last day before it. Three days need
    no notice, four do; 30 and 60 days are still in time:

    >>> from types import SimpleNamespace
    >>> def told(first, last, notice):
    ...     span = {"first": first, "last": last, "notice": notice, "reason": "SYNTHETIC"}
    ...     plan = SimpleNamespace(rules={"blackouts": [span]})
    ...     [row] = blackout_notices(plan).to_dict("records")
    ...     return [row[what] for what in ("business_days", "required", "days_ahead", "timely")]
    >>> told(date(2027, 1, 4), date(2027, 1, 15), date(2026, 11, 20))
    [10, True, 44, True]
    >>> late = date(2027, 1, 2)
    >>> [told(date(2027, 1, 4), date(2027, 1, day), late) for day in (6, 7)]
    [[3, False, 1, True], [4, True, 1, False]]
    >>> first, last = date(2027, 3, 1), date(2027, 3, 12)
    >>> [told(first, last, date(2026, 12, day))[2:] for day in (29, 30)]
    [[61, False], [60, True]]
    >>> [told(first, last, date(2027, 1, day))[2:] for day in (29, 30)]
    [[30, True], [29, False]]
    >>> len(blackout_notices(SimpleNamespace(rules={"blackouts": []})))
    0
    """
    rows = []
    for span in plan.rules["blackouts"]:
        days = int(np.busday_count(span["first"], span["last"] + timedelta(days=1)))
        ahead = days_ahead(span["notice"], span["first"])
        rows.append(
            {
                **span,
                "business_days": days,
                "required": days > BUSINESS_DAYS,
                "days_ahead": ahead,
                "timely": days <= BUSINESS_DAYS or NOTICE_DAYS[0] <= ahead <= NOTICE_DAYS[1],
            }
        )
    columns = [
        "first",
        "last",
        "notice",
        "reason",
        "business_days",
        "required",
        "days_ahead",
        "timely",
    ]
    return pd.DataFrame(rows, columns=columns)


def days_ahead(notice: date, first: date) -> int:
    """Days from a notice to the last day before the blackout, which is when rights can still be
    used.

    Examples
    --------
    >>> days_ahead(date(2026, 11, 20), date(2027, 1, 4))  # 10 + 31 + 3
    44
    """
    return (first - timedelta(days=1) - notice).days
