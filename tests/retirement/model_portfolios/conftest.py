"""A plan, its models and the desk that advises on them, shared by the tests of this folder."""

from dataclasses import replace

import numpy as np
import pytest

from portlib import plan
from portlib.retirement import model_portfolios as mp
from portlib.retirement.model_portfolios import capacity


@pytest.fixture(scope="session")
def the_plan():
    return plan.read()


@pytest.fixture(scope="session")
def made(the_plan):
    return mp.suite(the_plan)


@pytest.fixture(scope="session")
def desk(the_plan, made):
    return capacity.adviser(the_plan, made, np.random.default_rng(7))


@pytest.fixture(scope="session")
def fine(the_plan):
    """The plan without counting funds or whole percents, whose models one solver call makes."""
    return replace(
        the_plan, rules={**the_plan.rules, "models": {"most_funds": 99, "whole_percent": False}}
    )
