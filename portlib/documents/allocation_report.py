"""What would be held, by which rules, how sure is it, and what was it measured against?

A report on one portfolio of any `Universe`: holdings and sizes, groups against their floors and
caps, the frontier, growth of the months, a dashboard of risk, VaR and CVaR with their errors, what
each rule costs, and rivals. A difference smaller than its error decides nothing, and is shown with
it.

Left out: trades that lead there, and taxes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from portlib.construction.diagnostics import diagnostics
from portlib.construction.engines import NotSolved
from portlib.construction.intervals import outwards
from portlib.construction.mandate import Bounds, Limit
from portlib.construction.mean_variance import frontier
from portlib.construction.tail_risk import drawdowns, historical, standard_error
from portlib.documents.document import (
    Align,
    Block,
    Document,
    Figure,
    Finding,
    Heading,
    Items,
    Table,
    Text,
    said,
)
from portlib.documents.drawings import drawn
from portlib.documents.universe import Universe
from portlib.documents.words import percent, value, with_names
from portlib.estimation.draws import student_t_scenarios
from portlib.records import Array

#: Weights below this are none.
SLIGHT = 5e-5
#: Upper ends of the sizes into which positions are sorted.
SIZES = (0.01, 0.02, 0.05, 0.10, 1.0)
#: Holdings listed; of more the report lists the largest, and says how many it leaves out.
LISTED = 40
#: A price below this, in basis points for a point of limit, is rounding.
PRICED = 0.05


def report(
    universe: Universe, *, title: str, made: date, made_from: Mapping[str, str], name: str
) -> Document:
    """The allocation report on a universe's portfolio.

    Parameters
    ----------
    universe : Universe
        Assets, rules and the portfolio.
    title : str
        What it is about.
    made : date
        The day for which it is made.
    made_from : mapping
        What it is made from, by name: package, data, policy.
    name : str
        Of its file, without ending.

    Returns
    -------
    Document

    Examples
    --------
    Of two funds, half in each, and ten years of their months; the draws of the first fund's weight
    are every percent from none to all, the means are in doubt by 1% and 0.5%:

    >>> from dataclasses import replace
    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from portlib import history, plan
    >>> from portlib.documents.universe import of_folder
    >>> months = history.open_record().months("tsp_c", "tsp_f")[-120:]
    >>> with TemporaryDirectory() as place:
    ...     _ = months.to_csv(Path(place) / "returns.csv", index_label="date")
    ...     two = of_folder(Path(place), plan.read().policy)
    >>> cloud = pd.DataFrame({"tsp_c": np.arange(101) / 100})
    >>> two = replace(
    ...     two,
    ...     cloud=cloud.assign(tsp_f=1 - cloud["tsp_c"]),
    ...     errors=np.diag([0.01**2, 0.005**2]),
    ...     rivals={"all in one": pd.Series({"tsp_f": 0.0, "tsp_c": 1.0})},
    ... )
    >>> from unittest.mock import patch
    >>> here = "portlib.documents.allocation_report."
    >>> def figure(name, axes, caption, alt, *, highest=3.0):  # its layout is not looked at here
    ...     return Figure(name, "", caption, alt)
    >>> with patch(f"{here}drawn", figure):
    ...     made = report(two, title="Two", made=date(2026, 11, 29), made_from={}, name="two")
    >>> made.kind, [one.text for one in made.body if isinstance(one, Heading)][:2]
    ('Allocation report', ['The portfolio in a paragraph', 'Holdings'])
    >>> tables = [one for one in made.body if isinstance(one, Table)]
    >>> tables[0].head[3], tables[0].rows[0][2:4]  # a tenth of the draws below, a tenth above
    ('80% range', ['50.0%', '10% to 90%'])
    >>> [one.head[1] for one in tables if one.head[0] == "Losses of"]
    ['VaR 95%']
    >>> (rival,) = next(one for one in tables if one.head[0] == "Rival").rows
    >>> rival[4]  # 5000 * sqrt(0.01**2 + 0.005**2), for half is moved
    '56'
    >>> mean, variance = two.assumptions.mu, two.assumptions.sigma
    >>> gain = mean @ [-0.5, 0.5] - 2.75 * (variance.sum() / 4 - variance[0, 0])
    >>> rival[3] == f"{1e4 * gain:+.0f}", two.risk_aversion
    (True, 5.5)

    It goes on in ``allocation_report.md``.
    """
    level = universe.policy["tail_level"]
    scenarios = _scenarios(universe)
    body: list[Block] = [
        *_summary(universe),
        *_holdings(universe),
        *_groups(universe),
        *_frontier(universe),
        *_growth(universe),
        *_dashboard(universe),
        *_tails(universe, scenarios, level),
        *_rules(universe),
        *_challenge(universe),
        *_made(universe),
    ]
    return Document(
        name,
        "Allocation report",
        title,
        universe.name,
        universe.origin,
        made,
        made_from,
        universe.facts,
        body,
        numbered=True,
    )


# ---- what is held --------------------------------------------------------------------------------


def _held(universe: Universe) -> pd.Series:
    """Weights above nothing, largest first."""
    weights = universe.weights
    return weights[weights > SLIGHT].sort_values(ascending=False, kind="stable")


def _summary(universe: Universe) -> list[Block]:
    told, w = universe.assumptions, universe.weights
    mean, risk = told.mean_of(w), told.risk_of(w)
    held = _held(universe)
    invented = universe.origin.strip().upper() == "SYNTHETIC"
    made: list[Block] = [
        Heading("The portfolio in a paragraph"),
        Text(
            f"{len(held)} of {len(w)} approved {universe.kind}s are held, the largest at "
            f"{percent(held.iloc[0])}. Under the assumptions below the portfolio earns "
            f"{percent(mean, 2)} a year (arithmetic) at a volatility of {percent(risk, 2)}; cash "
            f"earns {percent(told.rf, 2)}. {_aim(universe)}, under every rule of the mandate."
        ),
        Finding("Least comfortable", _uncomfortable(universe), "warning"),
    ]
    if invented:
        made.append(
            Finding(
                "SYNTHETIC",
                "The plan, its people and its funds' own risks are invented. Nothing here "
                "describes a fund that exists.",
                "note",
            )
        )
    return made


def _aim(universe: Universe) -> str:
    """What the portfolio was chosen for."""
    if universe.chosen_by:
        return f"It was chosen by {universe.chosen_by} (policy: optimizer)"
    return f"It maximises expected return less A/2 times variance at A = {universe.risk_aversion:g}"


def _uncomfortable(universe: Universe) -> str:
    """How the portfolio stands against the rival nearest to it in what it is worth."""
    rows = _compared(universe)
    if ahead := _ahead(universe):
        return ahead
    if not rows:
        return "Nothing was set beside this portfolio, so nothing shows that it is worth having."
    name, gain, error, _ = min(rows, key=lambda row: row[1])
    if error is None:
        return (
            f"Against {_lower(name)} the portfolio is worth {_gain(gain)} a year by its "
            "own assumptions. Nobody knows their errors, so nothing shows that the difference is "
            "one."
        )
    verdict = (
        "less than twice its error, so it decides nothing"
        if abs(gain) < 2 * error
        else "more than twice its error, by the same assumptions that chose it"
    )
    return (
        f"Against {_lower(name)} the portfolio is worth {_gain(gain)} a year, give or "
        f"take {error:.0f}: {verdict}."
    )


def _gain(points: float) -> str:
    """A gain in whole basis points, in words."""
    return f"{points:+z.0f} basis point" + "s" * (abs(round(points)) != 1)


def _ahead(universe: Universe) -> str:
    """The rival that earned most over the months shown, where it earned more."""
    if universe.months is None:
        return ""
    months = universe.months

    def earned(weights: pd.Series) -> float:
        return float(12 * (months @ weights.reindex(months.columns)).mean())

    def risk(weights: pd.Series) -> float:
        return math.sqrt(12) * float((months @ weights.reindex(months.columns)).std(ddof=1))

    mine = earned(universe.weights)
    rivals = {name: earned(rival) for name, rival in universe.rivals.items()}
    name = max(rivals, key=lambda rival: rivals[rival], default=None)
    if name is None or round(rivals[name] - mine, 3) <= 0:  # what is shown as no lead is none
        return ""
    away = months @ (universe.rivals[name] - universe.weights).reindex(months.columns)
    error = math.sqrt(12) * float(away.std(ddof=1)) / math.sqrt(len(months) / 12)
    lead = rivals[name] - mine
    return (
        f"Over the {len(months)} months shown, {_lower(name)} earned {percent(rivals[name])} a "
        f"year on average at a volatility of {percent(risk(universe.rivals[name]))}, and the "
        f"portfolio {percent(mine)} at {percent(risk(universe.weights))}: {percent(lead)} more, "
        f"give or take {percent(error)}."
    )


def _holdings(universe: Universe) -> list[Block]:
    told = universe.assumptions
    held = _held(universe)
    shares = diagnostics(universe.weights, told).risk_shares
    first = next(iter(universe.groups.values()))
    level = universe.policy["weight_interval"]["level"]
    cloud = universe.cloud
    ends = None if cloud is None else cloud.quantile([(1 - level) / 2, (1 + level) / 2])
    spare = [] if ends is None else [""]
    align: list[Align] = [] if ends is None else ["right"]
    rows = []
    for name, weight in zip(map(str, held.index[:LISTED]), held, strict=False):
        at = told.labels.index(name)
        rows.append(
            [
                universe.labels[name],
                _group_of(first.T[name]),
                percent(weight),
                *([] if ends is None else [_span(*ends[name])]),
                percent(shares[name]),
                percent(told.mu[at]),
                percent(told.volatility[at]),
            ]
        )
    if len(held) > LISTED:
        rest = held.iloc[LISTED:]
        rows.append(
            [
                f"{len(rest)} more",
                "",
                percent(rest.sum()),
                *spare,
                percent(shares[rest.index].sum()),
                "",
                "",
            ]
        )
    rows.append(["All", "", percent(held.sum()), *spare, percent(shares[held.index].sum()), "", ""])
    ten = held.iloc[:10]
    low = 0.0
    sizes = []
    for high in SIZES:
        inside = held[(held > low + 1e-12) & (held <= high + 1e-12)]
        label = f"above {low:.0%}" if high == SIZES[-1] else f"{low:.0%} to {high:.0%}"
        sizes.append([label, f"{len(inside)}", percent(inside.sum())])
        low = high
    return [
        Heading("Holdings"),
        Table(
            [
                universe.kind.capitalize(),
                next(iter(universe.groups)),
                "Weight",
                *([] if ends is None else [f"{level:.0%} range"]),
                "Share of risk",
                "Expected",
                "Volatility",
            ],
            rows,
            align=["left", "left", "right", *align, "right", "right", "right"],
            widths=[2.3, 1.5, 0.7, *[1.0] * len(spare), 0.7, 0.8, 0.8],
            strong=(len(rows) - 1,),
            small=True,
        ),
        Text(
            f"The ten largest are {percent(ten.sum())} of the portfolio; it is as concentrated as "
            f"{1 / float((held**2).sum()):.1f} equal positions."
        ),
        Table(["Size of a position", "Positions", "Weight"], sizes),
    ]


def _group_of(shares: pd.Series) -> str:
    """The group that an asset is of, or how many it is spread over."""
    inside = shares[shares > 0]
    if len(inside) == 1 or (len(inside) and inside.max() >= 0.9):
        return str(inside.idxmax())
    return f"mixed, {len(inside)}" if len(inside) else ""


def _span(low: float, high: float) -> str:
    """An interval as the book's pages say it: its ends rounded outwards."""
    least, most = outwards(low, high)
    return f"{least}% to {most}%"


