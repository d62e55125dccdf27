"""The page What if solves and simulates by itself; here portlib does the same, and both must agree.

The browser runs the very scripts of the site on the data that the page carries. Skipped where there
is no Chromium.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from portlib import data, plan, what_if
from portlib.construction.mandate.mandate import Program
from portlib.construction.mean_variance import (
    Frontier,
    frontier,
    maximum_utility,
    target_return,
)
from portlib.retirement import cases, outlook, plan_menu
from portlib.retirement.cases import ConstantMix
from portlib.retirement.plan_menu import fund_costs
from tests.test_site import AXE, CHROMIUM, SITE, STICKS_OUT, Browser

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "book" / "_static" / "what_if"
SCRIPTS = ("solver.js", "lives.js", "menu.js")
PLANS = ("data/plan", "tests/plans/awkward")
SETTINGS = {"data/plan": 1_000, "tests/plans/awkward": 200}
#: Rules that a page does not move.
FIXED = ("fully invested", "long only", "frozen employer stock")


@lru_cache(maxsize=4)
def read(folder: str) -> plan.Plan:
    return plan.read(ROOT / folder)


@lru_cache(maxsize=4)
def found(folder: str) -> what_if.Funds:
    return what_if.funds(read(folder))


@lru_cache(maxsize=4)
def told(folder: str) -> Any:
    """What the page carries, as the browser reads it."""
    return json.loads(json.dumps(what_if.of_plan(read(folder)), allow_nan=False))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: what the page computes is not compared")
    folder = tmp_path_factory.mktemp("what_if")
    scripts = "".join(f"<script src='{(STATIC / name).as_uri()}'></script>" for name in SCRIPTS)
    (folder / "bare.html").write_text(f"<!doctype html><main></main>{scripts}", encoding="utf-8")
    browser = Browser(folder / "profile")
    browser.open(folder / "bare.html")
    yield browser
    browser.close()


# ---- portfolios ----------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def line(folder: str, posture: str) -> Frontier:
    return frontier(found(folder).assumptions, found(folder).mandates[posture])


def settings(folder: str, count: int) -> list[dict[str, Any]]:
    """Controls moved at random: a posture, its limits, and a risk aversion, a risk or a return."""
    rng = np.random.default_rng(18)
    data = told(folder)["portfolios"]
    made = []
    for k in range(count):
        posture = str(rng.choice(list(data["postures"])))
        rules = [dict(rule) for rule in data["postures"][posture]["rules"]]
        for rule in rules:
            if rule["name"] not in FIXED and rng.random() < 0.2:
                move(rule, rng)
        goal = ("aversion", "risk", "return")[k % 3]
        known = line(folder, posture)
        asked = {
            "aversion": 0.0 if k % 60 == 0 else float(rng.uniform(0, 100) ** rng.choice([0.3, 1])),
            "risk": float(rng.uniform(0.98 * known.risks[-1], 1.05 * known.risks[0])),
            "return": float(rng.uniform(0.98 * known.means[-1], 1.02 * known.means[0])),
        }[goal]
        made.append({"posture": posture, "rules": rules, "goal": goal, "asked": asked})
    return made


def move(rule: dict[str, Any], rng: np.random.Generator) -> None:
    """Another lower and upper limit, more often wider than narrower, in order."""
    if "row" in rule:
        low = None if rule["lower"] is None else rule["lower"] - rng.uniform(-0.02, 0.1)
        high = None if rule["upper"] is None else rule["upper"] + rng.uniform(-0.02, 0.1)
        rule["lower"], rule["upper"] = low, high
    else:
        cap = float(rng.uniform(0.1, 1.0))
        rule["upper"] = [None if x is None else cap for x in rule["upper"]]


def possible(program: Program) -> bool:
    """Whether any portfolio obeys, by HiGHS alone."""
    bounds = list(zip(program.lower, program.upper, strict=True))
    above, below = np.isfinite(program.rows_upper), np.isfinite(program.rows_lower)
    a = np.vstack([program.rows[above], -program.rows[below]])
    b = np.concatenate([program.rows_upper[above], -program.rows_lower[below]])
    return bool(linprog(np.zeros(len(bounds)), a, b, bounds=bounds).status == 0)


def by_portlib(folder: str, one: Mapping[str, Any]) -> dict[str, Any] | None:
    funds = found(folder)
    mandate = what_if.moved(funds.mandates[one["posture"]], one["rules"])
    a = funds.assumptions
    if not possible(mandate.program):
        return None
    if one["goal"] == "aversion":
        best = maximum_utility(a, mandate, risk_aversion=one["asked"])
    else:
        whole = frontier(a, mandate)
        if one["goal"] == "risk":
            if one["asked"] < whole.risks[-1]:
                return None
            best = whole.target_risk(one["asked"])
        else:
            if one["asked"] > whole.means[0]:
                return None
            best = target_return(a, mandate, r=one["asked"])
    # an interior point that no active set certifies is right in weights, not in prices
    certain = "piqp" not in best.engine
    prices = {name: x for name, x in best.shadow_prices.items() if not name.startswith("target ")}
    return {
        "w": best.w,
        "mean": best.mean,
        "risk": best.risk,
        "sharpe": best.sharpe,
        "prices": prices if certain else {},
    }


SOLVE = """(data, settings) => settings.map((one) => {
  try {
    const line = new WhatIf.Frontier(data.mu, data.sigma, data.rf, one.rules);
    const found = {
      aversion: () => line.maximumUtility(one.asked),
      risk: () => line.targetRisk(one.asked),
      return: () => line.targetReturn(one.asked),
    }[one.goal]();
    return found && { ...found, w: [...found.w] };
  } catch (error) {
    if (error instanceof WhatIf.Infeasible) return null;
    throw error;
  }
})"""


@pytest.mark.parametrize("folder", PLANS)
def test_random_settings_agree_with_portlib(page: Browser, folder: str) -> None:
    asked = settings(folder, SETTINGS[folder])
    data = {key: told(folder)["portfolios"][key] for key in ("mu", "sigma", "rf")}
    ours = page.evaluate(f"({SOLVE})({json.dumps(data)}, {json.dumps(asked)})")
    worst = dict.fromkeys(("w", "mean", "risk", "sharpe", "price"), 0.0)
    solved = 0
    for one, mine in zip(asked, ours, strict=True):
        theirs = by_portlib(folder, one)
        assert (mine is None) == (theirs is None), one
        if mine is None or theirs is None:
            continue
        solved += 1
        for key in ("w", "mean", "risk", "sharpe"):
            apart = float(np.abs(np.asarray(mine[key]) - theirs[key]).max())
            worst[key] = max(worst[key], apart)
        prices = [
            abs(mine["prices"][name] - x) / max(1.0, x) for name, x in theirs["prices"].items()
        ]
        worst["price"] = max([worst["price"], *prices])
    print(folder, solved, worst)
    assert solved > len(asked) / 3
    assert max(worst.values()) <= 1e-7


# ---- paths ---------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def drawn(folder: str) -> what_if.Pool:
    return what_if.pool(read(folder))


def people(folder: str, count: int) -> list[dict[str, Any]]:
    """Persons at random, with a path by name, an equity share or weights of classes."""
    rng = np.random.default_rng(5)
    assets = drawn(folder).assets
    made = []
    for k in range(count):
        age = int(rng.integers(20, 76))
        person = {
            "age": age,
            "retirement_age": int(rng.integers(max(age - 3, 50), 78)) if age > 50 else 65,
            "pay": float(rng.choice([0.0, 40_000.0, 120_000.0, 400_000.0])),
            "balance": float(rng.choice([0.0, 50_000.0, 800_000.0])),
            "deferral_rate": float(rng.choice([0.0, 0.03, 0.10, 0.6])),
            "other_income": float(rng.choice([0.0, 12_345.0])),
            "spending": float(rng.choice([20_000.0, 45_500.0, 110_000.0])),
        }
        w = rng.dirichlet(np.ones(len(assets)))
        mix = {"kind": ("path", "constant", "weights")[k % 3], "name": k % 2}
        mix |= {
            "equity": float(rng.random()),
            "weights": w.tolist(),
            "fee": float(rng.random() / 50),
        }
        made.append({"person": person, "mix": mix})
    return made


def mix_of(folder: str, asked: Mapping[str, Any]) -> Any:
    if asked["kind"] == "path":
        return list(what_if.paths(read(folder)).values())[asked["name"]]
    if asked["kind"] == "constant":
        return what_if.constant(read(folder), asked["equity"])
    return ConstantMix(np.array(asked["weights"]), drawn(folder).assets, asked["fee"])


SIMULATE = """(facts, asked) => {
  const lives = new WhatIf.Lives(facts);
  return asked.map(({ person, mix }) => lives.simulate(person, {
    path: () => facts.paths[mix.name],
    constant: () => WhatIf.constantMix(facts, mix.equity),
    weights: () => ({ years: [0], weights: [mix.weights], fee: mix.fee }),
  }[mix.kind]()));
}"""


@pytest.mark.parametrize("folder", PLANS)
def test_the_same_lives_come_to_the_same_in_the_browser_and_in_portlib(
    page: Browser, folder: str
) -> None:
    asked = people(folder, 24)
    ours = page.evaluate(f"({SIMULATE})({json.dumps(told(folder)['path'])}, {json.dumps(asked)})")
    worst = 0.0
    for one, mine in zip(asked, ours, strict=True):
        home = what_if.household(read(folder), **one["person"])
        out = what_if.simulated(read(folder), home, mix_of(folder, one["mix"]), drawn(folder))
        ages = what_if.by_age(home, out)
        assert [row["age"] for row in mine["byAge"]] == list(ages.index)
        held = out.balance[0][out.reached[0]]
        pairs = [
            (mine["chance"], float(out.chance()["mid"].iloc[0])),
            (mine["interval"], out.chance()[["low", "high"]].iloc[0]),
            (mine["shortfall"], float(out.shortfall()[0])),
            (mine["depth"], float(out.depth()[0])),
            ([row["short"] for row in mine["byAge"]], ages["short"]),
            ([row["depth"] for row in mine["byAge"]], ages["depth"]),
            ([row["alive"] for row in mine["byAge"]], ages["alive"]),
            (
                np.array(list(mine["balance"].values())) / 1e5,
                np.quantile(held, [0.1, 0.5, 0.9]) / 1e5,
            ),
        ]
        worst = max(worst, *(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs))
    print(folder, worst)
    assert worst <= 1e-9


def test_the_pool_gives_the_chance_that_an_outlook_gives() -> None:
    """Other draws, by portlib's own door: apart by no more than three standard errors of both."""
    ours = read("data/plan")
    facts = what_if.somebody(ours)
    home = what_if.household(ours, **facts)
    path = what_if.paths(ours)["the plan's default"]
    here = what_if.simulated(ours, home, path, drawn("data/plan")).chance()["mid"].iloc[0]
    many = 4_000
    known = outlook.classes(ours)
    level = outlook.expected_inflation(ours)
    returns = outlook.returns_of(ours, known, level, many, home.horizon, 7)
    table = outlook.mortality(ours)
    lives = cases.draw(home, returns, np.random.default_rng(8), mortality=table)
    there = outlook.of_household(home, path, lives, mortality=table).chance
    error = np.sqrt(there * (1 - there) * (1 / what_if.LIVES + 1 / many))
    assert abs(here - there) <= 3 * error


