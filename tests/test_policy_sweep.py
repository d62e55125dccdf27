"""Every leaf of the policy, moved: the outputs that rest on it move, and no other reads it.

A value that is read under another's name, or in another unit, or that nothing rests on any more, is
what this finds. Each probe is an output of the library with the entries that it may read. While it
runs, what it reads is noted, and must be those; then each leaf of each of them is moved by a tenth
(or one), and the answer must move. Entries that no probe reads are named below, with where they are
held: by another test, or by chapters alone.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from portlib import data, history
from portlib import plan as plans
from portlib.class_returns import class_returns
from portlib.construction import black_litterman, mandate
from portlib.data import DataError
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.retirement import asset_location, glidepaths, outlook, plan_menu
from portlib.retirement import model_portfolios as mp
from portlib.retirement.asset_location import owners
from portlib.retirement.glidepaths import search
from portlib.retirement.model_portfolios import advice, capacity, questionnaire, ways
from portlib.retirement.model_portfolios.managed_account import managed_account
from portlib.retirement.plan_menu import fund_costs
from portlib.stewardship import governance, monitoring, rebalancing, stress_testing
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.rebalancing import trade_lists
from portlib.stewardship.stress_testing import stress

ROOT = Path(__file__).resolve().parents[1]
PLAN = plans.read(data.ROOT / "plan")
CLASSES = plan_menu.class_assumptions(PLAN)
EVEN = pd.Series(1 / len(CLASSES), list(CLASSES.labels))
WHO = PLAN.participants.index[0]
OWNER = owners.candidates(PLAN)[0]
ANSWERS = PLAN.participants["answers"]
INSTRUMENT = questionnaire.calibrate(ANSWERS, np.random.default_rng(1), policy=PLAN.policy)
ROSTER = {
    role: f"0x{number:040x}"
    for number, role in enumerate(
        [*PLAN.policy["approval_roles"], *PLAN.policy["view_authors"]], start=1
    )
}
#: Leaves that are read out, and decide nothing.
WORDS = (("text",), ("unit",))
#: Values of leaves that a tenth, or one, would move to nothing else or to what is refused.
OTHER: dict[str, Any] = {
    "alert_limits.breaches.info": 2,
    "alert_limits.settlement days.info": 2,
    "alert_limits.settlement days.watch": 5,
    "black_litterman_covariance": "predictive",
    "cma_horizon_years": 20,
    "crisis_drawdown": 0.05,
    "default_posture": "growth",
    "fee_group_equity.bond": 0.55,
    "fee_group_equity.equity": 0.45,
    "location_offered_share": 1.0,
    "optimizer": "ERC",
    "stress_return_period": 100_000,
    "questionnaire_minimum_answers": 100_000,
    "tax_year": 2025,
}


def desk(plan: Plan) -> capacity.Adviser:
    return capacity.Adviser(plan, mp.Suite((), {}, {}, "2026-01-01"), CLASSES, INSTRUMENT)


def untold(plan: Plan) -> Plan:
    """The plan of people who say nothing of what they have outside it."""
    nothing = {"outside_assets": np.nan, "other_income": np.nan}
    return dataclasses.replace(plan, participants=plan.participants.assign(**nothing))


def without_series(plan: Plan) -> Plan:
    """The plan as one that offers single funds only."""
    single = plan.funds.index[plan.funds["kind"] != "target_date"]
    free = dataclasses.replace(plan, rules={**plan.rules, "default": None})
    return free.offering(list(single))


def mixed(plan: Plan) -> Plan:
    """The plan with a fund that is half shares and half bonds."""
    exposures, half = plan.exposures.copy(), {"us_large_equity": 0.5, "us_core_bonds": 0.5}
    fund = exposures["us_core_bonds"].idxmax()
    exposures.loc[fund] = pd.Series(half).reindex(exposures.columns, fill_value=0.0)
    return dataclasses.replace(plan, exposures=exposures)


def advised(plan: Plan) -> Any:
    """Means, losses and equity by posture of one participant, by the desk's policy."""
    at = desk(plan)
    who, _ = capacity.settled(dataclasses.replace(capacity.person(plan, WHO), answers=None), at)
    return {
        "need": capacity.resources(who, at),
        "lost": capacity.loss_share(who, 0.6, at),
        "equity": {name: ways.target_equity(at, 0.0, name, 1.0) for name in at.order},
        "limit": managed_account(who, at, at.order[-1]).limit,
        "talk": advice.conversation(0.021, at),
    }


