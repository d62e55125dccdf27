"""pyproject.toml, requirements.lock and environment.yml say the same, and a machine with make and
Python is enough.

Left out: whether a package index still holds the locked files (an installation says so, and CI
makes one).
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def entries() -> list[tuple[str, Version, Marker | None, list[str]]]:
    """The lock as (name, version, marker, hashes)."""
    found = []
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        line, *hashes = (part.strip() for part in block.split("\\\n"))
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "==", line
        found.append(
            (canonicalize_name(requirement.name), Version(pin.version), requirement.marker, hashes)
        )
    return found


def installed_on(python: str) -> dict[str, Version]:
    """What the lock installs on a Linux machine with this Python."""
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    wanted = [
        (name, version)
        for name, version, marker, _ in entries()
        if not marker or marker.evaluate(machine)
    ]
    names = [name for name, _ in wanted]
    assert len(set(names)) == len(names), "the lock names a package twice for the same machine"
    return dict(wanted)


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_what_the_project_asks_for(python: str) -> None:
    locked = installed_on(python)
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, asked):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, (
            f"{requirement.name} is in pyproject.toml but not in requirements.lock: make lock"
        )
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{requirement} but {version} is locked"
        )


def test_the_lock_pins_by_hash_and_names_no_index() -> None:
    for name, _, _, hashes in entries():
        assert hashes, f"{name} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), name
    assert "://" not in LOCK
    assert "index-url" not in LOCK


def test_jupyter_book_stays_at_one() -> None:
    assert all(installed_on(python)["jupyter-book"].major == 1 for python in PYTHONS)


def test_conda_users_get_python_in_the_same_range_and_packages_from_the_same_lock() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, pip = conda["dependencies"]
    assert pip == {"pip": ["--require-hashes", "-r requirements.lock"]}
    (python,) = (text.removeprefix("python ") for text in packages if text.startswith("python "))
    assert SpecifierSet(python) == SpecifierSet(PROJECT["requires-python"])
    assert sorted(text.split()[0] for text in packages) == ["make", "pip", "python"]


def test_the_environment_is_made_with_the_pythons_that_the_project_accepts() -> None:
    script = (ROOT / "tools" / "environment.sh").read_text(encoding="utf-8")
    (bounds,) = re.findall(
        r"not \((\d), (\d+)\) <= sys\.version_info\[:2\] < \((\d), (\d+)\)", script
    )
    low, high = ".".join(bounds[:2]), ".".join(bounds[2:])
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(f">={low},<{high}")
    around = ("3.10", *PYTHONS, "3.15")
    assert [python for python in around if python in SpecifierSet(f">={low},<{high}")] == [*PYTHONS]
    assert all(f"python{python}" in script for python in PYTHONS)


def test_this_environment_is_the_locked_one() -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    locked = installed_on(here)
    found = {canonicalize_name(d.metadata["Name"]): Version(d.version) for d in distributions()}
    wrong = {
        name: (found[name], version)
        for name, version in locked.items()
        if found.get(name, version) != version
    }
    assert not wrong, f"installed, locked: {wrong}; make clean-all, then make test"


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given = [f"{name}={value}" for name, value in variables.items()]
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", *arguments, *given]
    return subprocess.run(
        command, cwd=ROOT, env=outside, capture_output=True, text=True, check=False
    )


def test_make_help_names_every_command_that_the_makefile_has() -> None:
    shown = make("help").stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"environment"}
    assert {"book", "test", "lab", "diff", "chapter", "archive"} <= commands
    assert all(f"  make {command} " in shown for command in commands)


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def environment(
    folder: Path, python: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(ROOT / "tools" / "environment.sh"), str(folder), python]
    surroundings = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )


def test_a_python_that_does_not_fit_is_refused_with_what_to_do(tmp_path: Path) -> None:
    old = program(tmp_path / "python3", "[ \"$1\" = --version ] && echo 'Python 3.9.2'\nexit 1")
    result = environment(tmp_path / "venv", str(old))
    assert result.returncode != 0
    assert f"{old} is Python 3.9.2, which does not fit." in result.stderr
    uv = installed_on("3.11")["uv"]
    for words in (
        "needs Python 3.11, 3.12, 3.13 or 3.14",
        "apt install python3",
        f"pip install uv=={uv}",
        "PYTHON=",
    ):
        assert words in result.stderr
    assert not (tmp_path / "venv").exists()


def test_the_first_python_that_fits_is_taken_and_a_machine_without_one_is_told(
    tmp_path: Path,
) -> None:
    tools = {name: shutil.which(name) for name in ("cksum", "cat", "sed", "head", "mkdir", "rm")}
    for name, path in tools.items():
        (tmp_path / name).symlink_to(str(path))
    none = environment(tmp_path / "venv", PATH=str(tmp_path))
    assert "Found no Python on the path." in none.stderr
    program(
        tmp_path / "python3",
        '[ "$1" = --version ] && echo \'Python 3.15.0\' && exit 0\n[ -z "$2" ]',
    )
    newer = environment(tmp_path / "venv", PATH=str(tmp_path))
    assert "Found python3, which is Python 3.15.0; none of them fits." in newer.stderr
    program(tmp_path / "python3.12", '[ "$1" = -c ] && [ "${2#*ensurepip}" = "$2" ]')
    fitting = environment(tmp_path / "venv", PATH=str(tmp_path))
    assert "python3.12 is" in fitting.stderr
    assert "without its module venv (Debian, Ubuntu: apt install python3-venv)" in fitting.stderr


PIP = """
case "$*" in
"config list") printf '%s\\n' "global.extra-index-url='file:///one\\nfile:///two'" \\
    "global.timeout='60'" ":env:.find-links='wheels'" "install.no-index='true'" \\
    ":env:.no-index='0'" ;;
