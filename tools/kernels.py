"""Kernels that begin with the libraries loaded: each chapter has a process of its own, and none
waits for what all of them import.

One process loads `LIBRARIES`, nothing of the checkout, and divides itself (`os.fork`) for every
kernel that Jupyter asks for. Jupyter starts, sees and ends `asked`, a stand-in of few lines; where
either of the two ends, the other does.

Left out: systems where a process with libraries loaded cannot be divided (all but Linux); there
Jupyter starts its own kernels.
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: What chapters import, but for what must see a kernel when it is imported (`matplotlib.pyplot`,
#: `matplotlib_inline`, without which no figure is shown).
LIBRARIES = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "pandas", "scipy.stats"),
    *("scipy.optimize", "matplotlib.figure", "matplotlib.backends.backend_agg"),
    *("matplotlib.backends.backend_svg", "cvxpy", "statsmodels.api"),
)
#: Of the process that divides itself: a thread of a library's own would be missing in every kernel.
ALONE = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}  # of PyArrow's memory
#: Bytes of what a stand-in sends: its surroundings, at most.
MOST = 1 << 20


@contextmanager
def ready(surroundings: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Surroundings under which Jupyter's kernels begin with the libraries loaded, inside a
    block."""
    if sys.platform != "linux":
        yield dict(surroundings)
        return
    from jupyter_client.kernelspec import (  # here, for a stand-in does without
        NATIVE_KERNEL_NAME,
        KernelSpecManager,
    )

    with tempfile.TemporaryDirectory(prefix="kernels-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        described = KernelSpecManager().get_kernel_spec(NATIVE_KERNEL_NAME).to_dict()
        python = [sys.executable, "-I", "-S", __file__]
        described["argv"] = [*python, str(folder / "asked"), "-f", "{connection_file}"]
        specification = folder / "kernels" / "python3" / "kernel.json"
        specification.parent.mkdir(parents=True)
        specification.write_text(json.dumps(described), encoding="utf-8")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            with near(folder / "asked") as place:
                door.bind(place)
            door.listen(64)
            serving = subprocess.Popen(
                [sys.executable, __file__, str(door.fileno())],
                env={**surroundings, **ALONE},
                pass_fds=[door.fileno()],
                start_new_session=True,
            )
        try:
            found = filter(None, [name, surroundings.get("JUPYTER_PATH", "")])
            yield {**surroundings, "JUPYTER_PATH": os.pathsep.join(found)}
        finally:
            os.killpg(serving.pid, signal.SIGKILL)
            serving.wait()


@contextmanager
def near(place: Path) -> Iterator[str]:
    """A short name of a socket wherever it lies: Linux takes 107 bytes of a name."""
    folder = os.open(place.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{place.name}"
    finally:
        os.close(folder)


def serve(door: socket.socket) -> None:
    """Load the libraries, and become a kernel for whoever asks; the first process never returns."""
    for name in LIBRARIES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever has ended is forgotten
    while True:
        connection, _ = door.accept()
        if os.fork() == 0:
            door.close()
            become(connection)
        connection.close()


def become(connection: socket.socket) -> None:
    """Be the kernel that a stand-in asks for: in its folder and surroundings, with its output."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said, handed, _, _ = socket.recv_fds(connection, MOST, 3)
    while not said.endswith(b"\n"):
        said += connection.recv(MOST)
    asked = json.loads(said)
    for number, file in enumerate(handed):
        os.dup2(file, number)
        os.close(file)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["surroundings"])
    threading.Thread(target=_until_closed, args=[connection], daemon=True).start()
    from ipykernel.kernelapp import IPKernelApp

    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    IPKernelApp.launch_instance([*asked["arguments"], parent])
    sys.exit()


def _until_closed(connection: socket.socket) -> None:
    connection.recv(1)
    os._exit(1)


def ask(place: str, *arguments: str) -> None:
    """Stand in for a kernel: hand on what Jupyter gave, and wait until the kernel has ended."""
    given = dict(os.environ)
    told = {"arguments": arguments, "folder": os.getcwd(), "surroundings": given}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        with near(Path(place)) as short:
            connection.connect(short)
        socket.send_fds(connection, [b" "], [0, 1, 2])
        connection.sendall(json.dumps(told).encode() + b"\n")
        connection.recv(1)


if __name__ == "__main__":
    if sys.argv[2:]:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ask(*sys.argv[1:])
    else:
        del sys.path[0]  # this folder, whose modules have names that others have, too
        with socket.socket(fileno=int(sys.argv[1])) as door:
            serve(door)
