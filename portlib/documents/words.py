"""How do figures of a plan read on paper: dollars, percent, days, names of classes?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from portlib import history, plan_format
from portlib.plan import Plan
from portlib.ranges import among
from portlib.retirement.plan_menu import coverage

#: What is written for what is no number.
UNKNOWN = "not known"
#: By engine, how it chooses.
WAYS = {
    "MARKOWITZ": "maximum utility of the expected returns as they stand",
    "BLACK_LITTERMAN": "maximum utility of expected returns that start from the world market "
    "portfolio and follow forecasts as far as their measured error allows",
    "ERC": "equal contributions to risk",
    "RESAMPLED": "the average of portfolios that are best under redrawn expected returns",
    "ROBUST": "maximum utility under the worst expected returns within their error",
}


def dollars(amount: Any) -> str:
    """US dollars with three or four figures that matter: ``$24.5 million``, ``$58``.

    Examples
    --------
    >>> dollars(24_512_000), dollars(58.4), dollars(float("nan"))
    ('$24.5 million', '$58', 'not known')

    Words change at the million and at the billion, whatever the sign:

    >>> [dollars(x) for x in (999_999, 1e6, 1.25e9, 999_900_000, 0.4)]
    ['$999,999', '$1.0 million', '$1.25 billion', '$999.9 million', '$0']
    >>> dollars(-1e6), dollars(-1e9)
    ('$-1.0 million', '$-1.00 billion')
    >>> dollars(999_999.7), dollars(999_960_000)  # what rounds to the next word has it
    ('$1.0 million', '$1.00 billion')
    """
    if amount != amount:
        return UNKNOWN
    if abs(amount) >= 999_950_000:
        return f"${amount / 1e9:,.2f} billion"
    if abs(amount) >= 999_999.5:
        return f"${amount / 1e6:,.1f} million"
    return f"${amount:,.0f}"


def percent(share: Any, digits: int = 1) -> str:
    """A decimal as percent; what rounds to nothing is written without a sign.

    Examples
    --------
    >>> percent(0.12345), percent(-0.12345, 0), percent(0.12345, 3), percent(-0.0004)
    ('12.3%', '-12%', '12.345%', '0.0%')
    >>> percent(float("nan"))
    'not known'
    """
    if share != share:
        return UNKNOWN
    return f"{share:z.{digits}%}"


def yearly_cost(ratio: Any) -> str:
    """A yearly expense as percent: two decimals, three where the fund publishes three.

    Examples
    --------
    >>> yearly_cost(0.0055), yearly_cost(0.00035)
    ('0.55%', '0.035%')
    >>> yearly_cost(-0.00035), yearly_cost(0.01), yearly_cost(0.0070004), yearly_cost(float("nan"))
    ('-0.035%', '1.00%', '0.700%', 'not known')
    """
    if ratio != ratio:
        return UNKNOWN
    published = abs(round(1e4 * ratio) - 1e4 * ratio) < 1e-6
    return percent(ratio, 2 if published else 3)


def transfers(count: int) -> str:
    """So many transfers, in words.

    Examples
    --------
    >>> transfers(0), transfers(1), transfers(4)
    ('0 transfers', '1 transfer', '4 transfers')
    """
    return f"{count} transfer" + "s" * (count != 1)


def of_class(plan: Plan, name: str) -> str:
    """What readers are told a class is."""
    known = plan.inputs.classes
    return known[name].label if name in known else name.replace("_", " ")


def of_category(plan: Plan, fund: str) -> str:
    """A fund's published category; of one that has none, so."""
    among("fund", [fund], plan.funds.index)
    category = str(plan.funds.loc[fund, "category"]).strip()
    return category if category.lower() not in ("", "nan", "none") else "no category"


