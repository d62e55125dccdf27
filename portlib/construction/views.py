"""What does someone expect, how sure are they, and where did they get it?

A view is a record: one portfolio, the return it is expected to earn, how unsure that is, who says
so, since when, which version. It has a canonical form and a fingerprint, so that it can be signed
and every change shows. `black_litterman` weighs views; here they are written down. A signal is a
rule that makes a view from data: what it has been worth is its information coefficient, the rank
correlation across assets between this month's scores and the next month's returns.

Left out: costs of following a signal, and that a rule worth publishing was found by searching for
one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
import pandas as pd

from portlib.estimation import months as calendar
from portlib.estimation.inference import Estimate
from portlib.ranges import COUNT, door, number
from portlib.records import Assumptions

#: How far a view's weights may miss one, or zero.
WHOLE = 1e-6


class ViewError(ValueError):
    """A view that cannot be used; names the view or the asset, and says what to do."""


@dataclass(frozen=True)
class View:
    """Someone's opinion about one portfolio, on record: ``portfolio'mu = q``, more or less.

    Parameters
    ----------
    name, author, as_of, reason : str
        What is said, by which role, on which day (YYYY-MM-DD), and why.
    portfolio : mapping
        Weight by asset; sums to one for an absolute view, to zero for one asset relative to
        another.
    q : float
        Expected return of that portfolio, annual decimal (for a portfolio that sums to one, cash
        included).
    variance : float, optional
        How unsure q is, annual decimal squared; zero is certainty.
    confidence : float, optional
        Instead of a variance, the share of the way from prior to q that the view alone should go,
        above 0 to 1 (Idzorek 2004). With neither, the variance is the prior's own, ``tau p'sigma
        p`` (He and Litterman 1999).
    version : int
        Counts revisions of the view of this name, from 1.

    Raises
    ------
    ViewError
        Naming the view, for a field that is missing, not finite or out of range, or when both
        uncertainties are given.

    Examples
    --------
    The same view has one fingerprint, however its portfolio was ordered; another q has another.

    >>> one = View("US ahead", {"US": 1.0, "EU": -1.0}, 0.01, "analyst", "2026-11-21")
    >>> turned = View("US ahead", {"EU": -1.0, "US": 1.0}, 0.01, "analyst", "2026-11-21")
    >>> other = View("US ahead", {"US": 1.0, "EU": -1.0}, 0.02, "analyst", "2026-11-21")
    >>> one.fingerprint == turned.fingerprint, one.fingerprint == other.fingerprint
    (True, False)

    It goes on in ``views.md``.
    """

    name: str
    portfolio: Mapping[str, float]
    q: float
    author: str
    as_of: str
    reason: str = ""
    variance: float | None = None
    confidence: float | None = None
    version: int = 1

    def __post_init__(self) -> None:
        held = {
            str(a): number(f"view {self.name!r}: the weight of {a}", x, error=ViewError)
            for a, x in sorted(self.portfolio.items())
            if x != 0
        }
        object.__setattr__(self, "portfolio", held)
        for field in ("q", "variance", "confidence"):
            given = getattr(self, field)
            plain = isinstance(given, (int, float)) and not isinstance(given, bool)
            if field == "q" or given is not None:
                if not plain:
                    given = number(f"view {self.name!r}: {field}", given, error=ViewError)
                # a float, and no -0.0: numbers that are equal are written alike
                object.__setattr__(self, field, float(given) + 0.0)
        if not (self.name and self.author):
            raise ViewError(
                f"view {self.name!r} by {self.author!r}: a view needs a name and an author's role"
            )
        if not held or not np.isfinite([self.q, *held.values()]).all():
            raise ViewError(
                f"view {self.name!r}: q = {self.q} of {held}: needs finite numbers and at least "
                f"one asset"
            )
        if abs(self.q) >= 1:
            raise ViewError(
                f"view {self.name!r}: q = {self.q:g} is {self.q:.0%} a year; in percent? "
                f"Write {self.q / 100:g} for {self.q:g}%"
            )
        total = sum(held.values())
        if min(abs(total), abs(total - 1)) > WHOLE:
            raise ViewError(
                f"view {self.name!r}: its portfolio sums to {total:.6g}; make it sum to one for an "
                "absolute view, to zero for one asset relative to another"
            )
        if self.variance is not None and self.confidence is not None:
            raise ViewError(f"view {self.name!r}: give a variance or a confidence, not both")
        if self.variance is not None and not 0 <= self.variance < np.inf:
            raise ViewError(
                f"view {self.name!r}: variance {self.variance} must be finite and not negative"
            )
        if self.confidence is not None and not 0 < self.confidence <= 1:
            raise ViewError(
                f"view {self.name!r}: confidence {self.confidence} must be above 0 and at most "
                f"1; a view "
                "held without confidence is none: leave it out"
            )
        if type(self.version) is not int or self.version < 1:
            raise ViewError(
                f"view {self.name!r}: version {self.version!r} must be a whole number from 1"
            )
        try:
            written = date.fromisoformat(self.as_of).isoformat()
        except (TypeError, ValueError):
            written = ""
        if not written or written != self.as_of:  # 20261121 is a second way to write one day
            raise ViewError(f"view {self.name!r}: as_of {self.as_of!r} is no date like 2026-11-21")

    @property
    def canonical(self) -> str:
        """The record as strict JSON, the same however its portfolio was ordered: what is to be
        signed."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()