def test_by_age_counts_what_the_simulator_counts() -> None:
    """By a second count: a life fails if it falls short at some age."""
    ours = read("tests/plans/awkward")
    home = what_if.household(ours, **what_if.somebody(ours))
    mix = what_if.constant(ours, 0.4)
    out = what_if.simulated(ours, home, mix, drawn("tests/plans/awkward"))
    ages = what_if.by_age(home, out)
    assert ages["alive"].iloc[0] == out.reached.sum()
    assert (ages["alive"] * (1 - ages["short"])).sum() == pytest.approx(
        np.sum(out.paths[0] >= home.target - 1e-7)
    )
    missing = (ages["alive"] * ages["short"] * ages["depth"]).sum() * home.target
    assert missing == pytest.approx(out.unmet[0].sum())


# ---- the menu ------------------------------------------------------------------------------------

TAKEN = """(data, posture) => {
  const expenses = data.funds.map((fund) => fund.expense);
  const whole = WhatIf.bestOf(data, posture, new Set(), expenses);
  const loss = (gone, costs) => {
    try { return whole.utility - WhatIf.bestOf(data, posture, gone, costs).utility; }
    catch (error) { if (error instanceof WhatIf.Infeasible) return null; throw error; }
  };
  return data.funds.map((_, i) => {
    const away = loss(new Set([i]), expenses);
    const dearer = loss(new Set(), expenses.map((x, k) => x + (k === i ? 0.005 : 0)));
    const { career } = data.postures[posture];
    return { away, dearer, years: away === null ? null : WhatIf.yearsLost(away, career) };
  });
}"""


