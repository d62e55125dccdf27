"""Conflicts and cures against brute force, another solver's irreducible sets and another
programme."""

import itertools
import pickle

import cvxpy as cp
import highspy
import numpy as np
import pytest
from scipy import optimize

from portlib.construction import mean_variance as mv
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Mandate,
    TrackingError,
    Turnover,
    employer_stock_cap,
    factor_limit,
    fully_invested,
    group_limit,
    infeasibility,
    long_only,
    position_limit,
    score_floor,
)
from portlib.construction.mandate.infeasibility import diagnose, lone_cures, possible, refuted
from portlib.construction.mandate.mandate import Program
from portlib.records import Assumptions
from tests.construction.mandate.test_mandate import (
    ASSUMPTIONS,
    LABELS,
    SIXTY_FORTY,
    impossible,
    plan,
)

# ---- conflicts: smallest, irreducible, cured by what is said to cure -----------------------------


def feasible(mandate, assumptions=ASSUMPTIONS):
    """Another statement of the question, by scipy's linear programme over (w, |trade|), distances
    aside."""
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


def smallest_conflict(mandate):
    """Brute force over every set of rules, smallest first and then by name."""
    names = sorted(c.name for c in mandate.constraints)
    for size in range(1, len(names) + 1):
        for kept in itertools.combinations(names, size):
            if not feasible(Mandate(mandate.labels, [mandate[name] for name in kept])):
                return kept
    return ()


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
    """At the position limit the score is 9; 9.4 takes a limit 0.2 higher, or 0.4 points: 0.04 of
    the best score."""
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
    # closed form: the least tracking error with 90% in stocks, over the active weights in the other
    # three assets
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
    smallest = smallest_conflict(mandate)
    assert (error is None) == (not smallest)
    if error is not None:
        assert tuple(sorted(error.conflict)) == smallest
        assert not feasible(Mandate(LABELS, [mandate[name] for name in error.conflict]))
        assert feasible(mandate.relaxed({k: v + 1e-7 for k, v in error.relaxation.items()}))
        assert not feasible(mandate.relaxed({k: v * 0.98 for k, v in error.relaxation.items()}))
        turned = diagnose(Mandate(LABELS[::-1], mandate.constraints[::-1]), ASSUMPTIONS)
        assert (set(turned.conflict), turned.relaxation) == (set(error.conflict), error.relaxation)


def test_the_brute_force_cases_are_not_all_easy():
    """Guards the test above: its cases must hold both possible mandates and conflicts of several
    sizes."""
    mandates = [plan(position_limit(0.2)), impossible(), plan()]
    assert [len(smallest_conflict(m)) for m in mandates] == [2, 4, 0]


