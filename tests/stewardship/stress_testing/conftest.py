"""The plan, its assumptions, its models and its paths, made once for the tests of this folder."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from portlib import data, plan
from portlib import policy as decisions
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement import model_portfolios as mp
from portlib.stewardship import stress_testing as sx

few = settings(max_examples=12)
POLICY = decisions.read()
DOF = POLICY["fat_tail_degrees_of_freedom"]
SEEDS = st.integers(0, 2**32 - 1)
AWKWARD = data.ROOT.parent / "tests" / "plans" / "awkward"


@pytest.fixture(scope="package")
def the_plan():
    return plan.read()


@pytest.fixture(scope="package")
def classes(the_plan):
    return plan_menu.class_assumptions(the_plan)


@pytest.fixture(scope="package")
def made(the_plan):
    return mp.suite(the_plan)


@pytest.fixture(scope="package")
def custom(the_plan):
    mix, _ = glidepaths.sleeves(the_plan)
    path = glidepaths.shaped(0.9, 25.0, 0.4, 10.0, fee=0.001)
    return path, path.of_classes(mix)


@pytest.fixture(scope="package")
def tested(the_plan, made):
    return sx.portfolios(the_plan, made)
