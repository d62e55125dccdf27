"""How are thousands of plans, or a hundred thousand people, answered in one call?

Plans go in small parts to processes of their own, or to any executor (`concurrent.futures`, Dask's
``client.get_executor()``); answers come back in the order of the plans, as they are ready, and no
more parts are under way than keep everybody busy. So memory does not grow with the number of plans.
Where a part is lost, because a process died, ran out of memory or time, each of its plans is asked
again alone: one plan can cost no answer but its own. What is done twice is done by a pure function.

`optimize_lines` and `advise_lines` read and write lines of JSON (or Parquet), and go on after what
is already written.

Left out: moving files to other machines; a time limit on executors that are not ours, whose
processes cannot be ended from here.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as OverTime
from itertools import islice
from pathlib import Path
from typing import Any

from portlib import schema, service
from portlib.data import DataError

Json = dict[str, Any]
ADVICE = "prudent-by-construction/advice/1"
#: What an outlook says of what was asked: whoever goes on with a file asks the same.
ASKED = ("schema", "plan", "policy", "participant", "lives", "seed")
#: Most plans in a part: enough that sending costs little, few enough to ask again.
PART = 16
#: Most people whose outlook is simulated at once.
PEOPLE = 2_000


class Interrupted(KeyboardInterrupt):
    """Ctrl-C; ``answers`` holds what was done, in the order of the plans."""

    def __init__(self, answers: Sequence[Json]) -> None:
        super().__init__(f"interrupted after {len(answers)} answers")
        self.answers = list(answers)


class Unread(str):
    """Why a line is no strict JSON; it stands where what the line says would."""


def answers(
    plans: Iterable[Any],
    assumptions: Mapping[str, Any] | None = None,
    mandate: Mapping[str, Any] | None = None,
    *,
    workers: int | None = None,
    seconds: float = 15.0,
    megabytes: float | None = None,
    executor: Executor | None = None,
    part: int = PART,
) -> Iterator[Json]:
    """`service.optimize` of each plan, in their order, as they are ready.

    Parameters
    ----------
    plans, assumptions, mandate : as in `service.optimize`; plans are read as they are needed.
    workers : processes; by default, and at most, one a core.
    seconds : most time for one plan; on an executor, whose queue cannot be seen from here, with
        the time that it waits once its turn has come.
    megabytes : most memory of a process beyond what it starts with; None for no limit.
    executor : takes the work instead of processes of ours.
    part : most plans that go together.

    Yields
    ------
    dict
        The answer, or ``schema`` and ``error`` for a plan that has none.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as threads:
    ...     (only,) = answers([{"schema": "next year's"}], executor=threads)
    >>> only["error"]["type"]
    'DataError'

    Who takes too long on an executor is not waited for, and need not go on:

    >>> from concurrent.futures import Future
    >>> from threading import Timer
    >>> class Slow:
    ...     def submit(self, *work):
    ...         self.late = Future()
    ...         Timer(0.3, lambda: self.late.cancelled() or self.late.set_result([{}])).start()
    ...         return self.late
    >>> slow = Slow()
    >>> (only,) = answers([{}], executor=slow, seconds=0.01)
    >>> only["error"]["type"], slow.late.cancelled()
    ('OverTime', True)

    It goes on in ``service_many.md``.
    """
    asked = {"workers": workers, "seconds": seconds, "part": part, "megabytes": megabytes}
    for name, value in asked.items():
        kind = "number" if name in ("seconds", "megabytes") else "integer"
        if value is None:
            continue
        if refused := schema.problem(value, {"type": kind, "exclusiveMinimum": 0}, name):
            raise DataError(refused)
    cores = os.cpu_count() or 1
    parts = _parts(iter(plans), part)
    if executor is not None:
        many = getattr(executor, "_max_workers", None) or cores
        yield from _answered(
            parts,
            lambda few, limit: executor.submit(_few, few, assumptions, mandate),
            lambda future, few: _failure(future, seconds * len(few)),
            ahead=4 * many,
            seconds=seconds,
        )
        return
    from pebble import ProcessPool

    _load()
    pool = ProcessPool(
        max_workers=min(workers or cores, cores),
        initializer=begin,
        initargs=(os.getpid(), megabytes),
    )
    try:
        yield from _answered(
            parts,
            lambda few, limit: pool.schedule(_few, args=(few, assumptions, mandate), timeout=limit),
            lambda future, few: _failure(future, None),
            ahead=2 * min(workers or cores, cores) + 1,
            seconds=seconds,
        )
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _parts(plans: Iterator[Any], most: int) -> Iterator[list[Any]]:
    while few := list(islice(plans, most)):
        yield few


def _failure(future: Any, seconds: float | None) -> BaseException | None:
    """How a part was lost; None where its answers are there."""
    try:
        why: BaseException | None = future.exception(timeout=seconds)
    except OverTime as late:
        future.cancel()
        return late
    return why


def _answered(
    parts: Iterator[list[Any]],
    send: Callable[[list[Any], float], Any],
    failure: Callable[[Any, list[Any]], BaseException | None],
    *,
    ahead: int,
    seconds: float,
) -> Iterator[Json]:
    """Answers of parts in order; of a part that is lost, each plan alone."""
    sent: deque[tuple[list[Any], Any]] = deque()
    for few in islice(parts, ahead):
        sent.append((few, send(few, seconds)))
    while sent:
        few, future = sent.popleft()
        lost = failure(future, few)
        if lost is None:
            yield from future.result()
        elif len(few) == 1:
            yield failed(lost, seconds)
        else:
            for each in few:
                again = send([each], seconds)
                why = failure(again, [each])
                yield again.result()[0] if why is None else failed(why, seconds)
        for more in islice(parts, 1):
            sent.append((more, send(more, seconds)))


def _few(
    plans: Sequence[Any],
    assumptions: Mapping[str, Any] | None,
    mandate: Mapping[str, Any] | None,
) -> list[Json]:
    return [_one(each, assumptions, mandate) for each in plans]


def _one(
    plan_: Any, assumptions: Mapping[str, Any] | None, mandate: Mapping[str, Any] | None
) -> Json:
    try:
        if isinstance(plan_, Unread):
            raise DataError(plan_)
        return service.optimize(plan_, assumptions, mandate)
    except ValueError as refused:  # DataError and Infeasible are ValueErrors too
        return service.refusal(refused)


def failed(error: BaseException, seconds: float) -> Json:
    """The answer for a plan on which a process failed in another way than by refusing it.

    Examples
    --------
    >>> from pebble import ProcessExpired
    >>> killed = type("KilledWorker", (Exception,), {})("w-1")
    >>> from concurrent.futures.process import BrokenProcessPool as Broken
    >>> died = ProcessExpired("gone", code=9)
    >>> lost = (OverTime(), died, killed, Broken(), MemoryError("none left"))
    >>> for told in (failed(one, 2.5)["error"] for one in lost):
    ...     print(told["type"], "|", told["message"])
    OverTime | no portfolio was found within 2.5 seconds
    WorkerDied | its process ended (exit code 9)
    WorkerDied | the processes that took it ended
    WorkerDied | the processes that took it ended
    MemoryError | portlib failed on it: none left
    """
    from pebble import ProcessExpired

    if isinstance(error, OverTime):
        return service.error("OverTime", f"no portfolio was found within {seconds:g} seconds")
    if isinstance(error, ProcessExpired):
        return service.error("WorkerDied", f"its process ended (exit code {error.exitcode})")
    if type(error).__name__ in ("KilledWorker", "BrokenProcessPool"):
        return service.error("WorkerDied", "the processes that took it ended")
    return service.error(type(error).__name__, f"portlib failed on it: {error}")


def _load() -> None:
    """Load the solvers before the first plan's time begins: in the parent, whose processes share
    them where they are forked, else in each."""
    import highspy
    import piqp
    from scipy import optimize

    del highspy, piqp, optimize


def begin(parent: int, megabytes: float | None) -> None:
    """What a process of ours does first: Ctrl-C is its parent's, memory has its limit, and it ends
    when the parent is gone, however it went."""
    _load()
    gc.freeze()  # what the parent holds, all plans among it, is not searched for garbage
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if megabytes is not None:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = used + int(megabytes * 1e6)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


# ---- files ---------------------------------------------------------------------------------------


def optimize_lines(
    source: Path,
    target: Path,
    assumptions: Mapping[str, Any] | None = None,
    mandate: Mapping[str, Any] | None = None,
    **settings: Any,
) -> int:
    """Answer a file of plans, one a line of JSON, into a file of answers, line by line.

    A target that has answers is gone on with, after its last whole line: nothing is lost and
    nothing is written twice. That line is made again first; where it differs, the file is of other
    plans or of another mandate.

    Parameters
    ----------
    source, target : files of JSON lines; the target may exist.
    assumptions, mandate : as in `service.optimize`.
    settings : as in `answers`.

    Returns
    -------
    int
        Answers written now.

    Raises
    ------
    DataError
        For a target that this call does not go on with.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     source, target = Path(place, "plans.jsonl"), Path(place, "answers.jsonl")
    ...     _ = source.write_text("")
    ...     optimize_lines(source, target), target.read_text()
    (0, '')

    It goes on in ``service_many.md``.
    """
    _another(source, target)
    with open(source, "rb") as lines:
        plans = map(_line, lines)
        before, written, end = _whole_lines(target)
        last = None
        for at, each in enumerate(islice(plans, before)):
            last = each if at == before - 1 else None
        if before and (written is None or _one(last, assumptions, mandate) != written):
            raise DataError(
                f"{target}: line {before} is not the answer for line {before} of {source}: name "
                "another file, or ask as before"
            )
        return _append(target, end, answers(plans, assumptions, mandate, **settings))


def advise_lines(
    plan_: Mapping[str, Any],
    source: Path,
    target: Path,
    *,
    lives: int = 500,
    seed: int = 2026,
    batch: int = PEOPLE,
) -> int:
    """The outlook of each person in a file, into a file, some thousand at a time.

    Everybody meets the same markets, those of the seed, so that an answer does not depend on who
    stands beside in the file. Memory holds one batch.

    Parameters
    ----------
    plan_ : as in `service.optimize`; its own participants are not asked after.
    source : JSON lines, or Parquet (``.parquet``), of participants as a plan's JSON has them.
    target : JSON lines, which may exist and are then gone on with; or Parquet, which may not.
    lives : markets drawn.
    seed : of all draws.
    batch : people at a time.

    Returns
    -------
    int
        People advised now. A person who is refused has ``error`` instead of an outlook.

    Raises
    ------
    DataError
        For a plan that is refused, numbers that cannot be meant, and a target that this call does
        not go on with.

    Examples
    --------
    A table says what lines say, each figure of them, and what each was refused for; whatever the
    batch:

    >>> from tempfile import TemporaryDirectory
    >>> import pyarrow.parquet as parquet
    >>> from portlib import data, plan as plans
    >>> sent = plans.read(data.ROOT / "plan").to_json()
    >>> people = [*sent["participants"][:2], {"participant": "nobody"}]
    >>> with TemporaryDirectory() as place:
    ...     source, *targets = (Path(place, name) for name in ("p.jsonl", "a.jsonl", "a.parquet"))
    ...     _ = source.write_text(chr(10).join(map(json.dumps, people)))
    ...     counts = [advise_lines(sent, source, one, lives=20, batch=2) for one in targets]
    ...     lines = [json.loads(line) for line in targets[0].read_text().splitlines()]
    ...     table = parquet.read_table(targets[1]).to_pylist()
    >>> told = [{name: row[name] for name in line} for row, line in zip(table, lines, strict=True)]
    >>> counts, told[:2] == lines[:2]
    ([3, 3], True)
    >>> json.loads(table[2]["error"]) == lines[2]["error"], table[2]["chance"] is None
    (True, True)

    It goes on in ``service_many.md``.
    """
    from portlib import plan as plans

    asked = {"lives": (lives, 1), "seed": (seed, 0), "batch": (batch, 1)}
    for name, (value, least) in asked.items():
        if refused := schema.problem(value, {"type": "integer", "minimum": least}, name):
            raise DataError(refused)
    _another(source, target)
    alone = {**plan_, "participants": []} if isinstance(plan_, Mapping) else plan_
    ours, sent = service.read(alone)
    base = ours.to_json()
    # what the whole plan holds cannot be held against a part of its people
    base["lineup"] = [{**row, "plan_share": None} for row in base["lineup"]]
    before, written, end = (0, None, 0) if target.suffix == ".parquet" else _whole_lines(target)
    markets = _markets(ours, lives, seed)
    people = _people(source)
    if before:
        last = list(islice(people, before - 1, before))
        again = _advised(plans, base, sent, last, markets, seed) if last else [{}]
        if not isinstance(written, Mapping) or any(
            written.get(name) != again[0].get(name) for name in ASKED
        ):
            raise DataError(
                f"{target}: line {before} is not the answer for line {before} of {source}: name "
                "another file, or ask as before"
            )

    def told() -> Iterator[Json]:
        for group in _parts(people, batch):
            yield from _advised(plans, base, sent, group, markets, seed)

    return (
        _append_parquet(target, told(), batch)
        if target.suffix == ".parquet"
        else _append(target, end, told())
    )


def _markets(ours: Any, lives: int, seed: int) -> Any:
    from portlib.retirement import outlook

    level = outlook.expected_inflation(ours)
    return outlook.returns_of(ours, outlook.classes(ours), level, lives, 107, seed)


def _advised(
    plans: Any, base: Json, sent: str, group: list[Any], markets: Any, seed: int
) -> list[Json]:
    """The outlooks of a group; a person who is refused costs nobody else's."""
    import numpy as np

    from portlib.retirement import glidepaths, outlook

    try:
        if len(group) == 1 and isinstance(group[0], Unread):
            raise DataError(group[0])
        ours = plans.from_json({**base, "participants": group})
    except DataError as refused:
        if len(group) == 1:
            who = group[0].get("participant") if isinstance(group[0], Mapping) else None
            told = service.refusal(refused)["error"]
            return [{"schema": ADVICE, "participant": who, "error": told}]
        half = len(group) // 2
        parts = (group[:half], group[half:])
        return [one for few in parts for one in _advised(plans, base, sent, few, markets, seed)]
    found = outlook.outlooks(
        outlook.people(ours),
        ours,
        glidepaths.adopted(ours),
        markets,
        np.random.default_rng(seed + 1),
        mortality=outlook.mortality(ours),
    )
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    made = zip(map(str, found.index), rows, strict=True)
    return [
        {
            "schema": ADVICE,
            "plan": sent,
            "policy": ours.policy.fingerprint,
            "participant": who,
            **{str(name): None if x is None else float(x) for name, x in row.items()},
            "lives": len(markets.values),
            "seed": seed,
        }
        for who, row in made
    ]


