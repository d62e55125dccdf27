"""Published tails: a portfolio of least CVaR, a test's acceptance regions, critical values; to the
digits printed."""

import json

import numpy as np
import pytest
from scipy import stats

from portlib.construction import tail_risk as tr
from portlib.construction.mean_variance import target_return
from portlib.records import Assumptions
from portlib.stewardship.model_validation.replications import CASES

CASE = json.loads((CASES / "rockafellar_uryasev_2000_cvar.json").read_text(encoding="utf-8"))
VIEW = Assumptions(CASE["assets"], CASE["mean"], CASE["cov"], 0.0, CASE["citation"])


def exact(r: float) -> np.ndarray:
    """The least variance at a return, fully invested, from the conditions of optimality (no bound
    is reached)."""
    conditions = np.zeros((5, 5))
    conditions[:3, :3], conditions[:3, 3], conditions[3, :3] = VIEW.sigma, 1.0, 1.0
    conditions[:3, 4] = conditions[4, :3] = VIEW.mu
    return np.linalg.solve(conditions, [0, 0, 0, 1, r])[:3]


def test_least_variance_of_rockafellar_and_uryasev_and_who_is_right() -> None:
    ours, printed = target_return(VIEW, r=CASE["target_return"]), np.array(CASE["weights"])
    assert np.abs(ours.w - exact(CASE["target_return"])).max() <= 1e-12
    assert np.abs(ours.w - printed).max() <= CASE["weights_tolerance"]
    assert ours.risk**2 == pytest.approx(CASE["variance"], abs=5e-9)
    earned = VIEW.mean_of(printed)
    assert earned < CASE["target_return"] and VIEW.risk_of(exact(earned)) < VIEW.risk_of(printed)


@pytest.mark.parametrize("level", ["0.90", "0.95", "0.99"])
def test_normal_losses_of_rockafellar_and_uryasev(level: str) -> None:
    ours = target_return(VIEW, r=CASE["target_return"])
    tail = tr.normal(ours.mean, ours.risk, float(level))
    assert tail.var == pytest.approx(CASE["var"][level], abs=CASE["loss_tolerance"])
    assert tail.cvar == pytest.approx(CASE["cvar"][level], abs=CASE["loss_tolerance"])


@pytest.mark.parametrize("level", ["0.90", "0.95", "0.99"])
def test_sampled_programme_of_rockafellar_and_uryasev(level: str) -> None:
    """Their table 5: on returns sampled from the normal law, the linear programme comes to the same
    portfolio."""
    z = stats.norm.ppf(stats.qmc.Sobol(3, rng=np.random.default_rng(2000)).random_base2(17))
    x = VIEW.mu + z @ np.linalg.cholesky(VIEW.sigma).T
    ours = tr.minimum_cvar(VIEW, None, x, level=float(level), r=CASE["target_return"])
    tail = tr.historical(x @ ours.w, float(level))
    assert np.abs(ours.w - CASE["weights"]).max() <= CASE["sampled_weights_tolerance"]
    assert tail.var == pytest.approx(CASE["var"][level], rel=CASE["sampled_var_tolerance_relative"])
    assert tail.cvar == pytest.approx(
        CASE["cvar"][level], rel=CASE["sampled_cvar_tolerance_relative"]
    )


@pytest.mark.parametrize(
    ("days", "level", "fewest", "most"),
    [
        (255, 0.95, 7, 20),
        (510, 0.95, 17, 35),
        (1000, 0.95, 38, 64),
        (510, 0.99, 2, 10),
        (1000, 0.99, 5, 16),
    ],
)
def test_acceptance_regions_of_kupiec(days: int, level: float, fewest: int, most: int) -> None:
    """Numbers of breaches not rejected at 5% (Kupiec 1995, as printed in Jorion, Value at Risk)."""
    accepted = [k for k in range(days) if tr.kupiec(np.arange(days) < k, level).p_value > 0.05]
    assert (accepted[0], accepted[-1]) == (fewest, most)
    assert len(accepted) == most - fewest + 1


def test_critical_value_of_acerbi_and_szekely() -> None:
    """The 1% critical value of Z2 for normal returns, 1966 days, level 97.5%, in the documentation
    of MathWorks' esbacktest.unconditionalNormal (-0.34639); ours is simulated, with a standard
    error of about 0.005."""
    rng, (var, cvar) = np.random.default_rng(2014), tr.normal(0.0, 1.0, 0.975)
    draws = [
        tr.acerbi_szekely(rng.standard_normal((500, 1966)), var, cvar, 0.975)[1] for _ in range(20)
    ]
    assert np.quantile(np.concatenate(draws), 0.01) == pytest.approx(-0.34639, abs=0.015)
