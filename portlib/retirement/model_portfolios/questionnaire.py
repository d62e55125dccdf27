"""How much risk does a person want, how surely do seven answers say so, and were they given with
care?

With answers turned round where a statement is reversed, a score is their mean, ``x = t + e``.
Reliability is the share of its variance that is the true score's, and what is left is the standard
error of measurement::

    alpha = k/(k-1) (1 - sum of item variances / variance of sums)        se = sd(x) sqrt(1 - alpha)

A score is therefore an interval, ``x -+ z se``, and the posture is read at its lower end. Answers
that contradict each other are found by two distances with limits from simulated careful people: how
far the answers of one person scatter, and how far plain and reversed statements disagree. Left out:
whether what people say is what they will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.policy import Policy
from portlib.ranges import LEVEL, door
from portlib.records import Array

LOWEST, HIGHEST = 1, 5
#: Careful people simulated for the limits: a fiftieth of them is known to a tenth of itself.
SIMULATED = 20_000


@dataclass(frozen=True, eq=False)
class Instrument:
    """What is known about the questionnaire itself.

    Attributes
    ----------
    orientation : array (k,)
        +1, or -1 for a reversed statement.
    items : array (k,)
        Mean of each statement's answers after reversal, less the mean of all: how easily it is
        agreed to.
    mean, spread, error : float
        Mean and standard deviation of true scores, standard deviation of one answer's error; points
        of the scale.
    alpha, alpha_low, alpha_high : float
        Reliability (Cronbach 1951) and its confidence interval (Feldt 1965) at the policy's level.
    standard_error : float
        Of a score, the mean of k answers.
    scatter_limit, gap_limit : float
        What careful people's answers exceed, one or the other, at most as often as policy says.
    people, set_aside : int
        Whose answers it was measured on, and how many were set aside as inconsistent; 0 where
        policy's norm is used.
    level : float
        Policy: the probability that an interval covers the true score.
    floors : mapping
        Policy: each posture's lowest score, rising.
    """

    orientation: Array
    items: Array
    mean: float
    spread: float
    error: float
    alpha: float
    alpha_low: float
    alpha_high: float
    standard_error: float
    scatter_limit: float
    gap_limit: float
    people: int
    set_aside: int
    level: float
    floors: Mapping[str, float]

    def table(self) -> pd.Series:
        """What the questionnaire is worth, by name."""
        return pd.Series(
            {
                "people": self.people,
                "set aside": self.set_aside,
                "reliability": self.alpha,
                "reliability, low": self.alpha_low,
                "reliability, high": self.alpha_high,
                "mean score": self.mean,
                "spread of true scores": self.spread,
                "standard error of a score": self.standard_error,
            }
        )


@dataclass(frozen=True)
class Score:
    """One person's result.

    Attributes
    ----------
    value, low, high : float
        The score and its interval, points of the scale.
    bands : tuple of str
        All postures that the interval touches, least risky first; three or more say nothing.
    scatter, gap : float
        As `distances` gives them.
    faults : tuple of str
        Contradictions, in words; where there are any, or the interval says nothing, ``usable`` is
        false.
    """

    value: float
    low: float
    high: float
    bands: tuple[str, ...]
    scatter: float
    gap: float
    faults: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether a posture may be read off it."""
        return not self.faults and len(self.bands) <= 2

    @property
    def posture(self) -> str:
        """The least risky posture that the interval touches."""
        return self.bands[0]


def orientations(policy: Policy) -> Array:
    """+1 or -1 by statement of the policy's questionnaire.

    Examples
    --------
    >>> orientations({"risk_questionnaire": [{"orientation": 1}, {"orientation": -1}]}).tolist()
    [1.0, -1.0]
    """
    return np.array([item["orientation"] for item in policy["risk_questionnaire"]], dtype=float)


