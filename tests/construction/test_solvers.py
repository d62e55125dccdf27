"""What a solver says of its own answer decides whether it is handed out: where it is inaccurate,
stopped or undecided, it is asked again or refused, and never taken at its word."""

from dataclasses import replace
from types import SimpleNamespace

import cvxcla
import cvxpy as cp
import highspy
import numpy as np
import piqp
import pytest
from statsmodels.tsa.arima.model import ARIMA

from portlib.construction import critical_line as cl
from portlib.construction import engines, many, risk_parity
from portlib.construction import mean_variance as mv
from portlib.construction.alternatives import smoothing
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Mandate,
    TrackingError,
    Turnover,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mandate.infeasibility import Infeasible, diagnose
from portlib.construction.tail_risk import least_cvar
from portlib.records import Assumptions, AssumptionsError

SIGMA = [[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.0225]]
A = Assumptions(("a", "b", "c"), [0.06, 0.09, 0.03], SIGMA, 0.02, "a test")
NEAR = TrackingError("near", {"a": 0.1, "b": 0.8, "c": 0.1}, 0.05)
RULES = Mandate(A.labels, [fully_invested(), long_only(), NEAR])
ASKED = {
    "utility": lambda: mv.maximum_utility(A, RULES, risk_aversion=4.0),
    "least risk": lambda: mv.minimum_risk(A, RULES),
    "Sharpe ratio": lambda: mv.maximum_sharpe(A, RULES),
    "risk budgets": lambda: risk_parity.risk_budgets(A, RULES),
}


def say(monkeypatch, *told, of="solver"):
    """cvxpy's solvers, of which the first so many say this of themselves, or stop; how each was
    asked. Only those that are told what `of` names."""
    asked = []
    solve = cp.Problem.solve

    def saying(self, **settings):
        if of not in settings:
            return solve(self, **settings)
        asked.append(settings)
        word = told[len(asked) - 1] if len(asked) <= len(told) else None
        if word == "stops":
            raise cp.SolverError("stopped")
        answer = solve(self, **settings)
        if word is not None:
            monkeypatch.setattr(self, "_status", word)
        return answer

    monkeypatch.setattr(cp.Problem, "solve", saying)
    return asked


@pytest.mark.parametrize("what", ASKED)
def test_an_inaccurate_answer_is_asked_for_again_as_exactly_as_can_be(monkeypatch, what):
    plain = ASKED[what]()
    asked = say(monkeypatch, "optimal_inaccurate", "stops", of="tol_feas")
    again = ASKED[what]()
    assert again.w == pytest.approx(plain.w, abs=1e-4)
    exactly = [(1e-10, True), (1e-9, True), (1e-8, True), (1e-8, False)]
    first = 1 if what in ("Sharpe ratio", "risk budgets") else 0
    told = [(one["tol_gap_abs"], one["equilibrate_enable"]) for one in asked]
    assert told == exactly[first : first + 3]
    for one in asked:
        assert one["tol_gap_abs"] == one["tol_gap_rel"] == one["tol_feas"]
        assert one["solver"] == cp.CLARABEL


@pytest.mark.parametrize("word", ["optimal_inaccurate", "infeasible_inaccurate", "user_limit"])
@pytest.mark.parametrize("what", ASKED)
def test_what_stays_inaccurate_is_refused_although_there_are_weights(monkeypatch, what, word):
    say(monkeypatch, *[word] * 4, of="tol_feas")
    with pytest.raises(NotSolved, match=rf"larabel.*\({word}\).*although the mandate can be obey"):
        ASKED[what]()


def test_a_ratio_of_which_none_can_be_better_than_cash_says_so():
    with pytest.raises(AssumptionsError, match=r"expected to earn more than rf = 0\.095"):
        mv.maximum_sharpe(A.replace(rf=0.095, source="dear money"), RULES)


