"""What does this plan's house expect of each class: its own assumptions, else the survey's?

Where a plan brings assumptions they decide, and the survey is the second opinion; where it does
not, the survey decides, and stands in for a class of the house's own by the class that
``classes.yml`` names. Left out: what an engine makes of them (`portlib.construction`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from portlib.compounding import arithmetic_to_geometric
from portlib.data import DataError
from portlib.estimation.capital_market_assumptions import PLAN_CLASSES, survey_assumptions
from portlib.estimation.providers import LISTED, with_listed_real_estate
from portlib.plan import Plan
from portlib.ranges import door
from portlib.records import Assumptions


@door()
def house_view(
    plan: Plan, *, horizon_years: int, classes: Sequence[str] | None = None
) -> Assumptions:
    """Expected returns and risks of a plan's classes, by whom its committee relies on.

    Parameters
    ----------
    plan : with its own assumptions, if any (`Plan.inputs`).
    horizon_years : of the survey, 10 or 20.
    classes : wanted, in this order; by default all that the plan's assumptions name, or
        `PLAN_CLASSES` of the survey.

    Raises
    ------
    DataError
        For a class of which neither the plan nor the survey has a figure.

    Examples
    --------
    A plan that brings no assumptions is told the survey's, in which large US companies have 7.67%
    over ten years and 8.29% over twenty, cash 3.6% and a risk of 1.47%:

    >>> from dataclasses import replace
    >>> from portlib import data, plan
    >>> example = plan.read(data.ROOT / "plan")
    >>> house_view(example, horizon_years=10).labels == PLAN_CLASSES
    True
    >>> house_view(example, horizon_years=20, classes=["us_large_equity"]).mu.tolist()
    [0.0829]

    It goes on in ``house_view.md``.
    """
    own = plan.inputs.assumptions
    if own is None:
        return _surveyed(plan, horizon_years, PLAN_CLASSES if classes is None else classes)
    if classes is None:
        return own.record
    if lost := [name for name in classes if name not in own.record.labels]:
        raise DataError(f"assumptions.csv lacks {', '.join(lost)}")
    return own.record.select(classes)


@door()
def second_opinion(plan: Plan, *, horizon_years: int) -> pd.DataFrame:
    """How far are the plan's own assumptions from the survey's?

    Parameters
    ----------
    plan : with its own assumptions (`Plan.inputs`).
    horizon_years : of the survey, 10 or 20.

    Returns
    -------
    DataFrame
        One row a class that the plan's assumptions name: geometric mean and volatility of both, and
        their differences, annual decimals; nan where the survey has no such class.

    Raises
    ------
    DataError
        Where the plan brings no assumptions.

    Examples
    --------
    A house that expects 5% of large US companies, compounded, with a risk of 15%, where the survey
    has 7.67% (arithmetic) and 16.54%; of paintings the survey has nothing:

    >>> from dataclasses import replace
    >>> from portlib import data, plan
    >>> from portlib.inputs.assumptions import OwnAssumptions
    >>> from portlib.inputs.classes import make
    >>> from portlib.tables import Findings
    >>> names = ["art", "us_large_equity"]
    >>> table = pd.DataFrame({"geometric": [0.02, 0.05], "volatility": [0.10, 0.15]}, names)
    >>> own = OwnAssumptions(table, pd.DataFrame(np.eye(2), names, names), "cash")
    >>> classes = make({"art": {"label": "paintings", "role": "real"}}, Findings())
    >>> example = plan.read(data.ROOT / "plan")
    >>> inputs = replace(example.inputs, assumptions=own, classes=classes)
    >>> found = second_opinion(replace(example, inputs=inputs), horizon_years=10)
    >>> survey = 1.0767 * (1 + 0.1654**2 / 1.0767**2) ** (-(1 - 1 / 10) / 2) - 1
    >>> by_hand = [0.05, 0.15, survey, 0.1654, 0.05 - survey, 0.15 - 0.1654]
    >>> list(found.index), bool(np.allclose(found.loc["us_large_equity"], by_hand))
    (['art', 'us_large_equity'], True)
    >>> found.loc["art"].notna().to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'own geometric': True, 'own volatility': True, 'survey geometric': False,
     'survey volatility': False, 'difference': False, 'difference of volatility': False}
    >>> second_opinion(example, horizon_years=10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: the plan brings no assumptions of its own: the survey is its only ...
    """
    own = plan.inputs.assumptions
    if own is None:
        raise DataError("the plan brings no assumptions of its own: the survey is its only opinion")
    ours = pd.DataFrame(
        {
            "own geometric": own.table["geometric"].astype(float),
            "own volatility": own.table["volatility"].astype(float),
        }
    )
    known = [name for name in map(str, ours.index) if _published(plan, name) is not None]
    # where nothing is published of any, of cash, which the join leaves out
    survey = _surveyed(plan, horizon_years, known or ["cash"])
    theirs = pd.DataFrame(
        {
            "survey geometric": arithmetic_to_geometric(
                survey.mu, survey.volatility, horizon_years
            ),
            "survey volatility": survey.volatility,
        },
        index=list(survey.labels),
    )
    table = ours.join(theirs)
    table["difference"] = table["own geometric"] - table["survey geometric"]
    table["difference of volatility"] = table["own volatility"] - table["survey volatility"]
    return table


def _published(plan: Plan, name: str) -> str | None:
    """The survey's class for a class of the plan's; listed real estate is its own."""
    if name == LISTED or name not in plan.inputs.classes:
        return name
    return plan.inputs.classes[name].survey


def _surveyed(plan: Plan, horizon_years: int, classes: Sequence[str]) -> Assumptions:
    published = {name: _published(plan, name) for name in classes}
    if lost := [name for name, same in published.items() if same is None]:
        raise DataError(
            f"no figures of {', '.join(lost)}: bring assumptions.csv and correlations.csv, or name "
            "a survey class in classes.yml"
        )
    wanted = [str(same) for same in published.values()]
    told = survey_assumptions(
        horizon_years, tuple(dict.fromkeys(same for same in wanted if same != LISTED)) or ("cash",)
    )
    if LISTED in wanted:
        told = with_listed_real_estate(told)
    if wanted == list(classes):
        return told.select(wanted)
    at = [told.labels.index(same) for same in wanted]
    instead = "; ".join(f"{same} for {name}" for name, same in published.items() if same != name)
    return Assumptions(
        list(classes),
        told.mu[at],
        told.sigma[np.ix_(at, at)],
        told.rf,
        f"{told.source}; standing in: {instead}",
    )
