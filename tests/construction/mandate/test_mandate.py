"""The mandate against definitions, brute force, other solvers and bad input."""

import itertools
import json
import re
from dataclasses import dataclass, replace

import cvxpy as cp
import highspy
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from portlib import policy
from portlib.construction import mandate as module
from portlib.construction import mean_variance, risk_parity, tail_risk
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Limit,
    Mandate,
    MandateError,
    TrackingError,
    Turnover,
    diagnose,
    employer_stock_cap,
    factor_limit,
    fully_invested,
    group_limit,
    liquidity_limit,
    lone_cures,
    long_only,
    position_limit,
    score_floor,
)
from portlib.records import Assumptions

LABELS = ("stocks", "small", "bonds", "cash")
ASSUMPTIONS = Assumptions(
    LABELS,
    [0.08, 0.09, 0.05, 0.03],
    np.diag([0.16, 0.20, 0.06, 0.01]) @ (0.7 * np.eye(4) + 0.3) @ np.diag([0.16, 0.20, 0.06, 0.01]),
    0.03,
    "made up for tests",
)
SIXTY_FORTY = {"stocks": 0.6, "bonds": 0.4}


def plan(*rules):
    return Mandate(LABELS, [fully_invested(), long_only(), *rules])


def impossible():
    """Conflicts: 60% equity and 50% bonds; and, on its own, a floor on the score that no asset reaches."""
    return plan(
        group_limit("equity floor", ["stocks", "small"], lower=0.60),
        group_limit("bond floor", ["bonds"], lower=0.50),
        position_limit(0.70),
        employer_stock_cap("small", 0.10),
    )


# ---- weights against the rules: each violation by hand, and by the solver's arrays --------------------------------

W = np.array([0.5, 0.3, 0.25, -0.05])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Limit("budget", None, 0.9, 0.95), 0.05),
        (long_only(), 0.05),
        (position_limit(0.4), 0.1),
        (group_limit("equity", ["stocks", "small"], upper=0.65), 0.15),
        (group_limit("safe", ["bonds", "cash"], lower=0.4), 0.2),
        (factor_limit("size", {"small": 1.5, "stocks": -0.2}, upper=0.25), 0.1),
        (score_floor("score", {"stocks": 6, "small": 4, "bonds": 8, "cash": 5}, 6.0), 0.05),
        (liquidity_limit({"small": 5e6}, portfolio_value=1e7, share=0.4), 0.1),
        (employer_stock_cap("small", 0.1), 0.2),
        (Turnover("turnover", SIXTY_FORTY, 0.1), (0.1 + 0.3 + 0.15 + 0.05) / 2 - 0.1),
        (fully_invested(), 0.0),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_violation_is_what_the_rule_says(rule, expected):
    assert Mandate(LABELS, [rule]).violations(W, ASSUMPTIONS)[rule.name] == pytest.approx(
        expected, abs=1e-12
    )