def test_a_diagnosis_is_not_made_of_an_inaccurate_answer(monkeypatch):
    both = Mandate(A.labels, [*RULES.constraints, position_limit(0.5)])
    plain = diagnose(both, A)
    assert plain is not None
    for first in ("optimal_inaccurate", "infeasible_inaccurate", "stops"):
        with monkeypatch.context() as inside:
            asked = say(inside, first)
            again = diagnose(both, A)
        assert again.conflict == plain.conflict
        assert [one.get("equilibrate_enable") for one in asked[:2]] == [None, False]
    for second in ("optimal_inaccurate", "infeasible_inaccurate"):
        with monkeypatch.context() as inside:
            say(inside, "optimal_inaccurate", second)
            with pytest.raises(ValueError, match=rf"could tell whether .* \({second}\); look for"):
                diagnose(both, A)


@pytest.mark.parametrize("caps", [0.3, 0.4])
def test_highs_is_asked_once_more_from_nothing_and_then_not_believed(monkeypatch, caps):
    rules = Mandate(A.labels, [fully_invested(), long_only(), position_limit(caps)])
    plain = diagnose(rules, A)
    assert (plain is None) == (caps == 0.4)
    honest = highspy.Highs.getModelStatus
    cleared = []
    clear = highspy.Highs.clearSolver
    monkeypatch.setattr(
        highspy.Highs, "clearSolver", lambda self: (cleared.append(self), clear(self))[1]
    )
    unknown = highspy.HighsModelStatus.kUnknown
    told = iter([unknown])
    monkeypatch.setattr(
        highspy.Highs, "getModelStatus", lambda self: next(told, None) or honest(self)
    )
    again = diagnose(rules, A)
    assert len(cleared) == 1
    assert again is None if plain is None else again.conflict == plain.conflict
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda self: unknown)
    with pytest.raises(ValueError, match="no solver could tell whether any portfolio obeys"):
        diagnose(rules, A)


def crowded(cap):
    """More limits than the exchange of active sets begins with."""
    idle = [group_limit(f"idle {k}", ["a", "b"], upper=0.9 + k / 100) for k in range(8)]
    return Mandate(A.labels, [fully_invested(), long_only(), position_limit(cap), *idle])


def stopping(times):
    """piqp, of which the first so many stop at their limit of rounds; how many each was given."""
    rounds = []

    class Stopping(piqp.DenseSolver):
        def solve(self):
            rounds.append(self.settings.max_iter)
            found = super().solve()
            return piqp.PIQP_MAX_ITER_REACHED if len(rounds) <= times else found

    return Stopping, rounds


def test_an_interior_point_that_stops_is_given_more_rounds_and_then_refused(monkeypatch):
    plain = engines.solve(A, crowded(0.5), 0.2)[0]
    for times in (1, 2):
        solver, rounds = stopping(times)
        monkeypatch.setattr(piqp, "DenseSolver", solver)
        assert engines.solve(A, crowded(0.5), 0.2)[0] == pytest.approx(plain, abs=1e-8)
        assert rounds == [given for _, given in engines.INTERIOR[: times + 1]]
    solver, _ = stopping(3)
    monkeypatch.setattr(piqp, "DenseSolver", solver)
    with pytest.raises(NotSolved, match=r"piqp .*MAX_ITER.*no answer, although the mandate can"):
        engines.solve(A, crowded(0.5), 0.2)


def test_an_interior_point_that_stops_without_proof_has_the_conflict_looked_for(monkeypatch):
    monkeypatch.setattr(engines, "refuted", lambda p, y: False)
    with pytest.raises(Infeasible, match="'fully invested', 'position limit'"):
        engines.solve(A, crowded(0.3), 0.2)


def test_a_frontier_whose_corner_misses_a_condition_is_refused(monkeypatch):
    """A multiplier of the budget, of a cap or weights that are not the line's: each alone."""
    cap = group_limit("cap", ["a", "b"], upper=0.6)
    rules = Mandate(A.labels, [fully_invested(), long_only(), cap])
    honest = cvxcla.CLA
    assert len(cl.cvxcla_line(A, rules)[0][0]) > 1

    for field, by in (("nu", 0.01), ("eta", 0.01), ("eta", -0.2), ("weights", [0.1, -0.1, 0.0])):

        def off(field=field, by=by, **given):
            *points, last = honest(**given).turning_points
            last = replace(last, **{field: getattr(last, field) + by})
            return SimpleNamespace(turning_points=[*points, last])

        monkeypatch.setattr(cvxcla, "CLA", off)
        with pytest.raises(NotSolved, match="a corner is not optimal"):
            cl.cvxcla_line(A, rules)


