"""What a document of a plan alone was handed, as it may print it: its numbers and no others.

Shares, ratios and dollars are kept apart, each in the digits that documents show, so that a count
cannot pass for a share; counts are named one by one. Where a document sums up, the sum is made here
again, by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from portlib import data, plan, standing
from portlib.construction.diagnostics import diagnostics
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import Bounds, Limit
from portlib.construction.mean_variance import frontier
from portlib.construction.tail_risk import historical, standard_error
from portlib.documents import allocation_report, dossier, quarterly_review
from portlib.documents.document import Document, Heading
from portlib.documents.universe import Universe
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement.plan_menu import fund_costs
from portlib.stewardship import monitoring
from portlib.stewardship.monitoring import performance
from tests.documents.unrun import DAY, MADE_FROM, as_shown, numbers


def values(content: object) -> Iterator[float]:
    """Every finite number in arrays, tables, mappings and lists."""
    if isinstance(content, Mapping):
        content = list(content.values())
    if isinstance(content, list | tuple):
        for each in content:
            yield from values(each)
    else:
        found = np.asarray(content, dtype=float).ravel()
        yield from (float(x) for x in found if np.isfinite(x))


def shares(*content: object) -> set[str]:
    return {f"{abs(x):.{digits}%}" for x in values(content) for digits in range(3)}


def stated(content: object) -> set[str]:
    """Shares as someone stated them: 7.5% and not 8%."""
    return {f"{100 * x:.6g}%" for x in values([content])}


def outwards(content: object) -> set[str]:
    """Ends of intervals in whole percents, which round away from the weight."""
    found = [100 * x for x in values(content)]
    return {f"{math.floor(x + 1e-3)}%" for x in found} | {f"{math.ceil(x - 1e-3)}%" for x in found}


def costs(*content: object) -> set[str]:
    return {f"{abs(x):.{digits}%}" for x in values(content) for digits in (2, 3)}


def ratios(*content: object) -> set[str]:
    return {f"{abs(x):.{digits}f}" for x in values(content) for digits in (1, 2)}


def dollars(*content: object) -> set[str]:
    found = list(map(abs, values(content)))
    return {f"{x:,.0f}" for x in found} | {f"{x / 1e6:,.1f}" for x in found if x >= 1e6}


def counts(*content: float) -> set[str]:
    return {f"{x:,g}" for x in content} | {f"{x:g}" for x in content}


def head(ours: plan.Plan, made: Document, pages: int) -> set[str]:
    """Numbers of any document's own form: pages, sections, days, what it is made from, names."""
    sections = sum(isinstance(block, Heading) and block.level == 1 for block in made.body)
    labels = " ".join(ours.funds["label"])
    classes = " ".join(one.label for one in ours.inputs.classes.by_name.values())
    lineup = len(ours.funds)
    funds = lineup if ours.vintages is None else lineup - 1 + len(ours.vintages)
    return (
        counts(*range(1, max(pages, sections) + 1), len(ours.participants), lineup, funds)
        | numbers(f"{DAY:%B %d, %Y} {DAY} {ours.as_of:%B %d, %Y} {ours.as_of.day}")
        | numbers(" ".join([ours.name, made.title, labels, classes, *MADE_FROM.values()]))
        | dollars(ours.assets)
    )


def months(*days: object) -> set[str]:
    return numbers(" ".join(f"{pd.Timestamp(day):%Y %m}" for day in days if day is not None))


