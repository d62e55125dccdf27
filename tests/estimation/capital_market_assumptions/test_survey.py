"""The survey is read as it is printed, and providers are counted once."""

import numpy as np
import pytest

from portlib import data
from portlib.estimation import capital_market_assumptions as cma


def test_survey_means_risks_and_correlations_are_those_printed(survey):
    printed = data.table("horizon_2025_assets").loc[list(cma.PLAN_CLASSES)]
    correlations = data.table("horizon_2025_correlations").loc[
        list(cma.PLAN_CLASSES), list(cma.PLAN_CLASSES)
    ]
    np.testing.assert_array_equal(survey.mu, printed["arithmetic_10y"])
    np.testing.assert_allclose(survey.volatility, printed["volatility"], rtol=1e-14)
    np.testing.assert_allclose(
        survey.sigma / np.outer(survey.volatility, survey.volatility), correlations, atol=1e-14
    )
    assert survey.rf == printed.loc["cash", "arithmetic_10y"]


def test_survey_horizon_is_the_policy_and_can_be_changed(survey):
    assert "10-year" in survey.source
    twenty = cma.survey_assumptions(20)
    assert (
        twenty.mu[0] == data.table("horizon_2025_assets").loc["us_large_equity", "arithmetic_20y"]
    )
    assert (twenty.sigma == survey.sigma).all()


def test_survey_order_is_that_of_the_classes_asked_for():
    pair = cma.survey_assumptions(10, classes=["cash", "em_equity"])
    whole = cma.survey_assumptions(10)
    assert pair.labels == ("cash", "em_equity")
    assert pair.sigma[0, 1] == pytest.approx(whole.sigma[3, 8])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"horizon_years": 7}, "10 and 20 years, not 7"),
        ({"classes": ["gold"]}, "no class gold"),
        ({"classes": ["inflation"]}, "no class inflation"),
        ({"classes": []}, "universe is empty"),
    ],
)
def test_survey_refuses_what_it_does_not_publish(arguments, says):
    with pytest.raises(ValueError, match=says):
        cma.survey_assumptions(**{"horizon_years": 10, **arguments})


def test_provider_views_are_comparable_and_counted_once():
    views = cma.provider_views(["us_large_equity"]).set_index("provider")["geometric"]
    assert views.index.is_unique
    assert views["Horizon survey"] == 0.0639  # exhibit 17
    assert views["Vanguard"] == pytest.approx((0.041 + 0.061) / 2)
    # real; another universe; a later edition; an average over firms
    assert not {"GMO", "BNY Investments", "Horizon Actuarial", "Trimmed mean of 12 firms"} & set(
        views.index
    )


def test_provider_dispersion_against_numpy_and_a_published_one():
    views = cma.provider_views(["us_large_equity"])["geometric"]
    spread = cma.provider_dispersion()
    assert spread.loc["us_large_equity", "sd"] == pytest.approx(np.std(views, ddof=1))
    # A published count of twelve firms found 1.14 points after trimming (October 2026).
    trimmed = np.sort(views)[1:-1].std(ddof=1)
    assert trimmed < 0.0114 < views.std(ddof=1)
    assert np.isnan(spread.loc["us_long_bonds", "sd"])  # two publish
    assert (spread["sd"].drop("us_long_bonds") > 0).all()