def facts(plan: Plan) -> list[tuple[str, str]]:
    """What the head of every document says of the plan.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from portlib import plan as plans, plan_template
    >>> with TemporaryDirectory() as place:
    ...     _ = plan_template.write(Path(place, "small"))
    ...     small = plans.read(Path(place, "small"))
    >>> def of_rules(**changed):
    ...     return replace(small, rules={**small.rules, **changed})
    >>> facts(small)[:2]  # of 14500, 61000, 98000, 187000, 240000, 412000, 198000 and 355000
    [('Assets', '$1.6 million'), ('Participants', '8')]
    >>> facts(small)[2:]
    [('Options', '7, one the default'), ('Figures of', 'June 30, 2026')]
    >>> facts(of_rules(default=None))[2]
    ('Options', '7, no default')

    What is made up in part says so beside each of its figures; what is invented or real altogether
    says so once, elsewhere:

    >>> [value for _, value in facts(of_rules(origin="funds real, people synthetic"))]
    ['$1.6 million, SYNTHETIC', '8, SYNTHETIC', '7, one the default', 'June 30, 2026']
    >>> facts(of_rules(origin=" synthetic ")) == facts(of_rules(origin="ours")) == facts(small)
    True
    """
    default = plan.rules["default"]
    offered = len(plan.funds)
    invented = plan.origin.strip().upper() == "SYNTHETIC" or "SYNTHETIC" not in plan.origin.upper()
    whose = "" if invented else ", SYNTHETIC"
    return [
        ("Assets", dollars(plan.assets) + whose),
        ("Participants", f"{len(plan.participants):,}{whose}"),
        ("Options", f"{offered}" + (", one the default" if default else ", no default")),
        ("Figures of", f"{plan.as_of:%B} {plan.as_of.day}, {plan.as_of.year}"),
    ]


def funds_of(plan: Plan) -> int:
    """How many funds a plan offers: its options, each date of a target-date series counted, less
    those that are only described."""
    considered = int(coverage(plan)["considered"].sum())
    return considered if plan.vintages is None else considered - 1 + len(plan.vintages)


def as_funds(plan: Plan) -> str:
    """Options and funds in one line: an option is a line of the lineup, and each date of a
    target-date series is a fund; nothing for a plan without a series, where both are the same.

    Examples
    --------
    >>> from portlib import plan
    >>> as_funds(plan.read())
    'The 19 options of the lineup are 28 funds: each date of the series is one.'
    """
    if plan.vintages is None:
        return ""
    return (
        f"The {len(plan.funds)} options of the lineup are {funds_of(plan)} funds: each date of the "
        "series is one."
    )


def value(entry: Any, unit: str = "", names: Mapping[str, str] | None = None) -> str:
    """A value of the policy in words.

    Parameters
    ----------
    entry : number, text, list or mapping
    unit : str
        As the policy states it; shares and decimals are written as percent.
    names : mapping, optional
        What readers are told a code is, as from `codes`.

    Returns
    -------
    str
        Mappings as name and value; a mapping within one stands in brackets, and of one that gives
        everything to a single name that name alone.

    Examples
    --------
    >>> value({"moderate": 0.13, "turnover": 0.5})
    'moderate 0.13; turnover 0.5'
    >>> value({"volatility": {"moderate": 0.13, "growth": 0.17}}, "share of value")
    'volatility (moderate 13%; growth 17%)'
    >>> value({"us_tips": 1}, names={"us_tips": "TIPS"})
    'TIPS 1'
    >>> value({"cash": {"bills": 1.0}, "stocks": {"large": 0.6, "small": 0.4}}, "weights")
    'cash: bills; stocks (large 60%; small 40%)'
    >>> value({"cash": {"bills": 0.5}}, "weights")  # not everything
    'cash (bills 50%)'
    >>> value([0.1, {"a_b": 0.25}, ("c", True)], "weight"), value(False), value("x_y")
    ('10%, (a b 25%), c, yes', 'no', 'x y')

    A unit of shares makes percent of a number, one that only contains the word does not; a seed is
    a name. From a hundred thousand on, thousands are set apart:

    >>> [value(0.125, unit) for unit in ("share of value", "weights", "decimal a year", "ratio")]
    ['12.5%', '12.5%', '12.5%', '0.125']
    >>> [value(0.5, unit) for unit in ("points of weight", "shares", "weighted")]
    ['0.5', '0.5', '0.5']
    >>> value(20261121, "seed of it"), value(99_999), value(1e5), value(-1e5), value(1e-7)
    ('20261121', '99999', '100,000', '-100,000', '1e-07')
    """

    def within(inner: Any) -> str:
        words = value(inner, unit, names)
        return f"({words})" if isinstance(inner, dict) else words

    def named(key: Any, one: Any) -> str:
        if isinstance(one, dict) and list(one.values()) == [1]:
            return f"{_name(key, names)}: {_name(next(iter(one)), names)}"
        return f"{_name(key, names)} {within(one)}"

    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if isinstance(entry, float | int):
        if re.match(r"(weights?|share|decimal)\b", unit):
            return f"{100 * entry:g}%"
        if "seed" in unit:  # a name, not an amount
            return f"{entry:.0f}"
        return f"{entry:g}" if abs(entry) < 1e5 else f"{entry:,.0f}"
    if isinstance(entry, dict):
        return "; ".join(named(key, one) for key, one in entry.items())
    if isinstance(entry, list | tuple):
        return ", ".join(within(one) for one in entry)
    return _name(entry, names)


