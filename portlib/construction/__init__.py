"""Construction: from assumptions and a mandate to weights.

`optimize` is the one door for a plan's portfolios; which engine stands behind it is the committee's decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portlib.records import Allocation, Assumptions

if TYPE_CHECKING:
    from portlib.construction.mandate import Mandate

#: The engines that policy may choose among, by the names that it uses.
OPTIMIZERS = ("MARKOWITZ", "BLACK_LITTERMAN", "ERC")


def optimize(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    optimizer: str,
    risk_aversion: float,
    **settings: Any,
) -> Allocation:
    """The portfolio of the engine named.

    MARKOWITZ maximises utility under the assumptions; BLACK_LITTERMAN does so after weighing views against a reference
    portfolio, which `settings` give (see `black_litterman.black_litterman`); ERC spreads the risk equally and looks at
    neither means nor `risk_aversion`. Settings that an engine has no use for are not looked at.

    Raises ValueError for an engine that is none of `OPTIMIZERS`; else as the engine does.
    """
    if optimizer == "MARKOWITZ":
        from portlib.construction.mean_variance import maximum_utility

        return maximum_utility(assumptions, mandate, risk_aversion=risk_aversion)
    if optimizer == "BLACK_LITTERMAN":
        from portlib.construction.black_litterman import black_litterman

        if not settings:
            raise ValueError(
                "BLACK_LITTERMAN needs reference, views, tau, shared and equilibrium_risk_aversion"
            )
        return black_litterman(assumptions, mandate, risk_aversion=risk_aversion, **settings)
    if optimizer == "ERC":
        from portlib.construction.risk_parity import equal_risk_contributions

        return equal_risk_contributions(assumptions, mandate)
    raise ValueError(f"no optimizer {optimizer!r}: there are {', '.join(OPTIMIZERS)}")