def watched(plan: Plan) -> monitoring.Watched:
    n = len(CLASSES)
    own = {"own_risk": np.zeros(n), "expense": np.zeros(n), "classes": CLASSES}
    even = {"target": np.full(n, 1 / n), "benchmark": np.full(n, 1 / n), "exposures": np.eye(n)}
    return monitoring.Watched.under(plan.policy, **even, **own)


def account(plan: Plan) -> trade_lists.Account:
    """An account of equal parts, in a mandate that policy has no part in."""
    funds = [str(fund) for fund, kind in plan.funds["kind"].items() if kind != "annuity"]
    even = pd.Series(1 / len(funds), funds)
    free = mandate.Mandate(funds, [mandate.fully_invested(), mandate.long_only()])
    return trade_lists.account_of(plan, even, 5e7, even.add(20.0), free)


ACCOUNT = account(PLAN)


def instructed(plan: Plan) -> Any:
    held = ACCOUNT
    made = trade_lists.rounded(held, pd.Series(1 / len(held.funds), held.funds))
    said = rebalancing.instruct(
        plan,
        "P1",
        held,
        made,
        pd.Series(dtype=float),
        trigger="drift",
        reason="it drifted",
        mandate="m",
        day=plan.as_of,
    )
    return {k: v for k, v in vars(said).items() if k not in ("plan", "policy", "legs")}


def shocked(plan: Plan) -> Any:
    half = pd.DataFrame({"us_large_equity": [0.5], "us_core_bonds": [0.5]}, index=["half"])
    none = pd.Series(0.0, half.index)
    tested = stress.Tested(half, none, none, none + 0.3, none)
    return stress_testing.judged(tested, CLASSES, policy=plan.policy), (
        stress_testing.through_shocks(tested, CLASSES, policy=plan.policy)
    )


def office(plan: Plan) -> Any:
    made = governance.Office.of_policy(AuditLog(), "plan", ROSTER, policy=plan.policy)
    return {k: v for k, v in vars(made).items() if k != "log"}


def trigger(plan: Plan, name: str) -> list[Any]:
    """What a trigger was made with."""
    return [
        one.cell_contents for one in rebalancing.from_policy(name, policy=plan.policy).__closure__
    ]


class Probe(NamedTuple):
    """An output, the entries that it reads, and leaves of them that need not move it."""

    of: Callable[[Plan], Any]
    reads: str
    silent: Mapping[str, str] = {}