def test_tracking_error_is_measured_by_its_definition():
    active = W - [0.6, 0, 0.4, 0]
    by_sum = sum(
        active[i] * active[j] * ASSUMPTIONS.sigma[i, j]
        for i, j in itertools.product(range(4), repeat=2)
    )
    rule = TrackingError("tracking error", SIXTY_FORTY, 0.01)
    assert Mandate(LABELS, [rule]).violations(W, ASSUMPTIONS)["tracking error"] == pytest.approx(
        by_sum**0.5 - 0.01
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_the_solvers_arrays_say_what_the_definitions_say(weights):
    w = np.array(weights)
    mandate = impossible().also(score_floor("score", {"stocks": 6, "bonds": 8}, 6.0))
    p = mandate.program
    worst = dict.fromkeys((c.name for c in mandate.constraints), 0.0)
    for i, value in enumerate(p.rows @ w):
        worst[p.row_names[i]] = max(
            worst[p.row_names[i]], p.rows_lower[i] - value, value - p.rows_upper[i]
        )
    assert worst["fully invested"] == pytest.approx(abs(w.sum() - 1), abs=1e-12)
    violations = mandate.violations(w, ASSUMPTIONS)
    for name in ("fully invested", "equity floor", "bond floor", "score"):
        assert violations[name] == pytest.approx(worst[name], abs=1e-12)
    by_weight = np.maximum(p.lower - w, w - p.upper).max()
    by_rule = max(
        violations[name] for name in ("long only", "position limit", "employer stock cap")
    )
    assert max(by_weight, 0) == pytest.approx(by_rule, abs=1e-12)


def test_the_tightest_bound_is_named():
    p = impossible().program
    assert p.upper_names == (
        "position limit",
        "employer stock cap",
        "position limit",
        "position limit",
    )
    assert p.lower_names == ("long only",) * 4
    assert Mandate(LABELS, [employer_stock_cap("small", 0.1)]).program.upper_names == (
        "",
        "employer stock cap",
        "",
        "",
    )


def test_soft_rules_and_distances_stay_out_of_the_program_but_are_measured():
    mandate = plan(position_limit(0.4).soft(0.02), Turnover("turnover", SIXTY_FORTY, 0.1))
    assert not mandate.is_linear
    assert plan(position_limit(0.4)).is_linear
    assert np.isinf(mandate.program.upper).all()
    assert mandate.violations(W, ASSUMPTIONS)["position limit"] == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_not_called_obedient(bad):
    with pytest.raises(MandateError, match=r"weight of 'small' is (nan|-?inf)"):
        plan().violations(np.array([0.5, bad, 0.5, 0.0]), ASSUMPTIONS)


def test_weights_and_assumptions_must_be_over_the_same_assets():
    with pytest.raises(MandateError, match="same assets"):
        plan().violations(np.ones(3) / 3, ASSUMPTIONS)
    with pytest.raises(MandateError, match="same assets"):
        plan().violations(np.ones(4) / 4, ASSUMPTIONS.select(LABELS[::-1]))


# ---- canonical form and fingerprint --------------------------------------------------------------------------------

RULES = (
    fully_invested(),
    long_only(),
    Bounds("caps", upper={"stocks": 0.5, "small": 0.25}),
    group_limit("equity", ["stocks", "small"], lower=0.2, upper=0.6),
    TrackingError("tracking error", SIXTY_FORTY, 0.03),
    Turnover("turnover", SIXTY_FORTY, 0.2),
    score_floor("score", {"stocks": 6, "bonds": 8}, 6.0).soft(0.001),
)


@settings(max_examples=25, deadline=None)
@given(st.permutations(RULES), st.permutations(LABELS))
def test_order_does_not_change_the_fingerprint(rules, labels):
    assert Mandate(labels, rules).fingerprint == Mandate(LABELS, RULES).fingerprint


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (
            Bounds("x", upper={"stocks": 0.5, "small": 1}),
            Bounds("x", upper={"small": 1.0, "stocks": 0.5}),
        ),
        (Bounds("x", upper=1), Bounds("x", upper=1.0)),
        (Bounds("x", upper=0.5), Bounds("x", upper=np.float64(0.5))),
        (Bounds("x", lower=0.0), Bounds("x", lower=-0.0)),
        (Bounds("x", lower={"stocks": 0}), Bounds("x", lower={"stocks": -0.0})),
        (Bounds("x", upper=0.5), Bounds("x", upper=dict.fromkeys(LABELS, 0.5))),
        (Bounds("x", lower=0.0, upper=np.inf), Bounds("x", lower=0.0)),
        (Bounds("x", upper={"stocks": 0.5, "bonds": np.inf}), Bounds("x", upper={"stocks": 0.5})),
        (
            Limit("x", {"stocks": 1.0}, -np.inf, 0.5),
            Limit("x", {"stocks": 1, "bonds": 0}, upper=np.float32(0.5)),
        ),
        (Limit("x", None, 1, 1), Limit("x", dict.fromkeys(LABELS, 1.0), 1.0, 1.0)),
        (Turnover("x", {"stocks": 1}, 0), Turnover("x", {"stocks": 1.0, "cash": -0.0}, -0.0)),
        (long_only(), long_only().under("policy 4.2")),
    ],
)
def test_two_ways_to_say_the_same_have_one_fingerprint(one, same):
    assert Mandate(LABELS, [one]).canonical == Mandate(LABELS, [same]).canonical


