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
from portlib.ranges import door, number
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
            if given is not None and (
                not isinstance(given, (int, float)) or isinstance(given, bool)
            ):
                given = number(f"view {self.name!r}: {field}", given, error=ViewError)
                object.__setattr__(self, field, given)
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
            date.fromisoformat(self.as_of)
        except (TypeError, ValueError) as error:
            raise ViewError(
                f"view {self.name!r}: as_of {self.as_of!r} is no date like 2026-11-21"
            ) from error

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
    """
    calendar.monthly(returns, "returns", error=ViewError)
    number("skip", skip, least=0, error=ViewError)
    number("months", months, above=skip, error=ViewError)
    return returns.apply(np.log1p).rolling(months - skip).sum().shift(skip).apply(np.expm1).dropna()


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
        For months that are missing or misdated, and for different assets.
    """
    calendar.monthly(returns, "returns", error=ViewError)
    calendar.consecutive(scores.index, "scores", error=ViewError)
    if set(scores.columns) != set(returns.columns):
        strange = sorted(map(str, set(scores.columns) ^ set(returns.columns)))
        raise ViewError(f"scores and returns must name the same assets; see {', '.join(strange)}")
    number("ahead", ahead, least=1, error=ViewError)
    later = returns.shift(-ahead).reindex(scores.index).dropna()
    return (
        scores.loc[later.index]
        .rank(axis=1)
        .corrwith(later.rank(axis=1), axis=1)
        .rename("information coefficient")
    )


@door(error=ViewError)
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
