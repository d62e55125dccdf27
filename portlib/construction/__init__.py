"""Construction: from assumptions and a mandate to weights.

`optimize` is the one door for a plan's portfolios. `ENGINES` is the registry behind it: what each
engine asks, what it must be told beside the risk aversion, and the function that answers. Which one
is used is the committee's decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from portlib.ranges import door
from portlib.records import Allocation, Assumptions

if TYPE_CHECKING:
    from portlib.construction.mandate import Mandate


class Engine(NamedTuple):
    """An engine of the registry: its question, the settings it needs, and who answers."""

    question: str
    needs: tuple[str, ...]
    solve: Callable[..., Allocation]


def _markowitz(a: Assumptions, m: Mandate | None, *, risk_aversion: float) -> Allocation:
    from portlib.construction.mean_variance import maximum_utility

    return maximum_utility(a, m, risk_aversion=risk_aversion)


def _black_litterman(a: Assumptions, m: Mandate | None, **settings: Any) -> Allocation:
    from portlib.construction.black_litterman import black_litterman

    return black_litterman(a, m, **settings)


def _erc(a: Assumptions, m: Mandate | None, *, risk_aversion: float) -> Allocation:
    from portlib.construction.risk_parity import equal_risk_contributions

    return equal_risk_contributions(a, m)


def _resampled(a: Assumptions, m: Mandate | None, *, seed: int, **settings: Any) -> Allocation:
    from numpy.random import default_rng

    from portlib.construction.resampling import resampled_utility

    return resampled_utility(a, m, rng=default_rng(seed), **settings)


def _robust(a: Assumptions, m: Mandate | None, **settings: Any) -> Allocation:
    from portlib.construction.robustness import ellipsoidal

    return ellipsoidal(a, m, **settings)


#: The engines that policy may choose among, by the names that it uses.
ENGINES: dict[str, Engine] = {
    "MARKOWITZ": Engine("What is best under the assumptions as they are?", (), _markowitz),
    "BLACK_LITTERMAN": Engine(
        "What is best when the assumptions are weighed against a reference portfolio?",
        ("reference", "views", "tau", "shared", "equilibrium_risk_aversion", "covariance"),
        _black_litterman,
    ),
    "ERC": Engine("What spreads the risk equally, whatever is expected?", (), _erc),
    "RESAMPLED": Engine(
        "What is best on average over inputs that a history as long could have shown instead?",
        ("years", "resamples", "seed"),
        _resampled,
    ),
    "ROBUST": Engine(
        "What is best when expected returns are marked down by their errors?",
        ("errors", "kappa"),
        _robust,
    ),
}
OPTIMIZERS = tuple(ENGINES)


@door()
def optimize(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    optimizer: str,
    risk_aversion: float,
    **settings: Any,
) -> Allocation:
    """The portfolio of the engine named; settings that it has no use for are not looked at.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    optimizer : str
        One of `OPTIMIZERS`.
    risk_aversion : float
        A; an engine that looks at risk alone does not use it.
    **settings
        What the engine `needs` besides (`ENGINES`).

    Returns
    -------
    Allocation

    Raises
    ------
    ValueError
        For an engine that is none of `OPTIMIZERS`, or one that is not told what it needs; else as
        the engine does.

    Examples
    --------
    >>> import numpy as np
    >>> alike = Assumptions(("a", "b"), np.full(2, 0.05), np.diag([0.04, 0.04]), source="two alike")
    >>> [float(w) for w in optimize(alike, optimizer="ERC", risk_aversion=4.0).w.round(9)]
    [0.5, 0.5]
    """
    if optimizer not in ENGINES:
        raise ValueError(f"no optimizer {optimizer!r}: there are {', '.join(OPTIMIZERS)}")
    engine = ENGINES[optimizer]
    if lost := [name for name in engine.needs if name not in settings]:
        raise ValueError(f"{optimizer} needs {', '.join(lost)} beside the risk aversion")
    used = {name: settings[name] for name in engine.needs}
    return engine.solve(assumptions, mandate, risk_aversion=risk_aversion, **used)