def test_any_change_of_a_rule_changes_the_fingerprint():
    base = Mandate(LABELS, RULES)
    changed = [base.relaxed({c.name: 1e-9}) for c in base.constraints]
    changed += [base.without(c.name) for c in base.constraints]
    changed += [
        Mandate(LABELS, [*RULES[:6], RULES[6].soft(0.002)]),
        Mandate((*LABELS, "gold"), RULES),
    ]
    changed += [
        Mandate(
            LABELS, [*RULES[:2], Bounds("caps", upper={"stocks": 0.5, "bonds": 0.25}), *RULES[3:]]
        )
    ]
    changed += [
        Mandate(
            LABELS, [*RULES[:4], TrackingError("tracking error", {"stocks": 1}, 0.03), *RULES[5:]]
        )
    ]
    prints = {m.fingerprint for m in [base, *changed]}
    assert len(prints) == len(changed) + 1
    assert all(len(p) == 64 for p in prints)


def test_the_canonical_form_is_strict_json():
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = Mandate(LABELS, RULES).canonical
    assert {rule["name"] for rule in json.loads(text, parse_constant=refuse)["rules"]} == {
        c.name for c in RULES
    }


def test_the_callers_mapping_cannot_change_a_mandate():
    caps = {"stocks": 0.5}
    mandate = plan(Bounds("caps", upper=caps))
    before = mandate.fingerprint, mandate.violations(W, ASSUMPTIONS)
    caps["stocks"] = 0.1
    again = plan(*mandate.constraints[2:])
    assert (again.fingerprint, mandate.violations(W, ASSUMPTIONS)) == before


# ---- conflicts: smallest, irreducible, cured by what is said to cure ------------------------------------------------


def feasible(mandate, assumptions=ASSUMPTIONS):
    """Another statement of the question, by scipy's linear programme over (w, |trade|), distances aside."""
    p, n = mandate.program, len(mandate.labels)
    if (p.lower > p.upper).any():
        return False
    turnovers = [c for c in mandate.constraints if isinstance(c, Turnover)]
    size = n * (1 + len(turnovers))
    rows = [
        np.hstack([sign * p.rows[i], np.zeros(size - n)])
        for i in range(len(p.rows))
        for sign in (1, -1)
    ]
    tops = [
        top for low, high in zip(p.rows_lower, p.rows_upper, strict=True) for top in (high, -low)
    ]
    for k, c in enumerate(turnovers, start=1):
        start = np.array([c.current.get(a, 0.0) for a in mandate.labels])
        for i, sign in itertools.product(range(n), (1, -1)):
            row = np.zeros(size)
            row[i], row[n * k + i] = sign, -1
            rows, tops = [*rows, row], [*tops, sign * start[i]]
        row = np.zeros(size)
        row[n * k : n * k + n] = 0.5
        rows, tops = [*rows, row], [*tops, c.limit]
    keep = [i for i, top in enumerate(tops) if np.isfinite(top)]
    limits = list(zip(p.lower, p.upper, strict=True)) + [(0, None)] * (size - n)
    found = optimize.linprog(
        np.zeros(size),
        np.array(rows)[keep] if keep else None,
        np.array(tops)[keep] if keep else None,
        bounds=limits,
    )
    return found.status != 2


def smallest_conflict_size(mandate):
    """Brute force over every set of rules, smallest first."""
    names = [c.name for c in mandate.constraints]
    for size in range(1, len(names) + 1):
        for kept in itertools.combinations(names, size):
            if not feasible(Mandate(mandate.labels, [mandate[name] for name in kept])):
                return size
    return 0


def test_the_conflict_and_the_cure_by_hand():
    error = diagnose(impossible(), ASSUMPTIONS)
    assert isinstance(error, Infeasible)
    assert error.conflict == ("fully invested", "long only", "equity floor", "bond floor")
    assert sum(error.relaxation.values()) == pytest.approx(0.10)
    assert set(error.relaxation) <= {"equity floor", "bond floor"}
    assert "by 0.1 weight" in str(error)
    alone = lone_cures(impossible(), ASSUMPTIONS)
    assert alone == pytest.approx(
        {"fully invested": 0.10, "long only": 0.10, "equity floor": 0.10, "bond floor": 0.10},
        abs=1e-9,
    )