#: What the desk reads at once for all that advice does, and these outputs do not show.
OF_ADVICE = dict.fromkeys(
    ("advice_gain_floor", "advice_lives", "employer_stock_cap", "no_trade_standard_errors"),
    "read by the desk for `advise`",
)
BANDED = "equity_floor equity_ceiling equity_classes small_equity_cap high_yield_cap"
PROBES = {
    "household": Probe(
        lambda plan: outlook.household(plan, WHO),
        "lifecycle_annuity_rate lifecycle_pay_growth spending_replacement survivor_spending",
    ),
    "prices": Probe(lambda plan: outlook.price_process(plan, 0.02), "inflation_first_year"),
    "returns": Probe(
        lambda plan: outlook.returns_of(plan, CLASSES, 0.02, 4, 3, 1).values,
        "inflation_first_year inflation_correlations",
        {"inflation_correlations.intl_dev_bonds": "not among the classes"},
    ),
    "mortality": Probe(outlook.mortality, "mortality_improvement mortality_relative"),
    "pay risk": Probe(outlook.pay_risk, "pay_risk"),
    "path's parts": Probe(glidepaths.sleeves, "glidepath_sleeves"),
    "path's people": Probe(search.sample, "glidepath_households"),
    "path's taste": Probe(
        search.taste,
        "lifecycle_risk_aversion spending_floor pay_risk mortality_improvement mortality_relative",
    ),
    "owner": Probe(
        lambda plan: owners.owner(untold(plan), OWNER),
        "tax_year state_tax_rate location_last_age location_not_supplied location_withdrawal_rate",
    ),
    "tax character": Probe(
        lambda plan: asset_location.tax_character(CLASSES.labels, plan.policy), "tax_character"
    ),
    "classes": Probe(
        plan_menu.class_assumptions,
        "optimizer cma_horizon_years menu_classes forecast_error equity_classes "
        "reference_portfolio black_litterman_tau shared_view_error",
    ),
    "equilibrium": Probe(
        lambda plan: black_litterman.of_policy(plan.policy, CLASSES),
        "black_litterman_covariance black_litterman_tau consensus_variance_share "
        "equilibrium_risk_aversion reference_portfolio shared_view_error",
    ),
    "class limits": Probe(
        lambda plan: {
            posture: plan_menu.class_mandate(posture, CLASSES, policy=plan.policy).canonical
            for posture in plan.policy["equity_floor"]
        },
        BANDED,
    ),
    "mandate": Probe(
        lambda plan: {
            posture: (made.canonical, made.tolerance)
            for posture in plan.policy["equity_floor"]
            for made in [mandate.of_policy(plan.policy, CLASSES.labels, posture=posture)]
        },
        f"{BANDED} max_single_fund mandate_tolerance",
    ),
    "menu limits": Probe(
        lambda plan: {
            posture: plan_menu.menu_mandate(plan, posture, CLASSES).canonical
            for posture in plan.policy["equity_floor"]
        },
        f"{BANDED} max_single_fund employer_stock_cap liquidity_days liquidity_share_of_adv "
        "reference_bands reference_portfolio",
    ),
    "fees": Probe(lambda plan: fund_costs.compared(mixed(plan)), "fee_group_equity equity_classes"),
    "index fund": Probe(
        lambda plan: plan_menu.with_index_fund(plan, "us_reits").funds,
        "index_fund_cost menu_classes reference_portfolio",
        dict.fromkeys(("menu_classes", "reference_portfolio"), "whether the class may be added"),
    ),
    "adopted path": Probe(
        lambda plan: glidepaths.adopted(without_series(plan)),
        "adopted_glidepath glidepath_sleeves",
    ),
    "questionnaire": Probe(
        lambda plan: questionnaire.calibrate(ANSWERS, np.random.default_rng(1), policy=plan.policy),
        "posture_scores questionnaire_false_alarms questionnaire_level "
        "questionnaire_minimum_answers questionnaire_norm risk_questionnaire",
        {"questionnaire_norm": "for a plan with few answers"},
    ),
    "questionnaire of few": Probe(
        lambda plan: questionnaire.calibrate(
            ANSWERS.iloc[:10], np.random.default_rng(1), policy=plan.policy
        ),
        "posture_scores questionnaire_false_alarms questionnaire_level "
        "questionnaire_minimum_answers questionnaire_norm risk_questionnaire",
        {"questionnaire_minimum_answers": "ten are too few for more, too"},
    ),
    "advice": Probe(
        advised,
        "default_posture capacity_fall capacity_loss_limit capacity_real_rate essential_spending "
        "keeping_loss_limit posture_tilt equity_classes risk_aversion_bands " + " ".join(OF_ADVICE),
        {**OF_ADVICE, "risk_aversion_bands": "the postures' names alone"},
    ),
    "location's target": Probe(
        lambda plan: owners.plan_target(mixed(plan)), "location_offered_share reference_portfolio"
    ),
    "classes' months": Probe(
        lambda plan: class_returns(plan, history.open_record(), CLASSES.labels).values,
        "class_series",
    ),
    "watched": Probe(
        watched,
        "index_fund_cost monitoring_window_months monitoring_rebalance_months tail_level "
        "fat_tail_degrees_of_freedom",
    ),
    "benchmark": Probe(
        lambda plan: monitoring.same_equity(EVEN, policy=plan.policy),
        "reference_portfolio equity_classes",
    ),
    "account": Probe(
        account,
        "trading_half_spread trade_lot_shares trade_minimum_dollars liquidity_share_of_adv "
        "liquidity_days",
    ),
    "instruction": Probe(instructed, "settlement_price_tolerance settlement_deadline_hours"),
    "stress": Probe(
        shocked,
        "stress_shocks stress_proxies stress_return_period fat_tail_degrees_of_freedom "
        "crisis_drawdown crisis_correlation_blend corporate_bond_maturity_years "
        "correlation_eigenvalue_floor",
        {
            **dict.fromkeys(
                ("stress_shocks", "stress_proxies"), "too many; the stress tests plant"
            ),
            "correlation_eigenvalue_floor": "binds where correlations are no matrix",
        },
    ),
    "office": Probe(office, "approval_roles approvals_needed policy_timelock_hours view_authors"),
    "breakers": Probe(
        lambda plan: governance.risk_limits(
            dict.fromkeys(plan.policy["equity_floor"]), policy=plan.policy
        ),
        "circuit_breakers equity_floor",
        {"equity_floor": "the postures' names alone"},
    ),
    "path limit": Probe(
        lambda plan: [stress_testing.path_limit(y, policy=plan.policy) for y in (0, 10, 25)],
        "stress_path_limit",
    ),
    "alarm limits": Probe(
        lambda plan: {
            rule: monitoring.limits(rule, policy=plan.policy)
            for rule in plan.policy["alert_limits"]
        },
        "alert_limits",
    ),
    "calendar": Probe(lambda plan: trigger(plan, "calendar"), "rebalance_calendar_months"),
    "drift": Probe(lambda plan: trigger(plan, "drift"), "rebalance_drift"),
    "spike": Probe(lambda plan: trigger(plan, "risk_spike"), "rebalance_risk_spike"),
    "signal": Probe(lambda plan: trigger(plan, "signal"), "rebalance_signal_months"),
}


