"""Is the portfolio still what the committee approved, and when must somebody look?

Each month gives a few measures. A measure beyond a limit of the policy is an alert: its rule,
value, limit, and since when. Three severities: ``info`` is noted, ``watch`` is explained at the
next meeting, ``act`` does not wait for it.

Some measures are facts (distance from target, settlement). Others infer from returns whether the
assumptions hold, and ring by chance too. They are put in units of what the assumptions expect, so
that one limit serves every portfolio::

    volatility, tracking error    realised / predicted, over the rolling window (ddof 1)
    shortfall                     (expected - realised active return) / its error,
                                  predicted tracking error / sqrt(years)
    breaches                      months of the window that lost more than the VaR
    drawdown                      fall from the highest month end / predicted annual volatility

`alarm_rates` says how often each rings when the assumptions hold, and when they do not. No fund's
own history is open: `class_history` puts real series in place of classes, or months drawn to fit
them; those are SYNTHETIC. Left out: trades by participants, intra-month lows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.estimation.draws import student_t_scenarios
from portlib.policy import Policy
from portlib.ranges import door
from portlib.records import Array
from portlib.stewardship.monitoring.measures import Watched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEVERITIES = ("info", "watch", "act")
#: Measures that infer from returns; the others are facts.
INFERRED = ("volatility", "tracking error", "shortfall", "breaches", "drawdown")
#: A measure that passes a limit by less than this passes it by rounding: 55 - 50 is 5.
ROUNDING = 1e-12


# ---- alerts --------------------------------------------------------------------------------------


class Alert(NamedTuple):
    """One measure beyond a limit: the highest it is beyond, and the first month of this spell
    beyond that limit."""

    severity: str
    rule: str
    value: float
    limit: float
    unit: str
    since: pd.Timestamp

    def __str__(self) -> str:
        return (
            f"{self.severity}: {self.rule} is {self.value:.3g}, limit {self.limit:g} "
            f"({self.unit}), "
            f"since {self.since:%Y-%m}"
        )


def limits(rule: str, *, policy: Policy) -> dict[str, float]:
    """The policy's limits of a rule by severity.

    Parameters
    ----------
    rule : str
        A name in the policy's ``alert_limits``.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    dict
        By severity, in the rule's unit, rising from ``info`` to ``act``.

    Raises
    ------
    ValueError
        For a rule without any. (That they rise is asked where the policy is read.)

    Examples
    --------
    >>> rises = {"info": 1, "watch": 2.5, "act": 4, "unit": "months"}
    >>> limits("breaches", policy={"alert_limits": {"breaches": rises}})
    {'info': 1.0, 'watch': 2.5, 'act': 4.0}
    >>> limits("breach", policy={"alert_limits": {"breaches": rises, "drawdown": rises}})
    Traceback (most recent call last):
    ...
    ValueError: policy alert_limits has no rule 'breach'; it has breaches, drawdown
    """
    entries = policy["alert_limits"]
    if rule not in entries:
        raise ValueError(f"policy alert_limits has no rule {rule!r}; it has {', '.join(entries)}")
    return {severity: float(entries[rule][severity]) for severity in SEVERITIES}


def severity(rule: str, value: ArrayLike, *, policy: Policy) -> Array:
    """How many limits a value is beyond: 0 (none) to 3 (act). What is not known, nan, is beyond
    none.

    Parameters
    ----------
    rule : str
        A name in the policy's ``alert_limits``.
    value : array
        In the rule's unit.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    array of int
        Of the same shape.

    Raises
    ------
    ValueError
        As `limits`.

    Examples
    --------
    At a limit is not yet beyond it, nor is what passes it by rounding.

    >>> rises = {"info": 5.0, "watch": 6.0, "act": 8.0}
    >>> values = [4.9, 5.0, 55 - 50 + 1e-13, 5.1, 6.0, 7.9, 8.1, math.nan]
    >>> severity("drift", values, policy={"alert_limits": {"drift": rises}}).tolist()
    [0, 0, 0, 1, 1, 2, 3, 0]
    """
    x = np.asarray(value, float)
    found = limits(rule, policy=policy).values()
    return np.asarray(sum((x > limit + ROUNDING).astype(int) for limit in found))


def alerts(measured: Mapping[str, pd.Series], *, policy: Policy) -> list[Alert]:
    """What rings at the last date of each measure, worst first.

    Parameters
    ----------
    measured : mapping
        Series by rule, by month end, all to the same one.
    policy : Policy
        With the rules' limits.

    Returns
    -------
    list of Alert

    Raises
    ------
    ValueError
        Where nothing is measured, the last value is missing, dates are out of order, or measures
        end in different months.

    Examples
    --------
    The spell began when the limit was last passed, not when the value was highest.

    >>> rises = {"info": 0.01, "watch": 0.02, "act": 0.05, "unit": "weight"}
    >>> drift = pd.Series(
    ...     [0.03, 0.005, 0.025, 0.024],
    ...     pd.to_datetime(["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
    ... )
    >>> [told] = alerts({"drift": drift}, policy={"alert_limits": {"drift": rises}})
    >>> print(told)
    watch: drift is 0.024, limit 0.02 (weight), since 2026-03

    It goes on in ``alarms.md``.
    """
    if not measured:
        raise ValueError("no measure is given; silence is not safety")
    for rule, series in measured.items():
        if not isinstance(series, pd.Series) or not len(series):
            raise ValueError(f"{rule}: nothing was measured; give a Series by month end")
        if not series.index.is_monotonic_increasing or not series.index.is_unique:
            raise ValueError(f"{rule}: put its months in order, the oldest first, each once")
    ends = {rule: pd.Timestamp(series.index[-1]) for rule, series in measured.items()}
    if len(set(ends.values())) > 1:
        said = ", ".join(f"{rule} {end:%Y-%m}" for rule, end in ends.items())
        raise ValueError(f"the measures end in different months: {said}; bring all to the same")
    found = []
    for rule, series in measured.items():
        if not math.isfinite(value := float(series.iloc[-1])):
            raise ValueError(
                f"{rule}: nothing was measured at {series.index[-1]:%Y-%m}; silence is not safety"
            )
        level = int(severity(rule, value, policy=policy))
        if level:
            name = SEVERITIES[level - 1]
            within = np.flatnonzero(severity(rule, series, policy=policy) < level)
            first = pd.Timestamp(series.index[int(within[-1]) + 1 if within.size else 0])
            unit = str(policy["alert_limits"][rule]["unit"])
            limit = limits(rule, policy=policy)[name]
            found.append(Alert(name, rule, value, limit, unit, first))
    return sorted(found, key=lambda a: (-SEVERITIES.index(a.severity), a.rule))


@door()
def simulated(
    watched: Watched,
    paths: int,
    months: int,
    rng: np.random.Generator,
    *,
    lost: float = 0.0,
    wilder: float = 1.0,
    own: float = 1.0,
) -> tuple[Array, Array]:
    """Months that the assumptions suggest, of Student's t with what `watched` says of its degrees
    of freedom.

    Parameters
    ----------
    watched : Watched
        The promise.
    paths, months : int
        How many, and how long.
    rng : numpy.random.Generator
        Where they come from.
    lost : float
        What every fund earns less, annual decimal.
    wilder : float
        Multiplies the volatility of classes.
    own : float
        Multiplies that of the funds beyond them.

    Returns
    -------
    classes : array (paths, months, k)
        Returns of classes, monthly decimals.
    funds : array (paths, months, n)
        Of funds, after costs.

    Examples
    --------
    >>> from portlib.records import Assumptions
    >>> told = Assumptions(["shares", "bonds"], [0.06, 0.036], [[0.04, 0.003], [0.003, 0.0025]])
    >>> ours = Watched(
    ...     target=np.array([0.5, 0.3, 0.2]),
    ...     exposures=np.array([[1.0, 0.0], [0.2, 0.8], [0.0, 1.0]]),
    ...     own_risk=np.array([0.03, 0.0, 0.06]),
    ...     expense=np.array([0.006, 0.0024, 0.0012]),
    ...     benchmark=np.array([0.4, 0.6]),
    ...     classes=told,
    ...     index_fund_cost=0.001,
    ...     window_months=3,
    ...     rebalance_months=2,
    ...     tail_level=0.95,
    ...     degrees_of_freedom=5,
    ... )
    >>> classes, funds = simulated(ours, 40, 500, np.random.default_rng(1))
    >>> classes.shape, funds.shape
    ((40, 500, 2), (40, 500, 3))

    It goes on in ``alarms.md``.
    """
    a = watched.classes
    n = len(watched.target)
    month = a.replace(mu=a.mu / 12, sigma=a.sigma / 12, source="a month of the assumptions")
    drawn = student_t_scenarios(month, watched.degrees_of_freedom, paths * months, rng)
    classes = (month.mu + wilder * (drawn - month.mu)).reshape(paths, months, len(a))
    noise = own * rng.standard_normal((paths, months, n)) * watched.own_risk / math.sqrt(12)
    return classes, watched.net(classes, noise) - lost / 12


def alarm_rates(watched: Watched, classes: Array, funds: Array, *, policy: Policy) -> pd.DataFrame:
    """In what share of months does each inferring rule ring, and any of them, at each severity or
    worse?

    Parameters
    ----------
    watched : Watched
        The promise.
    classes, funds : array (paths, months, k) and (paths, months, n)
        As from `simulated`.
    policy : Policy
        With the rules' limits.

    Returns
    -------
    DataFrame
        Rules by severities; shares of the months that have a full window, decimals.

    Examples
    --------
    Two paths of four months, of which the last three have a full window: six months are counted. In
    them, volatility is beyond ``info`` three times, ``watch`` twice and ``act`` once; and the
    drawdown is beyond ``info`` in one month more.

    >>> from types import SimpleNamespace
    >>> nan = math.nan
    >>> quiet = np.array([[nan, 0, 0, 0], [nan, 0, 0, 0]])
    >>> told = dict.fromkeys(INFERRED, quiet)
    >>> told["volatility"] = np.array([[nan, 1.5, 0.5, 2.5], [nan, 3.5, 1.0, 0.2]])
    >>> told["drawdown"] = np.array([[9.0, 0.1, 1.2, 0.3], [9.0, 0.7, 0.4, 0.8]])
    >>> ours = SimpleNamespace(measures=lambda classes, funds: told)
    >>> rises = {"info": 1.0, "watch": 2.0, "act": 3.0}
    >>> decided = {"alert_limits": dict.fromkeys(INFERRED, rises)}
    >>> found = alarm_rates(ours, None, None, policy=decided)
    >>> (6 * found.loc[["volatility", "drawdown", "breaches", "any rule"]]).round(9)
                info  watch  act
    volatility   3.0    2.0  1.0
    drawdown     1.0    0.0  0.0
    breaches     0.0    0.0  0.0
    any rule     4.0    2.0  1.0
    """
    measured = watched.measures(classes, funds)
    full = ~np.isnan(measured["volatility"])
    level = {rule: severity(rule, measured[rule], policy=policy)[full] for rule in INFERRED}
    level["any rule"] = np.max(list(level.values()), axis=0)
    rates = {rule: [float((x > i).mean()) for i in range(3)] for rule, x in level.items()}
    return pd.DataFrame.from_dict(rates, orient="index", columns=list(SEVERITIES))


def quieted(watched: Watched, classes: Array, funds: Array, *, policy: Policy) -> float:
    """By what factor must every limit of the inferring rules rise, so that they ring in no more
    months than the policy's ``alert_false_alarms`` accepts? 1 where they do not ring more.

    Of each month, the largest of its measures over their limits is the factor at which the last
    rule falls silent; the one sought leaves as many months above it as are accepted.

    Parameters
    ----------
    watched : Watched
        The promise.
    classes, funds : array (paths, months, k) and (paths, months, n)
        As from `simulated`, nothing being wrong.
    policy : Policy
        With the rules' limits and what is accepted.

    Returns
    -------
    float
        The larger of what ``watch`` and ``act`` need, and at least 1.

    Examples
    --------
    Of four months one may say *watch* and none *act*. Shortfalls of 2.2, 2.6, 1 and 0 are 1.1, 1.3,
    0.5 and 0 times a *watch* at 2, and the second largest is 1.1. That is enough for an *act* at 4
    and at 2.5, of which 2.6 is 0.65 and 1.04 times; of one at 2.1 it is 1.238 times.

    >>> from types import SimpleNamespace
    >>> told = dict.fromkeys(INFERRED, np.zeros((1, 4)))
    >>> told["shortfall"] = np.array([[2.2, 2.6, 1.0, 0.0]])
    >>> ours = SimpleNamespace(measures=lambda classes, funds: told)
    >>> accepted = {"watch": 0.25, "act": 0.0}
    >>> for act in (4.0, 2.5, 2.1):
    ...     rises = dict.fromkeys(INFERRED, {"info": 1.0, "watch": 2.0, "act": act})
    ...     decided = {"alert_limits": rises, "alert_false_alarms": accepted}
    ...     print(f"{quieted(ours, None, None, policy=decided):.3f}")
    1.100
    1.100
    1.238
    >>> decided["alert_false_alarms"] = {"watch": 0.5, "act": 0.5}
    >>> quieted(ours, None, None, policy=decided)
    1.0
    """
    measured = watched.measures(classes, funds)
    full = ~np.isnan(measured["volatility"])
    needed = [1.0]
    for name, accepted in policy["alert_false_alarms"].items():
        bound = {rule: limits(rule, policy=policy)[name] for rule in INFERRED}
        worst = np.max([measured[rule][full] / bound[rule] for rule in INFERRED], axis=0)
        above = int(accepted * len(worst) + ROUNDING)  # so many months may ring
        needed.append(float(np.sort(worst)[::-1][min(above, len(worst) - 1)]))
    return max(needed)


def dashboard(measured: Mapping[str, pd.Series], *, policy: Policy) -> Figure:
    """One small panel a measure: its course, the limits for watch and act, and what it says at its
    last date. ValueError as `alerts`: what cannot be judged is not drawn as quiet.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> months = pd.to_datetime(["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"])
    >>> rises = {"info": 0.01, "watch": 0.02, "act": 0.05}
    >>> units = {"drift": "weight of a fund", "ratio": "multiple", "fall": "share of the peak"}
    >>> decided = {"alert_limits": {rule: rises | {"unit": unit} for rule, unit in units.items()}}
    >>> drift = pd.Series([0.004, 0.01, 0.03, 0.025], months)
    >>> seen = {"drift": drift, "ratio": 0.3 * drift, "fall": 4 * drift - 0.049}
    >>> drawn = dashboard(seen, policy=decided)
    >>> for panel in drawn.axes:  # and no fourth, empty one
    ...     print(panel.get_title(loc="left").splitlines())
    ['drift: 2.5% – watch', 'weight of a fund']
    ['ratio: 0.0075 – quiet', 'multiple']
    ['fall: 5.1% – act', 'share of the peak']
    >>> [text.get_text() for text in drawn.axes[0].get_xticklabels()]
    ['2026-01', '2026-03', '2026-04']
    >>> [float(line.get_ydata()[-1]) for line in drawn.axes[0].lines]  # course, watch, act, last
    [0.025, 0.02, 0.05, 0.025]
    >>> # 1.05 * 0.05, and the third rises to 1.05 * 0.071
    >>> [[round(float(x), 6) for x in panel.get_ylim()] for panel in drawn.axes]
    [[0.0, 0.0525], [0.0, 0.0525], [-0.033, 0.07455]]
    >>> plt.close(drawn)
    """
    from portlib import figures

    alerts(measured, policy=policy)
    rows = math.ceil(len(measured) / 2)
    fig, whole = figures.axes(width=5.0, height=1.55 * rows)
    whole.remove()
    panels = fig.subplots(rows, 2, squeeze=False).ravel()
    for ax, (rule, series) in zip(panels, measured.items(), strict=False):
        level = int(severity(rule, float(series.iloc[-1]), policy=policy))
        unit = str(policy["alert_limits"][rule]["unit"])
        percent = "weight" in unit or "share" in unit
        last = f"{series.iloc[-1]:.1%}" if percent else f"{series.iloc[-1]:.2g}"
        bound = limits(rule, policy=policy)
        ax.plot(series.index, series, color=figures.COLORS[0], linewidth=1.3)
        ax.axhline(bound["watch"], color=figures.COLORS[4], linestyle="--", linewidth=1.2)
        ax.axhline(bound["act"], color=figures.COLORS[1], linewidth=1.4)
        ax.plot(
            series.index[-1],
            series.iloc[-1],
            marker="osD^"[level],
            color=figures.COLORS[(0, 5, 4, 1)[level]],
            clip_on=False,
        )
        ax.set_title(
            f"{rule}: {last} – {('quiet', *SEVERITIES)[level]}\n{unit}", fontsize=9, loc="left"
        )
        ax.set_ylim(min(0.0, float(series.min())), 1.05 * max(bound["act"], float(series.max())))
        ax.tick_params(labelsize=8)
        dates = [
            pd.Timestamp(series.index[i]) for i in sorted({0, len(series) // 2, len(series) - 1})
        ]
        ax.set_xticks(dates, [f"{date:%Y-%m}" for date in dates])
        if percent:
            ax.yaxis.set_major_formatter(figures.PercentFormatter(1.0, decimals=1))
    for ax in panels[len(measured) :]:
        ax.remove()
    return fig