def test_a_possible_mandate_has_no_conflict():
    assert (
        diagnose(plan(position_limit(0.4), Turnover("turnover", SIXTY_FORTY, 0.3)), ASSUMPTIONS)
        is None
    )
    assert lone_cures(plan(position_limit(0.4)), ASSUMPTIONS) == {}


def test_a_soft_rule_never_conflicts():
    softened = [c.soft(0.01) if c.name == "bond floor" else c for c in impossible().constraints]
    assert diagnose(Mandate(LABELS, softened), ASSUMPTIONS) is None


def test_the_cure_spares_what_is_fixed_unless_nothing_else_cures():
    assert set(diagnose(plan(position_limit(0.2)), ASSUMPTIONS).relaxation) == {"position limit"}
    fixed = ("long only", "position limit")
    other = diagnose(plan(position_limit(0.2)), ASSUMPTIONS, fixed=fixed)
    assert other.relaxation == pytest.approx({"fully invested": 0.2})
    everything = diagnose(plan(position_limit(0.2)), ASSUMPTIONS, fixed=(*fixed, "fully invested"))
    assert sum(everything.relaxation.values()) == pytest.approx(0.05)


def test_a_score_counts_in_weight_terms():
    """At the position limit the score is 9; 9.4 takes a limit 0.2 higher, or 0.4 points: 0.04 of the best score."""
    scores = {"stocks": 10.0, "small": 8.0, "bonds": 0.0, "cash": 0.0}
    error = diagnose(plan(position_limit(0.5), score_floor("score", scores, 9.4)), ASSUMPTIONS)
    assert error.relaxation == pytest.approx({"score": 0.4})
    assert "by 0.4 score" in str(error)
    assert lone_cures(plan(position_limit(0.5), score_floor("score", scores, 9.4)), ASSUMPTIONS)[
        "position limit"
    ] == pytest.approx(0.2)


def test_crossing_bounds_of_two_rules_conflict():
    error = diagnose(
        plan(Bounds("floor", lower={"small": 0.2}), employer_stock_cap("small", 0.1)), ASSUMPTIONS
    )
    assert error.conflict == ("floor", "employer stock cap")
    assert sum(error.relaxation.values()) == pytest.approx(0.1)