def _groups(universe: Universe) -> list[Block]:
    made: list[Block] = [Heading("Classes and sectors against their limits")]
    cloud = universe.cloud
    level = universe.policy["weight_interval"]["level"]
    limits = _limits_by_group(universe)
    if cloud is None:
        made.append(
            Text(
                "Nobody said how wrong the expected returns may be, so the weights have no range: "
                "none of them is known to the percent.",
                small=True,
            )
        )
    else:
        made.append(
            Text(
                f"The range holds the weight in {level:.0%} of {len(cloud)} portfolios made the "
                "same way with expected returns redrawn within their errors.",
                small=True,
            )
        )
    for way, shares in universe.groups.items():
        mix = (universe.weights @ shares.loc[universe.weights.index]).sort_values(
            ascending=False, kind="stable"
        )
        head = [way, "Weight"]
        ranges = None
        if cloud is not None:
            mixes = cloud @ shares.loc[cloud.columns]
            ranges = mixes.quantile([(1 - level) / 2, (1 + level) / 2])
            head.append(f"{level:.0%} range")
        floors = any(low > 0 for name, (low, _) in limits.items() if name in mix)
        caps = any(high < 1 for name, (_, high) in limits.items() if name in mix)
        head += ["Floor"] * floors + ["Cap"] * caps
        rows = []
        for name, weight in mix.items():
            low, high = limits.get(str(name), (-np.inf, np.inf))
            if weight <= SLIGHT and not low > 0 and not np.isfinite(high):
                continue
            row = [str(name), percent(weight)]
            if ranges is not None:
                ends = ranges[name]
                row.append(_span(*ends))
            row += [value(float(low), "share") if low > 0 else ""] * floors
            row += [value(float(high), "share") if high < 1 else ""] * caps
            rows.append(row)
        made.append(Table(head, rows, widths=[2, *[1] * (len(head) - 1)]))
    made.append(_chart_of_groups(universe))
    return made


