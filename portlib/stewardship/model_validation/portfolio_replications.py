"""Does portlib give the portfolios and estimates that others printed, to the last digit that they
printed?

A published case is a mapping of facts: inputs, printed results, citation, and by how much a result
may differ. A runner recomputes it through the public functions of the package and returns what it
`Compared`::

    difference in digits = max |ours - printed| / (one unit of the last digit printed)

Half a unit is rounding. Cases of retirement and stewardship, and which file is run by which runner:
`replications`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from portlib.construction import black_litterman as bl
from portlib.construction import mean_variance as mv
from portlib.construction import risk_parity, tail_risk
from portlib.construction.mandate import Bounds, Mandate, fully_invested, group_limit
from portlib.construction.views import View
from portlib.estimation import shrinkage
from portlib.estimation.capital_market_assumptions import portfolio_geometric
from portlib.records import Array, Assumptions

Case = Mapping[str, Any]
#: Half a unit of the last digit, and room for the rounding of doubles.
ROUNDED = 0.5 + 1e-6


class Compared(NamedTuple):
    """One printed quantity beside ours.

    Parameters
    ----------
    quantity : str
        What it is, in words.
    ours, printed : array
        Of one shape.
    digit : float
        One unit of the last digit printed.
    allowed : float
        The largest difference that is justified.

    Examples
    --------
    >>> row = Compared("weights", np.array([0.251, 0.749]), np.array([0.25, 0.75]), 0.01, 0.02)
    >>> round(row.digits, 9), row.verdict
    (0.1, 'to the digit')
    >>> [
    ...     row._replace(ours=np.array([0.25 + off, 0.75])).verdict
    ...     for off in (0.005, 0.006, 0.02, 0.021)
    ... ]
    ['to the digit', 'within its notes', 'within its notes', 'differs']
    >>> row._replace(ours=np.array([np.nan, 0.75])).digits
    inf
    """

    quantity: str
    ours: Array
    printed: Array
    digit: float
    allowed: float

    @property
    def digits(self) -> float:
        """The largest difference, in units of the last printed digit; infinite where ours is not a
        number."""
        apart = float(np.max(np.abs(self.ours - self.printed)))
        return apart / self.digit if np.isfinite(apart) else float("inf")

    @property
    def verdict(self) -> str:
        """``to the digit``, ``within its notes`` (what the case's tolerance justifies) or
        ``differs``."""
        if self.digits <= ROUNDED:
            return "to the digit"
        return "within its notes" if self.digits <= self.allowed / self.digit + 1e-6 else "differs"


def compared(
    quantity: str, ours: ArrayLike, printed: ArrayLike, digit: float, allowed: float = 0.0
) -> Compared:
    """A printed quantity beside ours.

    Parameters
    ----------
    quantity : str
        What it is, in words.
    ours, printed : array
        Of one shape.
    digit : float
        One unit of the last digit printed, half of which is always allowed.
    allowed : float
        What the case's notes justify beyond that, in the quantity's own unit.

    Returns
    -------
    Compared

    Raises
    ------
    ValueError
        Where the source prints another shape.

    Examples
    --------
    >>> compared("mean", 0.12344, 0.1234, 1e-4).verdict
    'to the digit'
    >>> compared("mean", 0.1236, 0.1234, 1e-4).verdict
    'differs'

    >>> # half a digit is always allowed, also where the notes justify less
    >>> [compared("mean", 0.1, 0.1, 1e-2, notes).allowed for notes in (0.0, 0.004, 0.006, 0.03)]
    [0.005, 0.005, 0.006, 0.03]
    >>> try:
    ...     compared("mean", [[0.1], [0.2]], [0.1, 0.2], 1e-2)  # as many, laid out otherwise
    ... except ValueError as error:
    ...     print(error)
    mean: we have shape (2, 1), the source prints (2,)
    >>> compared("mean", [0.1, 0.2], [0.1], 1e-2)
    Traceback (most recent call last):
    ...
    ValueError: mean: we have shape (2,), the source prints (1,)
    """
    a = np.asarray(ours, float)
    b = np.asarray(printed, float)
    if a.shape != b.shape:
        raise ValueError(f"{quantity}: we have shape {a.shape}, the source prints {b.shape}")
    return Compared(quantity, a, b, digit, max(allowed, digit / 2))


def _view(case: Case, rf: float = 0.0) -> Assumptions:
    labels = [f"asset {i + 1}" for i in range(len(case["mean"]))]
    return Assumptions(labels, case["mean"], case["cov"], rf, case["citation"])


def _risky(volatility: ArrayLike, correlation: ArrayLike, source: str) -> Assumptions:
    sd = np.asarray(volatility, float)
    return Assumptions(
        [f"asset {i + 1}" for i in range(len(sd))],
        np.zeros(len(sd)),
        np.outer(sd, sd) * correlation,
        0.0,
        source,
    )


# ---- estimation ----------------------------------------------------------------------------------


def published_arithmetic(geometric: ArrayLike, volatility: ArrayLike, n: int) -> Array:
    """Arithmetic from geometric means as the public note has it, with the variance over the wrong
    mean squared.

    Parameters
    ----------
    geometric, volatility : array
        Annual decimals.
    n : int
        Years.

    Returns
    -------
    array

    Examples
    --------
    >>> g, s = 0.06, 0.18
    >>> right = 1.06 * (1 + (s / 1.06) ** 2) ** (29 / 60) - 1
    >>> bool(np.isclose(published_arithmetic(g, s, 30), right, rtol=1e-12))
    True
    """
    g = np.asarray(geometric, float)
    s = np.asarray(volatility, float)
    return (1 + g) / (1 + s**2 / (1 + g) ** 2) ** ((1 - n) / (2 * n)) - 1


def geometric(case: Case) -> list[Compared]:
    """Arithmetic means from geometric ones, and what a portfolio of them earns.

    Examples
    --------
    note on multi-period returns: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in geometric(read("geometric_arithmetic_portfolio_return_30y")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    arithmetic means, by the published formula, 8 to 0.0001: to the digit
    portfolio, rounded, 3 to 0.0001: to the digit
    portfolio means, 2 to 1e-08: to the digit
    """
    given = case["inputs"]
    out = case["outputs"]
    g, s, w = (np.array(given[name]) for name in ("geom", "vol", "weights"))
    mean = published_arithmetic(g, s, given["horizon"])
    view = _risky(s, given["corr"], case["citation"]).replace(
        mu=mean, source="the published formula"
    )
    return [
        compared("arithmetic means, by the published formula", mean, out["arith"], 1e-4),
        compared(
            "portfolio, rounded",
            [view.risk_of(w), w @ s, w @ g],
            [out[k] for k in ("port_vol", "avg_vol", "wavg_geom")],
            1e-4,
        ),
        compared(
            "portfolio means",
            [view.mean_of(w), portfolio_geometric(view, w, given["horizon"])],
            [out["port_arith"], out["port_geom"]],
            1e-8,
        ),
    ]


def shrunk(case: Case) -> list[Compared]:
    """Shrunk covariances and their intensities, by the authors' own code.

    Examples
    --------
    Ledoit and Wolf's code, four papers: each quantity, how many values of it were printed, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in shrunk(read("ledoit_wolf_reference_data_A")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    covariance, ledoit wolf identity, 36 to 1e-12: to the digit
    intensity, ledoit wolf identity, 1 to 1e-09: to the digit
    covariance, ledoit wolf diagonal, 36 to 1e-12: to the digit
    intensity, ledoit wolf diagonal, 1 to 1e-09: to the digit
    covariance, ledoit wolf constant correlation, 36 to 1e-12: to the digit
    intensity, ledoit wolf constant correlation, 1 to 1e-09: to the digit
    covariance, ledoit wolf single index, 36 to 1e-12: to the digit
    intensity, ledoit wolf single index, 1 to 1e-09: to the digit
    covariance, quadratic inverse, 36 to 1e-12: to the digit
    covariance, oas, 36 to 1e-12: to the digit
    intensity, oas, 1 to 1e-09: to the digit
    """
    x = np.array(case["returns"])
    rows = []
    for method, printed in case["expected"].items():
        ours = shrinkage.METHODS[method](x)
        name = method.replace("_", " ")
        rows.append(
            compared(f"covariance, {name}", ours.sigma, printed["cov"], case["tolerance"]["cov"])
        )
        if "shrinkage" in printed:
            rows.append(
                compared(
                    f"intensity, {name}",
                    ours.intensity or np.nan,
                    printed["shrinkage"],
                    case["tolerance"]["shrinkage"],
                )
            )
    return rows


def higham(case: Case) -> list[Compared]:
    """The nearest correlation matrix to one that is none, and how far it is.

    Examples
    --------
    Higham (2002): each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in higham(read("higham_2002_3x3")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    nearest matrix, 9 to 1e-08: to the digit
    distance, 1 to 0.0001: to the digit
    """
    a = np.array(case["matrix"], float)
    x = shrinkage.nearest_correlation(a)
    return [
        compared("nearest matrix", x, case["nearest"], 1e-8),
        compared("distance", float(np.linalg.norm(x - a)), case["distance"], 1e-4),
    ]


def nearest_by_newton(case: Case) -> list[Compared]:
    """A nearest correlation matrix that another library found by Newton's method.

    Examples
    --------
    NAG, G02AA: each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in nearest_by_newton(read("nag_nearest_correlation")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    nearest matrix, 16 to 1e-08: to the digit
    distance, 1 to 0.001: to the digit
    """
    a = np.array(case["matrix"], float)
    x = shrinkage.nearest_correlation(a)
    return [
        compared("nearest matrix", x, case["nearest"], case["tolerance"]),
        compared("distance", float(np.linalg.norm(x - a)), case["distance"], 1e-3),
    ]


# ---- construction --------------------------------------------------------------------------------


def turning_points(case: Case) -> list[Compared]:
    """The turning points of a frontier by the critical line, and two portfolios on it.

    Examples
    --------
    Bailey and López de Prado (2013): each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in turning_points(read("bailey_lopezdeprado_2013_cla")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    turning points, 130 to 0.001: to the digit
    maximum Sharpe ratio, 12 to 0.0001: to the digit
    minimum variance, 11 to 0.0001: to the digit
    """
    traced = mv.frontier(_view(case))
    best = traced.maximum_sharpe()
    sharpe = case["maximum_sharpe"]
    least = traced.minimum_risk()
    variance = case["minimum_variance"]
    corners = np.column_stack([traced.means, traced.risks, traced.trade_offs, traced.corners])
    return [
        compared("turning points", corners, case["turning_points"], 1e-3),
        compared(
            "maximum Sharpe ratio",
            [*best.w, best.risk, best.sharpe or np.nan],
            [*sharpe["w"], sharpe["risk"], sharpe["sharpe"]],
            1e-4,
        ),
        compared(
            "minimum variance", [*least.w, least.risk], [*variance["w"], variance["risk"]], 1e-4
        ),
    ]


def two_assets(case: Case) -> list[Compared]:
    """Two risky assets: tangency, least risk, and the share held of them.

    Examples
    --------
    Bodie, Kane and Marcus: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in two_assets(read("bodie_kane_marcus_two_risky_assets")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights, 4 to 0.01: to the digit
    tangency mean and risk, 2 to 0.001: to the digit
    least risk, 1 to 0.0001: to the digit
    Sharpe ratio, 1 to 0.01: to the digit
    risky share, 1 to 0.0001: within its notes
    """
    mu = np.array(case["mean"])
    sd = np.array(case["sd"])
    rf = case["rf"]
    sigma = np.outer(sd, sd) * np.array([[1, case["rho"]], [case["rho"], 1]])
    view = Assumptions(["debt", "equity"], mu, sigma, rf, case["citation"])
    w = mv.frontier(view).maximum_sharpe().w
    least = mv.frontier(view).minimum_risk().w
    share = mv.closed_form_risky_shares(mu, sigma, rf, case["risk_aversion"]).sum()
    return [
        compared("weights", [w, least], [case["tangency"], case["minimum_variance"]], 1e-2),
        compared(
            "tangency mean and risk",
            [view.mean_of(w), view.risk_of(w)],
            [case["tangency_mean"], case["tangency_sd"]],
            1e-3,
        ),
        compared("least risk", view.risk_of(least), case["minimum_variance_sd"], 1e-4),
        compared("Sharpe ratio", view.sharpe_of(w), case["tangency_sharpe"], 1e-2),
        compared("risky share", share, case["risky_share"], 1e-4, case["risky_share_tolerance"]),
    ]


def library_problem(case: Case) -> Assumptions:
    """Means and covariance of a test problem, filed in its `unit` with the correlations by rows of
    the upper triangle.

    Examples
    --------
    >>> told = {"unit": 0.001, "sd": [100, 200, 300], "upper": [[500, -250], [125]], "url": "here"}
    >>> problem = library_problem({**told, "mean": [7, 5, 6]})
    >>> problem.sigma.round(9).tolist()  # 0.1 * 0.2 * 0.5, 0.1 * 0.3 * -0.25, 0.2 * 0.3 * 0.125
    [[0.01, 0.01, -0.0075], [0.01, 0.04, 0.0075], [-0.0075, 0.0075, 0.09]]
    >>> problem.mu.round(9).tolist(), problem.rf
    ([0.007, 0.005, 0.006], 0.0)
    """
    unit = case.get("unit", 1.0)
    sd = unit * np.array(case["sd"])
    correlation = np.eye(len(sd))
    above = np.triu_indices(len(sd), 1)
    correlation[above] = unit * np.concatenate([np.array(row, float) for row in case["upper"]])
    correlation.T[above] = correlation[above]
    return _risky(sd, correlation, case["url"]).replace(
        mu=unit * np.array(case["mean"]), source=case["url"]
    )


def library_frontier(case: Case) -> list[Compared]:
    """Variance at each printed return of a frontier that a library of test problems has.

    Examples
    --------
    OR-Library, port1: each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in library_frontier(read("orlib_port1")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    variance at each return, 102 to 1e-10: within its notes
    highest return, 1 to 1e-10: to the digit
    return of the least risk, 1 to 1e-10: within its notes

    Three larger problems of the library, of 85, 89 and 98 shares:

    >>> for name in ("orlib_port2", "orlib_port3", "orlib_port4"):
    ...     rows = library_frontier(read(name))
    ...     print([(row.printed.size, row.verdict) for row in rows])
    [(101, 'within its notes'), (1, 'to the digit'), (1, 'within its notes')]
    [(101, 'within its notes'), (1, 'to the digit'), (1, 'within its notes')]
    [(101, 'within its notes'), (1, 'to the digit'), (1, 'within its notes')]
    """
    view = library_problem(case)
    traced = mv.frontier(view)
    printed = case["return"]
    ours = [traced.target_return(r).risk ** 2 for r in printed]
    return [
        compared("variance at each return", ours, case["variance"], 1e-10, case["tolerance"]),
        compared("highest return", traced.means[0], printed[0], 1e-10),
        compared(
            "return of the least risk",
            traced.means[-1],
            printed[-1],
            1e-10,
            case["return_tolerance"],
        ),
    ]


def frontcon(case: Case) -> list[Compared]:
    """Points of a frontier, and the split between risky assets and borrowing.

    Examples
    --------
    MathWorks, allocation of capital: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in frontcon(read("mathworks_frontcon_portalloc")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    risks of the frontier, 10 to 0.0001: to the digit
    its first and last return, 2 to 0.0001: to the digit
    weights of the allocation, 3 to 0.0001: within its notes
    risks and returns of the allocation, 4 to 0.0001: within its notes
    """
    view = _view(case, case["borrowing_rate"])
    told = case["allocation"]
    curve = mv.frontier(view).curve(case["points"]).iloc[::-1]
    best = mv.frontier(view).maximum_sharpe()
    y = (best.mean - view.rf) / (case["risk_aversion"] * best.risk**2)
    ends = curve["mean"].to_numpy()[[0, -1]]
    return [
        compared("risks of the frontier", curve["risk"], case["frontier_risk"], 1e-4),
        compared("its first and last return", ends, case["frontier_first_and_last_return"], 1e-4),
        compared(
            "weights of the allocation",
            best.w,
            told["risky_weights"],
            1e-4,
            case["allocation_weights_tolerance"],
        ),
        compared(
            "risks and returns of the allocation",
            [best.risk, best.mean, y * best.risk, view.rf + y * (best.mean - view.rf)],
            [told[k] for k in ("risky_risk", "risky_return", "overall_risk", "overall_return")],
            1e-4,
            case["allocation_tolerance"],
        ),
    ]


def groups(case: Case) -> list[Compared]:
    """A frontier under limits of groups and of single assets.

    Examples
    --------
    MathWorks, group limits: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in groups(read("mathworks_group_constrained_frontier")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights, 24 to 0.0001: to the digit
    risk, 8 to 0.0001: to the digit
    return, 8 to 0.0001: to the digit
    """
    view = _view(case)
    limits = []
    for i, (row, top) in enumerate(zip(case["groups"], case["group_upper"], strict=True)):
        inside = [name for name, member in zip(view.labels, row, strict=True) if member]
        limits.append(group_limit(f"group {i + 1}", inside, upper=top))
    mandate = Mandate(
        view.labels, [fully_invested(), Bounds("box", case["lower"], case["upper"]), *limits]
    )
    traced = mv.frontier(view, mandate)
    x = [
        traced.target_return(float(r))
        for r in np.linspace(traced.means[-1], traced.means[0], case["points"])
    ]
    return [
        compared("weights", [a.w for a in x], case["weights"], 1e-4),
        compared("risk", [a.risk for a in x], case["risk"], 1e-4),
        compared("return", [a.mean for a in x], case["return"], 1e-4),
    ]


def _views(labels: list[str], rows: list[list[float]], q: ArrayLike) -> list[View]:
    return [
        View(
            f"view {i + 1}",
            dict(zip(labels, p, strict=True)),
            float(x),
            "the authors",
            "1999-12-31",
        )
        for i, (p, x) in enumerate(zip(rows, np.asarray(q, float), strict=True))
    ]


def he_litterman(case: Case) -> list[Compared]:
    """Means and weights of Black and Litterman under two sets of views.

    Examples
    --------
    He and Litterman (1999): each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in he_litterman(read("he_litterman_1999_tables_2_to_5")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    equilibrium, percent, 7 to 0.1: to the digit
    variance of views, one view, 1 to 0.001: to the digit
    means, percent, one view, 7 to 0.1: to the digit
    weights, percent, one view, 7 to 0.1: to the digit
    tilts, percent, one view, 7 to 0.1: to the digit
    variance of views, two views, 2 to 0.001: to the digit
    means, percent, two views, 7 to 0.1: to the digit
    weights, percent, two views, 7 to 0.1: to the digit
    tilts, percent, two views, 7 to 0.1: to the digit
    lambda, 2 to 0.001: to the digit
    """
    labels = case["assets"]
    tau = case["tau"]
    aversion = case["risk_aversion"]
    world = _risky(
        np.array(case["volatility_percent"]) / 100, case["correlation"], case["citation"]
    )
    market = dict(
        zip(labels, (np.array(case["market_weights_percent"]) / 100).tolist(), strict=True)
    )
    prior = bl.equilibrium(
        Assumptions(labels, world.mu, world.sigma, 0.0, world.source), market, aversion
    )
    rows = [compared("equilibrium, percent", 100 * prior.mu, case["equilibrium_percent"], 0.1)]
    for name in ("one_view", "two_views"):
        told = case[name]
        said = name.replace("_", " ")
        found = bl.posterior(
            prior, _views(labels, told["P"], np.array(told["q_percent"]) / 100), tau
        )
        w = mv.closed_form_risky_shares(
            found.mu, found.assumptions("predictive").sigma, 0.0, aversion
        )
        tilt = (
            found.decomposition(market, aversion).drop(columns="reference").sum(axis=1).to_numpy()
        )
        rows += [
            compared(
                f"variance of views, {said}",
                np.diag(found.omega) / tau,
                told["omega_over_tau"],
                1e-3,
            ),
            compared(f"means, percent, {said}", 100 * found.mu, told["mean_percent"], 0.1),
            compared(f"weights, percent, {said}", 100 * w, told["weights_percent"], 0.1),
            compared(f"tilts, percent, {said}", 100 * tilt, told["tilt_percent"], 0.1),
        ]
        if "lambda" in told:
            rows.append(
                compared(
                    "lambda", (1 + tau) * np.linalg.pinv(found.P.T) @ tilt, told["lambda"], 1e-3
                )
            )
    return rows


def idzorek(case: Case, covariance: ArrayLike | None = None) -> list[Compared]:
    """Idzorek's table 6, with his covariance or another one, such as one with a copyist's error.

    Examples
    --------
    Idzorek (2004): each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in idzorek(read("idzorek_2004_table6")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    implied returns, percent, 8 to 0.01: within its notes
    variance of views, percent, 3 to 0.001: within its notes
    errors of views, 3 to 1e-06: to the digit
    means, percent, 8 to 0.01: to the digit
    weights, 8 to 0.01: within its notes
    their sum, 1 to 0.01: to the digit

    Of twice the covariance views have twice the variance:

    >>> case = read("idzorek_2004_table6")
    >>> once, twice = (idzorek(case, n * np.array(case["covariance"]))[1].ours for n in (1, 2))
    >>> bool(np.allclose(twice, 2 * once))
    True
    """
    labels = case["assets"]
    market = np.array(case["market_weights"])
    sigma = np.array(case["covariance"] if covariance is None else covariance)
    aversion = case["market_premium"] / (market @ sigma @ market)
    reference = dict(zip(labels, market.tolist(), strict=True))
    world = Assumptions(labels, np.zeros(len(labels)), sigma, 0.0, case["citation"])
    prior = bl.equilibrium(world, reference, aversion)
    found = bl.posterior(prior, _views(labels, case["P"], case["q"]), case["tau"])
    w = found.decomposition(reference, aversion, "prior").sum(axis=1).to_numpy()
    own = np.diag(found.P @ sigma @ found.P.T)
    return [
        compared(
            "implied returns, percent",
            100 * prior.mu,
            case["implied_percent"],
            0.01,
            case["mean_tolerance_percent"],
        ),
        compared(
            "variance of views, percent",
            100 * own,
            case["view_variance_percent"],
            1e-3,
            case["view_variance_tolerance_percent"],
        ),
        compared("errors of views", np.diag(found.omega), case["omega"], 1e-6),
        compared("means, percent", 100 * found.mu, case["mean_percent"], 0.01),
        compared(
            "weights", 100 * w, case["weights_percent"], 0.01, case["weights_tolerance_percent"]
        ),
        compared("their sum", 100 * w.sum(), case["weights_sum_percent"], 0.01),
    ]


def equal_risk(case: Case) -> list[Compared]:
    """Portfolios whose assets carry equal parts of the risk.

    Examples
    --------
    Maillard and others (2010): each quantity, how many values of it were printed, and whether they
    are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in equal_risk(read("maillard_roncalli_teiletche_2010_erc")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights and risk, equal weights, 5 to 0.001: to the digit
    shares of risk, equal weights, 4 to 0.001: within its notes
    weights and risk, minimum variance, 5 to 0.001: to the digit
    weights and risk, equal risk, 5 to 0.001: to the digit
    shares of risk, equal risk, 4 to 0.001: to the digit
    marginal risks, 8 to 0.001: to the digit
    one correlation for all, 16 to 0.01: to the digit
    """
    view = _risky(case["volatility"], case["correlation"], case["citation"])
    rows = []
    marginal: tuple[list[float], list[float]] = ([], [])
    for name, make in (
        ("equal_weights", mv.equal_weights),
        ("minimum_variance", mv.minimum_risk),
        ("equal_risk", risk_parity.equal_risk_contributions),
    ):
        x = make(view)
        told = case[name]
        said = name.replace("_", " ")
        rows.append(
            compared(f"weights and risk, {said}", [*x.w, x.risk], [*told["w"], told["risk"]], 1e-3)
        )
        if "marginal" in told:
            shares = risk_parity.contributions(view.sigma, x.w)
            rows.append(
                compared(f"shares of risk, {said}", shares, told["shares"], 1e-3, case["tolerance"])
            )
            marginal[0].extend(view.sigma @ x.w / x.risk)
            marginal[1].extend(told["marginal"])
    alike = case["one_correlation"]
    found = [
        risk_parity.equal_risk_contributions(
            _risky(alike["volatility"], r + (1 - r) * np.eye(4), "alike")
        ).w
        for r in alike["rho"]
    ]
    return [
        *rows,
        compared("marginal risks", marginal[0], marginal[1], 1e-3),
        compared("one correlation for all", found, [alike["equal_risk"]] * len(found), 1e-2),
    ]


def budgets(case: Case) -> list[Compared]:
    """Portfolios whose assets carry given parts of the risk.

    Examples
    --------
    Roncalli (2013): each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in budgets(read("roncalli_2013_three_asset_budgeting")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights by budget, 3 to 0.0001: to the digit
    equal risk, 3 to 0.0001: to the digit
    """
    view = _risky(case["volatility"], case["correlation"], case["citation"])
    b = dict(zip(view.labels, case["budgets"], strict=True))
    return [
        compared(
            "weights by budget", risk_parity.risk_budgets(view, budgets=b).w, case["budgeted"], 1e-4
        ),
        compared(
            "equal risk", risk_parity.equal_risk_contributions(view).w, case["equal_risk"], 1e-4
        ),
    ]


def hierarchical(case: Case) -> list[Compared]:
    """Weights by hierarchical risk parity, from its clusters.

    Examples
    --------
    López de Prado (2016): each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in hierarchical(read("lopezdeprado_2016_hrp")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    hierarchical risk parity, 10 to 0.0001: to the digit
    minimum variance, 10 to 0.0001: to the digit
    inverse variance, 10 to 0.0001: to the digit
    order of the leaves, 10 to 1: to the digit
    """
    from scipy.cluster.hierarchy import leaves_list

    view = _view({**case, "mean": [0.0] * len(case["cov"])})
    return [
        compared(
            "hierarchical risk parity", risk_parity.hierarchical(view).w, case["hierarchical"], 1e-4
        ),
        compared("minimum variance", mv.minimum_risk(view).w, case["minimum_variance"], 1e-4),
        compared(
            "inverse variance",
            risk_parity.inverse_volatility(view, power=2.0).w,
            case["inverse_variance"],
            1e-4,
        ),
        compared(
            "order of the leaves",
            leaves_list(risk_parity.hierarchy(view.sigma)) + 1,
            case["order"],
            1.0,
        ),
    ]


def cvar(case: Case) -> list[Compared]:
    """The least risky portfolio of a target return, and the tail of its normal law.

    Examples
    --------
    Rockafellar and Uryasev (2000): each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in cvar(read("rockafellar_uryasev_2000_cvar")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights, 3 to 1e-06: within its notes
    variance, 1 to 1e-08: to the digit
    value at risk, 3 to 1e-06: within its notes
    conditional value at risk, 3 to 1e-06: to the digit
    """
    view = Assumptions(case["assets"], case["mean"], case["cov"], 0.0, case["citation"])
    ours = mv.target_return(view, r=case["target_return"])
    tails = np.array(
        [tail_risk.normal(ours.mean, ours.risk, float(level)) for level in case["var"]], float
    )
    return [
        compared("weights", ours.w, case["weights"], 1e-6, case["weights_tolerance"]),
        compared("variance", ours.risk**2, case["variance"], 1e-8),
        compared(
            "value at risk", tails[:, 0], list(case["var"].values()), 1e-6, case["loss_tolerance"]
        ),
        compared("conditional value at risk", tails[:, 1], list(case["cvar"].values()), 1e-6),
    ]


def tricky_budgets(case: Case) -> list[Compared]:
    """Risk budgets far apart, on which some algorithms stop early.

    Examples
    --------
    riskparity.py, its test: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in tricky_budgets(read("riskparity_vanilla_design")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights, 1 to 1e-07: to the digit
    weights of eight digits, 2 to 1e-08: to the digit
    """
    sigma = np.array(case["covariance"])
    labels = [f"asset {i + 1}" for i in range(len(sigma))]
    view = Assumptions(labels, np.zeros(len(sigma)), sigma, 0.0, case["citation"])
    b = dict(zip(labels, case["budgets"], strict=True))
    ours = risk_parity.risk_budgets(view, budgets=b).w
    return [
        compared("weights", ours[0], case["weights"][0], 1e-7),
        compared("weights of eight digits", ours[1:], case["weights"][1:], 1e-8),
    ]


def component_risk(case: Case) -> list[Compared]:
    """Parts of a value at risk: individual, marginal, component, incremental; thousands.

    Examples
    --------
    Bionic Turtle, after Jorion: each quantity, how many values of it were printed, and whether they
    are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in component_risk(read("component_value_at_risk")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    individual, two currencies, 2 to 0.01: to the digit
    portfolio, two currencies, 1 to 0.1: to the digit
    incremental, two currencies, 2 to 0.01: to the digit
    covariance, 1 to 0.0001: to the digit
    volatility, 1 to 1e-05: to the digit
    marginal, 1 to 0.0001: to the digit
    individual, unequal, 1 to 0.01: to the digit
    component, unequal, 1 to 0.001: to the digit
    portfolio, unequal, 1 to 1: to the digit
    incremental, unequal, 1 to 1: to the digit
    """

    def loss(volatility: float) -> float:
        return float(tail_risk.normal(0.0, volatility, case["level"]).var)

    def covariance(told: Case) -> Array:
        sd = np.array(told["volatility"], float)
        rho = np.array([[1.0, told["correlation"]], [told["correlation"], 1.0]])
        return np.outer(sd, sd) * rho

    first, halves, last = case["two_currencies"], case["equal_halves"], case["unequal"]
    alone, whole = [], []
    for told in (first, last):
        held = 1000 * np.array(told["dollars"], float)
        alone.append([loss(x) for x in held * told["volatility"]])
        whole.append(loss(float(np.sqrt(held @ covariance(told) @ held))))
    sigma = covariance(halves)
    w = np.array(halves["dollars"]) / sum(halves["dollars"])
    risk = float(np.sqrt(w @ sigma @ w))
    marginal = loss(risk) * risk_parity.contributions(sigma, w)[0] / w[0]
    held = np.array(last["dollars"]) / sum(last["dollars"])
    part = whole[1] * risk_parity.contributions(covariance(last), held)[0]
    return [
        compared("individual, two currencies", alone[0], first["individual"], 0.01),
        compared("portfolio, two currencies", whole[0], first["portfolio"], 0.1),
        compared(
            "incremental, two currencies",
            [whole[0] - x for x in reversed(alone[0])],
            first["incremental"],
            0.01,
        ),
        compared("covariance", float((sigma @ w)[0]), halves["covariance"], 1e-4),
        compared("volatility", risk, halves["portfolio_volatility"], 1e-5),
        compared("marginal", marginal, halves["marginal"], 1e-4),
        compared("individual, unequal", alone[1][0], last["individual"], 0.01),
        compared("component, unequal", part, last["component"], 1e-3),
        compared("portfolio, unequal", whole[1], last["portfolio"], 1.0),
        compared("incremental, unequal", whole[1] - alone[1][1], last["incremental"], 1.0),
    ]