def of_review(seen: quarterly_review.Quarter) -> set[str]:
    """Rules, options, the portfolio's record, and what was decided."""
    watch, policy = seen.watch, seen.plan.policy
    known: set[str] = set()
    for rule, series in watch.measured.items():
        unit = str(policy["alert_limits"][rule]["unit"])
        given = float(series.iloc[-1]), *monitoring.limits(rule, policy=policy).values()
        known |= shares(given) if "weight" in unit or "share" in unit else ratios(given)
        known |= numbers(f"{rule} {unit}")
    reviews = seen.reviews() if seen.judged else pd.DataFrame(columns=["review"])
    known |= shares(seen.by_chance, reviews.reindex(columns=["ahead", "error"]))
    known |= ratios(reviews.reindex(columns=["Sharpe", "of benchmark"]))
    known |= costs(watch.options["expense_ratio"]) | numbers(" ".join(watch.options.index))
    gross, net, benchmark = watch.returns[:3]
    away = (net - benchmark).to_numpy()
    error = away.std(ddof=1) * math.sqrt(12) / math.sqrt(len(net) / 12)
    known |= shares(12 * away.mean(), error)
    window = policy["monitoring_window_months"]
    for length in (window, len(net)):
        for record in (gross, net, benchmark):
            part = record.to_numpy()[-length:]
            grown = np.prod(1 + part) ** (12 / len(part)) - 1
            known |= shares(grown, part.std(ddof=1) * math.sqrt(12))
    ratio = performance.sharpe(
        (net - watch.bills.loc[watch.record]).to_numpy(), lags=policy["bootstrap_block_months"]
    )
    fall = performance.worst_fall(net)
    rings = sum(alert.severity != "info" for alert in seen.alerts)
    asked = int((reviews["review"] != "").sum())
    left = len(watch.options) - len(seen.judged)
    known |= ratios(ratio.year, ratio.error_year) | shares(fall.depth)
    known |= months(fall.peak, fall.trough, *(alert.since for alert in seen.alerts))
    known |= months(*watch.own_since.values()) | numbers(" ".join(seen.since.values()))
    known |= months(seen.plan.as_of - pd.DateOffset(months=quarterly_review.QUARTER))
    known |= months(watch.months.index[-1])
    known |= counts(len(net), window, quarterly_review.PATHS, rings, len(watch.measured), asked)
    known |= counts(len(watch.options), len(seen.judged), left, len(watch.own_since))
    own = {name: dict(policy.entries[name]) for name in policy.own}
    return known | as_shown(own)


def of_allocation(universe: Universe) -> set[str]:
    """Holdings, groups, frontier, growth, risk, tails, rules and rivals of a portfolio."""
    told, policy = universe.assumptions, universe.policy
    order = list(told.labels)
    w = universe.weights[order].to_numpy()
    held = universe.weights[universe.weights > allocation_report.SLIGHT].sort_values()[::-1]
    found = diagnostics(universe.weights, told)
    risk = math.sqrt(w @ told.sigma @ w)
    mean = float(w @ told.mu)
    ends = (
        ()
        if universe.cloud is None
        else universe.cloud.quantile(
            [
                (1 - policy["weight_interval"]["level"]) / 2,
                (1 + policy["weight_interval"]["level"]) / 2,
            ]
        )
    )
    known = outwards(ends)
    known |= shares(held, told.mu, told.volatility, told.rf, found.risk_shares, mean, risk)
    known |= shares(mean - risk**2 / 2, held.iloc[:10].sum(), allocation_report.SIZES, 0.0, 1.0)
    known |= ratios((mean - told.rf) / risk, 1 / float((held**2).sum()))
    known |= ratios(found.effective_holdings, found.effective_bets, found.diversification_ratio)
    cuts = np.array([0.0, *allocation_report.SIZES])
    size = np.digitize(held.to_numpy() - 1e-12, cuts)
    known |= shares([held[size == n].sum() for n in set(size)])
    known |= counts(len(held), len(w), *(int((size == n).sum()) for n in range(len(cuts) + 1)))
    cloud = universe.cloud
    for given in universe.groups.values():
        of_money = universe.weights @ given.loc[universe.weights.index]
        of_risk = found.risk_shares @ given.loc[found.risk_shares.index]
        known |= shares(of_money, of_risk) | counts(*(given > 0).sum(axis=1))
        if cloud is not None:
            level = policy["weight_interval"]["level"]
            ends = (cloud @ given.loc[cloud.columns]).quantile([(1 - level) / 2, (1 + level) / 2])
            known |= outwards(ends) | shares(level) | counts(len(cloud))
    try:
        curve = frontier(told, universe.mandate).curve()
        beside = np.searchsorted(-curve["risk"], -risk)  # its risk falls along it
        (left, high), (right, low) = curve[["risk", "mean"]].iloc[[beside - 1, beside]].to_numpy()
        efficient = low + (high - low) * (risk - right) / (left - right)
        known |= dollars(1e4 * (efficient - mean))
    except NotSolved:
        pass  # no frontier is drawn
    scenarios = allocation_report._scenarios(universe)
    records = [(scenarios, policy["scenario_count"])]
    grown = [universe.weights, *universe.rivals.values()]
    if universe.months is not None:
        table = universe.months
        paths = [table.to_numpy() @ one.reindex(table.columns).to_numpy() for one in grown]
        records.append((paths[0], len(table)))
        known |= numbers(f"{table.index[0]:%Y} {table.index[-1]:%Y} {universe.months_are}")
        for path in paths:
            wealth = np.concatenate([[1.0], np.cumprod(1 + path)])
            known |= dollars(10_000 * wealth[-1])
            known |= shares(wealth[-1] ** (12 / len(path)) - 1, path.std(ddof=1) * math.sqrt(12))
            known |= shares(float((1 - wealth / np.maximum.accumulate(wealth)).max()))
            away = path - paths[0]
            error = away.std(ddof=1) * 12 / math.sqrt(len(path))
            known |= shares(12 * path.mean(), 12 * away.mean(), error)
    level = policy["tail_level"]
    for record, count in records:
        tail = historical(record, level)
        between = allocation_report._interval_of_var(record, level)
        known |= shares(tail.var, tail.cvar, between, standard_error(record, level))
        known |= counts(count)
    known |= counts(round(1 / (1 - level))) | shares(level)
    for name, rival in universe.rivals.items():
        x = rival[order].to_numpy()
        spread = math.sqrt(x @ told.sigma @ x)
        worth = [
            m - universe.risk_aversion / 2 * s**2
            for m, s in ((mean, risk), (float(x @ told.mu), spread))
        ]
        known |= shares(float(x @ told.mu), spread) | dollars(1e4 * (worth[0] - worth[1]))
        known |= numbers(name)
        if universe.errors is not None:
            known |= dollars(1e4 * math.sqrt(max((w - x) @ universe.errors @ (w - x), 0.0)))
    for rule in universe.mandate.constraints:
        known |= numbers(rule.name)
        if isinstance(rule, Limit):
            named = dict.fromkeys(order, 1.0) if rule.coefficients is None else rule.coefficients
            ends = (sum(k * universe.weights[a] for a, k in named.items()), rule.lower, rule.upper)
            known |= shares(ends) | {f"{abs(x):.4g}" for x in values(ends)}
        elif isinstance(rule, Bounds):
            known |= shares(rule.lower, rule.upper)
        else:
            known |= shares(getattr(rule, "limit", 0.0))
    known |= ratios([100 * price for price in universe.best.shadow_prices.values()])
    clauses = universe.mandate.table()["clause"].astype(str)
    words = [*clauses, *universe.source, *universe.notes, universe.best.engine]
    words += [universe.best.status, *(f"{name} {value}" for name, value in universe.facts)]
    words += [universe.mandate.fingerprint[:10], policy.fingerprint[:10]]
    return known | numbers(" ".join(words)) | counts(universe.risk_aversion)


