"""Split gradients with the same total minibatch, preset sb3: two workers against the serial code, learning phase.

  threads      L / L_2                            at least 1.8
               one shard, a thread a network; and two shards, as --agreement all-reduce has them
  MPI ranks    (L / 2 + U a) / L_2                at least 0.9

L is the serial learning time, U the updates a round, a the seconds of MPI_Allreduce over as many floats as there are
parameters, measured in the same run: L / 2 + U a is what that all-reduce leaves at best.
"""

from __future__ import annotations

from typing import Any

from benchmarks.programs import mpirun
from benchmarks.targets.rows import OUTPUT, Row, Sample, Samples, phase_seconds, prl_row
from benchmarks.targets.setting import Setting
from benchmarks.targets.target import Target
from plots.formats import number
from plots.statistics import paired_ratio

TITLE = "split gradients, two workers"
THREADS_LINE = 1.8
RANKS_LINE = 0.9
WORKERS = 2


def _of_benchmark(document: dict[str, Any]) -> Sample:
    result = document["benchmarks"][0]
    return {"name": result["name"], "seconds": float(result["real_time"]) * {"ns": 1e-9, "us": 1e-6}[result["time_unit"]]}


def _all_reduce_row(setting: Setting) -> Row:
    program = str((setting.benchmark_programs / "agreement").resolve())
    options = ["--benchmark_filter=all_reduce/mpi_library", f"--benchmark_out={OUTPUT}", "--benchmark_out_format=json"]
    return Row("all-reduce", [*mpirun(WORKERS), program, *options], _of_benchmark)


def rows(setting: Setting) -> list[Row]:
    rounds = 2 if setting.quick else 10
    common = f"--preset sb3 --steps {rounds * 2048} --warmup-rounds 1"
    split = f"{common} --agreement all-reduce --workers {WORKERS}"
    return [
        prl_row("serial", setting, f"{common} --collect serial"),
        prl_row("threads", setting, f"{common} --collect serial --learner-threads {WORKERS} --shards 1"),
        prl_row("shards", setting, f"{split} --collect threads"),
        prl_row("mpi", setting, f"{split} --collect mpi"),
        _all_reduce_row(setting),
    ]


def judge(samples: Samples, setting: Setting) -> list[Target]:
    learn = {name: [phase_seconds(s, "learn") for s in samples[name]] for name in ("serial", "threads", "shards", "mpi")}
    updates = float(samples["serial"][0]["updates_per_round"])
    all_reduce = [float(sample["seconds"]) for sample in samples["all-reduce"]]
    bounds = [seconds / WORKERS + updates * a for seconds, a in zip(learn["serial"], all_reduce, strict=True)]
    threads = "split gradients, 2 threads: learning speedup"
    shards = "split gradients, 2 threads and 2 shards: learning speedup"
    ranks = "split gradients, 2 MPI ranks: against its bound"
    if setting.usable_cores < WORKERS:
        reason = f"needs {WORKERS} cores, {setting.usable_cores} usable"
        return [
            Target(threads, None, THREADS_LINE, remark=reason),
            Target(shards, None, THREADS_LINE, remark=reason),
            Target(ranks, None, RANKS_LINE, remark=reason),
        ]
    speedup = paired_ratio(learn["serial"], learn["mpi"]).value
    bound = sum(learn["serial"]) / sum(bounds)
    a = sum(all_reduce) / len(all_reduce)
    return [
        Target(threads, paired_ratio(learn["serial"], learn["threads"]), THREADS_LINE),
        Target(shards, paired_ratio(learn["serial"], learn["shards"]), THREADS_LINE),
        Target(ranks, paired_ratio(bounds, learn["mpi"]), RANKS_LINE,
               remark=f"speedup {number(speedup)} of {number(bound)}; all-reduce {number(1e6 * a)} us"),
    ]  # fmt: skip
