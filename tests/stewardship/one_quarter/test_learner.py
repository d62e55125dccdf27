"""A learner's record is made on what was known then, and is right by a second arithmetic."""

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship.one_quarter import learner


@pytest.fixture(scope="module")
def months():
    rng = np.random.default_rng(7)
    index = pd.date_range("1990-01-31", periods=240, freq="ME")
    x = pd.DataFrame(rng.normal(size=(240, 2)), index, ["a", "b"])
    return x, (0.1 * x["a"] + rng.normal(0, 0.05, 240)).rename("next year")


def test_without_penalty_it_is_least_squares(months):
    x, y = months
    ours = learner.taught(x.to_numpy(), y.to_numpy(), 0.0)
    theirs = np.linalg.lstsq(np.column_stack([np.ones(240), x]), y, rcond=None)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_large_penalty_says_the_mean(months):
    x, y = months
    b = learner.taught(x.to_numpy(), y.to_numpy(), 1e12)
    assert b[0] + x.to_numpy()[3] @ b[1:] == pytest.approx(y.mean(), abs=1e-9)


def test_each_forecast_is_taught_on_years_that_are_over(months):
    x, y = months
    made = learner.record(x, y, penalty=0.5)
    t = 180
    known = slice(0, t - 11)
    b = learner.taught(x.to_numpy()[known], y.to_numpy()[known], 0.5)
    assert made.table["said"].iloc[t - 131] == pytest.approx(b[0] + x.to_numpy()[t] @ b[1:])
    assert made.table["mean so far"].iloc[t - 131] == pytest.approx(y.iloc[known].mean())
    later = y.copy()
    later.iloc[t - 11 :] = 9.0
    assert learner.record(x, later, penalty=0.5).table["said"].iloc[t - 131] == pytest.approx(
        made.table["said"].iloc[t - 131]
    )


def test_what_can_be_learned_is_and_the_view_is_as_unsure_as_the_errors(months):
    x, y = months
    made = learner.record(x, y, penalty=0.0)
    error = made.table["came"] - made.table["said"]
    assert made.r2 > 0.5
    assert made.lead.value > 2 * made.lead.standard_error
    view = made.view("m", "us_large_equity", "us_core_bonds", author="desk", as_of="2026-06-30")
    assert view.variance == pytest.approx(float((error**2).mean()))
    assert made.fingerprint[:16] in view.reason


def test_what_cannot_be_taught_is_refused(months):
    x, y = months
    with pytest.raises(ValueError, match="other months"):
        learner.record(x, y.iloc[1:], penalty=1.0)
    with pytest.raises(ValueError, match="penalty"):
        learner.record(x, y, penalty=-1.0)
    with pytest.raises(ValueError, match="too few"):
        learner.record(x.iloc[:130], y.iloc[:130], penalty=1.0)
    with pytest.raises(ValueError, match="never changes"):
        learner.taught(np.ones((5, 1)), np.arange(5.0), 0.0)


def test_known_pairs_each_month_with_the_year_after():
    from portlib import history

    x, y = learner.known(history.open_record(), "tsp_c", "tsp_f")
    months = history.open_record().months("tsp_c", "tsp_f")
    at = pd.Timestamp("2007-12-31")
    year = months.loc["2008-01":"2008-12"]
    grown = (1 + year).prod() - 1
    assert y.loc[at] == pytest.approx(grown["tsp_c"] - grown["tsp_f"])
    assert y.iloc[-12:].isna().all()
    assert x.loc["2008-12-31", "last year"] == pytest.approx(y.loc[at])
