"""Words of a plan on paper: names for codes, once and nowhere else."""

from __future__ import annotations

from portlib import plan
from portlib.documents import words
from tests.documents.unrun import ROOT


def test_codes_of_one_letter_and_labels_that_stand_there_are_left() -> None:
    tsp = plan.read(ROOT / "plans" / "tsp")
    label = str(tsp.funds.loc["L", "label"])
    text = f"Keep {label} and the S&P 500; T. Rowe Price and C. G. Smith agree."
    assert words.with_labels(text, tsp) == text


def test_what_is_made_up_in_part_says_so_in_its_head() -> None:
    told = dict(words.facts(plan.read(ROOT / "plans" / "tsp")))
    assert told["Participants"].endswith("SYNTHETIC")
    assert "SYNTHETIC" not in dict(words.facts(plan.read(ROOT / "data" / "plan")))["Participants"]


def test_amounts_change_their_words_at_the_million_and_the_billion() -> None:
    told = [words.dollars(x) for x in (999_999, 1e6, 999_949_999, 1e9, -1_500_000, 0)]
    assert told == [
        "$999,999",
        "$1.0 million",
        "$999.9 million",
        "$1.00 billion",
        "$-1.5 million",
        "$0",
    ]
    assert words.dollars(float("nan")) == "not known"


def test_a_share_that_rounds_to_nothing_has_no_sign_and_one_that_is_none_is_not_known() -> None:
    told = [words.percent(x) for x in (0.1234, -0.1234, -0.0004, 0.0, float("nan"))]
    assert told == ["12.3%", "-12.3%", "0.0%", "0.0%", "not known"]
    assert [words.percent(0.12345, digits) for digits in (0, 2)] == ["12%", "12.35%"]
    costs = [words.yearly_cost(x) for x in (0.0, 0.0007, 0.00015, 0.012, float("nan"))]
    assert costs == ["0.00%", "0.07%", "0.015%", "1.20%", "not known"]


def test_a_value_is_said_by_its_unit() -> None:
    assert [words.value(x) for x in (True, False)] == ["yes", "no"]
    assert (words.value(0.125, "weight"), words.value(0.125, "decimal a year")) == (
        "12.5%",
        "12.5%",
    )
    assert (words.value(0.125, "ratio"), words.value(1234567, "US dollars")) == (
        "0.125",
        "1,234,567",
    )
    assert words.value(20260101, "seed") == "20260101"
    assert words.value([0.1, {"a_b": 0.2}], "share") == "10%, (a b 20%)"
