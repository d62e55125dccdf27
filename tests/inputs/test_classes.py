"""A house's own classes: what the file says, and one refusal for each promise."""

import re

import pytest

from portlib.inputs import classes
from portlib.tables import Findings

OWN = {
    "low_volatility": {"label": "Low-volatility equity", "role": "equity", "history": "us_market"},
    "farmland": {"label": "Farmland", "role": "real", "survey": None},
    "world_shares": {"label": "World shares", "role": "equity", "survey": "us_large_equity"},
}


def test_own_classes_stand_beside_the_surveys():
    found = Findings()
    made = classes.make(OWN, found)
    assert not len(found) and made.own == ("low_volatility", "farmland", "world_shares")
    assert made.role("farmland") == "real" and made["farmland"].survey is None
    assert made["low_volatility"].history == {"us_market": 1.0}
    assert made["world_shares"].survey == "us_large_equity"
    assert made.of_role("cash") == ("cash",) and "us_tips" in made.of_role("fixed_income")
    assert set(classes.survey_classes().names) < set(made.names)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"label": "X", "role": "bonds"}, "role 'bonds' is none of .*did you mean 'fixed_income'"),
        ({"label": "X"}, "role None is none of"),
        ({"label": " ", "role": "real"}, "label ' ' is no name for readers"),
        ({"label": "X", "role": "real", "serie": "a"}, "'serie' is no entry of a class"),
        ({"label": "X", "role": "real", "survey": "us_reit"}, "did you mean 'us_reits'"),
        ({"label": "X", "role": "real", "history": {"a": 0.6, "b": 0.6}}, "sum to one"),
        ({"label": "X", "role": "real", "history": 5}, "history 5 is no series"),
        ("equity", "x: write label, role"),
    ],
)
def test_each_wrong_entry_is_refused(entry, message):
    found = Findings()
    made = classes.make({"x": entry}, found)
    assert any(re.search(message, str(finding)) for finding in found.refused)
    assert "x" in made  # so that nothing else is refused for it


def test_two_classes_of_one_label_are_refused():
    found = Findings()
    one = {"label": "Timber", "role": "real"}
    classes.make({"timber": one, "wood": {**one, "label": "timber "}}, found)
    assert [str(item) for item in found.refused] == [
        "classes.yml: wood: label 'timber ' is that of timber too; keep them apart"
    ]


def test_a_role_that_is_a_list_is_refused():
    found = Findings()
    classes.make({"wood": {"label": "W", "role": ["real"], "survey": ["us_tips"]}}, found)
    assert [str(item).split(" ['")[0] for item in found.refused] == [
        "classes.yml: wood: role",
        "classes.yml: wood: survey",
    ]