def test_turnover_and_tracking_error_conflict_by_name():
    by_trade = plan(
        group_limit("equity floor", ["stocks"], lower=0.9), Turnover("turnover", SIXTY_FORTY, 0.2)
    )
    error = diagnose(by_trade, ASSUMPTIONS)
    # without "fully invested" the 30% could be bought and nothing sold: a turnover of 15%
    assert error.conflict == ("fully invested", "equity floor", "turnover")
    assert sum(error.relaxation.values()) == pytest.approx(0.1)
    near = TrackingError("tracking error", SIXTY_FORTY, 0.01)
    by_risk = plan(group_limit("equity floor", ["stocks"], lower=0.9), near)
    error = diagnose(by_risk, ASSUMPTIONS)
    assert set(error.conflict) >= {"equity floor", "tracking error"}
    for k in range(len(error.conflict)):
        smaller = Mandate(
            LABELS, [by_risk[name] for i, name in enumerate(error.conflict) if i != k]
        )
        assert diagnose(smaller, ASSUMPTIONS) is None
    cured = by_risk.relaxed({k: v + 1e-6 for k, v in error.relaxation.items()})
    assert diagnose(cured, ASSUMPTIONS) is None
    # closed form: the least tracking error with 90% in stocks, over the active weights in the other three assets
    alone = lone_cures(by_risk, ASSUMPTIONS)["tracking error"]
    least = optimize.minimize(
        lambda x: ASSUMPTIONS.risk_of(np.array([0.9, *x]) - [0.6, 0, 0.4, 0]),
        [0.0, 0.1, 0.0],
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 0.1},
        options={"ftol": 1e-14},
    ).fun
    assert alone == pytest.approx(least - 0.01, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_the_conflict_is_a_smallest_one_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    rules = [position_limit(round(rng.uniform(0.15, 0.5), 2))]
    for k in range(4):
        members = rng.choice(LABELS, size=rng.integers(1, 4), replace=False)
        side = {"lower": 0.5} if rng.random() < 0.5 else {"upper": 0.3}
        rules.append(group_limit(f"group {k}", members, **side))
    rules.append(
        Turnover("turnover", dict(zip(LABELS, rng.dirichlet(np.ones(4)), strict=True)), 0.15)
    )
    mandate = plan(*rules)
    error = diagnose(mandate, ASSUMPTIONS)
    size = smallest_conflict_size(mandate)
    assert (error is None) == (size == 0)
    if error is not None:
        assert len(error.conflict) == size
        assert not feasible(Mandate(LABELS, [mandate[name] for name in error.conflict]))
        assert feasible(mandate.relaxed({k: v + 1e-7 for k, v in error.relaxation.items()}))
        assert not feasible(mandate.relaxed({k: v * 0.98 for k, v in error.relaxation.items()}))
        turned = diagnose(Mandate(LABELS[::-1], mandate.constraints[::-1]), ASSUMPTIONS)
        assert (set(turned.conflict), turned.relaxation) == (set(error.conflict), error.relaxation)


def test_the_brute_force_cases_are_not_all_easy():
    """Guards the test above: its cases must hold both possible mandates and conflicts of several sizes."""
    mandates = [plan(position_limit(0.2)), impossible(), plan()]
    assert [smallest_conflict_size(m) for m in mandates] == [2, 4, 0]


def test_highs_own_irreducible_set_is_no_smaller():
    """HiGHS reduces rows and bounds to an irreducible set; by name it must conflict, and ours has at most its size."""
    mandate = impossible().also(
        score_floor("score", {"stocks": 3, "small": 2, "bonds": 4, "cash": 4}, 5.0)
    )
    model, n = highspy.Highs(), len(LABELS)
    model.setOptionValue("output_flag", False)
    model.setOptionValue("iis_strategy", int(highspy.IisStrategy.kIisStrategyFromLp))
    inf = highspy.kHighsInf
    for _ in range(n):
        model.addVar(-inf, inf)
    owner = []
    for c in mandate.constraints:
        for a in np.eye(n) if isinstance(c, Bounds) else [c.rows(LABELS)[0].coefficients]:
            i = int(np.argmax(a))
            low = c.bounds(LABELS)[0][i] if isinstance(c, Bounds) else c.lower
            high = c.bounds(LABELS)[1][i] if isinstance(c, Bounds) else c.upper
            model.addRow(max(low, -inf), min(high, inf), n, np.arange(n, dtype=np.int32), a)
            owner.append(c.name)
    model.run()
    assert model.getModelStatus() == highspy.HighsModelStatus.kInfeasible
    _, reduced = model.getIis()
    names = {owner[i] for i in reduced.row_index_}
    assert names
    assert not feasible(Mandate(LABELS, [mandate[name] for name in names]))
    assert len(diagnose(mandate, ASSUMPTIONS).conflict) <= len(names)


def test_the_least_relaxation_is_least_by_another_programme():
    """scipy's linear programme over (w, t) in one dense statement of the rules of `impossible` written by hand."""
    cost = [
        0,
        0,
        0,
        0,
        1,
        1,
        1,
        1,
    ]  # changes of: equity floor, bond floor, position limit, employer stock cap
    rows = [[-1, -1, 0, 0, -1, 0, 0, 0], [0, 0, -1, 0, 0, -1, 0, 0], [0, 1, 0, 0, 0, 0, 0, -1]]
    rows += [[*np.eye(4)[i], 0, 0, -1, 0] for i in range(4)]
    tops = [-0.6, -0.5, 0.1, 0.7, 0.7, 0.7, 0.7]
    budget = [[1, 1, 1, 1, 0, 0, 0, 0]]
    by_hand = optimize.linprog(cost, rows, tops, budget, [1.0]).fun
    assert sum(diagnose(impossible(), ASSUMPTIONS).relaxation.values()) == pytest.approx(
        by_hand, abs=1e-9
    )


# ---- the table -----------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_every_limit_and_its_clause():
    mandate = plan(
        position_limit(0.4).under("IPS 4.1").soft(0.02),
        liquidity_limit({"small": 2e6, "bonds": 9e6}, portfolio_value=1e7, share=0.5),
        Turnover("turnover", SIXTY_FORTY, 0.2).under("IPS 5"),
    )
    table = mandate.table()
    assert table["rule"].tolist() == [
        "fully invested",
        "long only",
        "position limit",
        "liquidity",
        "liquidity",
        "turnover",
    ]
    assert table.loc[2, ["limits", "upper", "force", "clause"]].tolist() == [
        "each asset",
        0.4,
        "soft, 0.02 per unit",
        "IPS 4.1",
    ]
    assert table.loc[3:4, "limits"].tolist() == ["small", "bonds"]
    assert table.loc[3:4, "upper"].tolist() == pytest.approx([0.1, 0.45])
    assert table["clause"].tolist()[-1] == "IPS 5"


def test_one_asset_is_a_universe():
    only = Mandate(["cash"], [fully_invested(), long_only()])
    one = ASSUMPTIONS.select(["cash"])
    assert only.violations(np.array([1.0]), one) == {"fully invested": 0.0, "long only": 0.0}
    assert diagnose(only, one) is None
    assert diagnose(only.also(position_limit(0.4)), one).conflict == (
        "fully invested",
        "position limit",
    )


def test_a_riskless_universe_can_be_diagnosed():
    still = Assumptions(["a", "b"], [0.03, 0.03], np.zeros((2, 2)))
    mandate = Mandate(
        ["a", "b"], [fully_invested(), position_limit(0.4), TrackingError("te", {"a": 1.0}, 0.0)]
    )
    assert diagnose(mandate, still).conflict == ("fully invested", "position limit")


# ---- bad input, one by one -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([long_only(), Bounds("long only", upper=1.0)], "two constraints are named 'long only'"),
        ([group_limit("tech", ["stocks", "gold"], upper=0.2)], "'tech' names 'gold'"),
        ([group_limit("empty", [], upper=0.2)], "'empty' names no asset"),
        ([TrackingError("te", {"gold": 1.0}, 0.02)], "'te' names 'gold'"),
        ([Turnover("to", {"gold": 1.0}, 0.02)], "'to' names 'gold'"),
        ([employer_stock_cap("gold", 0.1)], "'employer stock cap' names 'gold'"),
        (
            [group_limit("g", ["stocks"], lower=0.5, upper=0.4)],
            "'g': lower limit 0.5 is above upper limit 0.4",
        ),
        (
            [Bounds("b", lower={"bonds": 0.5}, upper=0.4)],
            "'b': lower limit 0.5 is above upper limit 0.4 of 'bonds'",
        ),
        (
            [Bounds("b", lower=0.5, upper={"bonds": 0.4})],
            "'b': lower limit 0.5 is above upper limit 0.4 of 'bonds'",
        ),
        ([group_limit("g", ["stocks"])], "'g' needs a lower or an upper limit"),
        ([Bounds("b")], "'b' needs a lower or an upper limit"),
        ([Bounds("b", upper=np.nan)], "'b'"),
        ([Bounds("b", lower=0.0, upper=np.nan)], "'b'.* no number"),
        ([Bounds("b", lower=np.nan, upper=1.0)], "'b'.* no number"),
        ([Bounds("b", lower=0.0, upper=-np.inf)], "'b'.* above upper limit -inf"),
        ([Bounds("b", upper={"bonds": np.nan})], "upper of 'bonds' is nan"),
        ([group_limit("g", ["stocks"], lower=np.nan, upper=0.4)], "'g'.* no number"),
        ([factor_limit("f", {"stocks": np.inf}, upper=0.1)], "coefficients of 'stocks' is inf"),
        ([factor_limit("f", {"stocks": np.nan}, upper=0.1)], "coefficients of 'stocks' is nan"),
        (
            [TrackingError("te", SIXTY_FORTY, -0.01)],
            "'te': the limit must be finite and zero or more",
        ),
        ([TrackingError("te", SIXTY_FORTY, np.nan)], "'te': the limit must be finite"),
        ([Turnover("to", SIXTY_FORTY, np.inf)], "'to': the limit must be finite"),
        ([Turnover("to", {"stocks": np.nan}, 0.1)], "current of 'stocks' is nan"),
        (
            [long_only().soft(0.0)],
            "'long only': a soft constraint needs a finite penalty above zero",
        ),
        ([long_only().soft(-1.0)], "penalty above zero, got -1"),
        ([long_only().soft(np.nan)], "penalty above zero, got nan"),
        ([long_only().soft(np.inf)], "penalty above zero, got inf"),
    ],
)
def test_an_ill_formed_rule_is_named(rules, message):
    with pytest.raises(MandateError, match=message):
        Mandate(LABELS, rules)


