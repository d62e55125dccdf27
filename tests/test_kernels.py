"""Kernels that begin with the libraries loaded are kernels like Jupyter's own."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from tools import build, kernels

ROOT = Path(__file__).parents[1]
#: What a chapter could notice of the process that it is in.
SURROUNDINGS = """
import json, matplotlib, os, signal, subprocess, sys
told = {
    "path": [place for place in sys.path if place],
    "folder": os.getcwd(),
    "main": sys.modules["__main__"].__name__,
    "own": [name for name in sys.modules if name.split(".")[0] in ("portlib", "tools", "tests")],
    "backend": matplotlib.get_backend(),
    "formats": sorted(get_ipython().config.InlineBackend.figure_formats),
    "children": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
    "ends": subprocess.run([sys.executable, "-S", "-c", "raise SystemExit(3)"]).returncode,
    "plan": os.environ.get("PRUDENT_PLAN"),
}
print(json.dumps(told))
from matplotlib import pyplot
_ = pyplot.plot([1, 2])
"""


@contextmanager
def kernel(surroundings: dict[str, str]) -> Iterator[tuple[Any, Callable[[str], str]]]:
    """A kernel under surroundings, and what it says to code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", surroundings.get("JUPYTER_PATH", ""))
        manager, client = start_new_kernel(env=surroundings)

    def said(code: str) -> str:
        heard: list[str] = []

        def hear(told: dict[str, Any]) -> None:
            heard.append(told["content"].get("text", ""))
            heard.extend(sorted(told["content"].get("data", ())))

        reply = client.execute_interactive(code, timeout=60, output_hook=hear)
        assert reply["content"]["status"] == "ok"
        return "".join(heard).strip()

    try:
        yield manager, said
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        client.context.term()


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of somebody who has a backend of their own, and whose figures are shown all the same."""
    folder = tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "agg")
        return build.environment(ROOT, folder / "staging", ROOT / "plans" / "tsp")


def test_a_chapter_sees_what_it_would_see_in_jupyters_own_kernel(given: dict[str, str]) -> None:
    with kernel(given) as (_, said):
        cold = said(SURROUNDINGS)
    with kernels.ready(given) as ready, kernel(ready) as (_, said):
        assert said("import sys; print('cvxpy' in sys.modules, 'portlib' in sys.modules)") == (
            "True False"
        )
        assert said(SURROUNDINGS) == cold
        threads = "import os; print(len(os.listdir(f'/proc/{os.getppid()}/task')))"
        assert said(threads) == "1", "the process that divides itself"
    assert "image/pngimage/svg+xml" in cold
    assert '"own": []' in cold
    assert '"ends": 3' in cold


def test_a_kernel_ends_with_its_stand_in_and_alone(given: dict[str, str]) -> None:
    process = "import os; print(os.getpid())"
    with kernels.ready(given) as ready, kernel(ready) as (manager, said):
        with kernel(ready) as (_, other):
            first, second = int(said(process)), int(other(process))
            assert first != second
            os.killpg(manager.provisioner.pid, signal.SIGKILL)
            assert gone(first)
            assert int(other(process)) == second
        assert gone(second)


def test_none_outlives_the_block_wherever_temporary_files_lie(
    given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / ("a" * 100)  # no name of a socket is so long
    far.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    with ExitStack() as both:
        with kernels.ready(given) as ready:
            manager, said = both.enter_context(kernel(ready))
            number = int(said("import os; print(os.getpid())"))
        assert gone(number)
        assert manager.provisioner.process.wait(10) is not None
        assert not Path(ready["JUPYTER_PATH"].split(os.pathsep)[0]).exists()


def gone(number: int) -> bool:
    """Whether a process ends within ten seconds."""
    until = time.monotonic() + 10
    while Path(f"/proc/{number}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not Path(f"/proc/{number}").exists()
