"""Each fault of a set of assumptions breaks its check, and the survey none."""

import numpy as np
import pytest

from portlib import compounding, data
from portlib.estimation import capital_market_assumptions as cma
from portlib.records import Assumptions, AssumptionsError


def geometric_of(assumptions):
    return (
        data.table("horizon_2025_assets").loc[list(assumptions.labels), "geometric_10y"].to_numpy()
    )


def test_the_survey_of_the_plan_classes_passes_every_check(survey):
    assert cma.consistency(survey, geometric_of(survey))["holds"].all()


def broken(survey, **change):
    mu, sigma, g = survey.mu.copy(), survey.sigma.copy(), geometric_of(survey).copy()
    if "mean" in change:
        mu[4] = change["mean"]
        g[4] = compounding.arithmetic_to_geometric(mu[4], survey.volatility[4])
    if "geometric" in change:
        g[4] = change["geometric"]
    if "copy" in change:  # us_small_equity becomes us_large_equity twice
        sigma[1], sigma[:, 1] = sigma[0], sigma[:, 0]
        sigma[1, 1] = sigma[0, 0]
    return cma.consistency(survey.replace(mu=mu, sigma=sigma, source="broken"), g)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"copy": True}, "correlations: smallest eigenvalue"),
        ({"mean": 0.03}, "lowest Sharpe ratio"),
        ({"geometric": 0.053}, "largest geometric less arithmetic"),
        ({"geometric": 0.0475}, "largest gap to exact conversion"),
    ],
)
def test_each_fault_breaks_its_check(survey, change, check):
    table = broken(survey, **change)
    assert not table.loc[check, "holds"]


def three(mu, risk, correlation):
    correlation = np.array(correlation, float)
    return Assumptions(["a", "b", "c"], mu, correlation * np.outer(risk, risk), rf=0.03)


def checked(assumptions):
    return cma.consistency(
        assumptions, compounding.arithmetic_to_geometric(assumptions.mu, assumptions.volatility)
    )["holds"]


def test_too_good_a_hedge_is_found():
    nearly_twins = three(
        [0.08, 0.06, 0.05], [0.16, 0.15, 0.08], [[1, 0.99, 0.2], [0.99, 1, 0.2], [0.2, 0.2, 1]]
    )
    assert not checked(nearly_twins)["attainable over best single Sharpe ratio"]


def test_return_without_regard_to_risk_is_found():
    upside_down = three([0.05, 0.06, 0.08], [0.2, 0.1, 0.08], np.eye(3))
    assert not checked(upside_down)["rank correlation of return and risk"]


def test_a_dominated_class_is_excused_only_when_it_diversifies():
    excused = three(
        [0.05, 0.06, 0.08], [0.1, 0.09, 0.2], [[1, 0, -0.2], [0, 1, 0.7], [-0.2, 0.7, 1]]
    )
    nonsense = three(
        [0.05, 0.06, 0.08], [0.1, 0.09, 0.2], [[1, 0, 0.7], [0, 1, -0.2], [0.7, -0.2, 1]]
    )
    assert cma.dominated(excused).to_numpy().tolist() == [["a", "b", True]]
    assert checked(excused)["dominated without excuse"]
    assert not checked(nonsense)["dominated without excuse"]


def test_twins_do_not_dominate_each_other():
    assert cma.dominated(three([0.05, 0.05, 0.08], [0.1, 0.1, 0.2], np.eye(3))).empty


def test_indefinite_correlations_are_refused_by_name(survey):
    correlation = survey.sigma / np.outer(survey.volatility, survey.volatility)
    correlation[:4, 4] = correlation[4, :4] = -0.9
    with pytest.raises(
        AssumptionsError, match=r"smallest eigenvalue .* weighing most on us_core_bonds"
    ):
        survey.replace(
            sigma=correlation * np.outer(survey.volatility, survey.volatility), source="by hand"
        )
