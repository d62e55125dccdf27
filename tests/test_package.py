"""The package by itself: built, installed outside any checkout, and used as a stranger would.

Left out: whether a package index gives the same dependencies; those of this environment are lent to
the clean one.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import depends

ROOT = Path(__file__).parents[1]
#: what only a chapter needs: `portlib.evidence` shows and tells there
IN_A_NOTEBOOK = {"IPython", "matplotlib_inline", "myst_nb"}
OWN_ARRAYS = """
import numpy as np
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.construction.mean_variance import frontier
from portlib.records import Assumptions

risk, correlation = np.array([0.16, 0.05]), np.array([[1.0, 0.2], [0.2, 1.0]])
mean, sigma = np.array([0.07, 0.04]), np.outer(risk, risk) * correlation
own = Assumptions(("shares", "bonds"), mean, sigma, 0.03, source="mine")
best = frontier(own, Mandate(own.labels, [fully_invested(), long_only()])).maximum_sharpe()
direction = np.linalg.solve(own.sigma, own.mu - own.rf)
assert np.allclose(best.weights.to_numpy(), direction / direction.sum(), atol=1e-9), best.weights
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def stranger(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a clean environment with the wheel in it, in a folder with a space in its
    name."""
    folder = tmp_path_factory.mktemp("a stranger") / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(
        subprocess.run(
            [python, "-c", asked], check=True, capture_output=True, text=True
        ).stdout.strip()
    )
    lent = dict.fromkeys(sysconfig.get_paths()[kind] for kind in ("purelib", "platlib"))
    (packages / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--offline",
        "--no-deps",
        "--python",
        str(python),
    ]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    return folder / "bin"


def run(
    program: Path, *arguments: str, folder: Path, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A program as it runs far from any checkout, with none of this run's settings."""
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PRUDENT"))
    }
    return subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        env=outside,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_facts_types_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        held = {info.filename: info.file_size for info in opened.infolist()}
        facts = {
            path.relative_to(ROOT / "data").as_posix()
            for path in (ROOT / "data").rglob("*")
            if path.is_file()
        }
        assert {
            name.removeprefix("portlib/_data/")
            for name in held
            if name.startswith("portlib/_data/")
        } == facts
        assert (
            opened.read("portlib/_data/policy.yml") == (ROOT / "data" / "policy.yml").read_bytes()
        )
    assert "portlib/py.typed" in held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    tops = {name.split("/")[0] for name in held}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"portlib"}
    assert sum(held.values()) < 10e6, "a package of code and small tables"


def test_whatever_the_package_imports_it_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = ("documents", "http", "cluster", "shell", "reperform")
    listed = [*project["dependencies"]]
    listed += [text for extra in extras for text in project["optional-dependencies"][extra]]
    asked = {canonicalize_name(Requirement(text).name) for text in listed}
    offered = {"portlib": ["portlib"], **packages_distributions()}
    imported = {
        name.split(".")[0]
        for path in depends.modules(ROOT).values()
        for name in depends.names(path)
    }
    others = imported - sys.stdlib_module_names - {"portlib"} - IN_A_NOTEBOOK
    assert others
    missing = {
        name
        for name in others
        if not asked & set(map(canonicalize_name, offered.get(name, [name])))
    }
    assert not missing, "add them to the dependencies in pyproject.toml"


def test_it_is_the_installed_one_that_answers(stranger: Path, tmp_path: Path) -> None:
    asked = (
        "import portlib.data as d, portlib; print(portlib.__file__); print(d.ROOT); "
        "print(d.fingerprint())"
    )
    found = run(stranger / "python", "-c", asked, folder=tmp_path)
    assert found.returncode == 0, found.stderr
    package, facts, fingerprint = found.stdout.split("\n")[:3]
    assert Path(package).is_relative_to(stranger.parent)
    assert Path(facts) == Path(package).parent / "_data"
    here = run(
        Path(sys.executable),
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); {asked}",
        folder=ROOT,
    )
    assert here.stdout.split("\n")[1:3] == [str(ROOT / "data"), fingerprint]


def test_the_examples_of_the_readme_run(stranger: Path, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert examples
    result = run(
        stranger / "python", "-W", "error", "-", folder=tmp_path, given="\n".join(examples)
    )
    assert result.returncode == 0, result.stderr


def test_own_arrays_give_the_tangency_portfolio_of_the_textbook(
    stranger: Path, tmp_path: Path
) -> None:
    result = run(stranger / "python", "-W", "error", "-", folder=tmp_path, given=OWN_ARRAYS)
    assert result.returncode == 0, result.stderr


def test_the_command_answers_for_a_plans_folder(stranger: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "tests" / "plans" / "awkward", tmp_path / "my plan")
    result = run(
        stranger / "prudent",
        "optimize",
        "--plan",
        "my plan",
        "--posture",
        "moderate",
        folder=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert abs(sum(answer["weights"].values()) - 1) < 1e-6
    (folder / "lineup.csv").unlink()
    result = run(stranger / "prudent", "optimize", "--plan", "my plan", folder=tmp_path)
    assert result.returncode == 1
    assert "lineup.csv" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_an_extra_brings_is_asked_for_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from portlib.__main__ import EXTRAS, main

    monkeypatch.setitem(sys.modules, "uvicorn", None)  # as if it were not installed
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["serve"]) == 1
    assert "pip install 'portlib[http]'" in capsys.readouterr().err
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
