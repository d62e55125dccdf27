"""The anchored method: its reference, its bands, and how far forecasts move it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlib.construction.anchored import (
    Bands,
    Reference,
    anchored,
    calibrate,
    forecast_errors,
    implied_price_of_risk,
    tracking_error,
)
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.construction.mean_variance import maximum_utility
from portlib.construction.views import ViewError
from portlib.estimation.capital_market_assumptions import PLAN_CLASSES, survey_assumptions
from portlib.estimation.market_portfolio import market_portfolio
from portlib.records import Assumptions

EQUITY = ("us_large_equity", "us_small_equity", "intl_dev_equity", "em_equity")
RECORD = {"equity": 0.055, "bonds": 0.011, "cash": 0.02}
SAID = {"author": "investment committee", "as_of": "2026-11-29"}


@pytest.fixture(scope="module")
def classes() -> Assumptions:
    return survey_assumptions(10, PLAN_CLASSES)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(market_portfolio().weights.to_dict(), EQUITY)


def made(classes: Assumptions, reference: Reference, **changes: object):
    errors = forecast_errors(classes, RECORD, equity=EQUITY)
    settings = {"reference": reference.weights, "errors": errors, "tau": 0.015, "shared": 0.5}
    return anchored(classes, **{**settings, **SAID, **changes})


# ---- the reference ----------------------------------------------------------------------------


def test_a_reference_is_a_portfolio_with_equity_and_something_else() -> None:
    for weights, says in (
        ({"us_large_equity": 60, "us_core_bonds": 40}, "0.40 for 40%"),
        ({"us_large_equity": 1.0}, "100% equity"),
        ({"us_core_bonds": 1.0}, "0% equity"),
        ({"us_large_equity": float("nan"), "us_core_bonds": 0.4}, "positive and sum to one"),
        ({"us_large_equity": 1.2, "us_core_bonds": -0.2}, "positive and sum to one"),
    ):
        with pytest.raises(ViewError, match=says):
            Reference(weights, EQUITY)


def test_at_its_own_equity_share_it_is_itself(reference: Reference) -> None:
    again = reference.at(reference.equity_share)
    pd.testing.assert_series_equal(
        again.sort_index(), pd.Series(reference.weights, name="reference").sort_index()
    )


def test_among_fewer_classes_each_part_keeps_its_share(reference: Reference) -> None:
    fewer = reference.among(["us_large_equity", "us_core_bonds", "us_tips"])
    assert fewer.equity_share == pytest.approx(reference.equity_share)
    assert sum(fewer.weights.values()) == pytest.approx(1)
    ratio = reference.weights["us_tips"] / reference.weights["us_core_bonds"]
    assert fewer.weights["us_tips"] / fewer.weights["us_core_bonds"] == pytest.approx(ratio)
    with pytest.raises(ViewError, match="nothing of the reference's equity"):
        reference.among(["us_core_bonds"])
    with pytest.raises(ViewError, match="nothing of the reference's rest"):
        reference.among(["us_large_equity"])


FUNDS = pd.DataFrame(
    {
        "us_large_equity": [1.0, 0.3, 0.0, 0.0],
        "intl_dev_equity": [0.0, 0.3, 0.0, 0.0],
        "us_core_bonds": [0.0, 0.4, 1.0, 0.0],
        "cash": [0.0, 0.0, 0.0, 1.0],
    },
    index=["large", "balanced", "bond", "money"],
)
weights = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(
    lambda x: pd.Series(np.array(x) / sum(x), FUNDS.index)
)


@given(weights)
def test_the_reference_of_things_is_linear(w: pd.Series) -> None:
    small = Reference(
        {"us_large_equity": 0.4, "intl_dev_equity": 0.2, "us_core_bonds": 0.4}, EQUITY
    )
    held = w @ FUNDS
    equity = held[["us_large_equity", "intl_dev_equity"]].sum()
    by_rows = w @ small.of_things(FUNDS)
    by_hand = small.at(equity).reindex(by_rows.index, fill_value=0.0)
    assert by_rows.to_numpy() == pytest.approx(by_hand.to_numpy(), abs=1e-12)


@given(weights)
def test_bands_say_what_they_mean(w: pd.Series) -> None:
    """Each limit, read through the mandate, against the band computed from the look-through mix."""
    small = Reference(
        {"us_large_equity": 0.4, "intl_dev_equity": 0.2, "us_core_bonds": 0.4}, EQUITY
    )
    bands = Bands(share=0.25, points=0.02, wider={"cash": 0.30})
    rules = bands.limits(small, FUNDS, "policy: reference_bands")
    held = w @ FUNDS
    around = small.at(held[["us_large_equity", "intl_dev_equity"]].sum()).reindex(held.index)
    room = {"cash": 0.30}
    for rule in rules:
        side, name = rule.name.split(" ", 1)
        centre = 0.0 if np.isnan(around[name]) else float(around[name])
        points = room.get(name, 0.02)
        value = float(sum(rule.coefficients[f] * w[f] for f in rule.coefficients))
        if side == "least":
            inside = held[name] >= 0.75 * centre - points - 1e-12
            assert inside == (value >= rule.lower - 1e-12)
        else:
            inside = held[name] <= 1.25 * centre + points + 1e-12
            assert inside == (value <= rule.upper + 1e-12)


def test_tracking_error_is_against_the_same_equity_share(classes: Assumptions) -> None:
    unit = pd.DataFrame(np.eye(len(classes)), list(classes.labels), list(classes.labels))
    reference = Reference(market_portfolio().weights.to_dict(), EQUITY)
    for share in (0.2, 0.6, 0.9):
        same = reference.at(share).reindex(list(classes.labels), fill_value=0.0)
        assert tracking_error(same, unit, reference, classes) == pytest.approx(0, abs=1e-9)
    away = same.copy()
    away["us_large_equity"] -= 0.1
    away["intl_dev_equity"] += 0.1
    d = np.zeros(len(classes))
    d[classes.labels.index("us_large_equity")] = -0.1
    d[classes.labels.index("intl_dev_equity")] = 0.1
    by_hand = (d @ classes.sigma @ d) ** 0.5
    assert tracking_error(away, unit, reference, classes) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="different things: nothing"):
        tracking_error(away.rename({"cash": "nothing"}), unit.drop("cash"), reference, classes)


# ---- the means --------------------------------------------------------------------------------


def test_without_forecasts_the_reference_is_best(classes, reference) -> None:
    """Forecasts so unsure that nothing moves: the optimum is the market portfolio itself."""
    unsure = pd.Series(1e3, list(classes.labels))
    found = made(classes, reference, errors=unsure)
    best = maximum_utility(
        found.assumptions,
        Mandate(classes.labels, [fully_invested(), long_only()]),
        risk_aversion=found.risk_aversion,
    )
    expected = pd.Series(reference.weights).reindex(list(classes.labels), fill_value=0.0)
    assert best.weights.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)


def test_sure_forecasts_are_followed_whole(classes, reference) -> None:
    sure = pd.Series(1e-7, list(classes.labels))
    found = made(classes, reference, errors=sure)
    assert found.assumptions.mu == pytest.approx(classes.mu, abs=1e-6)


def test_the_level_is_the_forecasters_the_differences_are_the_markets(classes, reference) -> None:
    """The reference earns at the anchor what forecasters expect of it."""
    found = made(classes, reference)
    w = pd.Series(reference.weights).reindex(list(classes.labels), fill_value=0.0).to_numpy()
    assert w @ found.table["implied"].to_numpy() == pytest.approx(w @ classes.mu, abs=1e-12)
    assert found.risk_aversion == pytest.approx(implied_price_of_risk(classes, reference.weights))


def test_the_means_by_another_route(classes, reference) -> None:
    """Theil's mixed estimation by stacked least squares, instead of the gain."""
    found = made(classes, reference)
    errors = forecast_errors(classes, RECORD, equity=EQUITY).to_numpy()
    own = 0.015 * classes.sigma
    rho = own / np.sqrt(np.outer(np.diag(own), np.diag(own)))
    alike = 0.5 * rho
    np.fill_diagonal(alike, 1.0)
    omega = alike * np.outer(errors, errors)
    roots = [np.linalg.inv(np.linalg.cholesky(v)) for v in (own, omega)]
    design = np.vstack(roots)
    told = np.concatenate([roots[0] @ found.table["implied"].to_numpy(), roots[1] @ classes.mu])
    mu = np.linalg.lstsq(design, told, rcond=None)[0]
    assert found.assumptions.mu == pytest.approx(mu, abs=1e-9)