def oriented(answers: ArrayLike, orientation: Array) -> Array:
    """Answers with reversed statements turned round, so that more always means more tolerance.

    Parameters
    ----------
    answers : array (people, k)
        Whole numbers from 1 to 5.
    orientation : array (k,)
        +1, or -1 for a reversed statement.

    Returns
    -------
    array (people, k)

    Raises
    ------
    ValueError
        Naming the person and statement of an answer that is none.

    Examples
    --------
    The second statement is reversed, so 2 of 5 is 4; what is no answer is named:

    >>> oriented([[5, 2, 3], [1, 5, 4]], np.array([1.0, -1.0, 1.0])).tolist()
    [[5.0, 4.0, 3.0], [1.0, 1.0, 4.0]]
    >>> oriented([[5, 2, 3], [1, 5, 7], [0, 1, 6]], np.array([1.0, -1.0, 1.0]))
    Traceback (most recent call last):
    ...
    ValueError: answer 3 of person 2 is 7; answers are whole numbers from 1 to 5
    >>> oriented([[5, 2]], np.array([1.0, -1.0, 1.0]))
    Traceback (most recent call last):
    ...
    ValueError: the questionnaire has 3 statements; 2 answers were given
    >>> def refused(answer):
    ...     try:
    ...         return bool(oriented([[answer]], np.array([1.0])).size == 0)
    ...     except ValueError:
    ...         return True
    >>> [refused(answer) for answer in (1, 5, 0, 2.5, np.nan)]
    [False, False, True, True, True]
    """
    x = np.atleast_2d(np.asarray(answers, dtype=float))
    if x.shape[1] != len(orientation):
        raise ValueError(
            f"the questionnaire has {len(orientation)} statements; {x.shape[1]} answers were given"
        )
    wrong = np.argwhere(~((x >= LOWEST) & (x <= HIGHEST) & (x == np.round(x))))
    if wrong.size:
        person, item = wrong[0]
        raise ValueError(
            f"answer {item + 1} of person {person + 1} is {x[person, item]:g}; answers are "
            f"whole numbers "
            f"from {LOWEST} to {HIGHEST}"
        )
    return np.where(orientation > 0, x, LOWEST + HIGHEST - x)


def cronbach_alpha(x: Array) -> float:
    """Reliability of the sum of k items (Cronbach 1951, ddof 1).

    Parameters
    ----------
    x : array (people, k)

    Returns
    -------
    float
        At most 1.

    Raises
    ------
    ValueError
        Where nothing varies.

    Examples
    --------
    Two statements that everybody answers alike measure one thing exactly. Of three statements the
    answers vary by 1, 13/3 and 16/3, and their sums, 3, 9 and 9, by 12: ``3/2 (1 - 32/36)``:

    >>> cronbach_alpha(np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]))
    1.0
    >>> said = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 5.0], [3.0, 5.0, 1.0]])
    >>> round(cronbach_alpha(said), 9)
    0.166666667
    >>> round(cronbach_alpha(np.array([[1.0, 1.0], [2.0, 3.0]])), 9)  # 2 (1 - 2.5 / 4.5)
    0.888888889
    >>> cronbach_alpha(np.array([[1.0, 2.0]]))
    Traceback (most recent call last):
    ...
    ValueError: reliability needs two people and two items that vary; got 1 x 2
    >>> cronbach_alpha(np.array([[1.0], [2.0], [4.0]]))
    Traceback (most recent call last):
    ...
    ValueError: reliability needs two people and two items that vary; got 3 x 1
    >>> cronbach_alpha(np.array([[1.0, 2.0], [2.0, 1.0]]))
    Traceback (most recent call last):
    ...
    ValueError: reliability needs two people and two items that vary; got 2 x 2
    """
    people, k = np.shape(x)
    total = float(np.var(np.sum(x, axis=1), ddof=1)) if people > 1 else 0.0
    if k < 2 or not total > 0:
        raise ValueError(
            f"reliability needs two people and two items that vary; got {people} x {k}"
        )
    return k / (k - 1) * (1 - float(np.var(x, axis=0, ddof=1).sum()) / total)