@pytest.mark.parametrize("folder", PLANS)
def test_what_a_fund_is_worth_is_what_the_menu_says(page: Browser, folder: str) -> None:
    data = told(folder)["portfolios"]
    funds = found(folder)
    for posture, mandate in funds.mandates.items():
        ours = page.evaluate(f"({TAKEN})({json.dumps(data)}, {json.dumps(posture)})")
        aversion = data["postures"][posture]["aversion"]
        worth = plan_menu.worth_of_funds(funds.assumptions, mandate, risk_aversion=aversion)
        whole = plan_menu.utility(funds.best(posture), aversion)
        work = data["postures"][posture]["career"]
        for i, (mine, theirs) in enumerate(zip(ours, worth, strict=True)):
            assert (mine["away"] is None) == bool(np.isnan(theirs))
            dearer = funds.assumptions.mu - 0.005 * np.eye(len(funds.assumptions))[i]
            after = maximum_utility(
                funds.assumptions.replace(mu=dearer, source="dearer"),
                mandate,
                risk_aversion=aversion,
            )
            assert mine["dearer"] == pytest.approx(
                whole - plan_menu.utility(after, aversion), abs=1e-9
            )
            if mine["away"] is None:
                continue
            assert mine["away"] == pytest.approx(theirs, abs=1e-9)
            lost = fund_costs.fee_drag(
                {"lost": max(theirs, 0.0)},
                contribution=1.0,
                growth=work["growth"],
                years=work["years"],
                retired=work["retired"],
            ).loc["lost", "years_lost"]
            assert mine["years"] == pytest.approx(lost, abs=1e-6)


