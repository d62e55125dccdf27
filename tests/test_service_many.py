"""Many plans in one call: in order, from any executor, each at its own cost; files that are gone on
with; people whose number costs no memory."""

import json
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from portlib import kept, plan, service, service_many
from portlib.data import DataError
from portlib.records import Allocation

LOOSE = {"most_funds": 0, "whole_percent": False}
FORKS = multiprocessing.get_start_method() == "fork"
planted = pytest.mark.skipif(not FORKS, reason="the trouble is planted before the fork")


@pytest.fixture(scope="module")
def nobody():
    return json.loads(json.dumps(plan.read().to_json() | {"participants": []}))


def named(content, name):
    return {**content, "rules": {**content["rules"], "name": name}}


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_what_is_kept_gives_the_answers_that_nothing_kept_gives(nobody):
    asked = [{"posture": posture, **LOOSE} for posture in ("moderate", "growth")]
    warm = [service.optimize(nobody, None, each) for each in asked for _ in range(2)]
    for store in (service._READ, service._SET_UP):
        assert isinstance(store, kept.Kept) and len(store)
        store.clear()
    cold = [service.optimize(nobody, None, each) for each in asked for _ in range(2)]
    assert warm == cold
    dearer = json.loads(json.dumps(nobody))
    dearer["lineup"][0]["expense_ratio"] += 1e-9
    assert service.optimize(dearer, None, asked[0])["plan"] != warm[0]["plan"]


def test_plans_are_read_as_they_are_needed_and_answered_in_order(nobody):
    read = []

    def plans():
        for at in range(200):
            read.append(at)
            yield {"schema": f"{at}"}

    with ThreadPoolExecutor(1) as threads:
        told = service_many.answers(plans(), executor=threads, part=4)
        first = next(told)
        assert "'0'" in first["error"]["message"] and len(read) < 60
        rest = list(told)
    assert [f"'{at + 1}'" in one["error"]["message"] for at, one in enumerate(rest)] == [True] * 199


@planted
def test_a_process_that_dies_or_runs_out_of_memory_in_a_part_costs_one_plan(nobody, monkeypatch):
    real = service.optimize

    def optimize(content, *rest):
        if content["rules"]["name"] == "dies":
            os._exit(9)
        if content["rules"]["name"] == "eats":
            np.ones(10**10)
        return real(content, *rest)

    monkeypatch.setattr(service, "optimize", optimize)
    names = ["a", "dies", "b", "eats", "c"]
    told = service_many.answers(
        [named(nobody, name) for name in names], None, LOOSE, workers=1, megabytes=4000, seconds=60
    )
    found = [one.get("error", {}).get("type", "served") for one in told]
    assert found[::2] == ["served"] * 3 and found[1] == "WorkerDied"
    assert "MemoryError" in found[3]


def test_ctrl_c_keeps_what_was_done(nobody, monkeypatch):
    def stop(done, plans):
        if done == 2:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as threads, pytest.raises(service_many.Interrupted) as caught:
        service.optimize_many([nobody] * 3, None, LOOSE, executor=threads, progress=stop)
    assert [set(one) >= {"weights"} for one in caught.value.answers] == [True, True]