@door(level=LEVEL)
def feldt_interval(alpha: float, people: int, k: int, level: float) -> tuple[float, float]:
    """Confidence interval of alpha: ``(1 - true) / (1 - found)`` is F with n - 1 and (n - 1)(k - 1)
    degrees of freedom.

    Source: Feldt (1965), for items with equal true parts and independent normal errors.

    Parameters
    ----------
    alpha : float
        As found.
    people, k : int
        How many answered how many statements.
    level : float
        Of confidence.

    Returns
    -------
    low, high : float

    Examples
    --------
    For an alpha of 0.8 from 41 people and 5 statements the ends are those at which the ratio ``(1 -
    0.8) / (1 - end)`` is what F with 40 and 160 degrees of freedom exceeds in a tenth and in nine
    tenths of cases:

    >>> from scipy.stats import f
    >>> low, high = feldt_interval(0.8, 41, 5, 0.8)
    >>> low < 0.8 < high
    True
    >>> [round(float(f.cdf((1 - end) / (1 - 0.8), 40, 160)), 9) for end in (low, high)]
    [0.9, 0.1]
    """
    from scipy.stats import f

    high, low = (
        float(f.ppf((1 + s * level) / 2, people - 1, (people - 1) * (k - 1))) for s in (-1, 1)
    )
    return 1 - (1 - alpha) * low, 1 - (1 - alpha) * high


