"""Plans and problems that the tests of the plan menu share."""

from dataclasses import replace

import numpy as np
import pytest

from portlib import data, policy
from portlib import plan as plans
from portlib.records import Assumptions

OURS = policy.read()
AWKWARD = plans.read(data.ROOT.parent / "tests" / "plans" / "awkward")
EXAMPLE = plans.read(data.ROOT / "plan")
BOTH = [pytest.param(EXAMPLE, id="example"), pytest.param(AWKWARD, id="awkward")]


def with_rules(plan, **rules):
    return replace(plan, rules={**plan.rules, **rules})


def random_assumptions(rng, n):
    loads = rng.normal(size=(n, 4)) * 0.08
    return Assumptions(
        [f"f{i}" for i in range(n)],
        rng.uniform(0.02, 0.10, n),
        loads @ loads.T + np.diag(rng.uniform(0.02, 0.1, n) ** 2),
        0.02,
        "drawn",
    )