def test_a_file_of_plans_is_gone_on_with_and_no_other_is(nobody, tmp_path):
    plans = [named(nobody, name) for name in "abcd"]
    source = lines(tmp_path / "plans.jsonl", [*plans[:2], "no plan", *plans[2:]])
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    with ThreadPoolExecutor(1) as threads:
        ask = {"executor": threads, "part": 2}
        assert service_many.optimize_lines(source, whole, None, LOOSE, **ask) == 5
        text = whole.read_bytes()
        assert "error" in json.loads(text.splitlines()[2])
        broken.write_bytes(text[: len(text) // 2])  # as a crash leaves it, within a line
        before = broken.read_bytes().count(b"\n")
        assert service_many.optimize_lines(source, broken, None, LOOSE, **ask) == 5 - before
        assert broken.read_bytes() == text
        with pytest.raises(DataError, match="is not the answer for line 5"):
            service_many.optimize_lines(source, broken, None, {"posture": "growth"}, **ask)


def test_a_line_that_is_no_strict_json_is_refused_and_stops_nothing(nobody, tmp_path):
    good = json.dumps(nobody)
    wrong = {
        '{"schema": 1, "schema": 2}': "'schema' is given twice",
        '{"a": NaN}': "NaN is no number",
        "": "Expecting value",
        "[" * 100_000 + "]" * 100_000: "nested too deep",  # beyond any recursion limit
        good[:-1]: "is not strict JSON",
        "1" * 5000: "is not strict JSON",
    }
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes("\n".join([good, *wrong, good]).encode() + b"\n\xff\n")
    with ThreadPoolExecutor(1) as threads:
        service_many.optimize_lines(source, target, None, LOOSE, executor=threads)
    told = [json.loads(line) for line in target.read_text().splitlines()]
    assert "weights" in told[0] and told[-2] == told[0]
    for (line, says), answer in zip(wrong.items(), told[1:], strict=False):
        assert answer["error"]["type"] == "DataError", line[:20]
        assert says in answer["error"]["message"] and answer["error"]["where"] == ["line"]
    assert "utf-8" in told[-1]["error"]["message"]

    people = tmp_path / "people.jsonl"
    person = json.dumps(plan.read().to_json()["participants"][0])
    people.write_text("\n".join([person, person[:-1] + ', "pay": 5}', person]) + "\n")
    advice = tmp_path / "advice.jsonl"
    service_many.advise_lines(plan.read().to_json(), people, advice, lives=100)
    first, twice, last = map(json.loads, advice.read_text().splitlines())
    assert first == last and "chance" in first
    assert "'pay' is given twice" in twice["error"]["message"]


@pytest.mark.parametrize(
    ("sent", "settings", "says"),
    [
        (5, {}, "plan: a plan is a mapping"),
        ({"schema": "other"}, {}, "schema: 'other' is unknown"),
        (None, {"lives": "x"}, "lives: 'x' is not"),
        (None, {"seed": -1}, "seed: -1 is not"),
        (None, {"batch": 0}, "batch: 0 is not"),
    ],
)
def test_advice_that_cannot_be_given_is_refused_before_anything_is_written(
    tmp_path, sent, settings, says
):
    with pytest.raises(DataError, match=f"^{says}"):
        service_many.advise_lines(sent, tmp_path / "people", tmp_path / "out.jsonl", **settings)
    assert not (tmp_path / "out.jsonl").exists()


def test_people_are_advised_the_same_in_whatever_batches_and_forms(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    ours = plan.read().to_json()
    people = ours["participants"][:7]
    people[4] = {**people[4], "pay": -1}
    source = lines(tmp_path / "people.jsonl", people)
    told = []
    for batch in (7, 3):
        target = tmp_path / f"{batch}.jsonl"
        assert service_many.advise_lines(ours, source, target, lives=100, batch=batch) == 7
        told.append([json.loads(line) for line in target.read_text().splitlines()])
    assert [one["participant"] for one in told[0]] == [one["participant"] for one in people]
    assert "pay: -1" in told[0][4]["error"]["message"]
    assert ["chance" in one for one in told[0]] == [True] * 4 + [False] + [True] * 2
    for one, other in zip(*told, strict=True):
        for name, value in one.items():
            same = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            assert other[name] == same
    half = tmp_path / "3.jsonl"
    half.write_text("".join(half.read_text().splitlines(keepends=True)[:3]))
    assert service_many.advise_lines(ours, source, half, lives=100, batch=7) == 4
    sound = [one for at, one in enumerate(people) if at != 4]
    parquet.write_table(pa.Table.from_pylist(sound), tmp_path / "people.parquet")
    out = tmp_path / "out.parquet"
    count = service_many.advise_lines(ours, tmp_path / "people.parquet", out, lives=100)
    chances = parquet.read_table(out).column("chance").to_pylist()
    assert count == 6
    assert chances == pytest.approx([one["chance"] for one in told[0] if "chance" in one])


def test_a_cluster_that_loses_a_worker_loses_no_answer_and_gives_none_twice(nobody, tmp_path):
    distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")
    plans = [named(nobody, f"plan {at}") for at in range(12)]
    alone = [service.optimize(each, None, LOOSE) for each in plans]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        # a cluster's time runs while it starts a worker anew
        ask = {"executor": client.get_executor(), "part": 2, "seconds": 300}
        told = service_many.answers(plans, None, LOOSE, **ask)
        found = [next(told)]
        victim = next(iter(cluster.workers.values()))
        os.kill(victim.pid, 9)
        found += told
        assert found == alone

        class Trouble(distributed.WorkerPlugin):
            """Ends a worker as a system short of memory does, or tells it that there is none."""

            def setup(self, worker):
                import os

                from portlib import service

                real = service.optimize

                def optimize(content, *rest):
                    if content["rules"]["name"] == "killed for memory":
                        os._exit(137)
                    if content["rules"]["name"] == "eats":
                        raise MemoryError("no more")
                    return real(content, *rest)

                service.optimize = optimize

        client.register_plugin(Trouble())
        cluster.scheduler.allowed_failures = 0
        plans[3], plans[8] = named(nobody, "killed for memory"), named(nobody, "eats")
        source = lines(tmp_path / "plans.jsonl", plans)
        target = tmp_path / "told.jsonl"
        lines(target, alone[:2])  # what an earlier call had written
        assert service_many.optimize_lines(source, target, None, LOOSE, **ask) == 10
    written = [json.loads(line) for line in target.read_text().splitlines()]
    kinds = [one.get("error", {}).get("type", "served") for one in written]
    assert kinds[3] == "WorkerDied" and kinds[8] == "MemoryError"
    rest = [at for at in range(12) if at not in (3, 8)]
    assert [written[at] for at in rest] == [alone[at] for at in rest]


def test_an_allocation_travels_as_json_unchanged():
    made = Allocation(
        ("a", "b"), np.array([0.25, 0.75]), "x", 0.05, 0.1, float("nan"), "rule", "none", 0.0
    )
    again = Allocation.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False)))
    assert again.to_json() == made.to_json() and np.isnan(again.sharpe)
    with pytest.raises(ValueError, match="this version reads"):
        Allocation.from_json({**made.to_json(), "schema": "allocation/9"})


