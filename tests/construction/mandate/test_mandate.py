"""The mandate against definitions, brute force, other solvers and bad input."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import policy
from portlib.construction import mandate as module
from portlib.construction.mandate import (
    Bounds,
    Limit,
    Mandate,
    MandateError,
    TrackingError,
    Turnover,
    employer_stock_cap,
    factor_limit,
    fully_invested,
    group_limit,
    liquidity_limit,
    long_only,
    position_limit,
    score_floor,
)
from portlib.construction.mandate.infeasibility import diagnose
from portlib.records import Assumptions

LABELS = ("stocks", "small", "bonds", "cash")
ASSUMPTIONS = Assumptions(
    LABELS,
    [0.08, 0.09, 0.05, 0.03],
    np.diag([0.16, 0.20, 0.06, 0.01]) @ (0.7 * np.eye(4) + 0.3) @ np.diag([0.16, 0.20, 0.06, 0.01]),
    0.03,
    "made up for tests",
)
SIXTY_FORTY = {"stocks": 0.6, "bonds": 0.4}
W = np.array([0.5, 0.3, 0.25, -0.05])


def plan(*rules):
    return Mandate(LABELS, [fully_invested(), long_only(), *rules])


def impossible():
    """Conflicts: 60% equity and 50% bonds; and, on its own, a floor on the score that no asset
    reaches."""
    return plan(
        group_limit("equity floor", ["stocks", "small"], lower=0.60),
        group_limit("bond floor", ["bonds"], lower=0.50),
        position_limit(0.70),
        employer_stock_cap("small", 0.10),
    )


# ---- canonical form and fingerprint --------------------------------------------------------------

RULES = (
    fully_invested(),
    long_only(),
    Bounds("caps", upper={"stocks": 0.5, "small": 0.25}),
    group_limit("equity", ["stocks", "small"], lower=0.2, upper=0.6),
    TrackingError("tracking error", SIXTY_FORTY, 0.03),
    Turnover("turnover", SIXTY_FORTY, 0.2),
    score_floor("score", {"stocks": 6, "bonds": 8}, 6.0).soft(0.001),
)


@settings(max_examples=25)
@given(st.permutations(RULES), st.permutations(LABELS))
def test_order_does_not_change_the_fingerprint(rules, labels):
    assert Mandate(labels, rules).fingerprint == Mandate(LABELS, RULES).fingerprint


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (
            Bounds("x", upper={"stocks": 0.5, "small": 1}),
            Bounds("x", upper={"small": 1.0, "stocks": 0.5}),
        ),
        (Bounds("x", upper=1), Bounds("x", upper=1.0)),
        (Bounds("x", upper=0.5), Bounds("x", upper=np.float64(0.5))),
        (Bounds("x", lower=0.0), Bounds("x", lower=-0.0)),
        (Bounds("x", lower={"stocks": 0}), Bounds("x", lower={"stocks": -0.0})),
        (Bounds("x", upper=0.5), Bounds("x", upper=dict.fromkeys(LABELS, 0.5))),
        (Bounds("x", lower=0.0, upper=np.inf), Bounds("x", lower=0.0)),
        (Bounds("x", upper={"stocks": 0.5, "bonds": np.inf}), Bounds("x", upper={"stocks": 0.5})),
        (
            Limit("x", {"stocks": 1.0}, -np.inf, 0.5),
            Limit("x", {"stocks": 1, "bonds": 0}, upper=np.float32(0.5)),
        ),
        (Limit("x", None, 1, 1), Limit("x", dict.fromkeys(LABELS, 1.0), 1.0, 1.0)),
        (Turnover("x", {"stocks": 1}, 0), Turnover("x", {"stocks": 1.0, "cash": -0.0}, -0.0)),
        (long_only(), long_only().under("policy 4.2")),
    ],
)
def test_two_ways_to_say_the_same_have_one_fingerprint(one, same):
    assert Mandate(LABELS, [one]).canonical == Mandate(LABELS, [same]).canonical


def test_any_change_of_a_rule_changes_the_fingerprint():
    base = Mandate(LABELS, RULES)
    changed = [base.relaxed({c.name: 1e-9}) for c in base.constraints]
    changed += [base.without(c.name) for c in base.constraints]
    changed += [
        Mandate(LABELS, [*RULES[:6], RULES[6].soft(0.002)]),
        Mandate((*LABELS, "gold"), RULES),
    ]
    changed += [
        Mandate(
            LABELS, [*RULES[:2], Bounds("caps", upper={"stocks": 0.5, "bonds": 0.25}), *RULES[3:]]
        )
    ]
    changed += [
        Mandate(
            LABELS, [*RULES[:4], TrackingError("tracking error", {"stocks": 1}, 0.03), *RULES[5:]]
        )
    ]
    prints = {m.fingerprint for m in [base, *changed]}
    assert len(prints) == len(changed) + 1
    assert all(len(p) == 64 for p in prints)


def test_the_canonical_form_is_strict_json():
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = Mandate(LABELS, RULES).canonical
    read = json.loads(text, parse_constant=refuse)
    assert {rule["name"] for rule in read["rules"]} == {c.name for c in RULES}
    assert json.dumps(read, sort_keys=True) == text


def test_the_canonical_form_is_written_as_json_writes_it():
    labels = ('b "quoted"', "é", "a\\", "z")
    odd = dict(zip(labels, (1e-17, 123456.789, 1 / 3, -99999.9), strict=True))
    rules = [
        Limit('odd "é"', odd, lower=1e-300, upper=1e22, unit="score").soft(0.1),
        Bounds("one", lower=0.0, upper={"z": 0.25, "é": np.inf}),
    ]
    text = Mandate(labels, rules).canonical
    assert json.dumps(json.loads(text), sort_keys=True) == text
    said = {rule["kind"]: rule for rule in json.loads(text)["rules"]}
    assert said["Limit"]["coefficients"] == odd and said["Bounds"]["upper"] == {"z": 0.25}


def test_the_callers_mapping_cannot_change_a_mandate():
    caps = {"stocks": 0.5}
    mandate = plan(Bounds("caps", upper=caps))
    before = mandate.fingerprint, mandate.violations(W, ASSUMPTIONS)
    caps["stocks"] = 0.1
    again = plan(*mandate.constraints[2:])
    assert (again.fingerprint, mandate.violations(W, ASSUMPTIONS)) == before


# ---- the table -----------------------------------------------------------------------------------


def test_the_table_has_a_row_for_every_limit_and_its_clause():
    mandate = plan(
        position_limit(0.4).under("IPS 4.1").soft(0.02),
        liquidity_limit({"small": 2e6, "bonds": 9e6}, portfolio_value=1e7, share=0.5),
        Turnover("turnover", SIXTY_FORTY, 0.2).under("IPS 5"),
    )
    table = mandate.table()
    assert table["rule"].tolist() == [
        "fully invested",
        "long only",
        "position limit",
        "liquidity",
        "liquidity",
        "turnover",
    ]
    assert table.loc[2, ["limits", "upper", "force", "clause"]].tolist() == [
        "each asset",
        0.4,
        "soft, 0.02 per unit",
        "IPS 4.1",
    ]
    assert table.loc[3:4, "limits"].tolist() == ["small", "bonds"]
    assert table.loc[3:4, "upper"].tolist() == pytest.approx([0.1, 0.45])
    assert table["clause"].tolist()[-1] == "IPS 5"


def test_one_asset_is_a_universe():
    only = Mandate(["cash"], [fully_invested(), long_only()])
    one = ASSUMPTIONS.select(["cash"])
    assert only.violations(np.array([1.0]), one) == {"fully invested": 0.0, "long only": 0.0}
    assert diagnose(only, one) is None
    assert diagnose(only.also(position_limit(0.4)), one).conflict == (
        "fully invested",
        "position limit",
    )


def test_a_riskless_universe_can_be_diagnosed():
    still = Assumptions(["a", "b"], [0.03, 0.03], np.zeros((2, 2)))
    mandate = Mandate(
        ["a", "b"], [fully_invested(), position_limit(0.4), TrackingError("te", {"a": 1.0}, 0.0)]
    )
    assert diagnose(mandate, still).conflict == ("fully invested", "position limit")


# ---- bad input, one by one -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([long_only(), Bounds("long only", upper=1.0)], "two constraints are named 'long only'"),
        ([group_limit("tech", ["stocks", "gold"], upper=0.2)], "'tech' names 'gold'"),
        ([group_limit("empty", [], upper=0.2)], "'empty' names no asset"),
        ([TrackingError("te", {"gold": 1.0}, 0.02)], "'te' names 'gold'"),
        ([Turnover("to", {"gold": 1.0}, 0.02)], "'to' names 'gold'"),
        ([employer_stock_cap("gold", 0.1)], "'employer stock cap' names 'gold'"),
        (
            [group_limit("g", ["stocks"], lower=0.5, upper=0.4)],
            "'g': lower limit 0.5 is above upper limit 0.4",
        ),
        (
            [Bounds("b", lower={"bonds": 0.5}, upper=0.4)],
            "'b': lower limit 0.5 is above upper limit 0.4 of 'bonds'",
        ),
        (
            [Bounds("b", lower=0.5, upper={"bonds": 0.4})],
            "'b': lower limit 0.5 is above upper limit 0.4 of 'bonds'",
        ),
        ([group_limit("g", ["stocks"])], "'g' needs a lower or an upper limit"),
        ([Bounds("b")], "'b' needs a lower or an upper limit"),
        ([Bounds("b", upper=np.nan)], "'b'"),
        ([Bounds("b", lower=0.0, upper=np.nan)], "'b'.* no number"),
        ([Bounds("b", lower=np.nan, upper=1.0)], "'b'.* no number"),
        ([Bounds("b", lower=0.0, upper=-np.inf)], "'b'.* above upper limit -inf"),
        ([Bounds("b", upper={"bonds": np.nan})], "upper of 'bonds' is nan"),
        ([group_limit("g", ["stocks"], lower=np.nan, upper=0.4)], "'g'.* no number"),
        ([factor_limit("f", {"stocks": np.inf}, upper=0.1)], "coefficients of 'stocks' is inf"),
        ([factor_limit("f", {"stocks": np.nan}, upper=0.1)], "coefficients of 'stocks' is nan"),
        (
            [TrackingError("te", SIXTY_FORTY, -0.01)],
            "'te': the limit must be finite and zero or more",
        ),
        ([TrackingError("te", SIXTY_FORTY, np.nan)], "'te': the limit must be finite"),
        ([Turnover("to", SIXTY_FORTY, np.inf)], "'to': the limit must be finite"),
        ([Turnover("to", {"stocks": np.nan}, 0.1)], "current of 'stocks' is nan"),
        (
            [long_only().soft(0.0)],
            "'long only': a soft constraint needs a finite penalty above zero",
        ),
        ([long_only().soft(-1.0)], "penalty above zero, got -1"),
        ([long_only().soft(np.nan)], "penalty above zero, got nan"),
        ([long_only().soft(np.inf)], "penalty above zero, got inf"),
    ],
)
def test_an_ill_formed_rule_is_named(rules, message):
    with pytest.raises(MandateError, match=message):
        Mandate(LABELS, rules)


@pytest.mark.parametrize(("labels", "message"), [([], "none"), (["a", "b", "a"], "given twice: a")])
def test_universes_must_be_named_once(labels, message):
    with pytest.raises(MandateError, match=message):
        Mandate(labels, [])


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_portfolio_without_value_has_no_liquidity_limit(value):
    with pytest.raises(MandateError, match=r"portfolio value (must be positive|is nan)"):
        liquidity_limit({"small": 1e6}, portfolio_value=value, share=0.1)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    for attempt in (
        lambda: plan()["nope"],
        lambda: plan().without("nope"),
        lambda: plan().relaxed({"nope": 0.1}),
    ):
        with pytest.raises(MandateError, match="no constraint 'nope'; there are 'fully invested'"):
            attempt()


def test_public_names_are_reachable_from_the_chapters_module():
    assert all(hasattr(module, name) for name in module.__all__)


# ---- of a policy ---------------------------------------------------------------------------------


def test_the_mandate_of_a_policy_has_its_numbers_and_names_its_entries():
    ours = policy.read().replace(max_single_fund=0.35, mandate_tolerance=1e-8)
    labels = ["us_large_equity", "us_small_equity", "us_core_bonds"]
    mandate = module.of_policy(ours, labels, posture="growth")
    assert mandate["single fund"].upper == 0.35 and mandate.tolerance == 1e-8
    assert mandate["small company cap"].upper == {"us_small_equity": ours["small_equity_cap"]}
    assert mandate["equity band"].lower == ours["equity_floor"]["growth"]
    assert set(mandate["equity band"].coefficients) == {"us_large_equity", "us_small_equity"}
    assert all(c.clause for c in mandate.constraints)
    assert "high yield cap" not in [c.name for c in mandate.constraints]
    with pytest.raises(MandateError, match="no posture 'bold'; there are conservative"):
        module.of_policy(ours, labels, posture="bold")


def test_a_mandate_that_grew_or_shrank_is_compiled_like_one_written_whole():
    whole = Mandate(LABELS, [fully_invested(), long_only(), position_limit(0.6)])
    cap = group_limit("equity", ["stocks", "small"], upper=0.7)
    floor = Bounds("floor", lower={"cash": 0.02})
    changed = {
        "grown": whole.also(cap, floor),
        "grown twice": whole.also(cap).also(floor),
        "shrunk": whole.also(cap, floor).without("position limit"),
        "cut off at the end": whole.also(cap, floor).without("floor"),
        "emptied": whole.without("fully invested", "long only"),
        "moved": whole.also(cap).relaxed({"long only": 0.1}),
    }
    for what, made in changed.items():
        fresh = Mandate(LABELS, made.constraints)
        for name, value in vars(fresh.program).items():
            assert np.array_equal(getattr(made.program, name), value), (what, name)
        assert made.fingerprint == fresh.fingerprint, what


def test_what_is_allowed_is_what_violates_nothing():
    rules = [
        fully_invested(),
        long_only(),
        position_limit(0.6),
        Turnover("moves", SIXTY_FORTY, 0.4),
    ]
    mandate = Mandate(LABELS, rules)
    rng, seen = np.random.default_rng(3), set()
    for w in [W, *rng.dirichlet(np.ones(4), 200)]:
        worst = max(mandate.violations(w, ASSUMPTIONS).values())
        assert mandate.allows(w, ASSUMPTIONS) == (worst <= mandate.tolerance)
        seen.add(mandate.allows(w, ASSUMPTIONS))
    assert seen == {True, False}