def test_a_frontier_that_stops_says_what_the_library_said(monkeypatch):
    def stops(**given):
        raise cvxcla.CLAError("lost its way")

    monkeypatch.setattr(cvxcla, "CLA", stops)
    with pytest.raises(NotSolved, match=r"single portfolios \(cvxcla .*: lost its way\)"):
        cl.cvxcla_line(A, Mandate(A.labels, [fully_invested(), long_only()]))


def test_least_cvar_is_not_handed_out_before_everything_is_written(monkeypatch):
    lost = np.array([[0.0, -0.4, 0.0], [-0.1, 0.0, -0.05], [0.01, 0.02, 0.03], [0.0, 0.0, 0.0]])
    alike = A.replace(sigma=[[0.01, 0, 0.027], [0, 0.09, 0], [0.027, 0, 0.09]], source="a test")
    slow = Mandate("abc", [fully_invested(), long_only(), Turnover("slow", {"a": 1.0}, 0.3)])
    for rules in (None, slow):
        monkeypatch.setattr(least_cvar, "ROUNDS", 500)
        least_cvar.minimum_cvar(alike, rules, lost, level=0.75)
        monkeypatch.setattr(least_cvar, "ROUNDS", 1)
        with pytest.raises(NotSolved, match="not settled in 1 rounds, so its weights are withheld"):
            least_cvar.minimum_cvar(alike, rules, lost, level=0.75)


def test_least_cvar_that_loses_its_way_is_played_with_every_asset_and_then_refused(monkeypatch):
    lost = np.array([[0.0, -0.4, 0.0], [-0.1, 0.0, -0.05], [0.01, 0.02, 0.03], [0.0, 0.0, 0.0]])
    alike = A.replace(sigma=[[0.01, 0, 0.027], [0, 0.09, 0], [0.027, 0, 0.09]], source="a test")
    honest = least_cvar._Game.play
    held = []

    def play(game):
        held.append(len(game.held))
        return None if len(held) == 1 else honest(game)

    monkeypatch.setattr(least_cvar._Game, "play", play)
    found = least_cvar.minimum_cvar(alike, None, lost, level=0.75)
    assert found.w == pytest.approx([0, 1 / 9, 8 / 9], abs=1e-9)
    assert held[:2] == [2, 3]
    monkeypatch.setattr(least_cvar._Game, "play", lambda game: None)
    with pytest.raises(NotSolved, match=r"HiGHS .*no answer, although the mandate can be obeyed"):
        least_cvar.minimum_cvar(alike, None, lost, level=0.75)


def test_budgets_that_newton_did_not_meet_are_refused(monkeypatch):
    descend = risk_parity.descend
    monkeypatch.setattr(risk_parity, "descend", lambda sigma, b: descend(sigma, b, most=1))
    with pytest.raises(NotSolved, match="Newton still missed a budget by"):
        risk_parity.risk_budgets(A)
    monkeypatch.setattr(many, "SWEEPS", 1)
    with pytest.raises(NotSolved, match="covariance 1: no weights carry these budgets"):
        many.risk_budgets([np.diag([0.01, 0.04, 0.09]), SIGMA])


def test_a_smoothing_whose_likelihood_has_no_maximum_found_is_refused(monkeypatch):
    true = np.random.default_rng(2).normal(0.02, 0.05, 120)
    assert len(smoothing.fitted(true).theta) == 3
    fit = ARIMA.fit

    def stopped(self, **settings):
        found = fit(self, **settings)
        found.mle_retvals["converged"] = False
        return found

    monkeypatch.setattr(ARIMA, "fit", stopped)
    with pytest.raises(ValueError, match="the likelihood of 2 lags has no maximum that could be"):
        smoothing.fitted(true)