*) echo "pip $*" >>"$(dirname "$0")/asked" ;;
esac
"""


@pytest.mark.parametrize("holds", [True, False])
def test_uv_is_told_where_pip_looks_and_where_it_finds_nothing_pip_is_asked(
    tmp_path: Path, holds: bool
) -> None:
    folder = tmp_path / "the venv"
    (folder / "bin").mkdir(parents=True)
    python = f'[ "$1" = -c ] && exec "{sys.executable}" "$@"\nshift 2\n{PIP}'
    program(folder / "bin" / "python", python)
    program(folder / "bin" / "jupytext-config", "exit 0")
    program(
        folder / "bin" / "uv",
        f'echo "uv $*" >>"$(dirname "$0")/asked"\nexit {0 if holds else 1}',
    )
    first = program(tmp_path / "python3", f'[ "$1" = -m ] || exec "{sys.executable}" "$@"')
    result = environment(folder, str(first), MPLCONFIGDIR=str(tmp_path / "matplotlib"))
    assert result.returncode == 0, result.stderr
    asked = (folder / "bin" / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[0].startswith("pip install --quiet") and "uv.txt" in asked[0]
    assert "--index file:///one --index file:///two --find-links wheels --no-index --" in asked[1]
    assert asked[1].startswith("uv pip install") and "--require-hashes" in asked[1]
    by_pip = [one for one in asked if "--require-hashes -r requirements.lock" in one][1:]
    assert len(by_pip) == (0 if holds else 1)
    assert all(one.startswith("pip install") for one in by_pip)
    (only,) = [x for x in (folder / "uv.txt").read_text().splitlines() if not x.startswith(" ")]
    assert only.startswith("uv==")


def test_an_environment_that_is_a_link_is_taken_as_it_is(tmp_path: Path) -> None:
    link = tmp_path / "venv"
    link.symlink_to(Path(sys.prefix))
    assert environment(link).returncode == 0
    link.unlink()
    link.symlink_to(tmp_path / "gone")
    result = environment(link)
    assert result.returncode == 1
    assert "is a link, and no environment is behind it" in result.stderr


def test_chapter_without_a_name_says_what_to_type(tmp_path: Path) -> None:
    result = make("chapter", VENV=str(tmp_path / "venv"))
    assert result.returncode != 0
    assert "make chapter NAME=mean_variance" in result.stderr
    assert not (tmp_path / "venv").exists()


def test_every_file_that_names_a_version_names_the_same() -> None:
    import json

    codemeta = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version, day = re.findall(
        r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)", changes, re.MULTILINE
    )[0]
    assert PROJECT["version"] == version
    assert (codemeta["version"], codemeta["datePublished"]) == (version, day)
    assert (str(citation["version"]), str(citation["date-released"])) == (version, day)


def test_the_workflow_runs_what_a_maintainer_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["everything"]["steps"]
    assert "bash .ci/run" in [step.get("run") for step in steps]
    pythons = workflow["jobs"]["everything"]["strategy"]["matrix"]["python"]
    assert set(pythons) <= set(PYTHONS)


def test_the_container_has_a_python_that_fits_and_runs_what_make_knows() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"python:([\d.]+)-slim", text)) <= set(PYTHONS)
    assert re.search(r"^CMD \[.*\]$", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r'RUN make (\w+)|"make", "(\w+)"', text):
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE)


def test_binder_installs_the_package_as_the_conda_recipe_does() -> None:
    """repo2docker takes environment.yml and runs postBuild, which must be one of its lines."""
    build = ROOT / "postBuild"
    assert os.access(build, os.X_OK)
    (command,) = [x for x in build.read_text(encoding="utf-8").splitlines() if "pip" in x]
    assert command in (ROOT / "environment.yml").read_text(encoding="utf-8")


def test_the_benchmarks_lock_names_what_the_library_needs() -> None:
    locked = (ROOT / "benchmarks" / "requirements.lock").read_text(encoding="utf-8")
    names = {canonicalize_name(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", locked)}
    asked = {canonicalize_name(Requirement(one).name) for one in PROJECT["dependencies"]}
    assert asked <= names, f"make -C benchmarks lock: {', '.join(sorted(asked - names))}"