@pytest.mark.parametrize(("labels", "message"), [([], "none"), (["a", "b", "a"], "given twice: a")])
def test_universes_must_be_named_once(labels, message):
    with pytest.raises(MandateError, match=message):
        Mandate(labels, [])


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_portfolio_without_value_has_no_liquidity_limit(value):
    with pytest.raises(MandateError, match="portfolio value must be positive"):
        liquidity_limit({"small": 1e6}, portfolio_value=value, share=0.1)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    for attempt in (
        lambda: plan()["nope"],
        lambda: plan().without("nope"),
        lambda: plan().relaxed({"nope": 0.1}),
    ):
        with pytest.raises(KeyError, match="no constraint 'nope'; there are 'fully invested'"):
            attempt()


def test_public_names_are_reachable_from_the_chapters_module():
    assert all(hasattr(module, name) for name in module.__all__)


# ---- of a policy ---------------------------------------------------------------------------------------------------


def test_the_mandate_of_a_policy_has_its_numbers_and_names_its_entries():
    ours = policy.read().replace(max_single_fund=0.35, mandate_tolerance=1e-8)
    labels = ["us_large_equity", "us_small_equity", "us_core_bonds"]
    mandate = module.of_policy(ours, labels, posture="growth")
    assert mandate["single fund"].upper == 0.35 and mandate.tolerance == 1e-8
    assert mandate["small company cap"].upper == {"us_small_equity": ours["small_equity_cap"]}
    assert mandate["equity band"].lower == ours["equity_floor"]["growth"]
    assert set(mandate["equity band"].coefficients) == {"us_large_equity", "us_small_equity"}
    assert all(c.clause for c in mandate.constraints)
    assert "high yield cap" not in [c.name for c in mandate.constraints]
    with pytest.raises(MandateError, match="no posture 'bold'; the policy has conservative"):
        module.of_policy(ours, labels, posture="bold")