def test_a_career_grows_beyond_prices() -> None:
    """Fees are told in today's dollars: what a best portfolio earns, less half of its variance and
    less inflation, before costs."""
    funds = found(PLANS[0])
    inflation = data.table("horizon_2025_assets").loc["inflation", "geometric_10y"]
    for posture in funds.mandates:
        best = funds.best(posture)
        costs = float(funds.plan.funds["expense_ratio"][list(best.labels)] @ best.w)
        log = (
            np.log1p(best.mean + costs) - np.log1p(best.risk**2 / (1 + best.mean + costs) ** 2) / 2
        )
        grows = what_if.career(funds, posture)["growth"]
        assert grows == pytest.approx(np.exp(log) / (1 + inflation) - 1, abs=5e-4)
        assert grows < np.exp(log) - 1 - inflation / 2


# ---- the page ------------------------------------------------------------------------------------

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
SAYS = "document.querySelector('#what-if-{} .wi-says').textContent"


@pytest.fixture(scope="module", params=PLANS)
def shown(
    page: Browser, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Browser, str]:
    """The instruments of a plan on a bare page with the site's scripts and styles."""
    text = json.dumps(told(request.param)).replace("<", "\\u003c")
    styles = (STATIC.parent / "prudent.css", STATIC / "what_if.css")
    head = "".join(f"<link rel='stylesheet' href='{style.as_uri()}'>" for style in styles)
    # what the theme would give
    head += (
        "<style>html { --pst-color-background: #fff; color: #222; }"
        "html[data-theme=dark] { --pst-color-background: #121212; color: #ddd; }</style>"
    )
    still = "".join(
        f"<h2>{name}</h2><figure id='fig-what-if-{name}'><p>the static figure</p></figure>"
        for name in ("posture", "path", "menu")
    )
    scripts = "".join(
        f"<script src='{(STATIC / name).as_uri()}'></script>" for name in (*SCRIPTS, "page.js")
    )
    bare = tmp_path_factory.mktemp("page") / "page.html"
    bare.write_text(
        "<!doctype html><html lang='en' data-theme='light'><meta charset='utf-8'>"
        f"<title>What if</title><meta name='viewport' content='width=device-width'>{head}"
        f"<main class='bd-article'>{still}"
        f"<script type='application/json' id='what-if-data'>{text}</script></main>{scripts}",
        encoding="utf-8",
    )
    page.ask("Emulation.setDeviceMetricsOverride", **PHONE)
    page.open(bare)
    assert not page.seen("Runtime.exceptionThrown"), page.seen("Runtime.exceptionThrown")[:1]
    return page, request.param


