"""What a function was given by a name it hands on by that name: a call that leaves an optional
argument to its default, where the caller has one of the same name, takes another than was meant."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: By module, caller, callee and argument, why it is not handed on.
MEANT = {
    ("construction.risk_parity", "risk_budgets", "minimum_risk", "mandate"): (
        "asks whether the assets can be without risk at all, whatever is allowed"
    ),
    ("construction.tail_risk.backtests", "_breaches", "monthly", "least"): (
        "one is how many forecasts, the other the smallest return"
    ),
    ("estimation.months", "array", "numbers", "least"): "is tried with a message of its own",
    ("retirement.plan_menu.expectations", "_around", "reference", "classes"): (
        "the whole reference, of which `_offered` takes the classes"
    ),
    ("retirement.retirement_income.comparison", "ways", "of_households", "lives"): (
        "tells which factor a retiree's couple or care needs; these are single"
    ),
    ("retirement.retirement_income.comparison", "ways", "of_households", "risk_aversion"): (
        "matters for couples, and these are single"
    ),
    ("retirement.retirement_income.comparison", "with_annuity", "of_households", "lives"): (
        "as above"
    ),
    ("schema", "_problems", "problem", "at"): "only whether there is one is asked",
    ("service", "glidepath", "beside_adopted", "seed"): (
        "of the search: what it found is compared on scenarios that it has not seen"
    ),
    ("stewardship.stress_testing.stress", "stress_rules", "of_funds", "limit"): (
        "each fund alone, whose own loss the rule weighs; the limit is the rule's"
    ),
}
Found = tuple[str, str, str, str]


def optional(function: ast.FunctionDef) -> tuple[list[str], set[str]]:
    """A function's parameters by place, and those with a default."""
    given = function.args
    places = [one.arg for one in given.posonlyargs + given.args]
    named = {
        one.arg
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if default is not None
    }
    return places, named | set(places[len(places) - len(given.defaults) :])


def imported(tree: ast.Module, package: str) -> dict[str, tuple[str, str]]:
    """By its name here, the module that something comes from and its name there."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package
        for alias in node.names
    }


def left(sources: dict[str, str], package: str) -> tuple[int, list[Found]]:
    """How many optional arguments have a name that their caller was given, and which are left."""
    trees = {name: ast.parse(text) for name, text in sources.items()}
    names = {name: imported(tree, package) for name, tree in trees.items()}
    functions = {
        (name, node.name): node
        for name, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }

    def named(module: str, name: str) -> ast.FunctionDef | None:
        while (module, name) not in functions:
            if name not in names.get(module, {}):
                return None
            module, name = names[module][name]
        return functions[module, name]

    def called(module: str, call: ast.Call) -> ast.FunctionDef | None:
        if isinstance(call.func, ast.Name):
            return named(module, call.func.id)
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            return named(".".join(names[module].get(call.func.value.id, ())), call.func.attr)
        return None

    def pairs() -> Iterator[tuple[bool, Found]]:
        for module, tree in trees.items():
            for caller in ast.walk(tree):
                if not isinstance(caller, ast.FunctionDef):
                    continue
                own = {one.arg for one in caller.args.args + caller.args.kwonlyargs}
                for call in ast.walk(caller):
                    if not isinstance(call, ast.Call) or not (callee := called(module, call)):
                        continue
                    if any(isinstance(one, ast.Starred) for one in call.args) or None in [
                        one.arg for one in call.keywords
                    ]:
                        continue
                    places, may = optional(callee)
                    given = {*places[: len(call.args)], *(one.arg for one in call.keywords)}
                    for name in sorted(may & own):
                        short = module.removeprefix(f"{package}.")
                        yield name in given, (short, caller.name, callee.name, name)

    found = list(pairs())
    return len(found), [which for handed, which in found if not handed]


def library() -> dict[str, str]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
            path.read_text(encoding="utf-8")
        )
        for path in sorted((ROOT / "portlib").rglob("*.py"))
    }


def test_what_was_given_is_handed_on():
    count, found = left(library(), "portlib")
    assert count > 100
    assert sorted(set(found)) == sorted(MEANT)


@pytest.mark.parametrize(
    ("call", "lost"),
    [
        ("inner(x, tau=tau)", []),
        ("inner(x, tau)", []),
        ("inner(x)", ["tau"]),
        ("b.inner(x)", ["tau"]),
        ("again(x)", ["tau"]),
        ("inner(*x)", []),
        ("inner(x, **{'tau': tau})", []),
    ],
)
def test_an_argument_that_is_left_out_is_seen(call, lost):
    sources = {
        "p.b": "def inner(x, tau=1.0, other=2):\n    return x\n",
        "p.c": "from p.b import inner as again\n",
        "p.a": f"from p import b\nfrom p.b import inner\nfrom p.c import again\n"
        f"def outer(x, tau):\n    return {call}\n",
    }
    assert [name for *_, name in left(sources, "p")[1]] == lost
