"""Construction: from assumptions and a mandate to weights.

`optimise` is the one door for a plan's portfolios: the committee's policy says which engine stands behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portlib import data
from portlib.records import Allocation, Assumptions

if TYPE_CHECKING:
    from portlib.construction.mandate import Mandate

#: The engines that policy may choose among, by the names that it uses.
OPTIMIZERS = ("MARKOWITZ", "BLACK_LITTERMAN", "ERC")


def optimise(
    assumptions: Assumptions, mandate: Mandate | None = None, *, risk_aversion: float, optimizer: str | None = None
) -> Allocation:
    """The portfolio of the engine that the policy's ``optimizer`` names, or of another one for comparison.

    MARKOWITZ maximises utility under the assumptions; BLACK_LITTERMAN does so after weighing them, as views, against
    the reference portfolio; ERC spreads the risk equally and looks at neither means nor `risk_aversion`.

    Raises ValueError for an engine that is none of `OPTIMIZERS`; else as the engine does.
    """
    name = data.policy("optimizer") if optimizer is None else optimizer
    if name == "MARKOWITZ":
        from portlib.construction.mean_variance import maximum_utility

        return maximum_utility(assumptions, mandate, risk_aversion=risk_aversion)
    if name == "BLACK_LITTERMAN":
        from portlib.construction.black_litterman import black_litterman

        return black_litterman(assumptions, mandate, risk_aversion=risk_aversion)
    if name == "ERC":
        from portlib.construction.risk_parity import equal_risk_contributions

        return equal_risk_contributions(assumptions, mandate)
    raise ValueError(f"no optimizer {name!r}: data/policy.yml may say {', '.join(OPTIMIZERS)}")
