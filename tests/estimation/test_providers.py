"""Published figures agree with each other, and listed real estate is a class of its own."""

import numpy as np
import pytest

from portlib import data
from portlib.estimation import providers
from portlib.estimation.capital_market_assumptions import PLAN_CLASSES, survey_assumptions


def test_no_figure_is_marked_low_and_two_means_differ_by_half_the_variance():
    table = data.table("provider_assumptions_2026")
    assert set(table.confidence) == {"high", "medium"}
    assert table[["geometric", "arithmetic", "real"]].notna().any(axis=1).all()
    both = table.dropna(subset=["geometric", "arithmetic", "volatility"])
    assert set(both.provider) == {"Horizon Actuarial", "Invesco"}
    apart = both.arithmetic - both.geometric
    assert (apart - both.volatility**2 / 2).abs().max() < 0.0015


def test_the_views_of_a_class_are_nominal_and_one_a_provider():
    views = providers.published_2026(["us_large_equity", "cash"])
    assert views.groupby(["asset", "provider"]).size().max() == 1
    assert "GMO" not in set(views.provider)  # real only
    assert views.groupby("asset").size().to_dict() == {"cash": 6, "us_large_equity": 8}
    # the survey's average of 2026 lies within the range of the providers
    large = views[views.asset == "us_large_equity"].set_index("provider").geometric
    assert large.min() < large["Horizon Actuarial"] < large.max()


def test_listed_and_private_real_estate_are_two_classes():
    survey = survey_assumptions(10, [*PLAN_CLASSES, "real_estate", "commodities"])
    listed = providers.with_listed_real_estate(survey)
    assert np.linalg.eigvalsh(listed.sigma).min() > 0
    correlation = listed.sigma / np.outer(listed.volatility, listed.volatility)
    trusts, private, stocks = (
        listed.labels.index(name) for name in ("us_reits", "real_estate", "us_large_equity")
    )
    # listed trusts move with stocks far more than appraised property does
    assert correlation[trusts, stocks] > correlation[private, stocks] + 0.2
    assert (listed.sigma[:-1, :-1] == survey.sigma).all() and (listed.mu[:-1] == survey.mu).all()
    # J.P. Morgan 8.8%, Charles Schwab 6.4%, volatility 17.4%
    assert listed.mu[-1] == pytest.approx((0.088 + 0.064) / 2 + 0.174**2 / 2)
    assert listed.volatility[-1] == pytest.approx(0.174)


def test_a_class_without_a_correlation_is_seen_through_the_others():
    """Given the others it and listed real estate know nothing of each other (Dempster 1972)."""
    survey = survey_assumptions(10, [*PLAN_CLASSES, "infrastructure"])
    told = providers.with_listed_real_estate(survey)
    assert np.linalg.eigvalsh(told.sigma).min() > 0
    one, other = told.labels.index("infrastructure"), told.labels.index("us_reits")
    inverse = np.linalg.inv(told.sigma)
    assert abs(inverse[one, other]) < 1e-9 * np.sqrt(inverse[one, one] * inverse[other, other])
    without = providers.with_listed_real_estate(survey_assumptions(10))
    at = [told.labels.index(name) for name in without.labels]
    np.testing.assert_array_equal(told.sigma[np.ix_(at, at)], without.sigma)
    assert "with infrastructure through the others" in told.source


def test_nothing_to_see_listed_real_estate_through_is_refused():
    with pytest.raises(
        ValueError, match="no correlation of us_reits with hedge_funds; known: us_large_equity"
    ):
        providers.with_listed_real_estate(survey_assumptions(10, ["hedge_funds"]))
    with pytest.raises(ValueError, match="us_reits is among the classes already"):
        providers.with_listed_real_estate(providers.with_listed_real_estate(survey_assumptions(10)))
