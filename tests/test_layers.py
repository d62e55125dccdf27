"""The house plan, read off the sources: who may import whom, and one name for chapter, module and tests."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from portlib import policy

ROOT = Path(__file__).resolve().parent.parent
GROUND = ("records", "data", "policy", "history", "tables", "plan", "plan_format", "evidence", "figures")
LAYERS = ("estimation", "construction", "retirement", "stewardship")
# what several chapters of a layer stand on, and none of them owns: a mandate's rules, the solvers' door
SHARED = {(layer, name) for layer, names in {
    "estimation": "providers",
    "construction": "rules engines views",
    "retirement": "few_funds account_review fund_costs advice questionnaire capacity lifecycle household human_capital "
                  "scenarios accounts taxes service",
    "stewardship": "shocks trade_lists no_trade_bands ledger outages performance attribution audit_log signatures "
                   "model_registry certificates replications portfolio_replications",
}.items() for name in names.split()}  # fmt: skip
MODULES = sorted((ROOT / "portlib").rglob("*.py"))
CHAPTERS = sorted(p for layer in LAYERS for p in (ROOT / "notebooks" / layer).glob("*.md"))
HEAVY = ("scipy", "cvxpy", "cvxcla", "highspy", "piqp", "statsmodels", "arch", "linearmodels", "matplotlib", "IPython")


def imports(path: Path) -> list[str]:
    """The dotted names that a source imports, anywhere in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def layer_of(path: Path) -> str:
    first = path.relative_to(ROOT / "portlib").parts[0]
    return first if first in LAYERS else "ground"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_layer_imports_only_from_those_before_it(path):
    here = "stewardship" if path.name == "__main__.py" else layer_of(path)  # the shell's door opens everything
    allowed = set(GROUND) | set(LAYERS[: LAYERS.index(here) + 1] if here != "ground" else ())
    for name in imports(path):
        if name.startswith("portlib."):
            assert name.split(".")[1] in allowed, f"{path.name} ({here}) imports {name}"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_chapter_module_and_tests_bear_one_name(path):
    layer = path.parent.name
    assert (ROOT / "portlib" / layer / f"{path.stem}.py").exists()
    assert (ROOT / "tests" / layer / f"test_{path.stem}.py").exists()
    assert f"Chapter(\"{path.stem}\"" in path.read_text(encoding="utf-8")


def test_every_module_of_a_layer_has_its_chapter():
    modules = {(p.parent.name, p.stem) for p in MODULES if layer_of(p) != "ground" and p.stem != "__init__"}
    assert modules - SHARED == {(p.parent.name, p.stem) for p in CHAPTERS}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_chapters_neither_silence_warnings_nor_allow_errors(path):
    text = path.read_text(encoding="utf-8")
    for silencer in ("filterwarnings", "simplefilter", "raises-exception", "allow_errors", "remove-stderr"):
        assert silencer not in text


def test_importing_every_module_loads_no_heavy_engine():
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts) for p in MODULES]
    wanted = [n.removesuffix(".__init__") for n in names if n != "portlib.figures"]
    code = f"import sys, {', '.join(wanted)}; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"


def test_every_policy_value_is_read_somewhere():
    """An entry that nothing reads would mislead the committee that decides it."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*MODULES, *CHAPTERS] if path.name != "policy.py")
    # the mandate chapter reads f"equity_{side}" and lets rules name the entries of their clause
    spoken = text.replace('f"equity_{side}"', '"equity_floor" "equity_ceiling"')
    assert not [name for name in policy.read().entries if f'"{name}"' not in spoken]
