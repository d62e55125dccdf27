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
    The best share of the first by hand, ``0.05 - 3 (0.04 w) = 0.08 - 3 (0.09 (1 - w))``; by risk
    alone, 1/0.2 to 1/0.3; and where two thirds of it is best at 2, ``0.05333 - 0.12 w = 0.06 -
    0.27 (1 - w)``. The average of twelve best portfolios; and errors of a fifth of the
    volatilities, half of which is taken off: as if of another risk aversion. All obey the
    mandate, and say what they lack.

    >>> import numpy as np
    >>> a = Assumptions(("a", "b"), [0.05, 0.08], np.diag([0.04, 0.09]), source="two apart")
    >>> def first(optimizer, risk_aversion=3.0, its=a, **settings):
    ...     found = optimize(its, optimizer=optimizer, risk_aversion=risk_aversion, **settings)
    ...     return round(float(found.w[0]), 9)
    >>> first("MARKOWITZ") == round(0.24 / 0.39, 9), first("ERC", seed=1)
    (True, 0.6)
    >>> weighed = {"reference": {"a": 2 / 3, "b": 1 / 3}, "views": (), "tau": 0.1, "shared": 0.0}
    >>> weighed |= {"equilibrium_risk_aversion": 2.0, "covariance": "prior"}
    >>> first("BLACK_LITTERMAN", **weighed) == round((0.16 / 3 - 0.06 + 0.27) / 0.39, 9)
    True
    >>> from portlib.construction.resampling import draws
    >>> redrawn = zip(*draws(a, 5, 12, np.random.default_rng(7)))
    >>> each = [first("MARKOWITZ", its=Assumptions(a.labels, *one)) for one in redrawn]
    >>> drawn = {"years": 5, "resamples": 12, "seed": 7}
    >>> bool(abs(first("RESAMPLED", **drawn) - np.mean(each)) < 1e-7)
    True
    >>> wary = {"errors": 0.04 * a.sigma, "kappa": 0.5}
    >>> w = first("ROBUST", **wary)
    >>> abs(w - first("MARKOWITZ", 3 + 0.1 / (0.04 * w**2 + 0.09 * (1 - w) ** 2) ** 0.5)) < 1e-7
    True
    >>> from portlib.construction.mandate import Mandate, fully_invested, position_limit
    >>> capped = Mandate(a.labels, [fully_invested(), position_limit(0.55)])
    >>> [first(name, mandate=capped, **weighed, **drawn, **wary) <= 0.55 for name in OPTIMIZERS]
    [True, True, True, True, True]
    >>> {engine.question[:5] + engine.question[-1] for engine in ENGINES.values()}
    {'What ?'}
    >>> for name in ("BLACK_LITTERMAN", "RESAMPLED", "ROBUST", "BEST"):
    ...     try:
    ...         first(name)
    ...     except ValueError as said:
    ...         print(str(said).partition(" beside")[0])
    BLACK_LITTERMAN needs reference, views, tau, shared, equilibrium_risk_aversion, covariance
    RESAMPLED needs years, resamples, seed
    ROBUST needs errors, kappa
    no optimizer 'BEST': there are MARKOWITZ, BLACK_LITTERMAN, ERC, RESAMPLED, ROBUST
    """
    if optimizer not in ENGINES:
        raise ValueError(f"no optimizer {optimizer!r}: there are {', '.join(OPTIMIZERS)}")
    engine = ENGINES[optimizer]
    if lost := [name for name in engine.needs if name not in settings]:
        raise ValueError(f"{optimizer} needs {', '.join(lost)} beside the risk aversion")
    used = {name: settings[name] for name in engine.needs}
    return engine.solve(assumptions, mandate, risk_aversion=risk_aversion, **used)