@door()
def simulate_careful(
    instrument: Instrument, n: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Answers as given of careful people, and their true scores, under the instrument's own model.

    Parameters
    ----------
    instrument : Instrument
    n : int
        How many people.
    rng : Generator

    Returns
    -------
    array (n, k)
        Answers.
    array (n,)
        True scores.

    Examples
    --------
    Answers have the means that the instrument states, 2.9 + 0.3, 6 - (2.9 - 0.1) for the reversed
    one, and 2.9 - 0.2, and the variance of true scores and errors together, 0.25 + 0.36:

    >>> from portlib import data
    >>> from portlib import plan as plans
    >>> policy = plans.read(data.ROOT / "plan").policy
    >>> norm = calibrate([], np.random.default_rng(1), policy=policy)
    >>> one = replace(
    ...     norm, items=np.array([0.3, -0.1, -0.2]), orientation=np.array([1.0, -1.0, 1.0]),
    ...     mean=2.9, spread=0.5, error=0.6,
    ... )
    >>> said, true = simulate_careful(one, 40_000, np.random.default_rng(2))
    >>> said.shape, set(np.unique(said).tolist()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    ((40000, 3), True)
    >>> round(float(true.mean()), 2), round(float(true.std()), 2)
    (2.9, 0.5)
    >>> said.mean(axis=0).round(1).tolist()
    [3.2, 3.2, 2.7]
    >>> said.var(axis=0).round(1).tolist()
    [0.6, 0.6, 0.6]
    >>> [bool(np.corrcoef(true, said[:, item])[0, 1] > 0) for item in (0, 1, 2)]
    [True, False, True]
    """
    true = rng.normal(instrument.mean, instrument.spread, n)
    # rounding to whole answers adds a twelfth to the variance of an error (Sheppard), so it is
    # taken off first
    error = math.sqrt(max(instrument.error**2 - 1 / 12, 0.0))
    felt = true[:, None] + instrument.items + rng.normal(size=(n, len(instrument.items))) * error
    said = np.clip(np.round(felt), LOWEST, HIGHEST)
    return np.where(instrument.orientation > 0, said, LOWEST + HIGHEST - said), true


def distances(answers: ArrayLike, instrument: Instrument) -> tuple[Array, Array]:
    """How much each person's answers scatter around their own score, and how far plain and reversed
    ones disagree.

    Parameters
    ----------
    answers : array (people, k)
    instrument : Instrument

    Returns
    -------
    array (people,)
        Scatter: the sum of squares of what person and statement do not explain, over the error
        variance.
    array (people,)
        Gap: the absolute difference of the means of plain and of reversed statements, points; zero
        where no statement is reversed.

    Raises
    ------
    ValueError
        As `oriented` does.

    Examples
    --------
    Statements 2 and 3 are reversed and all are agreed to alike; an answer's error has a variance of
    a quarter. (5, 2, 1, 4) is (5, 4, 5, 4): squares of a half from 4.5, and no gap between 4.5 and
    4.5. (2, 2, 3, 1) is (2, 4, 3, 1): 0.25 + 2.25 + 0.25 + 2.25 over a quarter, and 1.5 against
    3.5:

    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(
    ...     orientation=np.array([1.0, -1.0, -1.0, 1.0]), items=np.zeros(4), error=0.5,
    ...     scatter_limit=20.0, gap_limit=1.9,
    ... )
    >>> scatter, gap = distances([[5, 2, 1, 4], [2, 2, 3, 1]], one)
    >>> scatter.tolist(), gap.tolist()
    ([4.0, 20.0], [0.0, 2.0])

    How easily a statement is agreed to is taken off first; without reversed statements there is no
    gap:

    >>> one.items, one.orientation = np.array([1.0, -1.0, 0.5, -0.5]), np.ones(4)
    >>> [found.tolist() for found in distances([[4, 2, 3, 3]], one)]  # 3, 3, 2.5, 3.5 over 0.25
    [[2.0], [0.0]]
    """
    x = oriented(answers, instrument.orientation) - instrument.items
    rest = x - x.mean(axis=1, keepdims=True)
    plain = instrument.orientation > 0
    gap = (
        np.abs(x[:, plain].mean(axis=1) - x[:, ~plain].mean(axis=1))
        if 0 < plain.sum() < len(plain)
        else 0 * x[:, 0]
    )
    return (rest**2).sum(axis=1) / instrument.error**2, gap


def consistent(answers: ArrayLike, instrument: Instrument) -> Array:
    """Whether each person's answers keep within both limits, (people,) of bool.

    Examples
    --------
    Both limits may be reached and neither passed:

    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(
    ...     orientation=np.array([1.0, -1.0, -1.0, 1.0]), items=np.zeros(4), error=0.5,
    ...     scatter_limit=20.0, gap_limit=2.0,
    ... )
    >>> answers = [[5, 2, 1, 4], [2, 2, 3, 1]]  # scatter 4 and 20, gap 0 and 2
    >>> consistent(answers, one).tolist()
    [True, True]
    >>> one.scatter_limit = 19.9
    >>> consistent(answers, one).tolist()
    [True, False]
    >>> one.scatter_limit, one.gap_limit = 20.0, 1.9
    >>> consistent(answers, one).tolist()
    [True, False]
    """
    scatter, gap = distances(answers, instrument)
    return np.asarray((scatter <= instrument.scatter_limit) & (gap <= instrument.gap_limit))


def calibrate(
    answers: Iterable[Sequence[int] | None], rng: np.random.Generator, *, policy: Policy
) -> Instrument:
    """What is the questionnaire worth, measured on the answers of a plan's people?

    With fewer than the policy's minimum its norm is used. Otherwise the model is fitted, the
    inconsistent are set aside, and it is fitted once more to the rest.

    Parameters
    ----------
    answers : iterable
        Seven whole numbers a person; None, who did not answer, does not count.
    rng : Generator
        Of the careful people that limits are read from.
    policy : Policy

    Returns
    -------
    Instrument

    Raises
    ------
    ValueError
        As `oriented` does.

    Examples
    --------
    With fewer than 30 answers the policy's norm is used: true scores around 3 that spread by 0.7,
    and errors of 0.8 in each of seven answers. Somebody who is careful passes both limits but in a
    fiftieth of cases, and measures no more than what was put in:

    >>> from portlib import data
    >>> from portlib import plan as plans
    >>> policy = plans.read(data.ROOT / "plan").policy
    >>> norm = calibrate([None, (3, 3, 3, 3, 3, 3, 3)], np.random.default_rng(1), policy=policy)
    >>> norm.people, norm.mean, norm.spread, norm.error, list(norm.floors)[0]
    (0, 3.0, 0.7, 0.8, 'conservative')
    >>> math.isclose(norm.alpha, 0.49 / (0.49 + 0.64 / 7))
    True
    >>> math.isclose(norm.standard_error**2, 0.64 / 7)
    True
    >>> careful, _ = simulate_careful(norm, 20_000, np.random.default_rng(2))
    >>> bool(0.012 < 1 - consistent(careful, norm).mean() < 0.021)
    True
    >>> few = careful[:400].astype(int).tolist() + [[5, 5, 5, 5, 5, 5, 5], [1, 1, 1, 1, 1, 1, 1]]
    >>> measured = calibrate([*few, None], np.random.default_rng(3), policy=policy)
    >>> measured.people + measured.set_aside, measured.set_aside >= 2
    (402, True)

    It goes on in ``questionnaire.md``.
    """
    orientation = orientations(policy)
    given = [a for a in answers if a is not None]
    k = len(orientation)
    norm = policy["questionnaire_norm"]
    if len(given) < policy["questionnaire_minimum_answers"]:
        mean = norm["mean"]
        spread = norm["spread"]
        error = norm["error"]
        unmeasured = Instrument(
            orientation=orientation,
            items=np.zeros(k),
            mean=mean,
            spread=spread,
            error=error,
            alpha=spread**2 / (spread**2 + error**2 / k),
            alpha_low=math.nan,
            alpha_high=math.nan,
            standard_error=error / math.sqrt(k),
            scatter_limit=math.inf,
            gap_limit=math.inf,
            people=0,
            set_aside=0,
            level=policy["questionnaire_level"],
            floors=_floors(policy),
        )
        return _limited(unmeasured, rng, policy["questionnaire_false_alarms"])
    alarms = policy["questionnaire_false_alarms"]
    x = oriented(given, orientation)
    first = _limited(_fitted(x, orientation, policy, set_aside=0), rng, alarms)
    kept = x[consistent(given, first)]
    again = _fitted(kept, orientation, policy, set_aside=len(x) - len(kept))
    return _limited(again, rng, alarms)


def _fitted(x: Array, orientation: Array, policy: Policy, *, set_aside: int) -> Instrument:
    """The model of oriented answers, (people, k), without limits.

    Examples
    --------
    Sums of 3, 9 and 9 vary by 12 and the means by 12/9, of which a sixth is the true scores'; the
    statements' means are 2, 8/3 and 7/3:

    >>> said = np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 5.0], [3.0, 5.0, 1.0]])
    >>> decided = {"questionnaire_level": 0.9, "posture_scores": {"bold": 4.0, "shy": 1.0}}
    >>> found = _fitted(said, np.ones(3), decided, set_aside=2)
    >>> [round(9 * x**2, 9) for x in (found.standard_error, found.spread)]  # 12 * 5/6, 12 / 6
    [10.0, 2.0]
    >>> round(3 * found.error**2, 9), (3 * found.items).round(9).tolist(), round(3 * found.mean, 9)
    (10.0, [-1.0, 1.0, 0.0], 7.0)
    >>> found.people, found.set_aside, found.level, list(found.floors)
    (3, 2, 0.9, ['shy', 'bold'])
    >>> (found.alpha_low, found.alpha_high) == feldt_interval(found.alpha, 3, 3, 0.9)
    True
    >>> # sums of 5, 6 and 4 vary by 1, the two statements by 11/3: 2 (1 - 11/3), and no spread
    >>> said = np.array([[1.0, 4.0], [4.0, 2.0], [2.0, 2.0]])
    >>> apart = _fitted(said, np.ones(2), decided, set_aside=0)
    >>> round(3 * apart.alpha, 9), apart.spread, round(12 * apart.standard_error**2, 9)
    (-16.0, 0.0, 19.0)
    """
    n, k = x.shape
    alpha = cronbach_alpha(x)
    variance = float(np.var(x.mean(axis=1), ddof=1))
    level = policy["questionnaire_level"]
    low, high = feldt_interval(alpha, n, k, level)
    standard_error = math.sqrt(variance * (1 - alpha))
    return Instrument(
        orientation=orientation,
        items=x.mean(axis=0) - x.mean(),
        mean=float(x.mean()),
        spread=math.sqrt(variance * max(alpha, 0.0)),
        error=standard_error * math.sqrt(k),
        alpha=alpha,
        alpha_low=low,
        alpha_high=high,
        standard_error=standard_error,
        scatter_limit=math.inf,
        gap_limit=math.inf,
        people=n,
        set_aside=set_aside,
        level=level,
        floors=_floors(policy),
    )


def _floors(policy: Policy) -> dict[str, float]:
    """Each posture's lowest score, rising."""
    floors = policy["posture_scores"]
    return {name: floors[name] for name in sorted(floors, key=floors.__getitem__)}


