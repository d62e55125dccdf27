"""Published Black-Litterman tables, to the digits printed."""

import json

import numpy as np
import pytest

from portlib.construction.black_litterman import Posterior, equilibrium, posterior
from portlib.construction.mean_variance import closed_form_risky_shares
from portlib.construction.views import View
from portlib.records import Assumptions
from portlib.stewardship.model_validation.replications import CASES


def case(name: str) -> dict:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


def stated(labels: list[str], rows: list[list[float]], q: list[float]) -> list[View]:
    return [
        View(f"view {i + 1}", dict(zip(labels, p, strict=True)), x, "the authors", "1999-12-31")
        for i, (p, x) in enumerate(zip(rows, q, strict=True))
    ]


HE_LITTERMAN, IDZOREK = case("he_litterman_1999_tables_2_to_5"), case("idzorek_2004_table6")


def he_litterman(views: str) -> tuple[Posterior, dict[str, float]]:
    labels = HE_LITTERMAN["assets"]
    volatility = np.array(HE_LITTERMAN["volatility_percent"]) / 100
    sigma = np.array(HE_LITTERMAN["correlation"]) * np.outer(volatility, volatility)
    market = dict(zip(labels, np.array(HE_LITTERMAN["market_weights_percent"]) / 100, strict=True))
    world = Assumptions(labels, np.zeros(len(labels)), sigma, 0.0, HE_LITTERMAN["citation"])
    prior = equilibrium(world, market, HE_LITTERMAN["risk_aversion"])
    held = HE_LITTERMAN[views]
    return posterior(
        prior, stated(labels, held["P"], np.array(held["q_percent"]) / 100), HE_LITTERMAN["tau"]
    ), market


def test_equilibrium_of_he_and_litterman() -> None:
    found, _ = he_litterman("one_view")
    assert (
        np.abs(100 * found.prior.mu - HE_LITTERMAN["equilibrium_percent"]).max()
        <= HE_LITTERMAN["percent_tolerance"]
    )


@pytest.mark.parametrize("views", ["one_view", "two_views"])
def test_views_of_he_and_litterman(views: str) -> None:
    (found, market), printed = he_litterman(views), HE_LITTERMAN[views]
    tolerance, aversion, tau = (
        HE_LITTERMAN[k] for k in ("percent_tolerance", "risk_aversion", "tau")
    )
    parts = found.decomposition(market, aversion)
    w = closed_form_risky_shares(found.mu, found.assumptions("predictive").sigma, 0.0, aversion)
    assert (
        np.abs(np.diag(found.omega) / tau - printed["omega_over_tau"]).max()
        <= HE_LITTERMAN["omega_tolerance"]
    )
    assert np.abs(100 * found.mu - printed["mean_percent"]).max() <= tolerance
    assert np.abs(100 * w - printed["weights_percent"]).max() <= tolerance
    assert np.abs(100 * parts.sum(axis=1) - printed["weights_percent"]).max() <= tolerance
    assert (
        np.abs(100 * parts.drop(columns="reference").sum(axis=1) - printed["tilt_percent"]).max()
        <= tolerance
    )
    if "lambda" in printed:
        amounts = (
            (1 + tau)
            * np.linalg.pinv(found.P.T)
            @ parts.drop(columns="reference").sum(axis=1).to_numpy()
        )
        assert np.abs(amounts - printed["lambda"]).max() <= HE_LITTERMAN["lambda_tolerance"]


def test_table_6_of_idzorek() -> None:
    labels, sigma, market = (
        IDZOREK["assets"],
        np.array(IDZOREK["covariance"]),
        np.array(IDZOREK["market_weights"]),
    )
    aversion = IDZOREK["market_premium"] / (market @ sigma @ market)
    reference = dict(zip(labels, market.tolist(), strict=True))
    world = Assumptions(labels, np.zeros(len(labels)), sigma, 0.0, IDZOREK["citation"])
    prior = equilibrium(world, reference, aversion)
    found = posterior(prior, stated(labels, IDZOREK["P"], IDZOREK["q"]), IDZOREK["tau"])
    parts = found.decomposition(reference, aversion, "prior")
    own = np.diag(found.P @ sigma @ found.P.T)
    w = closed_form_risky_shares(found.mu, sigma, 0.0, aversion)
    assert (
        np.abs(100 * prior.mu - IDZOREK["implied_percent"]).max()
        <= IDZOREK["mean_tolerance_percent"]
    )
    assert (
        np.abs(100 * own - IDZOREK["view_variance_percent"]).max()
        <= IDZOREK["view_variance_tolerance_percent"]
    )
    assert np.abs(np.diag(found.omega) - IDZOREK["omega"]).max() <= IDZOREK["omega_tolerance"]
    assert (
        np.abs(100 * found.mu - IDZOREK["mean_percent"]).max() <= IDZOREK["mean_tolerance_percent"]
    )
    for weights in (w, parts.sum(axis=1).to_numpy()):
        assert (
            np.abs(100 * weights - IDZOREK["weights_percent"]).max()
            <= IDZOREK["weights_tolerance_percent"]
        )
        assert 100 * weights.sum() == pytest.approx(IDZOREK["weights_sum_percent"], abs=0.006)


def test_the_copied_typing_error_would_be_seen() -> None:
    """The program that circulates with 0.039443 for 0.039943 misses the printed weights."""
    wrong = np.array(IDZOREK["covariance"])
    wrong[4, 6] = wrong[6, 4] = 0.039443
    market = np.array(IDZOREK["market_weights"])
    aversion = IDZOREK["market_premium"] / (market @ wrong @ market)
    reference = dict(zip(IDZOREK["assets"], market.tolist(), strict=True))
    world = Assumptions(IDZOREK["assets"], np.zeros(len(market)), wrong, 0.0, "with the error")
    views = stated(IDZOREK["assets"], IDZOREK["P"], IDZOREK["q"])
    found = posterior(equilibrium(world, reference, aversion), views, IDZOREK["tau"])
    w = found.decomposition(reference, aversion, "prior").sum(axis=1)
    assert np.abs(100 * w - IDZOREK["weights_percent"]).max() > IDZOREK["weights_tolerance_percent"]