def of_dossier(ours: plan.Plan, fund: str) -> set[str]:
    """The option, what is like it, what it costs, who holds it."""
    _, classes, funds, held = dossier._menu(ours)
    near = dossier._comparators(ours, fund)
    one, policy = dossier._of(ours, fund), ours.policy
    rows = [one, *map(str, near.index)]
    mix = held.loc[one].to_numpy(float)
    own = float(mix @ classes.sigma @ mix)
    pairs = [(float(mix @ classes.mu) - policy["index_fund_cost"], math.sqrt(max(own, 0.0)))]
    at = [funds.labels.index(row) for row in rows]
    pairs += [(float(funds.mu[n]), float(funds.volatility[n])) for n in at]
    aversion = policy["model_risk_aversion"][policy["default_posture"]]
    known = shares(pairs, near["common"], mix, own / max(pairs[1][1] ** 2, 1e-18))
    known |= shares([m - aversion / 2 * s**2 for m, s in pairs]) | ratios(near["correlation"])
    known |= ratios([(m - funds.rf) / s for m, s in pairs if s > 0])
    worth = dossier._worth(ours, fund)
    known |= ratios(worth[1]) if worth is not None else set()
    option = ours.funds.loc[fund]
    paid = [float(option[name]) for name in ("expense_ratio", "fee_12b1", "revenue_share")]
    balance = ours.holdings[fund] * ours.participants["balance"]
    total, largest = float(balance.sum()), float(balance.max())
    against = fund_costs.compared(ours).loc[fund]
    premium = paid[0] - policy["index_fund_cost"]
    fees = [*paid, policy["index_fund_cost"]]
    known |= costs(fees, premium) | shares(
        option["specific_risk"], against["average"], ours.shares[fund]
    )
    known |= dollars([fee * total for fee in fees], total, largest, against["dollars"])
    known |= dollars([(paid[0] - x) * total for x in near["expense"] if x < paid[0]])
    cheaper = sum(x < paid[0] - 1e-9 for x in near["expense"])
    known |= counts(cheaper, int((ours.holdings[fund] > 0).sum()), aversion, dossier.NEAREST)
    known |= counts(ours.rules["trading"]["transfers_per_quarter"] or 0)
    known |= counts(policy["cma_horizon_years"]) | shares(dossier.SIMILAR, 1.0)
    if premium > 0:
        years = (dossier.SEEN * float(option["specific_risk"]) / premium) ** 2
        known |= dollars(years)
    if np.isfinite(against["average"]):
        known |= numbers(f"{against['year']:.0f} {against['group']}")
    if stock := ours.rules["employer_stock"]:
        share = policy["liquidity_share_of_adv"]
        known |= shares(share) | dollars(stock["daily_volume"])
        known |= ratios(total / (share * stock["daily_volume"]))
    if plan_menu.series_of(ours) == fund and (path := glidepaths.from_plan(ours)) is not None:
        several = {"own": path, **glidepaths.published()}
        known |= shares([float(p.equity_at(y)) for p in several.values() for y in dossier.AGES])
        known |= numbers(" ".join(several)) | counts(*map(abs, dossier.AGES))
    record = None if ours.inputs.funds is None else ours.inputs.funds.values.get(fund)
    if record is not None:
        own_months = record.dropna()
        grown = np.prod(1 + own_months.to_numpy()) ** (12 / len(own_months)) - 1
        known |= shares(grown, own_months.std(ddof=1) * math.sqrt(12))
        known |= months(own_months.index[0], own_months.index[-1])
    status = data.document("regulatory_status")["changes"]["designated_investment_alternatives"]
    restricted = str(fund_costs.restrictions(ours)[fund])
    described = " ".join(map(str, plan_menu.coverage(ours).loc[fund]))
    words = f"{status} {restricted} {described} {option['category']}"
    return known | numbers(words)