# ---- signals: views from data --------------------------------------------------------------------


@door(error=ViewError)
def momentum(returns: pd.DataFrame, months: int = 12, skip: int = 1) -> pd.DataFrame:
    """Known at each month end: the compound return of the last `months` without the last `skip` of
    them.

    Parameters
    ----------
    returns : DataFrame (months, assets)
        Monthly, decimals.
    months, skip : int
        `skip` is zero or more and less than `months`.

    Returns
    -------
    DataFrame
        Scores by month end, decimals, from the first month that has enough behind it.

    Raises
    ------
    ViewError
        For months that are missing or misdated, and for counts that do not fit.

    References
    ----------
    Jegadeesh and Titman (1993); the month left out avoids reversals of a month (Jegadeesh 1990).

    Examples
    --------
    Of three months the last is skipped: ``1.1 * 1.2 - 1`` and ``1.2 * 0.5 - 1``.

    >>> days = pd.date_range("2026-01-31", periods=4, freq="ME")
    >>> returns = pd.DataFrame({"US": [0.1, 0.2, -0.5, 0.3]}, days)
    >>> scores = momentum(returns, 3, 1)
    >>> scores["US"].round(9).tolist(), str(scores.index[0].date())
    ([0.32, -0.4], '2026-03-31')
    >>> momentum(returns, 2, 0)["US"].round(9).tolist()
    [0.32, -0.4, -0.35]
    >>> year = pd.DataFrame({"US": 0.01}, pd.date_range("2026-01-31", periods=13, freq="ME"))
    >>> np.allclose(momentum(year), 1.01**11 - 1), len(momentum(year))
    (True, 2)
    >>> momentum(returns, 2, 2)
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: months is 2: give a number above 2
    >>> momentum(returns.iloc[[0, 2, 3]], 2, 0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: returns: no return for 2026-02; ...

    It goes on in ``views.md``.
    """
    calendar.monthly(returns, "returns", error=ViewError)
    number("skip", skip, least=0, error=ViewError)
    number("months", months, above=skip, error=ViewError)
    # a product, since the logarithm of what is left of nothing would never leave the sum
    grown = (1 + returns).rolling(months - skip).apply(np.prod, raw=True)
    return grown.shift(skip).dropna() - 1


@door(error=ViewError)
def information_coefficients(
    scores: pd.DataFrame, returns: pd.DataFrame, ahead: int = 1
) -> pd.Series:
    """Rank correlation across assets of each month's scores with the returns of the month that is
    `ahead` of it.

    Parameters
    ----------
    scores, returns : DataFrame (months, assets)
        Over the same assets; scores known at month ends.
    ahead : int
        At least 1.

    Returns
    -------
    Series
        By month of the score, -1 to 1.

    Raises
    ------
    ViewError
        For months that are missing or misdated, for different assets, and where no return is
        `ahead` of a score.

    Examples
    --------
    Ranks 1, 2, 3 of January's scores meet 1, 3, 2 of February's returns, ``1 - 6 * 2 / 24``; those
    of February meet March's turned round.

    >>> days = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> told = {"a": [0.1, 5.0, 0.0], "b": [0.2, 2.0, 0.0], "c": [9.0, 1.0, 1.0]}
    >>> scores = pd.DataFrame(told, days)
    >>> earned = {"c": [0.0, 0.01, 0.09], "b": [0.0, 0.02, 0.05], "a": [0.5, -0.07, 0.01]}
    >>> found = information_coefficients(scores, pd.DataFrame(earned, days))
    >>> found.round(9).tolist(), [f"{day:%B}" for day in found.index]
    ([0.5, -1.0], ['January', 'February'])
    >>> information_coefficients(scores, pd.DataFrame(earned, days), 2).round(9).tolist()
    [1.0]
    >>> information_coefficients(scores, pd.DataFrame(earned, days)[["a", "b"]])
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: scores and returns must name the same assets; see c
    >>> information_coefficients(scores, pd.DataFrame(earned, days), 0)
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: ahead is 0: give a number of at least 1
    >>> for score, its in ((scores, days[[0, 2]]), (scores.iloc[[0, 2]], days)):
    ...     try:
    ...         information_coefficients(score, pd.DataFrame(earned, days).loc[its])
    ...     except ViewError as said:
    ...         print(str(said).partition(";")[0])
    returns: no return for 2026-02
    scores: no return for 2026-02

    It goes on in ``views.md``.
    """
    calendar.monthly(returns, "returns", error=ViewError)
    calendar.consecutive(scores.index, "scores", error=ViewError)
    if set(scores.columns) != set(returns.columns):
        strange = sorted(map(str, set(scores.columns) ^ set(returns.columns)))
        raise ViewError(f"scores and returns must name the same assets; see {', '.join(strange)}")
    number("ahead", ahead, least=1, error=ViewError)
    later = returns.shift(-ahead).reindex(scores.index).dropna()
    if later.empty:
        raise ViewError(f"no score has a return {ahead} months later; are both dated alike?")
    return (
        scores.loc[later.index]
        .rank(axis=1)
        .corrwith(later.rank(axis=1), axis=1)
        .rename("information coefficient")
    )


