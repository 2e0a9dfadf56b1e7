"""Audit of document D4: what its own figures imply. Computed from documents.toml, nothing is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from experiments.definitions import Experiment
from experiments.documents import Documents
from plots.amdahl import fit_serial_share, serial_share, speedup
from plots.blocks import Block, Bullets, Heading, Paragraph, Row, Table
from plots.formats import interval, number, percent, whole
from plots.learning import Learning
from plots.records import RecordSet


@dataclass(frozen=True)
class ImpliedRound:
    """What a communication row's milliseconds and share say about the round."""

    name: str
    milliseconds: float
    share: float
    steps_per_round: int

    @property
    def round_seconds(self) -> float:
        return self.milliseconds / 1e3 / self.share

    @property
    def steps_per_second(self) -> float:
        return self.steps_per_round / self.round_seconds


def implied_rounds(documents: Documents) -> list[ImpliedRound]:
    steps = documents.tables["D4.speed"]["setting"]["steps_per_round"]
    rows = documents.rows("D4.communication")
    return [ImpliedRound(row["communication"], row["mean_ms"], row["share_of_total"], steps) for row in rows]


def _rounds_section(documents: Documents) -> list[Block]:
    rounds = implied_rounds(documents)
    speeds = sorted({row["fps"] for row in documents.rows("D4.speed") + documents.rows("D4.scaling")})
    rate = rounds[0].steps_per_second
    nearest = min(speeds, key=lambda fps: abs(fps - rate))
    items = [
        f"{r.name}: {number(r.milliseconds, 4)} ms are {percent(r.share)} of a round of {number(r.round_seconds)} s, "
        f"or {whole(r.steps_per_second)} steps/s at {r.steps_per_round} steps a round"
        for r in rounds
    ]
    listed = ", ".join(whole(fps) for fps in speeds)
    verdict = (
        f"The document's speeds are {listed} steps/s. None of them is {whole(rate)}; the nearest, {whole(nearest)}, is "
        f"{percent(abs(nearest / rate - 1))} off. The communication table belongs to a run that no table shows."
    )
    return [Heading(3, "The round behind the communication table"), Bullets(tuple(items)), Paragraph(verdict)]


def _amdahl_section(experiment: Experiment, documents: Documents) -> list[Block]:
    fitted, outlier = experiment.parameters["amdahl_fit"], experiment.parameters["amdahl_outlier"]
    rows = {row["workers"]: row for row in documents.rows("D4.scaling") if row["workers"] > 1}
    share = fit_serial_share(fitted, [rows[w]["speedup"] for w in fitted])
    table = Table(
        "D4.audit",
        "Serial share that each speedup of D4.scaling implies",
        ("workers", "speedup", "efficiency", "serial share", f"fit with {percent(share)}"),
        tuple(
            Row(
                (
                    str(w),
                    number(row["speedup"], 2),
                    percent(row["speedup"] / w),
                    percent(serial_share(w, row["speedup"])),
                    number(speedup(w, share)),
                )
            )
            for w, row in rows.items()
        ),
        frozenset(range(5)),
    )
    listed = ", ".join(map(str, fitted))
    text = (
        f"The speedups at {listed} workers fit a serial share of {percent(share)}. The one at {outlier} does not: the "
        f"same share gives {number(speedup(outlier, share))} there, the document says "
        f"{number(rows[outlier]['speedup'], 2)}, which would need {percent(serial_share(outlier, rows[outlier]['speedup']))}."
    )
    return [Heading(3, "Speedups against Amdahl's law"), table, Paragraph(text)]


def _cores_section(experiment: Experiment, documents: Documents) -> list[Block]:
    cores = experiment.parameters["document_cores"]
    cpu = documents.tables["D4.speed"]["setting"]["cpu"]
    last = max(documents.rows("D4.scaling"), key=lambda row: row["workers"])
    text = (
        f"The document's processor ({cpu}) has {cores} cores and no second thread on each. A speedup of "
        f"{number(last['speedup'], 2)} at {last['workers']} workers is {number(last['speedup'] / cores, 3)} times its cores: "
        "work that keeps a core busy cannot do that, so a part of each step must have been waiting."
        if last["speedup"] > cores
        else f"{number(last['speedup'], 2)} at {last['workers']} workers stays within the {cores} cores of {cpu}."
    )
    return [Heading(3, "More speedup than cores"), Paragraph(text)]