# ---- forms ---------------------------------------------------------------------------------------


def of_form(ours: plan.Plan, name: str, text: str) -> set[str]:
    """A form's own words, the law that its plan is under, and what it asks of the plan's inputs."""
    known = numbers(f"{text} {standing.law(ours) or ''}")
    return known | FILLED.get(name, lambda _: set())(ours)


def _fees(ours: plan.Plan) -> set[str]:
    ratios_ = ours.funds["expense_ratio"].astype(float)
    return costs(ratios_) | {f"{1000 * x:.2f}" for x in ratios_}


def _path(ours: plan.Plan) -> set[str]:
    if ours.vintages is None:
        return set()
    equity = ours.vintages["equity"]
    return stated(equity) | counts(*map(abs, equity.index))


def _people(ours: plan.Plan) -> set[str]:
    people = ours.participants
    if people.empty:
        return set()
    ages = np.quantile(ours.age, [0.1, 0.5, 0.9])
    middle = {name: float(np.median(people[name])) for name in ("pay", "balance", "deferral_rate")}
    return (
        {f"{x:.0f}" for x in ages}
        | {f"{middle[name]:,.0f}" for name in ("pay", "balance")}
        | stated(middle["deferral_rate"])
        | counts(ours.rules["normal_retirement_age"])
    )


def _stock(ours: plan.Plan) -> set[str]:
    stock = ours.rules["employer_stock"]
    if not stock:
        return set()
    owned = ours.holdings[stock["fund"]] @ ours.participants["balance"]
    share = float(owned) / float(ours.participants["balance"].sum())
    return {f"{share:.1%}"} | dollars(stock["daily_volume"])


def _quarter(ours: plan.Plan) -> set[str]:
    clause = ours.rules["clauses"].get("trading") or ""
    return counts(ours.rules["trading"]["transfers_per_quarter"] or 0) | numbers(clause)


#: What each form is filled in with, from the plan's inputs by another way than the form's own.
FILLED: Mapping[str, Callable[[plan.Plan], set[str]]] = {
    "certificate_408g": lambda ours: (
        numbers(f"{ours.policy.fingerprint} {ours.fingerprint}")
        | numbers(f"{ours.policy.fingerprint[:16]} {ours.fingerprint[:16]}")
    ),
    "change_of_options": lambda ours: numbers(
        " ".join(str(said) for stop in ours.rules["blackouts"] for said in stop.values())
    ),
    "default_notice": lambda ours: (
        _fees(ours)
        | _path(ours)
        | _quarter(ours)
        | stated(ours.rules["contributions"]["automatic"] or 0)
        | as_shown(ours.rules["trading"])
    ),
    "employee_explanation_tdf": lambda ours: _fees(ours) | _path(ours),
    "minutes": lambda ours: (
        _people(ours) | numbers(" ".join(map(str, ours.rules["clauses"].values())))
    ),
    "plan_information": lambda ours: (
        _fees(ours) | counts(1000) | {"1,000"} | dollars(ours.rules["recordkeeping_fee"])
    ),
    "provider_disclosure": lambda ours: dollars(ours.rules["recordkeeping_fee"]),
    "section_404c": lambda ours: _quarter(ours) | _stock(ours),
}
