"""A plan that Title I of ERISA does not cover: no page that names ERISA lets it seem to bind."""

from datetime import date
from pathlib import Path

import pytest

from portlib import data, plan, standing
from portlib.documents.document import Text, said
from portlib.documents.forms import forms
from portlib.documents.run import Run

ROOT = Path(__file__).parents[2]
DAY = date(2026, 11, 29)
TABLE = "```{list-table}\n* - Field\n  - Entry\n* - 1. Which default\n  - \n```"
FORM = f"# Notice\n\n**Requirement:** 29 CFR 2550.404c-5(c).\n\n{TABLE}\n\n**Signed by** the chair."


@pytest.fixture(scope="module")
def federal():
    return plan.read(ROOT / "plans" / "tsp")


def texts(of):
    [made] = forms(of, Run({}, {}, DAY, {}, {}, {"notice": FORM}), made=DAY)
    return [block.text for block in made.body if isinstance(block, Text)]


def test_each_chapter_and_form_says_what_the_law_is_to_it(federal):
    law = standing.law(federal)
    assert "do not bind it" in law and "5 USC 8471" in law
    for chapter in standing.CHAPTERS:
        assert standing.box(federal, chapter).line.endswith(law), chapter
    first, second = texts(federal)
    assert first == said(law) and "2550" in second


def test_a_plan_under_erisa_is_told_nothing_of_the_kind():
    example = plan.read(data.ROOT / "plan")
    assert standing.law(example) == "" and len(texts(example)) == 1
    assert "bind" not in standing.box(example, "governance").line