def test_assumptions_that_are_sent_count_in_many_as_in_one(nobody, tmp_path):
    from portlib.retirement import plan_menu

    usual = plan_menu.class_assumptions(plan.from_json(nobody))
    told = {name: list(getattr(usual, name)) for name in ("labels", "mu")}
    told |= {"sigma": (1.3 * usual.sigma).tolist(), "rf": usual.rf, "source": "riskier"}
    alone = service.optimize(nobody, told, LOOSE)
    assert alone["risk"] != service.optimize(nobody, None, LOOSE)["risk"]
    source, target = lines(tmp_path / "in.jsonl", [nobody] * 2), tmp_path / "out.jsonl"
    with ThreadPoolExecutor(1) as threads:
        ask = {"executor": threads}
        assert list(service_many.answers([nobody], told, LOOSE, **ask)) == [alone]
        assert service.optimize_many([nobody], told, LOOSE, executor=threads) == [alone]
        assert service_many.optimize_lines(source, target, told, LOOSE, **ask) == 2
        assert [json.loads(line) for line in target.read_text().splitlines()] == [alone] * 2
        # asked as before there is nothing left to do, and otherwise it is another's file
        assert service_many.optimize_lines(source, target, told, LOOSE, **ask) == 0
        with pytest.raises(DataError, match="line 2 is not the answer for line 2"):
            service_many.optimize_lines(source, target, None, LOOSE, **ask)


def test_advice_is_of_the_seed_and_the_lives_that_were_asked_for(tmp_path):
    ours = plan.read().to_json()
    source = lines(tmp_path / "people.jsonl", ours["participants"][:2])
    told = {}
    for lives, seed in ((60, 2026), (60, 7), (90, 7)):
        target = tmp_path / f"{lives}-{seed}.jsonl"
        service_many.advise_lines(ours, source, target, lives=lives, seed=seed)
        told[lives, seed] = [json.loads(line) for line in target.read_text().splitlines()]
        assert [(one["lives"], one["seed"]) for one in told[lives, seed]] == [(lives, seed)] * 2
    figures = {key: [(one["income"], one["balance"]) for one in each] for key, each in told.items()}
    assert figures[60, 2026] != figures[60, 7] != figures[90, 7]