def _limits_by_group(universe: Universe) -> dict[str, tuple[float, float]]:
    """Floor and cap of each group that a rule of the mandate limits by itself."""
    found: dict[str, tuple[float, float]] = {}
    for shares in universe.groups.values():
        for name in shares:
            held = shares[name][shares[name] > 0]
            for rule in universe.mandate.constraints:
                if isinstance(rule, Limit) and rule.coefficients is not None:
                    same = {k: v for k, v in rule.coefficients.items() if abs(v) > 1e-12}
                    if same.keys() == set(held.index) and all(
                        abs(same[k] - held[k]) < 1e-9 for k in same
                    ):
                        low, high = found.get(str(name), (-np.inf, np.inf))
                        found[str(name)] = (max(low, rule.lower), min(high, rule.upper))
    return found


def _chart_of_groups(universe: Universe) -> Figure:
    from portlib import figures

    way, shares = next(iter(universe.groups.items()))
    told = universe.assumptions
    risk = diagnostics(universe.weights, told).risk_shares
    money = universe.weights @ shares.loc[universe.weights.index]
    danger = risk @ shares.loc[risk.index]
    both = pd.DataFrame({"money": money, "risk": danger})
    both = both[(both.abs() > 5e-4).any(axis=1)].sort_values("risk", ascending=False).iloc[:14]
    axes = figures.bars(both, xlabel="share of the portfolio, percent", percent="x")
    first = both.index[0]
    return drawn(
        "money_and_risk",
        axes,
        f"Where the money is and where the risk is, by {said(way.lower())}: {said(first)}, "
        f"{percent(float(both.loc[first, 'risk']), 0)} of the risk with "
        f"{percent(float(both.loc[first, 'money']), 0)} of the money.",
        f"Two bars for each {way.lower()}, its share of the money and its share of the risk, the "
        "largest share of risk on top.",
        highest=3.2,
    )


