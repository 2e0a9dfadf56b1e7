"""What the records say of settings, machine and versions."""

from __future__ import annotations

from statistics import median
from typing import Any

from plots.blocks import Block, Bullets, Paragraph, Row, Table
from plots.formats import milliseconds, number, size, whole
from plots.records import RecordSet
from plots.timing import Timing, rate

# What the document gives (D4.speed's setting); everything else in a record's hyper-parameters was left open.
_GIVEN = {"learning_rate": "given", "gamma": "given", "gae_lambda": "given", "clip": "given", "hidden": "width given"}


# A serial row further than this from its calibration did not have the machine for itself.
_QUIET = 0.05


def _hyperparameters(records: RecordSet, cell: str) -> dict[str, Any]:
    runs = records.runs.get(cell, {})
    return next((dict(record["configuration"]["hyperparameters"]) for record in runs.values()), {})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_blocks(records: RecordSet) -> list[Block]:
    ours, tuned = _hyperparameters(records, "wait.serial"), _hyperparameters(records, "learning.tuned-n16")
    ours = ours or _hyperparameters(records, "learning.d4-n1")
    rows = tuple(
        Row((key.replace("_", " "), _GIVEN.get(key, "chosen"), _text(value), _text(tuned.get(key, "–"))))
        for key, value in sorted(ours.items(), key=lambda item: (item[0] not in _GIVEN, item[0]))
    )
    if not rows:
        return [Paragraph("No record holds them yet.")]
    text = (
        "'given' is the document's own figure; 'chosen' is what it leaves open, the same for every mode. Preset `tuned` "
        "shows what PPO can do on Pendulum-v1; no figure of the document is held against it."
    )
    return [Paragraph(text), Table("settings", "Hyper-parameters", ("setting", "document", "d4", "tuned"), rows)]


def calibration_blocks(records: RecordSet) -> list[Block]:
    data = records.calibration
    cost, target = data["step_cost_seconds"], data["target_steps_per_second"]
    items = [
        f"a serial round of {data['steps_per_round']} steps without step cost takes "
        f"{milliseconds(data['round_seconds_without_cost'])} ms (median of {data['rounds']} rounds)",
        f"T = ({data['steps_per_round']} / {number(target)} s − that) / {data['steps_per_round']} = "
        f"{milliseconds(cost, 4)} ms makes the round {number(data['steps_per_round'] / target)} s, learner included",
    ]
    for regime in ("busy", "wait"):
        timing = Timing(records, regime)
        if timing.launches("serial"):
            measured = timing.mean("serial", rate)
            items.append(
                f"{regime}: the serial row then makes {number(measured, 4)} steps/s, {number(measured / target, 4)} of the "
                f"{number(target)} that it was calibrated for; it is not judged"
            )
            if abs(measured / target - 1) > _QUIET:
                items.append(f"{regime}: **the machine was not quiet**: speedups are held against a serial row that is off")
    return [Bullets(tuple(items))]


def core_distance_text(records: RecordSet) -> str:
    """How often a virtual machine's cores lay apart in timed runs; empty where nobody has looked."""
    seen = [record["cores"] for runs in records.runs.values() for record in runs.values() if "cores" in record]
    if not seen:
        return ""
    trips = [max(cores["round_trip_seconds"]["before"]) for cores in seen]
    repeated = sum(cores["repeats"] > 0 for cores in seen)
    apart = sum(cores["apart"] for cores in seen)
    return (
        f"cores: a cache line takes {median(trips) * 1e9:.0f} ns from one to the next and back (median over {whole(len(seen))} "
        f"timed runs, {max(trips) * 1e9:.0f} ns at most); {whole(repeated)} short runs were repeated because the cores lay "
        f"apart at their begin or end, {whole(apart)} runs are of cores that did (experiments/core_distance.py)"
    )


def machine_blocks(records: RecordSet) -> list[Block]:
    machine, build = records.plan["machine"], records.plan["build"]
    memory = machine.get("memory_bytes")
    items = [
        f"processor: {machine['cpu']}, {machine['usable_cores']} usable cores"
        + (f", {size(float(memory))} of memory" if memory else ""),
        *(text for text in [core_distance_text(records)] if text),
        *(f"{key.replace('_', ' ')}: {_text(value)}" for key, value in sorted(build.items()) if key != "libraries"),
        *(f"{name}: {version}" for name, version in sorted(build.get("libraries", {}).items())),
    ]
    return [Bullets(tuple(items))]


def profile_text(records: RecordSet) -> str:
    profile = records.profile
    runs = sum(len(launches) for launches in records.runs.values())
    return (
        f"Profile `{profile['name']}`: {whole(runs)} of {len(records.plan['runs'])} runs; {profile['launches']} process "
        f"launches a timing row ({profile['cost_launches']} with a step cost), {profile['learning_seeds']} seeds a learning row, budget "
        f"{whole(profile['learning_steps'])} steps, rounds of {profile['timing_steps_per_round']} steps as is and "
        f"{profile['cost_steps_per_round']} with a step cost."
    )
