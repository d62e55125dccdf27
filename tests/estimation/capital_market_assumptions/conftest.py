"""The survey, and a real history, for the tests of this folder."""

import pytest

from portlib import data
from portlib.estimation import capital_market_assumptions as cma


@pytest.fixture(scope="module")
def survey():
    return cma.survey_assumptions(10)


@pytest.fixture(scope="module")
def history():
    return data.history()