def press(browser: Browser, *keys: str) -> None:
    codes = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "Tab": 9, " ": 32}
    for key in keys:
        known = {"key": key, "code": "Space" if key == " " else key}
        known |= {"windowsVirtualKeyCode": codes[key], "text": key if key == " " else ""}
        browser.ask("Input.dispatchKeyEvent", type="keyDown", **known)
        browser.ask("Input.dispatchKeyEvent", type="keyUp", **known)


def test_the_instruments_start_where_portlib_starts(shown: tuple[Browser, str]) -> None:
    browser, folder = shown
    funds = found(folder)
    best = funds.best(funds.posture)
    first = browser.evaluate(SAYS.format("posture"))
    for words in (f"{best.mean:.2%}", f"{best.risk:.2%}", f"{best.sharpe:.2f}"):
        assert words in first
    ours = read(folder)
    home = what_if.household(ours, **what_if.somebody(ours))
    path = what_if.paths(ours)["the plan's default"]
    chance = what_if.simulated(ours, home, path, drawn(folder)).chance()["mid"].iloc[0]
    assert f"is met for life in {chance:.0%} of lives" in browser.evaluate(SAYS.format("path"))
    assert f"return {best.mean:.2%}" in browser.evaluate(SAYS.format("menu"))


def test_everything_can_be_done_by_keyboard_and_has_a_name(shown: tuple[Browser, str]) -> None:
    browser, _ = shown
    names = browser.evaluate(
        "[...document.querySelectorAll('.what-if :is(input, select, button)')].filter(e => "
        "!(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim())).length"
    )
    assert names == 0
    assert browser.evaluate("document.querySelectorAll('.what-if [aria-live=polite]').length") == 3
    for name, control, keys in (
        ("posture", "input[type=range]", ["ArrowLeft"] * 30),
        ("path", "input[type=range]", ["ArrowRight"] * 3),
        ("menu", "input[type=checkbox]", [" "]),
    ):
        state = f"(e => e.value + e.checked)(document.querySelector('#what-if-{name} {control}'))"
        before, said = browser.evaluate(state), browser.evaluate(SAYS.format(name))
        browser.evaluate(f"document.querySelector('#what-if-{name} {control}').focus()")
        press(browser, *keys)
        assert browser.evaluate(state) != before, name
        # a menu of few funds may have one best portfolio whatever the risk aversion
        assert name == "posture" or browser.evaluate(SAYS.format(name)) != said, name
        press(browser, "Tab")
        inside = f"document.activeElement.closest('#what-if-{name}') !== null"
        assert browser.evaluate(inside), name
    browser.evaluate("new Promise((done) => setTimeout(done, 700))")
    heard = browser.evaluate("document.querySelector('#what-if-posture [aria-live]').textContent")
    assert heard == browser.evaluate(SAYS.format("posture"))