def test_a_class_without_a_forecast_earns_what_its_risk_earns(classes, reference) -> None:
    """Whatever number stands in its place, it is not looked at."""
    found = made(classes, reference, without=["us_high_yield"])
    i = classes.labels.index("us_high_yield")
    mu = classes.mu.copy()
    mu[i] = 0.30
    other = made(classes.replace(mu=mu, source="x"), reference, without=["us_high_yield"])
    assert np.isnan(found.table.loc["us_high_yield", "forecast"])
    assert found.assumptions.mu == pytest.approx(other.assumptions.mu, abs=1e-12)


def test_half_a_point_on_one_mean_no_longer_turns_the_portfolio(classes, reference) -> None:
    """The finding that the anchor answers: unanchored, half a point on one mean is a tenth of the
    portfolio."""
    mandate = Mandate(classes.labels, [fully_invested(), long_only()])
    i = classes.labels.index("us_large_equity")
    bump = np.zeros(len(classes))
    bump[i] = 0.005

    def held(a: Assumptions) -> float:
        return float(maximum_utility(a, mandate, risk_aversion=3.0).w[i])

    raw = held(classes.replace(mu=classes.mu + bump, source="x")) - held(classes)
    tamed = held(made(classes.replace(mu=classes.mu + bump, source="x"), reference).assumptions)
    tamed -= held(made(classes, reference).assumptions)
    assert raw > 0.10
    assert 0 < tamed < raw / 2