def _people(source: Path) -> Iterator[Any]:
    if source.suffix != ".parquet":
        with open(source, "rb") as lines:
            yield from map(_line, lines)
        return
    import pyarrow.parquet as parquet

    for rows in parquet.ParquetFile(source).iter_batches(PEOPLE):
        for row in rows.to_pylist():
            if isinstance(row.get("holdings"), Mapping):
                row["holdings"] = {fund: x for fund, x in row["holdings"].items() if x}
            yield row


def _line(text: bytes) -> Any:
    """What a line says; why it is no strict JSON, for the door to refuse, where it is none."""
    try:
        return schema.strict_json(text, "line")
    except ValueError as error:
        return Unread(str(error)[:500])


def _another(source: Path, target: Path) -> None:
    """Refuse to write into what is read."""
    if target.exists() and target.samefile(source):
        raise DataError(f"{target}: is what is asked; name another file for the answers")


def _whole_lines(target: Path) -> tuple[int, Any, int]:
    """How many whole lines a file has, what the last of them says, and where it ends."""
    count, last, end = 0, b"", 0
    if target.exists():
        with open(target, "rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    count, last, end = count + 1, line, end + len(line)
    return count, _line(last) if count else None, end


def _append(target: Path, end: int, told: Iterable[Json]) -> int:
    """Write on after the last whole line; what a crash left of another is cut off."""
    if target.exists():
        os.truncate(target, end)
    count = 0
    with open(target, "a", encoding="utf-8") as file:
        for answer in told:
            file.write(json.dumps(answer, allow_nan=False) + "\n")
            count += 1
            if count % PART == 0:
                file.flush()
    return count


def _append_parquet(target: Path, told: Iterator[Json], batch: int) -> int:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    if target.exists():
        raise DataError(f"{target}: is there already; a Parquet file cannot be gone on with")
    texts = ("schema", "plan", "policy", "participant", "error")
    numbers = ("chance", "low", "high", "shortfall", "wanted", "benefit", "balance", "income")
    fields = [(name, pa.string()) for name in texts]
    fields += [(name, pa.float64()) for name in (*numbers, "low_income", "lives", "seed")]
    layout = pa.schema(fields)
    count = 0
    with parquet.ParquetWriter(target, layout) as file:
        for rows in _parts(told, batch):
            flat = [
                {**row, "error": json.dumps(row["error"])} if "error" in row else row
                for row in rows
            ]
            file.write_table(pa.Table.from_pylist(flat, layout))
            count += len(rows)
    return count