# ---- a new kind of rule is one class --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Short(module.Rule):
    """No more than `limit` sold short in all."""

    PER_ASSET = ()
    LINEAR = False
    limit: float

    def check(self):
        if not 0 <= self.limit < 1:
            raise MandateError(f"{self.name!r}: no share")

    def excess(self, weight, assumptions):
        return sum(max(-x, 0.0) for x in weight.values()) - self.limit

    def relaxed(self, by):
        return replace(self, limit=self.limit + by)

    def stated(self, w, whole, slack, risk, labels):
        return [cp.sum(cp.neg(w)) <= self.limit * whole + (0.0 if slack is None else slack)]

    def lines(self, labels):
        return {"short positions": (-np.inf, self.limit)}

    def cut(self, w, assumptions, slight):
        short = w < 0
        if -w[short].sum() <= self.limit + slight:
            return None
        return module.rules.Cut(np.where(short, -1.0, 0.0), self.limit)


def test_a_new_kind_of_rule_is_one_class_and_every_engine_knows_it():
    rule = Short("short sales", 0.2)
    mandate = Mandate(LABELS, [fully_invested(), Bounds("box", -0.5, 1.0), rule])
    best = mean_variance.maximum_utility(ASSUMPTIONS, mandate, risk_aversion=2.0)
    assert -best.w[best.w < 0].sum() == pytest.approx(0.2, abs=1e-6)
    assert best.shadow_prices["short sales"] > 0
    impossible = mandate.also(Bounds("sold", upper=dict.fromkeys(LABELS[:2], -0.15)))
    assert diagnose(impossible, ASSUMPTIONS).conflict == ("short sales", "sold")
    assert lone_cures(impossible, ASSUMPTIONS) == pytest.approx(
        {"short sales": 0.1, "sold": 0.05}, abs=1e-6
    )
    assert "short positions" in set(mandate.table()["limits"])
    years = np.random.default_rng(1).multivariate_normal(ASSUMPTIONS.mu, ASSUMPTIONS.sigma, 400)
    safest = tail_risk.minimum_cvar(ASSUMPTIONS, mandate, years, level=0.95)
    assert safest.residuals["short sales"] <= 1e-9
    budgets = risk_parity.risk_budgets(ASSUMPTIONS, mandate)
    assert budgets.w.min() > 0