#: Milliseconds in which an answer seems to come at once, and those in which nobody loses the thread
#: (Miller 1968; Nielsen 1993).
AT_ONCE, THREAD = 100, 1_000
#: What a change takes, by the browser's own clock, from the event until the page is laid out again.
MOVES = """(name) => {
  const place = document.querySelector(`#what-if-${name}`);
  const [slider] = place.querySelectorAll("input[type=range]");
  const boxes = [...place.querySelectorAll("input[type=checkbox]")];
  const timed = (move) => {
    const start = performance.now();
    move();
    document.body.getBoundingClientRect();
    return performance.now() - start;
  };
  if (name === "menu") return boxes.flatMap((box) => [1, 2].map(() => timed(() => box.click())));
  return Array.from({ length: 21 }, (_, k) => timed(() => {
    slider.value = 50 * k;
    slider.dispatchEvent(new Event("input"));
  }));
}"""


def test_an_answer_comes_while_the_control_moves(shown: tuple[Browser, str]) -> None:
    browser, folder = shown
    for name, most in (("posture", AT_ONCE), ("path", THREAD), ("menu", AT_ONCE)):
        took = browser.evaluate(f"({MOVES})('{name}')")
        print(f"{folder}: {name}: median {np.median(took):.1f} ms, longest {max(took):.0f} ms")
        assert np.median(took) < most, name


def test_axe_finds_nothing_in_light_or_dark(shown: tuple[Browser, str]) -> None:
    browser, _ = shown
    axe = (Path(__file__).parent / "vendored" / "axe.min.js").read_text(encoding="utf-8")
    browser.evaluate(f"{axe}; 0")
    whole = AXE.replace('["svg"], ', "")  # plots, too
    for look in ('"light", false', '"dark", true'):
        browser.evaluate("document.body.style.background = 'var(--pst-color-background)'")
        assert browser.evaluate(f"{whole}({look})") == []


def test_a_phone_shows_it_all_in_letters_that_can_be_read(shown: tuple[Browser, str]) -> None:
    browser, _ = shown
    assert browser.evaluate(STICKS_OUT) == []
    small = (
        "[...document.querySelectorAll('.wi-plot text')]"
        ".filter(e => parseFloat(getComputedStyle(e).fontSize) < 12).length"
    )
    assert browser.evaluate("document.querySelectorAll('.wi-plot text').length") > 10
    assert browser.evaluate(small) == 0
    outside = """[...document.querySelectorAll('.wi-plot text')].filter(e => {
      const text = e.getBoundingClientRect(), box = e.ownerSVGElement.getBoundingClientRect();
      return text.left < box.left - 1 || text.right > box.right + 1 || text.top < box.top - 1;
    }).map(e => e.textContent)"""
    assert browser.evaluate(outside) == []


def test_the_page_is_small_and_its_scripts_ask_for_nothing() -> None:
    files = list(STATIC.iterdir())
    carried = len(json.dumps(told("data/plan")))
    assert sum(file.stat().st_size for file in files) + carried < 700_000
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\beval\b|new Function|fetch\(|XMLHttpRequest|import\(", text), file


@pytest.mark.skipif(
    not (SITE / "book" / "what_if.html").is_file(), reason="no such page: run make book"
)
def test_without_scripts_the_page_shows_figures_and_with_them_instruments(page: Browser) -> None:
    built = SITE / "book" / "what_if.html"
    heavy = built.stat().st_size + sum(f.stat().st_size for f in STATIC.iterdir())
    assert heavy < 700_000
    seen = """[...document.querySelectorAll('figure[id^=fig-what-if]')].map(
      figure => figure.getBoundingClientRect().height > 100)"""
    page.ask("Emulation.setScriptExecutionDisabled", value=True)
    page.events.clear()
    page.ask("Page.navigate", url=built.as_uri())
    while not page.seen("Page.loadEventFired"):
        page.ask("Page.getFrameTree")
    assert page.evaluate(seen) == [True] * 3
    page.ask("Emulation.setScriptExecutionDisabled", value=False)
    page.open(built)
    assert page.evaluate(seen) == [False] * 3
    assert page.evaluate("document.querySelectorAll('.what-if .wi-says').length") == 3