def loss_against_ideal(documents: Documents, workers: int) -> tuple[float, float, float]:
    """Seconds of a round at `workers`, of an ideal one, and of the communication that the document states."""
    steps = documents.tables["D4.speed"]["setting"]["steps_per_round"]
    rates = {row["workers"]: row["fps"] for row in documents.rows("D4.scaling")}
    stated = sum(row["mean_ms"] for row in documents.rows("D4.communication")) / 1e3
    return steps / rates[workers], steps / rates[1] / workers, stated


def _loss_section(experiment: Experiment, documents: Documents) -> list[Block]:
    workers = experiment.parameters["loss_workers"]
    taken, ideal, stated = loss_against_ideal(documents, workers)
    loss = taken - ideal
    text = (
        f"At {workers} workers a round takes {number(taken)} s, an ideal one {number(ideal)} s: {number(loss)} s are lost. "
        f"The stated communication is {number(stated)} s, {percent(stated / loss)} of that loss. By the document's own "
        "tables something else limits scaling more (see D4.c6)."
    )
    return [Heading(3, "Communication against the loss"), Paragraph(text)]


def _optimum_items(optimum: dict[str, Any] | None, claimed: float) -> list[str]:
    if optimum is None:
        return ["best possible mean return: not run (no record of pendulum_optimum)"]
    limit, policy = optimum["extrapolated"], optimum["greedy_policy"]
    collected = policy["without_start_luck"]
    best = max(limit["mean_return"] + limit["error"], collected["high"])
    items = [
        f"best possible mean return by dynamic programming, {optimum['grid']} x {optimum['grid']} states and coarser grids "
        f"extrapolated: {number(limit['mean_return'], 5)} ± {number(limit['error'], 2)}",
        f"the policy that it finds collects {number(collected['mean_return'], 5)} "
        f"(95 % interval [{number(collected['low'], 5)}, {number(collected['high'], 5)}], {whole(policy['episodes'])} "
        f"episodes, luck of the starts taken out)",
    ]
    if claimed > best:
        items.append(
            f"**{number(claimed, 4)} is {number(claimed - best)} above the best possible mean: no policy has it.** A mean over "
            "few episodes can show it, with lucky starts:"
        )
    for chance in optimum["probability_mean_beats"]:
        episodes = "one episode" if chance["episodes"] == 1 else f"the mean of {chance['episodes']} episodes"
        items.append(
            f"{episodes} of that policy beats {number(chance['threshold'], 4)} with probability "
            f"{number(chance['probability'], 3)}"
        )
    return items


def _tuned_items(experiment: Experiment, learning: Learning, claimed: float) -> list[str]:
    cell = experiment.parameters["tuned"]
    if not learning.seeds(cell):
        return [f"preset tuned: not run ({learning.why_missing(cell)})"]
    final, episodes = learning.final_return(cell), learning.final_episodes(cell)
    enough = experiment.parameters["tuned_episodes_at_least"]
    few = "" if episodes >= enough else f"; fewer than the {enough} episodes that a comparison needs"
    return [
        f"preset tuned reaches {number(final.value, 4)} ({interval(final, 4)}, {final.n} seeds, {whole(episodes)} episodes"
        f"{few}); the document's best row says {number(claimed, 4)}"
    ]


def _return_section(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Block]:
    claimed = max(row["final_mean_reward"] for row in documents.rows("D4.convergence"))
    items = [*_optimum_items(records.optimum, claimed), *_tuned_items(experiment, Learning(records), claimed)]
    return [Heading(3, f"A mean return of {number(claimed, 4)}"), Bullets(tuple(items))]


def audit_blocks(experiment: Experiment, documents: Documents, records: RecordSet) -> list[Block]:
    return [
        *_rounds_section(documents),
        *_amdahl_section(experiment, documents),
        *_cores_section(experiment, documents),
        *_loss_section(experiment, documents),
        *_return_section(experiment, documents, records),
    ]