def test_errors_are_the_larger_of_record_and_spread(classes: Assumptions) -> None:
    record = forecast_errors(classes, RECORD, equity=EQUITY)
    assert record["us_large_equity"] == RECORD["equity"]
    assert record["us_core_bonds"] == RECORD["bonds"]
    ratio = classes.volatility[classes.labels.index("em_equity")] / 0.1654
    assert record["em_equity"] == pytest.approx(RECORD["equity"] * ratio)
    spread = pd.Series({"us_core_bonds": 0.02, "us_large_equity": 0.01})
    both = forecast_errors(classes, RECORD, equity=EQUITY, spread=spread)
    assert both["us_core_bonds"] == 0.02
    assert both["us_large_equity"] == RECORD["equity"]
    assert both["us_tips"] == record["us_tips"]


def test_bad_input_is_named(classes, reference) -> None:
    errors = forecast_errors(classes, RECORD, equity=EQUITY)
    with pytest.raises(ViewError, match="no error of the forecast is given for us_tips"):
        made(classes, reference, errors=errors.drop("us_tips"))
    with pytest.raises(ViewError, match="em_equity"):
        made(classes, reference, errors=errors.where(errors.index != "em_equity"))
    low = classes.replace(mu=np.full(len(classes), classes.rf - 0.01), source="x")
    with pytest.raises(ValueError, match="no price of risk fits"):
        made(low, reference)


def test_calibration_by_simulation(classes, reference) -> None:
    """The price of risk's standard error is the spread of prices under redrawn forecasts."""
    errors = (
        forecast_errors(classes, RECORD, equity=EQUITY) / 5
    )  # small: the delta method is linear
    found = calibrate(classes, reference.weights, years=68, errors=errors)
    assert found.tau == pytest.approx(1 / 68)
    sd = errors.to_numpy()
    rho = classes.sigma / np.outer(classes.volatility, classes.volatility)
    noise = np.random.default_rng(7).multivariate_normal(
        np.zeros(len(sd)), rho * np.outer(sd, sd), size=4000
    )
    prices = [
        implied_price_of_risk(classes.replace(mu=classes.mu + e, source="x"), reference.weights)
        for e in noise
    ]
    assert np.std(prices, ddof=1) == pytest.approx(found.risk_aversion_error, rel=0.05)


def test_calibration_takes_riskless_cash_as_uncorrelated():
    a = Assumptions(("cash", "stocks"), [0.02, 0.07], np.diag([0.0, 0.04]), rf=0.02)
    found = calibrate(
        a, {"stocks": 0.8, "cash": 0.2}, years=40, errors=pd.Series({"stocks": 0.03, "cash": 0.01})
    )
    error = np.hypot(0.8 * 0.03, 0.2 * 0.01) / (0.64 * 0.04)
    assert found.risk_aversion_error == pytest.approx(error)