# ---- numbers that cannot be meant -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (position_limit(40), "'position limit': a limit on a weight of 40 is 4000%; in percent"),
        (position_limit(5), "Write 0.05 for 5%"),
        (employer_stock_cap("small", 10), "Write 0.1 for 10%"),
        (group_limit("equity", ["stocks", "small"], upper=60), "Write 0.6 for 60%"),
        (Bounds("floor", lower={"bonds": 20}), "Write 0.2 for 20%"),
        (TrackingError("te", SIXTY_FORTY, 3), "annual volatility of 3 is 300%; in percent"),
        (
            TrackingError("te", {"stocks": 60, "bonds": 40}, 0.03),
            "benchmark sum to 100; in percent",
        ),
        (module.volatility_limit(LABELS, 12), "Write 0.12 for 12%"),
        (Turnover("turnover", SIXTY_FORTY, 25), "Write 0.25 for 25%"),
        (Turnover("turnover", {"stocks": 60, "bonds": 40}, 0.25), "current sum to 100; in percent"),
        (factor_limit("tiny", {"stocks": 1e-12}, upper=1e-13), "largest coefficient is 1e-12"),
        (Limit("nothing", {"stocks": np.inf}, upper=1.0), "coefficients of 'stocks' is inf"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_percent_and_units_that_no_tolerance_fits_are_refused(rule, message):
    with pytest.raises(MandateError, match=re.escape(message)):
        plan(rule)


def test_a_series_is_a_mapping_and_a_word_is_no_number():
    series = pd.Series({"stocks": 0.3, "small": 0.1})
    assert (
        plan(Bounds("caps", upper=series)).fingerprint
        == plan(Bounds("caps", upper=series.to_dict())).fingerprint
    )
    with pytest.raises(MandateError, match="'caps': upper names 'stocks' twice"):
        Bounds("caps", upper=pd.Series([0.1, 0.2], index=["stocks", "stocks"]))
    with pytest.raises(MandateError, match="'caps': upper is 'forty'; give a number"):
        Bounds("caps", upper={"stocks": "forty"})


@pytest.mark.parametrize("volume", [np.nan, -1.0, np.inf])
def test_a_volume_that_is_none_has_no_liquidity_limit(volume):
    with pytest.raises(MandateError, match="'liquidity': upper of 'small'"):
        liquidity_limit({"small": volume}, portfolio_value=1e6, share=0.2)


@pytest.mark.parametrize("tolerance", [-1e-9, np.nan, np.inf, 0.01])
def test_a_tolerance_is_small_and_a_number(tolerance):
    with pytest.raises(MandateError, match="tolerance is"):
        Mandate(LABELS, [fully_invested()], tolerance=tolerance)


def test_a_small_exposure_binds_as_a_large_one_does():
    """The same limit in two units gives the same weights: no tolerance may swallow the smaller numbers."""
    size = {"stocks": 1.0, "small": 1.4, "bonds": 0.1}
    found = [
        mean_variance.maximum_utility(
            ASSUMPTIONS,
            plan(factor_limit("size", {a: k * x for a, x in size.items()}, upper=0.5 * k)),
            risk_aversion=3.0,
        )
        for k in (1.0, 1e-4, 1e4)
    ]
    for other in found[1:]:
        assert other.w == pytest.approx(found[0].w, abs=1e-7)
    assert sum(size[a] * found[0][a] for a in size) == pytest.approx(0.5, abs=1e-9)
