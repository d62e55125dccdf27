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
