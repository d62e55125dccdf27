"""What a plan's folder must look like: the columns, the rules, and what they owe each other.

`portlib.plan` reads; this module refuses. A refusal is a `DataError` that names the table, the line (or the entry of
``rules.yml``) and the reason. ``data/README.md`` describes the format in words.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from portlib import data
from portlib.data import DataError

KINDS = ("core", "stable_value", "target_date", "risk_based", "employer_stock", "annuity")
#: Listed real estate is no class of the survey; its private real estate stands in where a fund holds it.
STAND_INS = {"us_reits": "real_estate"}
QUESTIONS = 7

_FEE = "fee, decimal per year"
LINEUP = {"origin": "text", "fund": "name", "label": "text", "kind": "name", "category": "text", "management": "name",
           "vehicle": "text", "affiliated": "text", "expense_ratio": _FEE, "fee_12b1": _FEE, "revenue_share": _FEE,
           "plan_share": "weight", "specific_risk": "decimal per year"}  # fmt: skip
PEOPLE = {"origin": "text", "participant": "name", "birth_year": "calendar year", "hire_year": "calendar year",
           "pay": "US dollars", "deferral_rate": "weight", "roth_share": "weight", "balance": "US dollars",
           "filing_status": "name", "retirement_age": "years", "outside_assets": "US dollars",
           "other_income": "US dollars", "answers": "text", "holdings": "text"}  # fmt: skip
_MAY_BE_EMPTY = {"plan_share", "retirement_age", "outside_assets", "other_income", "answers"}
STATUSES = ("single", "married_joint", "married_separate", "head_of_household")
# Every rule and the type of its value; a rule that a plan does not have is written as null or an empty list or mapping.
_RULES: dict[str, Any] = {
    "name": str, "origin": str, "as_of": date, "normal_retirement_age": int, "default": (str, None),
    "recordkeeping_fee": float,
    "contributions": {"automatic": float, "match": [{"rate": float, "up_to": float}], "roth": bool},
    "employer_stock": ({"fund": str, "frozen": bool, "own_volatility": float, "daily_volume": float}, None),
    "stable_value": ({"fund": str, "competing": [str], "equity_wash_days": int}, None),
    "trading": {"transfers_per_quarter": (int, None), "round_trip_days": {str: int},
                "minimum_holding_days": {str: int}},
    "blackouts": [{"first": date, "last": date, "notice": date, "reason": str}],
    "models": {"most_funds": int, "whole_percent": bool},
    "clauses": {str: str},
}  # fmt: skip


Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None, pd.DataFrame, pd.DataFrame]


def parts(rules: Mapping[str, Any], lineup: pd.DataFrame, people: pd.DataFrame, vintages: pd.DataFrame | None,
          suffix: str) -> Parts:
    """Funds, exposures, vintages, participants and holdings of a `Plan`, from its tables; ``suffix`` is of their names.

    Raises `DataError` for whatever breaks a rule of the format.
    """
    _typed(rules, _RULES, f"rules{suffix and '.yml'}")
    lines = f"lineup{suffix}"
    classes = _classes(lineup, [*LINEUP], lines)
    lineup = data.checked(lineup, LINEUP | dict.fromkeys(classes, "weight"), ["fund"], lines)
    _complete(lineup, LINEUP, rules["origin"], lines)
    _refuse(lines, lineup, ~lineup["kind"].isin(KINDS), "kind", f"is none of {', '.join(KINDS)}")
    _refuse(lines, lineup, ~lineup["affiliated"].isin(["yes", "no", True, False]), "affiliated", "is not yes or no")
    paid = lineup[["fee_12b1", "revenue_share"]].max(axis=1)
    _refuse(lines, lineup, paid > lineup["expense_ratio"], "expense_ratio", "is less than what the fund pays out of it")
    series = lineup["kind"] == "target_date"
    held = lineup[classes].astype(float).fillna(0).sum(axis=1)
    _refuse(lines, lineup, series & (held != 0), "fund", "is a series: its classes belong in target_date_vintages")
    _refuse(lines, lineup, ~series & ((held - 1).abs() > 1e-6), "fund", "holds classes that do not sum to one")
    for kind in ("target_date", "employer_stock", "stable_value"):
        of_kind = lineup["kind"] == kind
        _refuse(lines, lineup, of_kind & of_kind.cumsum().gt(1), "kind", "is given twice")
    share = lineup["plan_share"]
    if share.notna().any() and abs(share.fillna(0).sum() - 1) > 1e-6:
        raise DataError(f"{lines}: column 'plan_share' sums to {share.sum():.6g}, not to one")
    funds = lineup.set_index("fund")[[column for column in LINEUP if column not in ("origin", "fund")]]
    funds["affiliated"] = funds["affiliated"].isin(["yes", True])
    exposures = lineup[~series].set_index("fund")[classes].astype(float).fillna(0.0)
    _consistent(rules, funds, f"rules{suffix and '.yml'}")
    if series.any() != (vintages is not None):
        raise DataError(f"target_date_vintages{suffix} is needed when, and only when, a target_date fund is offered")
    participants, holdings = _people(people, rules, funds.index, f"participants{suffix}")
    paths = None if vintages is None else _vintages(vintages, classes, rules["origin"], f"target_date_vintages{suffix}")
    dollars = holdings.mul(participants["balance"], axis=0).sum() / max(participants["balance"].sum(), 1e-300)
    if share.notna().any() and len(people) and (apart := (dollars - funds["plan_share"].fillna(0)).abs()).max() > 0.02:
        fund = str(apart.idxmax())
        raise DataError(f"{lines}: plan_share of {fund} is {funds['plan_share'][fund]:.3f}, but participants hold "
                        f"{dollars[fund]:.3f} of all balances in it; one of the two files is wrong")
    return funds, exposures, paths, participants, holdings


def _people(people: pd.DataFrame, rules: Mapping[str, Any], funds: pd.Index,
            name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    if people.empty:  # a service may send nobody
        nobody = pd.DataFrame({c: pd.Series(dtype=float if data.UNITS[u] else object) for c, u in PEOPLE.items()})
        nobody = nobody.set_index("participant")
        return nobody.drop(columns=["origin", "holdings"]), pd.DataFrame(columns=list(funds), dtype=float)
    if lost := [column for column in PEOPLE if column not in people]:
        raise DataError(f"{name}: lacks the column {lost[0]!r}")
    numbers = {column: unit for column, unit in PEOPLE.items() if data.UNITS[unit]}
    people = data.checked(people, numbers, ["participant"], name).astype(dict.fromkeys(numbers, float))
    _complete(people, PEOPLE, rules["origin"], name)
    age = rules["as_of"].year - people["birth_year"]
    _refuse(name, people, ~age.between(14, 110), "birth_year", f"makes nobody's age in {rules['as_of'].year}")
    hired = people["hire_year"].between(people["birth_year"] + 14, rules["as_of"].year)
    _refuse(name, people, ~hired, "hire_year", "is before the age of 14 or after as_of")
    _refuse(name, people, ~people["filing_status"].isin(STATUSES), "filing_status", f"is none of {', '.join(STATUSES)}")
    answers: list[tuple[int, ...] | None] = []
    held: list[dict[str, float]] = []
    for row, (said, owns) in enumerate(zip(people["answers"], people["holdings"], strict=True)):
        try:
            answers.append(None if not isinstance(said, (str, list, tuple)) else tuple(
                int(x) for x in (said.split() if isinstance(said, str) else said)))
            held.append(owns if isinstance(owns, dict) else {
                f: float(p) / 100 for f, p in (part.split() for part in owns.split(";"))})
        except ValueError as error:
            raise DataError(f"{name}: line {row + 2}: write answers as '3 4 2 ...' and holdings as "
                            f"'FUND 60; OTHER 40' in percent ({error})") from error
    wrong = pd.Series([a is not None and (len(a) != QUESTIONS or not set(a) <= {1, 2, 3, 4, 5}) for a in answers])
    _refuse(name, people, wrong, "answers", f"is not {QUESTIONS} numbers from 1 to 5")
    holdings = pd.DataFrame(held, people["participant"]).astype(float).fillna(0.0)
    for fund in set(holdings) - set(funds):
        _refuse(name, people, holdings[fund] != 0, "holdings", f"holds {fund}, no fund of the lineup")
    holdings = holdings.reindex(columns=list(funds), fill_value=0.0)
    off = ((holdings.sum(axis=1) - 1).abs() > 1e-6) | (holdings < 0).any(axis=1)
    _refuse(name, people, off, "holdings", "does not sum to 100, or has a negative share")
    kept = people.assign(answers=pd.Series(answers, people.index, dtype=object)).set_index("participant")
    kept = kept[[column for column in PEOPLE if column not in ("origin", "participant", "holdings")]]
    return kept.astype({"birth_year": int, "hire_year": int}), holdings


def _vintages(vintages: pd.DataFrame, classes: list[str], origin: str, name: str) -> pd.DataFrame:
    fixed = {"origin": "text", "years_to_retirement": "years", "equity": "weight"}
    held = _classes(vintages, list(fixed), name)
    if strange := sorted(set(held) - set(classes)):
        raise DataError(f"{name}: holds {', '.join(strange)}, which the lineup's columns lack; add them there")
    vintages = data.checked(vintages, fixed | dict.fromkeys(held, "weight"), ["years_to_retirement"], name)
    _complete(vintages, fixed, origin, name)
    weights = vintages[held].astype(float).fillna(0.0)
    off = (weights.sum(axis=1) - 1).abs() > 1e-6
    _refuse(name, vintages, off, "years_to_retirement", "has weights that do not sum to one")
    table = weights.reindex(columns=classes, fill_value=0.0).assign(equity=vintages["equity"].astype(float))
    return table.set_index(vintages["years_to_retirement"].astype(float)).sort_index(ascending=False)


def _consistent(rules: Mapping[str, Any], funds: pd.DataFrame, name: str) -> None:
    """Rules name funds of the lineup, and a kind of fund that needs a rule has one."""
    wash, trading = rules["stable_value"] or {}, rules["trading"]
    named = {"default": [rules["default"]], "stable_value: competing": wash.get("competing", []),
             "trading: round_trip_days": trading["round_trip_days"],
             "trading: minimum_holding_days": trading["minimum_holding_days"]}
    for rule, given in named.items():
        if unknown := [fund for fund in given if fund is not None and fund not in funds.index]:
            raise DataError(f"{name}: {rule}: {unknown[0]!r} is no fund of the lineup")
    for kind in ("employer_stock", "stable_value"):
        of_kind = list(funds.index[funds["kind"] == kind])
        if of_kind != ([rules[kind]["fund"]] if rules[kind] else []):
            raise DataError(f"{name}: {kind} must name the lineup's fund of that kind: {', '.join(of_kind) or 'null'}")
    for span in rules["blackouts"]:
        if not span["notice"] <= span["first"] <= span["last"]:
            raise DataError(f"{name}: blackouts: {span['notice']}, {span['first']}, {span['last']} are out of order")
    if rules["models"]["most_funds"] < 1 or not 50 <= rules["normal_retirement_age"] <= 80:
        raise DataError(f"{name}: models: most_funds must be 1 or more, and normal_retirement_age between 50 and 80")


def _typed(value: Any, kind: Any, name: str) -> None:
    """Raise `DataError` naming the entry that is missing, unknown or of another type than the format says."""
    wanted, *others = kind if isinstance(kind, tuple) else (kind,)
    if value is None and others:
        return
    if isinstance(wanted, dict) and isinstance(value, Mapping):
        if str in wanted:
            for key, item in value.items():
                _typed(item, wanted[str], f"{name}: {key}")
            return
        for key in [*value, *wanted]:
            if key not in wanted:
                near = difflib.get_close_matches(str(key), list(wanted), n=1, cutoff=0) or [""]
                raise DataError(f"{name}: {key!r} is no entry of the format; did you mean {near[0]!r}?")
            if key not in value:
                raise DataError(f"{name}: {key!r} is missing; write null, [] or {{}} where the plan has no such rule")
            _typed(value[key], wanted[key], f"{name}: {key}")
    elif isinstance(wanted, list) and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            _typed(item, wanted[0], f"{name} {number}")
    elif isinstance(wanted, type):
        number = wanted in (int, float)
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if not fits or isinstance(value, bool) != (wanted is bool) or (number and not 0 <= value < np.inf):
            raise DataError(f"{name}: {value!r} should be {wanted.__name__}{', zero or more' if number else ''}")
    else:
        raise DataError(f"{name}: {value!r} should be a {'list' if isinstance(wanted, list) else 'mapping'}")


@cache
def _known() -> frozenset[str]:
    return frozenset({*data.table("horizon_2025_correlations").index, *STAND_INS})


def _classes(frame: pd.DataFrame, fixed: list[str], name: str) -> list[str]:
    """The columns that are asset classes; raises `DataError` for one that is neither a class nor of the format."""
    if lost := [column for column in fixed if column not in frame]:
        raise DataError(f"{name}: lacks the column {lost[0]!r}")
    known = _known()
    classes = [str(column) for column in frame if column not in fixed]
    for column in classes:
        if column not in known:
            raise DataError(f"{name}: column {column!r} is no class of the survey; it has {', '.join(sorted(known))}")
    return classes


def _complete(frame: pd.DataFrame, columns: Mapping[str, str], origin: str, name: str) -> None:
    missing = frame[[column for column in columns if column not in _MAY_BE_EMPTY]].isna()
    for column in (str(c) for c in missing if missing[c].any()) if missing.to_numpy().any() else ():
        _refuse(name, frame, missing[column], column, "is empty")
    _refuse(name, frame, frame["origin"] != origin, "origin", f"differs from {origin!r} in rules.yml")


def _refuse(name: str, frame: pd.DataFrame, bad: Any, column: str, problem: str) -> None:
    if np.asarray(bad).any():
        row = int(np.asarray(bad).argmax())
        value = frame[column].iloc[row]
        shown = f"{value:g}" if np.isreal(value) else repr(value)
        raise DataError(f"{name}: line {row + 2}: {column} {shown} {problem}")