# ---- moving leaves, and seeing what moved --------------------------------------------------------


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the plain values of an entry stand; a list of names is one."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and not all(isinstance(one, str) for one in value):
        for at, inner in enumerate(value):
            yield from leaves(inner, (*path, at))
    else:
        yield path


def put(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    """The value with another leaf."""
    if not path:
        return leaf
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], leaf)
    return copy


def got(value: Any, path: tuple[Any, ...]) -> Any:
    return got(value[path[0]], path[1:]) if path else value


def trials(policy: Policy, name: str, path: tuple[Any, ...]) -> Iterator[Any]:
    """Other values of an entry, of which the schema takes the first that it can."""
    value = policy[name]
    leaf = got(value, path)
    where = ".".join((name, *map(str, path)))
    if where in OTHER:
        yield put(value, path, OTHER[where])
    elif isinstance(leaf, str):
        yield put(value, path, f"{leaf} and more")
    elif isinstance(leaf, list):
        yield put(value, path, leaf[1:])
        yield put(value, path, [*leaf, "plan administrator"])
    elif isinstance(leaf, int):
        for other in (leaf + 1, leaf - 1, -leaf):
            yield put(value, path, other)
    else:
        for other in (leaf * 1.1, leaf * 0.9, leaf + 0.01, leaf - 0.01):
            yield put(value, path, other)
            near = [one for one in leaves(value) if one[:-1] == path[:-1] and one != path]
            for one in near:  # weights that sum to one
                rest = got(value, one) + leaf - other
                yield put(put(value, path, other), one, rest)
        if len(path) > 1:  # a weight of one of a single thing
            yield from (put(value, path[:-1], one) for one in value.values())


def moved(plan: Plan, name: str, path: tuple[Any, ...]) -> Plan:
    """The plan with one leaf of its policy moved."""
    for value in trials(plan.policy, name, path):
        if value == plan.policy[name]:
            continue
        try:
            return dataclasses.replace(plan, policy=plan.policy.replace(**{name: value}))
        except DataError:
            continue
    raise AssertionError(f"no other value of {name} {path} is allowed: give one in OTHER")


