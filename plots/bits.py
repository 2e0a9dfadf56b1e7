"""Whether all modes ended with the same parameters: only then does one learning curve stand for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from plots.records import RecordSet


@dataclass(frozen=True)
class Agreement:
    """Runs that must agree: `same` of `compared` end with the bits of the serial run."""

    what: str
    compared: int
    differing: tuple[str, ...]


def _compare(records: RecordSet, what: str, prefix: str) -> Agreement:
    """Cells of this prefix with one learner, against the serial one, launch by launch (a launch is a seed)."""
    reference = records.runs.get(f"{prefix}.serial", {})
    compared, differing = 0, set()
    for name, runs in records.runs.items():
        cell = records.cell(name)
        if cell is None or not name.startswith(f"{prefix}.") or cell["agreement"] != "none" or name == f"{prefix}.serial":
            continue
        if cell["environments"] != records.plan["cells"][f"{prefix}.serial"]["environments"]:
            continue
        for replicate, record in runs.items():
            if replicate in reference:
                compared += 1
                if record["parameters_digest"] != reference[replicate]["parameters_digest"]:
                    differing.add(name)
    return Agreement(what, compared, tuple(sorted(differing)))


def agreements(records: RecordSet) -> list[Agreement]:
    return [
        _compare(records, "4 environments, every mode with 4 workers", "bits"),
        _compare(records, "16 environments, as is, 1 to 16 workers", "as_is"),
        _compare(records, "16 environments, busy, 1 to 16 workers", "busy"),
        _compare(records, "16 environments, wait, 1 to 16 workers", "wait"),
    ]


def sentence(agreement: Agreement) -> str:
    if agreement.compared == 0:
        return f"{agreement.what}: not run"
    if agreement.differing:
        return f"{agreement.what}: **different parameters** in {', '.join(agreement.differing)}"
    return f"{agreement.what}: {agreement.compared} runs end with the bits of the serial one"