@door(error=ViewError, periods=COUNT)
def signal_view(
    name: str,
    score: pd.Series,
    prior: Assumptions,
    coefficient: Estimate,
    *,
    author: str,
    as_of: str,
    periods: int = 12,
) -> View:
    """A month's scores as one relative view: those ranked high over those ranked low.

    Grinold (1994): alpha is information coefficient x volatility x score; here of returns over the
    assets' average, with ranks of mean 0 and deviation 1 as scores. The portfolio holds assets in
    proportion to their scores, one dollar long and one short. q is its alpha on top of what the
    prior expects, and the variance what the coefficient's standard error makes of it.

    Parameters
    ----------
    name : str
        Of the view.
    score : Series
        By asset, in the order of the prior's.
    prior : Assumptions
        Annual decimals.
    coefficient : Estimate
        Mean of `information_coefficients`, and its standard error.
    author, as_of : str
        By which role, and on which day (YYYY-MM-DD).
    periods : int
        Such months in a year.

    Returns
    -------
    View

    Raises
    ------
    ViewError
        Unless each of the prior's assets has a score, and scores differ.

    Examples
    --------
    Three ranks are ``-z, 0, z`` with ``z = sqrt(3/2)``: short the lowest, long the highest. Over
    the assets' average, of variance 0.14/9, they vary by ``0.04/3 + 0.14/9`` and ``0.09/3 +
    0.14/9``.

    >>> prior = Assumptions(("a", "b", "c"), [0.05, 0.04, 0.08], np.diag([0.04, 0.01, 0.09]))
    >>> score = pd.Series({"a": -7.0, "b": 0.1, "c": 0.2})
    >>> told = {"author": "quant", "as_of": "2026-11-21"}
    >>> view = signal_view("rank", score, prior, Estimate(0.03, 0.02), **told)
    >>> {name: round(x, 9) for name, x in view.portfolio.items()}
    {'a': -1.0, 'c': 1.0}
    >>> sds = (0.04 / 3 + 0.14 / 9) ** 0.5 + (0.09 / 3 + 0.14 / 9) ** 0.5
    >>> unit = 12**0.5 * 1.5**0.5 * sds
    >>> np.allclose([view.q, view.variance], [0.03 + 0.03 * unit, (0.02 * unit) ** 2])
    True
    >>> view.reason, view.author
    ('information coefficient 0.0300, standard error 0.0200', 'quant')
    >>> quarterly = signal_view("rank", score, prior, Estimate(0.03, 0.02), periods=4, **told)
    >>> bool(np.isclose(quarterly.q - 0.03, (view.q - 0.03) / 3**0.5))
    True
    >>> signal_view("rank", score[::-1], prior, Estimate(0.03, 0.02), **told)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...ViewError: view 'rank': scores must be numbers for a, b, c, in that order
    >>> signal_view("rank", 0 * score, prior, Estimate(0.03, 0.02), **told)
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: view 'rank': all scores are equal and order nothing

    It goes on in ``views.md``.
    """
    if list(score.index) != list(prior.labels) or not np.isfinite(score).all():
        raise ViewError(
            f"view {name!r}: scores must be numbers for {', '.join(prior.labels)}, in that order"
        )
    rank = score.rank().to_numpy(dtype=float)
    if np.ptp(rank) == 0:
        raise ViewError(f"view {name!r}: all scores are equal and order nothing")
    z = (rank - rank.mean()) / rank.std(ddof=0)
    p = z / z[z > 0].sum()
    active = np.eye(len(z)) - 1 / len(z)
    unit = np.sqrt(periods) * float(p @ (np.sqrt(np.diag(active @ prior.sigma @ active)) * z))
    reason = (
        f"information coefficient {coefficient.value:.4f}, standard error "
        f"{coefficient.standard_error:.4f}"
    )
    held = dict(zip(prior.labels, p.tolist(), strict=True))
    q = float(p @ prior.mu) + unit * coefficient.value
    variance = (unit * coefficient.standard_error) ** 2
    return View(name, held, q, author, as_of, reason, variance)