# ---- frontier, growth ----------------------------------------------------------------------------


def _frontier(universe: Universe) -> list[Block]:
    from portlib import figures

    told = universe.assumptions
    made: list[Block] = [Heading("The efficient frontier")]
    try:
        curve = frontier(told, universe.mandate).curve()
    except NotSolved as refused:
        return [*made, Text(f"No frontier is drawn: {said(refused)}")]
    w = universe.weights
    _, axes = figures.axes(
        xlabel="volatility, percent a year", ylabel="expected return, percent a year", percent="xy"
    )
    single = told.volatility, told.mu
    axes.plot(*single, "x", color="#999999", markersize=5, label=f"single {universe.kind}s")
    axes.plot(curve["risk"], curve["mean"], color=figures.COLORS[0], linewidth=2, label="frontier")
    for n, (name, rival) in enumerate(universe.rivals.items()):
        axes.plot(
            told.risk_of(rival),
            told.mean_of(rival),
            "s^Dv"[n % 4],
            color=figures.COLORS[2 + n],
            label=name.lower(),
        )
    axes.plot(
        told.risk_of(w),
        told.mean_of(w),
        "o",
        color=figures.COLORS[1],
        markersize=9,
        label="the portfolio",
    )
    wide = max(2.2 * float(curve["risk"].max()), told.risk_of(w) * 1.5)
    if float(told.volatility.max()) > wide:
        axes.set_xlim(0, wide)
    axes.legend(loc="lower right", fontsize=9)
    rising = curve.sort_values("risk")  # the curve begins with the highest return
    efficient = float(np.interp(told.risk_of(w), rising["risk"], rising["mean"]))
    figure = drawn(
        "efficient_frontier",
        axes,
        _distance(1e4 * (efficient - told.mean_of(w)), universe.chosen_by),
        "Expected return against volatility: a rising curve, the frontier, with the chosen "
        f"portfolio on or just below it, and single {universe.kind}s and rivals below.",
    )
    return [*made, figure]