def seen(answer: Any) -> str:
    """An answer as text, to a relative 1e-9."""
    if dataclasses.is_dataclass(answer):
        answer = {k: v for k, v in vars(answer).items() if not k.startswith("_")}
    if isinstance(answer, pd.DataFrame | pd.Series):
        return f"{seen(answer.to_dict())}"
    if isinstance(answer, Mapping):
        return json.dumps({str(key): seen(value) for key, value in answer.items()})
    if isinstance(answer, np.ndarray):
        return seen(answer.ravel().tolist())
    if isinstance(answer, list | tuple):
        return json.dumps([seen(value) for value in answer])
    return f"{answer:.9g}" if isinstance(answer, float) else repr(answer)


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names of the entries that are read."""
    names: set[str] = set()
    read = Policy.__getitem__

    def noting(policy: Policy, name: str) -> Any:
        names.add(name)
        return read(policy, name)

    with monkeypatch.context() as patch:
        patch.setattr(Policy, "__getitem__", noting)
        yield names


# ---- the sweep -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBES)
def test_an_output_reads_its_entries_and_no_other(name, monkeypatch):
    probe = PROBES[name]
    # an entry that no probe reads: nothing that was kept of this plan's policy answers
    fresh = moved(PLAN, "signing_key_days", ())
    with noted(monkeypatch) as names:
        probe.of(fresh)
    assert names == set(probe.reads.split())


@pytest.mark.parametrize("name", PROBES)
def test_every_leaf_of_its_entries_moves_an_output(name):
    probe = PROBES[name]
    before, still = seen(probe.of(PLAN)), []
    for entry in probe.reads.split():
        for path in leaves(PLAN.policy[entry]):
            where = ".".join((entry, *map(str, path)))
            if entry in probe.silent or where in probe.silent or path[-1:] in WORDS:
                continue
            if seen(probe.of(moved(PLAN, entry, path))) == before:
                still.append(where)
    assert not still


# ---- what is passed on as it is ------------------------------------------------------------------


def held_of(plan: Plan) -> dict[str, Any]:
    """Where numbers of the policy arrive as they are decided, in the policy's unit: by entry, or by
    entry and leaf."""
    home, at, by = outlook.household(plan, WHO), desk(plan), search.taste(plan)
    one = owners.owner(untold(plan), OWNER)
    view = black_litterman.of_policy(plan.policy, CLASSES)
    seen_by, traded, told = watched(plan), account(plan), instructed(plan)
    menu = plan_menu.menu_mandate(plan, "moderate", CLASSES)
    classes = mandate.of_policy(plan.policy, CLASSES.labels, posture="moderate")
    stock = plan.rules["employer_stock"]
    asked = questionnaire.calibrate(ANSWERS, np.random.default_rng(1), policy=plan.policy)
    return {
        "lifecycle_annuity_rate": home.annuity_rate,
        "lifecycle_pay_growth": home.pay_growth,
        "spending_replacement": home.replacement_rate,
        "survivor_spending": home.survivor_spending,
        "mortality_improvement": outlook.mortality(plan).improvement,
        "mortality_relative": outlook.mortality(plan).relative,
        **{f"pay_risk.{k}": v for k, v in vars(outlook.pay_risk(plan)).items()},
        "lifecycle_risk_aversion": by.risk_aversion,
        "spending_floor": by.floor,
        "tax_year": one.year,
        "state_tax_rate": one.state_rate,
        "location_last_age": one.last_age,
        "location_withdrawal_rate": one.withdrawal_rate,
        "location_not_supplied.outside_assets": one.balances["taxable"],
        "location_not_supplied.hsa": one.balances["hsa"],
        "location_not_supplied.basis": one.basis,
        "location_not_supplied.other_income": one.other_income,
        "black_litterman_tau": view["tau"],
        "shared_view_error": view["shared"],
        "equilibrium_risk_aversion": view["equilibrium_risk_aversion"],
        "capacity_loss_limit": managed_account(capacity.person(plan, WHO), at, at.order[-1]).limit,
        "scenario_seed": at.lives_seed,
        "index_fund_cost": seen_by.index_fund_cost,
        "monitoring_window_months": seen_by.window_months,
        "monitoring_rebalance_months": seen_by.rebalance_months,
        "tail_level": seen_by.tail_level,
        "fat_tail_degrees_of_freedom": seen_by.degrees_of_freedom,
        "trade_lot_shares": traded.lots[0] / trade_lists.MICRO,
        "trade_minimum_dollars": traded.smallest / 100,
        "trading_half_spread.fund": traded.cost[0],
        "settlement_price_tolerance": told["price_tolerance"],
        "settlement_deadline_hours": told["deadline_hours"],
        "policy_timelock_hours": office(plan)["timelock"].total_seconds() / 3600,
        "approvals_needed": office(plan)["needed"],
        "rebalance_calendar_months": trigger(plan, "calendar")[0],
        "rebalance_drift.absolute": trigger(plan, "drift")[0],
        "rebalance_drift.relative": trigger(plan, "drift")[1],
        "rebalance_risk_spike.multiple": trigger(plan, "risk_spike")[0],
        "rebalance_risk_spike.window_months": trigger(plan, "risk_spike")[1],
        "rebalance_signal_months": trigger(plan, "signal")[1],
        "questionnaire_level": asked.level,
        "posture_scores.growth": asked.floors["growth"],
        "equity_floor.moderate": menu["equity band"].lower,
        "equity_ceiling.moderate": menu["equity band"].upper,
        "small_equity_cap": menu["small company cap"].upper,
        "high_yield_cap": menu["high yield cap"].upper,
        "max_single_fund": max(menu["single fund"].upper.values()),
        "employer_stock_cap": menu["employer stock cap"].upper[stock["fund"]],
        "mandate_tolerance": classes.tolerance,
        "stress_path_limit.0": stress_testing.path_limit(0, policy=plan.policy),
        "stress_path_limit.25": stress_testing.path_limit(25, policy=plan.policy),
        "index_fund_cost, added": plan_menu.with_index_fund(plan, "us_reits")
        .funds["expense_ratio"]
        .iloc[-1],
    }


HELD = held_of(PLAN)


@pytest.mark.parametrize("where", HELD)
def test_a_number_arrives_as_it_was_decided_and_another_does_not_move_it(where):
    entry, *path = where.split(",")[0].split(".")
    keys = tuple(int(key) if key.isdigit() else key for key in path)
    assert HELD[where] == pytest.approx(got(PLAN.policy[entry], keys))
    other = moved(PLAN, entry, keys)
    after = held_of(other)
    assert after[where] == pytest.approx(got(other.policy[entry], keys))
    beside = {name for name in HELD if after[name] != HELD[name]}
    assert {name.split(",")[0].split(".")[0] for name in beside} == {entry}


#: Entries that no probe reads, and who holds them to what they promise.
HELD_BY = {
    "alert_false_alarms": "tests/stewardship/monitoring/test_alarms.py",
    "backtest_trading_cost": "tests/retirement/model_portfolios/test_record.py",
    "certifier_roles": "tests/stewardship/governance/test_office.py",
    "covariance_estimator": "tests/stewardship/test_effective_challenge.py",
    "fee_illustration": "tests/test_policy.py",
    "glidepath_equity_range": "tests/retirement/glidepaths/test_search.py",
    "managed_account_fee": "tests/retirement/model_portfolios/test_advice.py",
    "minimum_history_months": "tests/retirement/plan_menu/test_exposures.py",
    "model_owners": "tests/stewardship/governance/test_model_registry.py",
    "model_risk_aversion": "tests/retirement/model_portfolios/test_models.py",
    "model_tiers": "tests/stewardship/governance/test_model_registry.py",
    "monitoring_record_months": "portlib/stewardship/monitoring/watching.py",  # its doctest
    "rebalance_trigger": "tests/stewardship/one_quarter/test_calendar.py",
    "result_digits": "tests/stewardship/one_quarter/test_trail.py",
    "result_tolerance": "tests/stewardship/one_quarter/test_trail.py",
    "robust_standard_errors": "tests/construction/test_optimize.py",
    "stress_assumptions": "tests/stewardship/stress_testing/test_shocks.py",
    "stress_loss_limit": "tests/stewardship/stress_testing/test_stress.py",
    "style_holdings_weight": "tests/retirement/plan_menu/test_exposures.py",
    "style_r_squared_floor": "tests/retirement/plan_menu/test_exposures.py",
    "success_levels": "tests/retirement/test_outlook.py",
    "tracking_error_limit": "tests/retirement/model_portfolios/test_record.py",
    "turnover_limit": "tests/retirement/model_portfolios/test_models.py",
    "view_confidence_limit": "tests/stewardship/one_quarter/test_inbox.py",
    "view_validity_days": "tests/stewardship/one_quarter/test_trail.py",
    "weight_interval": "tests/retirement/plan_menu/test_weight_ranges.py",
}
#: Entries that no value of which is right or wrong where the library reads them (a seed, a number
#: of draws), that documents and commands read out, or whose name a field has too.
FREE = {
    "bootstrap_block_months": {"documents"},
    "care": {"retirement"},  # a keyword of the simulator; chapters read the entry
    "estimation_window_months": {"documents"},
    "glidepath_search_paths": {"retirement"},
    "objective_over_cash": {"documents"},
    "record_retention_years": {"documents"},
    "scenario_count": {"documents"},
    "scenario_seed": {"documents", "retirement"},
    "signing_key_days": {"service_office"},
}


def readers(name: str) -> set[str]:
    """The first folders or modules of the library that name an entry."""
    wanted = re.compile(f"""["']{name}["']""")
    files = (ROOT / "portlib").rglob("*.py")
    named = {f.relative_to(ROOT / "portlib") for f in files if wanted.search(f.read_text("utf-8"))}
    return {path.parts[0].removesuffix(".py") for path in named} - {"policy", "what_if"}


def test_every_entry_is_swept_or_said_to_be_held_elsewhere():
    """A new entry comes with a probe, or with a test that names it; else only chapters read it."""
    swept = {entry for probe in PROBES.values() for entry in probe.reads.split()}
    assert not swept & {*HELD_BY, *FREE}
    for name, test in HELD_BY.items():
        assert name in (ROOT / test).read_text(encoding="utf-8"), name
    for name in set(PLAN.policy.entries) - swept - set(HELD_BY):
        assert readers(name) == FREE.get(name, set()), name