@pytest.mark.parametrize("seed", range(12))
def test_where_a_smallest_would_take_too_long_the_conflict_is_irreducible(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    floors = [
        group_limit(f"floor {k}", rng.choice(LABELS, 2, replace=False), lower=0.5 + 0.05 * k)
        for k in range(8)
    ]
    mandate = plan(position_limit(0.25), *floors)
    smallest = diagnose(mandate, ASSUMPTIONS)
    monkeypatch.setattr(infeasibility, "CURES", 0)
    found = diagnose(mandate, ASSUMPTIONS)
    assert (found is None) == (smallest is None)
    if found is None:
        return
    assert found.relaxation == smallest.relaxation
    assert len(found.conflict) >= len(smallest.conflict)
    kept = [mandate[name] for name in found.conflict]
    assert not feasible(Mandate(LABELS, kept))
    for rule in kept:
        assert feasible(Mandate(LABELS, [other for other in kept if other is not rule]))


def test_a_crowd_of_crossing_floors_is_diagnosed_all_the_same():
    """559 cures had not settled what its smallest conflict is; now 40 are looked for."""
    names = [f"f{k:02}" for k in range(18)]
    flat = Assumptions(names, np.full(18, 0.05), np.eye(18) * 0.04)
    rules = [
        factor_limit(f"g{k}", {names[k % 18]: 1.0, names[(7 * k + 3) % 18]: -1.0}, lower=low)
        for k in range(60)
        if k % 18 != (7 * k + 3) % 18 and (low := 0.05 * (1 + k % 5))
    ]
    mandate = Mandate(names, [fully_invested(), long_only(), *rules])
    found = diagnose(mandate, flat)
    kept = [mandate[name] for name in found.conflict]
    assert not feasible(Mandate(names, kept))
    for rule in kept:
        assert feasible(Mandate(names, [other for other in kept if other is not rule]))


def test_highs_own_irreducible_set_is_no_smaller():
    """HiGHS reduces rows and bounds to an irreducible set; by name it must conflict, and ours has
    at most its size."""
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
    """scipy's linear programme over (w, t) in one dense statement of the rules of `impossible`
    written by hand."""
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


def lost(monkeypatch, times):
    """Solvers that stop without an answer so many times before they give one; how each was
    asked."""
    asked = []
    solve = cp.Problem.solve

    def stopping(self, **settings):
        asked.append(settings)
        if len(asked) <= times:
            raise cp.SolverError("stopped")
        return solve(self, **settings)

    monkeypatch.setattr(cp.Problem, "solve", stopping)
    return asked


def bent(limit):
    """60/40, of which no asset may be more than 30%, within a distance."""
    rules = [fully_invested(), long_only(), position_limit(0.3)]
    return Mandate(LABELS, [*rules, TrackingError("tracking error", SIXTY_FORTY, limit)])


def test_a_solver_that_loses_its_way_is_asked_once_more_and_says_the_same(monkeypatch):
    plain = diagnose(bent(0.001), ASSUMPTIONS)
    asked = lost(monkeypatch, 1)
    again = diagnose(bent(0.001), ASSUMPTIONS)
    assert again.conflict == plain.conflict
    # the bottom is flat: where a sum is least to 1e-8, its parts are known to the root of that
    assert again.relaxation == pytest.approx(plain.relaxation, abs=1e-4)
    assert asked[1] == {"solver": cp.CLARABEL, "equilibrate_enable": False}


def test_where_no_solver_can_tell_it_is_refused_with_what_to_look_for(monkeypatch):
    lost(monkeypatch, 2)
    with pytest.raises(ValueError, match=r"no solver could tell .* look for limits"):
        diagnose(bent(0.001), ASSUMPTIONS)


@pytest.mark.parametrize("find", [mv.maximum_utility, mv.maximum_sharpe])
def test_an_engine_whose_solver_stops_refuses_and_blames_no_limit(monkeypatch, find):
    """The stop of a solver is no error of its own kind: there is a portfolio, and it is said."""
    mandate = bent(0.5)
    lost(monkeypatch, 4)
    told = {"risk_aversion": 3.0} if find is mv.maximum_utility else {}
    with pytest.raises(NotSolved, match="no answer, although the mandate can be obeyed"):
        find(ASSUMPTIONS, mandate, **told)


# ---- what is looked for once it is asked after ---------------------------------------------------


def crowded(cap):
    """A mandate of more limits than the exchange of active sets begins with; none obeys a cap
    below a quarter."""
    bands = [group_limit(f"most {a}", [a], upper=0.9) for a in LABELS]
    pairs = [group_limit(f"most {a}, {b}", [a, b], upper=0.95) for a, b in [LABELS[:2], LABELS[2:]]]
    return Mandate(LABELS, [fully_invested(), long_only(), *bands, *pairs, position_limit(cap)])


def test_why_nothing_is_allowed_is_looked_for_once_somebody_reads_it(monkeypatch):
    looked = []

    def looking(*asked):
        looked.append(asked)
        return diagnose(*asked)

    monkeypatch.setattr(infeasibility, "diagnose", looking)
    with pytest.raises(Infeasible) as caught:
        mv.maximum_utility(ASSUMPTIONS, crowded(0.2), risk_aversion=4.0)
    assert not looked
    assert caught.value.conflict == ("fully invested", "position limit")
    assert caught.value.relaxation == pytest.approx({"position limit": 0.05})  # a quarter of each
    assert len(looked) == 1
    told = diagnose(crowded(0.2), ASSUMPTIONS)
    assert str(caught.value) == str(told)
    assert len(looked) == 1


@pytest.mark.parametrize("lazy", [True, False])
def test_a_refusal_goes_to_another_process_and_says_the_same_there(lazy):
    first = (
        Infeasible.of(crowded(0.2), ASSUMPTIONS) if lazy else diagnose(crowded(0.2), ASSUMPTIONS)
    )
    again = pickle.loads(pickle.dumps(first))
    assert (again.conflict, again.relaxation) == (first.conflict, first.relaxation)
    assert str(again) == str(first)
    assert "by 0.05 weight" in str(again)


def best_multipliers(p):
    """Multipliers of the rows that prove most, by scipy: the most by which rows together ask for
    more than weights between the bounds give, over multipliers that sum to at most one."""
    m, n = p.rows.shape
    # of a row: what is heard of its lower limit, then of its upper one; then what bounds give
    sides = [(p.rows_lower, 1.0), (p.rows_upper, -1.0)]
    heard = [
        (i, sign, limit[i]) for limit, sign in sides for i in range(m) if np.isfinite(limit[i])
    ]
    rows = np.array([sign * p.rows[i] for i, sign, _ in heard])
    k = len(heard)
    cost = np.concatenate(
        [-np.array([sign * limit for _, sign, limit in heard]), p.upper, -p.lower]
    )
    balance = np.hstack([rows.T, -np.eye(n), np.eye(n)])
    sums = np.concatenate([np.ones(k), np.zeros(2 * n)])[None]
    found = optimize.linprog(cost, sums, [1.0], balance, np.zeros(n), bounds=(0, None))
    y = np.zeros(m)
    for (i, sign, _), x in zip(heard, found.x[:k], strict=True):
        y[i] += sign * x
    return -found.fun, y


@pytest.mark.parametrize("seed", range(30))
def test_multipliers_refute_what_another_programme_cannot_meet_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    n, m = 4, 6
    rows = rng.choice([0.0, 1.0, -0.5, 2.0], (m, n))
    middle = rows @ rng.uniform(0, 1, n) + rng.normal(scale=0.5, size=m)
    wide = rng.uniform(0, 0.5, m)
    least = np.where(rng.random(m) < 0.3, -np.inf, middle - wide)
    most = np.where(rng.random(m) < 0.3, np.inf, middle + wide)
    names = ("",) * n
    low, high = np.zeros(n), np.full(n, 1.0)
    p = Program(low, high, rows, least, most, ("",) * m, names, names)
    margin, y = best_multipliers(p)
    proved = [refuted(p, tried) for tried in rng.normal(size=(200, m))]
    assert possible(p) == (margin < 1e-9)
    if margin > 1e-4:  # far above what is taken for nothing
        assert refuted(p, y)
        assert not refuted(p, -y)
    else:
        assert margin < 1e-9  # drawn so that none lies between
        assert not any(proved)


def test_what_is_too_little_to_diagnose_is_not_refuted_either():
    """A cap of a quarter less some millionths: within what `diagnose` takes for nothing, or not."""
    for missing in (0.0, 2e-7, 9e-7, 4e-6, 1e-3):
        mandate = crowded(0.25 - missing)
        y = np.zeros(len(mandate.program.rows))
        y[mandate.program.row_names.index("fully invested")] = 1.0
        assert not refuted(mandate.program, y) or diagnose(mandate, ASSUMPTIONS) is not None
    assert refuted(mandate.program, y)