def _distance(below: float, chosen_by: str = "") -> str:
    """How far the portfolio lies below the frontier, basis points, and for what, in words."""
    if round(below) <= 0:
        return "The portfolio lies on the frontier of its mandate, to less than a basis point."
    points = "basis point" if round(below) == 1 else "basis points"
    return (
        f"The portfolio lies {below:.0f} {points} below the frontier of its mandate at its own "
        f"risk: the price of {chosen_by or 'few holdings and whole percents'}."
    )


def _growth(universe: Universe) -> list[Block]:
    from portlib import figures

    made: list[Block] = [Heading("Growth")]
    months = universe.months
    if months is None:
        return [*made, Text(universe.months_are)]
    paths = {"The portfolio": months @ universe.weights.reindex(months.columns)}
    paths |= {
        name: months @ rival.reindex(months.columns) for name, rival in universe.rivals.items()
    }
    grown = pd.DataFrame({name: 10_000 * (1 + r).cumprod() for name, r in paths.items()})
    grown.columns = [str(name).lower() for name in grown]
    axes = figures.lines(grown, ylabel="US dollars")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    last = grown.iloc[-1]
    others = last.drop("the portfolio")
    years = len(months) / 12
    rows = [
        [
            name,
            percent((grown[name.lower()].iloc[-1] / 10_000) ** (1 / years) - 1, 1),
            percent(r.std(ddof=1) * math.sqrt(12), 1),
            percent(float(drawdowns(r.to_numpy()).max()), 1),
            f"${last[name.lower()]:,.0f}",
        ]
        for name, r in paths.items()
    ]
    span = f"{months.index[0]:%B %Y} to {months.index[-1]:%B %Y}"
    return [
        *made,
        Text(
            f"{span}, {len(months)} months, weights restored each month. "
            f"{said(universe.months_are)}"
        ),
        drawn(
            "growth",
            axes,
            f"10,000 US dollars would have become ${last['the portfolio']:,.0f} in the portfolio, "
            f"and ${others.min():,.0f} to ${others.max():,.0f} in what it is compared with.",
            "Lines over the months, one for the portfolio and one for each rival, from 10,000 "
            "dollars.",
        ),
        Table(
            ["Held", "Return a year", "Volatility", "Deepest fall", "$10,000 became"],
            rows,
            widths=[2.2, 1, 1, 1, 1],
        ),
    ]


# ---- risk ----------------------------------------------------------------------------------------


def _dashboard(universe: Universe) -> list[Block]:
    told, w = universe.assumptions, universe.weights
    found = diagnostics(w, told)
    largest = str(found.risk_shares.idxmax())
    rows = [
        [
            "Expected return, arithmetic",
            percent(told.mean_of(w), 2),
            "a year, under the assumptions",
        ],
        ["Volatility", percent(found.risk, 2), "a year, under the assumptions"],
        ["Sharpe ratio", f"{told.sharpe_of(w):.2f}", f"over cash at {percent(told.rf, 2)}"],
        [
            "Compound return expected",
            percent(told.mean_of(w) - found.risk**2 / 2, 2),
            "a year: arithmetic less half the variance",
        ],
        ["Effective holdings", f"{found.effective_holdings:.1f}", "equal positions, by weight"],
        ["Effective bets", f"{found.effective_bets:.1f}", "equal independent risks"],
        ["Diversification ratio", f"{found.diversification_ratio:.2f}", "1 is none"],
        [
            "Largest share of risk",
            percent(float(found.risk_shares.max())),
            universe.labels[largest],
        ],
    ]
    return [
        Heading("Risk at a glance"),
        Table(
            ["Measure", "Value", "Meaning"],
            rows,
            align=["left", "right", "left"],
            widths=[1.4, 0.8, 2],
        ),
    ]