def codes(plan: Plan) -> dict[str, str]:
    """What readers are told that codes of classes and of series of the open record are; those that
    are words (cash, inflation) are left as they are."""
    record = history.read("open")
    series = {name: record[name].label for name in record.names}
    return {code: name for code, name in (series | class_names(plan)).items() if "_" in code}


def _name(key: Any, names: Mapping[str, str] | None = None) -> str:
    return (names or {}).get(str(key), str(key).replace("_", " "))


def of_entry(name: str) -> str:
    """An entry of the policy in words."""
    return name.replace("_", " ")


def with_labels(text: str, plan: Plan) -> str:
    """A text with funds called as readers know them, where it has their codes.

    A label that stands there already is left whole, and so is a code of one letter, which may be
    any letter of a text.

    Examples
    --------
    >>> from portlib import plan
    >>> with_labels("TDIDX is dear, Stable Value is not", plan.read())
    'Index Target-Date series (5-year vintages) is dear, Stable Value is not'
    """
    labels = {str(fund): str(label) for fund, label in plan.funds["label"].items()}
    codes = {code: label for code, label in labels.items() if len(code) > 1}
    known = {label: label for label in labels.values()} | codes
    found = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    return re.sub(rf"(?<!\w)({found})(?!\w)", lambda match: known[match[1]], text)


def with_classes(text: str, plan: Plan) -> str:
    """A text with classes called as readers know them, where it has their codes, in one word or in
    several.

    Examples
    --------
    >>> from portlib import plan
    >>> with_classes("most us_tips, least us high yield", plan.read())
    'most inflation-protected bonds, least high-yield bonds'
    """
    return with_names(text, class_names(plan))


def class_names(plan: Plan) -> dict[str, str]:
    """What readers are told that codes of classes are."""
    return {name: of_class(plan, name) for name in plan.inputs.classes.by_name}


def with_names(text: str, names: Mapping[str, str]) -> str:
    """A text with names in place of codes that no word could be: those with an underscore, also
    where it is written as a space.

    Examples
    --------
    The longest that fits is taken, and whole words only:

    >>> known = {"us": "America", "us_bonds": "bonds", "us_bonds_long": "long bonds"}
    >>> with_names("us us_bonds, us bonds long, my_us_bonds us_bondsman", known)
    'us bonds, long bonds, my_us_bonds us_bondsman'
    >>> with_names("us_a.b, us_a-b", {"us_a.b": "B"})
    'B, us_a-b'
    >>> with_names("cash, and us", {"cash": "bills"})
    'cash, and us'

    A name that ends as a code is spelled is a name already:

    >>> known = {"real_estate": "private real estate", "us_reits": "listed real estate"}
    >>> with_names("listed real estate, real estate, private real estate", known)
    'listed real estate, private real estate, private real estate'
    """
    codes = {code: name for code, name in names.items() if "_" in code}
    if not codes:
        return text
    spelled = {name: name for name in codes.values()} | codes
    spelled |= {code.replace("_", " "): name for code, name in codes.items()}
    found = "|".join(sorted(map(re.escape, spelled), key=len, reverse=True))
    return re.sub(rf"(?<!\w)({found})(?!\w)", lambda match: spelled[match[1]], text)


def alone(text: str, chapter: str, plan: Plan) -> str:
    """A text of a chapter for whoever does not have the chapter at hand: no codes, and the chapter
    by its title.

    Parameters
    ----------
    text : str
    chapter : str
        The name of the chapter that it is from.
    plan : Plan

    Returns
    -------
    str
    """
    words = with_classes(with_labels(text.replace("\\_", "_"), plan), plan)
    words = re.sub(r"(?<=\w)_(?=\w)", " ", words)
    return words.replace("this chapter", f"the chapter *{chapter}*")


def governed_by(plan: Plan) -> str:
    """The law that binds a plan's fiduciaries, as its rules name it."""
    if plan.legal_regime == "ERISA":
        return "ERISA 404(a)(1)"
    named = plan.rules["clauses"].get("legal_regime")
    return str(
        named or f"{plan_format.LEGAL_REGIMES[plan.legal_regime]}; its own law is to be named"
    )
