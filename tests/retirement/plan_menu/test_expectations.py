"""What the plan's method expects of classes, its bands, and how far a portfolio departs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib import plan, policy
from portlib.construction.anchored import implied_price_of_risk
from portlib.inputs import OwnAssumptions
from portlib.retirement import plan_menu
from portlib.retirement.plan_menu import expectations
from tests.retirement.plan_menu.cases import EXAMPLE


def under(optimizer: str) -> plan.Plan:
    """The example plan under another engine."""
    return replace(EXAMPLE, policy=policy.read().replace(optimizer=optimizer))


def test_only_the_anchor_moves_the_forecasts() -> None:
    told = expectations.forecasts(EXAMPLE)
    for engine in ("MARKOWITZ", "ERC", "RESAMPLED", "ROBUST"):
        assert np.array_equal(expectations.class_assumptions(under(engine)).mu, told.mu)
    anchored = expectations.class_assumptions(EXAMPLE)
    assert np.abs(anchored.mu - told.mu).max() > 0.003
    assert anchored.sigma == pytest.approx(told.sigma)


def test_the_level_is_the_forecasters() -> None:
    """The reference is expected to earn at the anchor what forecasters say it earns, before their
    differences among classes are heard."""
    told, made = expectations.forecasts(EXAMPLE), None
    made = expectations.anchor(EXAMPLE, told)
    covered = told.select([name for name in told.labels if name != "us_reits"])
    weights = expectations.reference(EXAMPLE).weights
    w = np.array([weights.get(name, 0.0) for name in covered.labels])
    implied = made.table.loc[list(covered.labels), "implied"].to_numpy()
    assert w @ implied == pytest.approx(w @ covered.mu, abs=1e-9)
    assert made.risk_aversion == pytest.approx(implied_price_of_risk(covered, weights))


def test_errors_pass_through_the_anchor_as_differences_show() -> None:
    """Drawn forecasts, anchored one by one: their spread is the covariance that is claimed."""
    told = expectations.forecasts(EXAMPLE)
    claimed = expectations.mean_errors(EXAMPLE, expectations.class_assumptions(EXAMPLE))
    from portlib.construction.robustness import provider_errors

    noise = np.random.default_rng(4).multivariate_normal(
        np.zeros(len(told)), provider_errors(told), size=400, method="eigh"
    )
    drawn = np.array(
        [
            expectations.class_assumptions(
                EXAMPLE, told=told.replace(mu=told.mu + e, source="drawn")
            ).mu
            for e in noise
        ]
    )
    assert drawn.std(axis=0, ddof=1) == pytest.approx(np.sqrt(np.diag(claimed)), rel=0.15)


def test_the_reference_itself_departs_nowhere_and_a_tilt_by_hand() -> None:
    opened = plan_menu.each_vintage(EXAMPLE)
    classes = expectations.class_assumptions(EXAMPLE)
    mandate = plan_menu.menu_mandate(EXAMPLE, "growth", classes)
    pure = {
        "us_large_equity": "LCIDX",
        "intl_dev_equity": "INTIDX",
        "us_core_bonds": "BNDIDX",
    }
    w = pd.Series(0.0, list(mandate.labels))
    for name, share in {
        "us_large_equity": 0.4,
        "intl_dev_equity": 0.2,
        "us_core_bonds": 0.4,
    }.items():
        w[pure[name]] = share
    mix = w @ opened.exposures.loc[list(w.index)]
    same = expectations.reference(EXAMPLE).at(0.6)
    d = mix.sub(same, fill_value=0.0).reindex(list(classes.labels), fill_value=0.0).to_numpy()
    by_hand = float(d @ classes.sigma @ d) ** 0.5
    assert expectations.departure(EXAMPLE, w, classes) == pytest.approx(by_hand, rel=1e-9)
    assert by_hand > 0.005


def test_a_menu_without_equity_has_no_bands() -> None:
    bonds = (
        EXAMPLE.offering(["BNDIDX", "TIPSIX", "GOVMM"])
        if EXAMPLE.rules["default"] is None
        else None
    )
    exposures = EXAMPLE.exposures.loc[["BNDIDX", "TIPSIX", "GOVMM"]]
    names = list(exposures.index), list(exposures.columns)
    assert expectations.bands(EXAMPLE, *names, exposures.to_numpy(float)) == []
    assert bonds is None or expectations.departure(bonds, pd.Series(dtype=float), None) == 0.0


def test_own_assumptions_that_no_file_brought_are_not_taken_for_others() -> None:
    """What was expected once is kept under a name, in which these have to be."""
    told = expectations.forecasts(EXAMPLE)
    names = list(told.labels)
    table = pd.DataFrame({"arithmetic": told.mu, "volatility": told.volatility}, names)
    table = table.assign(source="the house", date=pd.Timestamp("2026-06-30"))
    expected = []
    for more in (0.0, 0.01):
        moved = table.assign(arithmetic=table["arithmetic"] + more)
        own = OwnAssumptions(moved, pd.DataFrame(np.eye(len(names)), names, names), "cash")
        brought = replace(EXAMPLE, inputs=replace(EXAMPLE.inputs, assumptions=own))
        brought = replace(brought, policy=policy.read().replace(optimizer="MARKOWITZ"))
        expected.append(expectations.class_assumptions(brought))
    assert expected[1].mu == pytest.approx(expected[0].mu + 0.01)
