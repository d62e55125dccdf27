"""Twins, reported covariances and what alternatives save."""

import numpy as np
import pandas as pd
import pytest

from portlib.construction.alternatives import rivals
from portlib.construction.alternatives.smoothing import Smoothing, geltner
from portlib.estimation.capital_market_assumptions import PLAN_CLASSES, survey_assumptions
from portlib.records import Assumptions

PRIVATE = ("real_estate", "private_equity", "private_debt")


@pytest.fixture(scope="module")
def survey():
    return survey_assumptions(10, [*PLAN_CLASSES, *PRIVATE])


def test_a_mix_of_listed_classes_is_its_own_twin():
    """An asset that is 60/40 of two others has them as its twin, no error and no lead."""
    sigma = np.array([[0.04, 0.006], [0.006, 0.01]])
    to = np.array([[1, 0], [0, 1], [0.6, 0.4]])
    three = Assumptions(["a", "b", "mix"], to @ np.array([0.08, 0.04]), to @ sigma @ to.T)
    found = rivals.twin(three, "mix", ["a", "b"])
    assert found.weights.tolist() == pytest.approx([0.6, 0.4])
    assert found.tracking_error == pytest.approx(0, abs=1e-7)
    assert found.lead == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="own twin"):
        rivals.twin(three, "a", ["a", "b"])


def test_the_twin_agrees_with_a_solver_of_another_kind(survey):
    import cvxpy as cp

    listed = list(PLAN_CLASSES)
    part = survey.select([*listed, "private_equity"])
    w = cp.Variable(len(listed), nonneg=True)
    away = cp.hstack([w, -1.0])
    cp.Problem(cp.Minimize(cp.quad_form(away, cp.psd_wrap(part.sigma))), [cp.sum(w) == 1]).solve(
        solver=cp.CLARABEL
    )
    found = rivals.twin(survey, "private_equity", listed)
    np.testing.assert_allclose(found.weights, w.value, atol=1e-4)


def test_reported_covariances_are_those_of_reported_draws():
    """SYNTHETIC draws, two assets smoothed differently and a priced one."""
    sigma = np.array([[0.04, 0.02, 0.015], [0.02, 0.03, 0.012], [0.015, 0.012, 0.02]])
    true = Assumptions(["a", "b", "c"], [0.05] * 3, sigma)
    how = {"a": geltner(0.6), "b": Smoothing((0.7, 0.3))}
    seen = rivals.as_reported(true, how)
    r = np.random.default_rng(4).multivariate_normal([0.0] * 3, sigma, 200_000)
    drawn = np.column_stack([how["a"].report(r[:, 0]), how["b"].report(r[:, 1]), r[:, 2]])
    np.testing.assert_allclose(np.cov(drawn[50:].T), seen.sigma, atol=4e-4)
    assert rivals.as_reported(true, {}).sigma == pytest.approx(true.sigma)


def test_at_break_even_nothing_is_saved_and_before_something_is(survey):
    lower = rivals.break_even(survey, PRIVATE, 0.03)
    less = rivals.with_haircut(survey, PRIVATE, lower)
    assert rivals.saving(less, PRIVATE, 0.03) == pytest.approx(0, abs=1e-5)
    assert rivals.saving(rivals.with_haircut(survey, PRIVATE, lower / 2), PRIVATE, 0.03) > 0
    with pytest.raises(ValueError, match="save no risk"):
        rivals.break_even(rivals.with_haircut(survey, PRIVATE, 0.08), PRIVATE, 0.03)


def test_lead_and_error_of_the_gain_at_equal_risk(survey):
    found = rivals.at_equal_risk(survey, PRIVATE, 0.03)
    listed = survey.select(list(PLAN_CLASSES))
    plain = found.listed.to_numpy()
    risks = survey.risk_of(found.mixed.to_numpy()), listed.risk_of(plain[: len(listed)])
    assert risks[0] == pytest.approx(risks[1])
    assert found.gain == pytest.approx(
        survey.mean_of(found.mixed.to_numpy()) - survey.mean_of(plain)
    )
    errors = pd.Series(0.01, index=list(survey.labels))
    d = found.mixed.to_numpy() - plain
    assert found.error(errors, 0.0) == pytest.approx(0.01 * np.sqrt(d @ d))
    sd = survey.volatility
    alike = d @ (survey.sigma / np.outer(sd, sd)) @ d
    assert found.error(errors, 1.0) == pytest.approx(0.01 * np.sqrt(alike))
    with pytest.raises(ValueError, match="between 0 and 1"):
        found.error(errors, 1.5)


def test_riskless_cash_has_no_correlation_and_hides_none():
    sigma = np.diag([0.0, 0.04, 0.09])
    a = Assumptions(("cash", "stocks", "private"), [0.02, 0.07, 0.08], sigma, rf=0.02)
    found = rivals.at_equal_risk(a, ["private"], 0.03)
    np.testing.assert_allclose(found.correlation, np.eye(3))
    away = found.mixed - found.listed
    errors = pd.Series({"cash": 0.0, "stocks": 0.01, "private": 0.02})
    assert found.error(errors, 0.5) == pytest.approx(
        np.hypot(0.01 * away["stocks"], 0.02 * away["private"])
    )
    assert np.isnan(rivals.twin(a, "private", ["cash"]).correlation)
