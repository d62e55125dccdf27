"""The reader of schemas: against the library for JSON Schema, and what it says."""

import json
import math
import sys

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import data, schema
from portlib.schema import problem, problems

SHARE = {"type": "number", "minimum": 0, "maximum": 1}
PLAN = data.mapping(data.ROOT / "plan_schema.yml", aliases=True)["rules"]
POLICY = data.mapping(data.ROOT / "policy_schema.yml", aliases=True)["entries"]
#: Numbers as JSON has them, which the library lets its user say.
KINDS = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "number": lambda _, value: schema.is_number(value),
        "integer": lambda _, value: schema.is_number(value) and isinstance(value, int),
    }
)
LIBRARY = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=KINDS)

WORDS = (
    "conservative moderate growth aggressive cash us_tips interest equity lowest highest mean info "
    "watch act unit name text orientation"
)
NAMES = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 200)
    | st.floats(-2, 120)
    | NAMES
    | st.just(math.nan),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


LIBRARYS = {name: LIBRARY(asked) for name, asked in POLICY.items()}


@settings(max_examples=120)
@given(value=VALUES)
def test_it_refuses_what_the_library_refuses(value):
    """Every value is tried on every entry of the policy."""
    ours = {name for name, asked in POLICY.items() if problem(value, asked)}
    assert ours == {name for name, library in LIBRARYS.items() if not library.is_valid(value)}


@settings(max_examples=300)
@given(data=st.data())
def test_it_refuses_what_the_library_refuses_in_values_that_are_nearly_right(data):
    """One part of our own policy, replaced."""
    from portlib import policy

    name = data.draw(st.sampled_from(sorted(POLICY)))
    value = policy.read()[name]
    place, key = {"value": value}, "value"
    while isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans()):
        place = place[key]
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
    place[key] = data.draw(VALUES)
    if key == "value":
        value = place[key]
    assert bool(problem(value, POLICY[name])) == (not LIBRARYS[name].is_valid(value))


def test_schemas_are_schemas():
    for each in (PLAN, *POLICY.values()):
        jsonschema.Draft202012Validator.check_schema(each)


@pytest.mark.parametrize(
    ("value", "asked", "message"),
    [
        (40, SHARE, "40 is not a number at least 0 and at most 1; in percent? Write 0.4 for 40%"),
        (250, SHARE, "250 is not a number at least 0 and at most 1"),
        (True, SHARE, "True is not a number at least 0 and at most 1"),
        (math.inf, SHARE, "inf is not a number at least 0 and at most 1"),
        (10**400, {"type": "integer"}, "a number of more than 20 digits is not a whole number"),
        (10.0, {"type": "integer"}, "10.0 is not a whole number"),
        (
            "1e-7",
            {"type": "number"},
            "'1e-7' is not a number; it is text here: write it without quotes, and 1.0e-7 for 1e-7",
        ),
        (
            "prio",
            {"enum": ["prior", "predictive"]},
            "'prio' is not one of prior, predictive; did you mean prior?",
        ),
        (1, {"enum": [True]}, "1 is not one of True"),
        ("  ", {"type": "string", "pattern": r"\w"}, "'  ' is not text with letters"),
        ([], {"type": "array", "minItems": 1}, "[] is not a list of at least one"),
        ([1, 2], {"type": "array", "minItems": 3, "maxItems": 3}, "has 2 items, not 3"),
        (["a", "a"], {"type": "array", "uniqueItems": True}, "['a', 'a'] names one twice"),
        (
            {},
            {"type": "object", "required": ["a"], "description": "write null"},
            "'a' is missing; write null",
        ),
        (
            {"cap": [0.1, 7]},
            {"properties": {"cap": {"items": SHARE}}},
            "cap[1]: 7 is not a number at least 0 and at most 1; in percent? Write 0.07 for 7%",
        ),
        (
            {"cup": 1},
            {"properties": {"cap": {}}, "additionalProperties": False},
            "'cup': no such entry; did you mean cap?",
        ),
        ("x" * 10**6, {"type": "null"}, f"'{'x' * 76}... is not null"),
    ],
)
def test_a_refusal_says_what_stands_there_and_what_is_allowed(value, asked, message):
    assert problem(value, asked) == message


def test_all_problems_are_told_and_from_where_the_value_stands():
    value = {"models": {"most_funds": 0}, "name": 5}
    found = problems(value, PLAN, "rules")
    assert "rules.models.most_funds: 0 is not a whole number at least 1 and at most 1000" in found
    assert "rules.models: 'whole_percent' is missing" in found
    assert sum("is missing" in text for text in found) == 12


def test_words_that_are_not_understood_are_refused():
    with pytest.raises(ValueError, match="a schema says multipleOf"):
        problem(1, {"multipleOf": 2})


def test_json_is_refused_for_its_depth_even_where_a_library_has_lifted_the_limit_of_recursion():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        for text in (b"[" * 200_000, b'{"a":' * 200_000, b'["]",' * 200_000):
            with pytest.raises(ValueError, match="a plan: is nested too deep"):
                schema.strict_json(text, "a plan")
    finally:
        sys.setrecursionlimit(limit)


def test_many_brackets_side_by_side_or_within_texts_are_not_deep():
    wide = json.dumps([{"a": [1]}] * 10_000 + ["[" * 10_000, '\\"' * 3_000 + "{" * 6_000])
    assert schema.strict_json(wide.encode(), "wide") == json.loads(wide)