def _scenarios(universe: Universe) -> Array:
    """Years of the portfolio that the assumptions suggest, with the policy's fat tails."""
    policy = universe.policy
    drawn_ = student_t_scenarios(
        universe.assumptions,
        policy["fat_tail_degrees_of_freedom"],
        policy["scenario_count"],
        np.random.default_rng(policy["scenario_seed"]),
    )
    return np.asarray(drawn_ @ universe.weights[list(universe.assumptions.labels)].to_numpy())


def _interval_of_var(returns: Array, level: float) -> tuple[float, float]:
    """The 95% interval of a VaR that its rank among the losses allows, whatever the law."""
    losses = np.sort(-returns)
    count = len(losses)
    off = 1.96 * math.sqrt(count * level * (1 - level))
    at = np.clip([count * level - off, count * level + off], 0, count - 1).astype(int)
    return float(losses[at[0]]), float(losses[at[1]])


def _tails(universe: Universe, scenarios: Array, level: float) -> list[Block]:
    cases = [(f"A year, {len(scenarios):,} scenarios of Student's t", scenarios)]
    if universe.months is not None:
        months = universe.months @ universe.weights.reindex(universe.months.columns)
        cases.append((f"A month, the {len(months)} months above", months.to_numpy()))
    rows = []
    for what, returns in cases:
        tail = historical(returns, level)
        low, high = _interval_of_var(returns, level)
        error = standard_error(returns, level)
        rows.append(
            [
                what,
                percent(float(tail.var)),
                f"{percent(low)} to {percent(high)}",
                percent(float(tail.cvar)),
                percent(error),
            ]
        )
    return [
        Heading("Losses in the tail"),
        Text(
            f"The value at risk is the loss that one year (or month) in {1 / (1 - level):.0f} "
            "exceeds; the conditional value at risk is the average loss in those. Their errors are "
            "those of counting; an assumption that is wrong adds to them."
        ),
        Table(
            [
                "Losses of",
                f"VaR {level:.0%}",
                "95% interval",
                f"CVaR {level:.0%}",
                "Standard error",
            ],
            rows,
            widths=[2.3, 0.8, 1.2, 0.9, 1],
        ),
    ]


# ---- rules ---------------------------------------------------------------------------------------


def _rules(universe: Universe) -> list[Block]:
    told = universe.assumptions
    weights = {name: float(universe.weights[name]) for name in told.labels}
    prices = universe.best.shadow_prices
    clauses = universe.mandate.table().drop_duplicates("rule").set_index("rule")["clause"]
    rows = []
    for rule in universe.mandate.constraints:
        held, limit = _measured(rule, weights)
        whole = isinstance(rule, Limit) and rule.lower == rule.upper
        price = 0.0 if whole else 100 * abs(prices.get(rule.name, 0.0))
        rows.append(
            [
                _called(universe, rule.name),
                held,
                limit,
                f"{price:.1f}" if price >= PRICED and np.isfinite(price) else "",
                str(clauses.get(rule.name, "")).replace("_", " "),
            ]
        )
    excess = universe.mandate.violations(universe.weights[list(told.labels)].to_numpy(), told)
    broken = [name for name, x in excess.items() if x > universe.mandate.tolerance]
    words = (
        "Every rule is kept, checked apart from the optimiser."
        if not broken
        else "**Rules that the portfolio breaks: "
        + ", ".join(said(_called(universe, rule)) for rule in broken)
        + ".**"
    )
    return [
        Heading("Rules and what they cost"),
        Text(
            f"{words} A price is what the portfolio's certainty equivalent would gain, in basis "
            "points a year, for one percentage point more of the limit; it is that of the optimum "
            "without limits on the number of holdings."
        ),
        *(
            [
                Text(
                    "Rules of the reference bands limit by how much a class may lie outside its "
                    "part of the reference at the portfolio's own equity share; below zero it lies "
                    "within.",
                    small=True,
                )
            ]
            if any(
                rule.name.startswith(("least ", "most ")) for rule in universe.mandate.constraints
            )
            else []
        ),
        Table(
            ["Rule", "Portfolio", "Limit", "Price, bp", "Clause"],
            rows,
            align=["left", "right", "right", "right", "left"],
            widths=[2.2, 0.7, 1.0, 0.6, 1.7],
            small=True,
        ),
    ]


def _called(universe: Universe, rule: str) -> str:
    """What readers are told a rule is."""
    words = with_names(rule, universe.names).replace("_", " ")
    return words[:1].upper() + words[1:]