def _limited(model: Instrument, rng: np.random.Generator, alarms: float) -> Instrument:
    """The instrument with limits that simulated careful people exceed as often as `alarms` (policy)
    allows, half by each.
    """
    found = distances(simulate_careful(model, SIMULATED, rng)[0], model)
    scatter, gap = (float(np.quantile(d, 1 - alarms / 2, method="higher")) for d in found)
    return replace(model, scatter_limit=scatter, gap_limit=gap)


def score(answers: Sequence[int], instrument: Instrument) -> Score:
    """What do one person's answers say, and how surely?

    Parameters
    ----------
    answers : sequence of int
    instrument : Instrument
        As `calibrate` measured it.

    Returns
    -------
    Score

    Raises
    ------
    ValueError
        As `oriented` does.

    Examples
    --------
    Who agrees with every statement, the reversed ones too, has said nothing:

    >>> from portlib import data
    >>> from portlib import plan as plans
    >>> policy = plans.read(data.ROOT / "plan").policy
    >>> measured = calibrate([], np.random.default_rng(1), policy=policy)
    >>> count = len(policy["risk_questionnaire"])
    >>> [score([answer] * count, measured).usable for answer in (3, 5)]
    [True, False]
    >>> score([5] * count, measured).faults[0][:62]  # 5 and 6 - 5
    'plain and reversed statements disagree by 4.0 points, careful '

    With the third and the sixth reversed these are 27 points of seven answers, and 1.28 standard
    errors of 0.302 either way; growth begins at 3.0 and the boldest at 3.8:

    >>> found = score([4, 4, 2, 4, 4, 3, 4], measured)
    >>> round(found.value - 27 / 7, 9), round(found.high - found.value, 3), found.bands
    (0.0, 0.388, ('growth', 'aggressive'))
    >>> round(found.value - found.low, 3), found.posture, found.usable
    (0.388, 'growth', True)

    It goes on in ``questionnaire.md``.
    """
    half = NormalDist().inv_cdf((1 + instrument.level) / 2) * instrument.standard_error
    value = float((oriented([answers], instrument.orientation) - instrument.items).mean())
    low = max(value - half, LOWEST)
    high = min(value + half, HIGHEST)
    names = list(instrument.floors)
    edges = [-math.inf, *list(instrument.floors.values())[1:], math.inf]
    bands = tuple(
        n
        for n, bottom, top in zip(names, edges, edges[1:], strict=False)
        if bottom <= high and low < top
    )
    scatter, gap = (float(d[0]) for d in distances([answers], instrument))
    faults = []
    if gap > instrument.gap_limit:
        faults.append(
            f"plain and reversed statements disagree by {gap:.1f} points, careful people's "
            f"seldom by more "
            f"than {instrument.gap_limit:.1f}"
        )
    if scatter > instrument.scatter_limit:
        faults.append("the answers scatter more than careful people's do")
    return Score(value, low, high, bands, scatter, gap, tuple(faults))