def _measured(rule: object, weights: Mapping[str, float]) -> tuple[str, str]:
    """What the portfolio has of what a rule limits, and the limit, in words."""
    if isinstance(rule, Limit):
        named = dict.fromkeys(weights, 1.0) if rule.coefficients is None else rule.coefficients
        held = sum(k * weights[a] for a, k in named.items())
        ends = (rule.lower, rule.upper)
        shares = rule.unit in ("weight", "exposure")
        digits = (lambda x: percent(x)) if shares else (lambda x: f"{x:.4g}")
        if ends[0] == ends[1]:
            return digits(held), digits(ends[0])
        low, high = (digits(end) if np.isfinite(end) else "" for end in ends)
        words = (
            f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
        )
        return digits(held), words
    if isinstance(rule, Bounds):  # of limits by asset, the one that is nearest to its own
        low, high = (side.tolist() for side in rule.bounds(tuple(weights)))
        room = [min(w - a, b - w) for w, a, b in zip(weights.values(), low, high, strict=True)]
        at = room.index(min(room))
        has, least, most = percent(list(weights.values())[at]), percent(low[at]), percent(high[at])
        if low[at] == high[at]:
            return has, least
        if np.isfinite([low[at], high[at]]).all():
            return has, f"{least} to {most}"
        one = isinstance(rule.upper if np.isfinite(high[at]) else rule.lower, Mapping)
        words = f"at most {most}" if np.isfinite(high[at]) else f"at least {least}"
        return has, words if one else f"{words} each"
    return "", f"at most {percent(getattr(rule, 'limit', float('nan')))}"


# ---- rivals --------------------------------------------------------------------------------------


def _compared(universe: Universe) -> list[tuple[str, float, float | None, pd.Series]]:
    """Name, gain of the portfolio over it in basis points of certainty equivalent, its error."""
    told, a = universe.assumptions, universe.risk_aversion
    order = list(told.labels)
    worth = told.utility_of(universe.weights, a)
    found = []
    for name, rival in universe.rivals.items():
        d = (universe.weights[order] - rival[order]).to_numpy()
        error = None if universe.errors is None else math.sqrt(max(d @ universe.errors @ d, 0.0))
        gain = worth - told.utility_of(rival, a)
        found.append((name, 1e4 * gain, None if error is None else 1e4 * error, rival))
    return found


def _challenge(universe: Universe) -> list[Block]:
    told = universe.assumptions
    rows = []
    for name, gain, error, rival in _compared(universe):
        excess = universe.mandate.violations(rival[list(told.labels)].to_numpy(), told)
        broken = [n for n, x in excess.items() if x > 1e-6]
        rows.append(
            [
                name,
                percent(told.mean_of(rival), 2),
                percent(told.risk_of(rival), 2),
                f"{gain:+z.0f}",
                "not known" if error is None else f"{error:.0f}",
                "yes"
                if not broken
                else "no: " + ", ".join(_lower(_called(universe, rule)) for rule in broken[:2]),
            ]
        )
    return [
        Heading("What it was measured against"),
        Text(
            "The gain is that of the portfolio's certainty equivalent over the rival's, in basis "
            "points a year, by the assumptions that chose the portfolio: it flatters the "
            "portfolio. Its error is that of the expected returns alone."
        ),
        Table(
            ["Rival", "Expected", "Volatility", "Gain, bp", "Error, bp", "Keeps the rules"],
            rows,
            align=["left", "right", "right", "right", "right", "left"],
            widths=[1.8, 0.8, 0.8, 0.7, 0.7, 1.4],
        ),
    ]


def _made(universe: Universe) -> list[Block]:
    items: Sequence[str] = [said(line) for line in (*universe.source, *universe.notes)]
    return [
        Heading("How it was made, and what a reviewer should challenge"),
        Items(
            [
                *items,
                f"Optimiser{' of the prices of rules' if universe.chosen_by else ''}: "
                f"{said(universe.best.engine)}; {said(universe.best.status)}.",
                f"Mandate {universe.mandate.fingerprint[:10]}, policy "
                f"{universe.policy.fingerprint[:10]}: the same give the same weights.",
                "Ask what the expected returns rest on, whether the months shown are the "
                f"{universe.kind}s' own, and which rule of the table nobody could trace to a "
                "document.",
            ]
        ),
    ]


def _lower(name: str) -> str:
    return said(name[:1].lower() + name[1:])
