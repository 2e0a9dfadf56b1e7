"""Tables of parameter servers: forms side by side, step sizes, what coordination costs."""

from __future__ import annotations

import numpy as np

from experiments.definitions import Experiment
from plots.blocks import Row, Table
from plots.formats import NOTHING, censored, interval, number, percent, percent_interval, whole
from plots.records import Record, RecordSet
from plots.statistics import bootstrap, median
from plots.studies.parameter_servers_quantities import changes_to, oscillation, slope, transitions_to
from plots.tabular import Tabular, relative_error, updates_per_second
from plots.verdicts import Verdict, judge_below, not_run

PART = 0.05  # of the largest |Q*|: where a passage counts


def cells_of(records: RecordSet, tabular: Tabular, group: str) -> list[str]:
    """Those that have runs, without the study's name, as they are defined."""
    names = [name for name, cell in records.plan["cells"].items() if name.startswith(f"parameter_servers.{group}-") and cell]
    return [name for name in (full.partition(".")[2] for full in names) if tabular.runs(name)]


def label(record: Record) -> str:
    own = record["configuration"]
    if own["agreement"] == "none":
        return "single learner"
    if own["agreement"] == "shared":
        return "one shared table"
    if own["agreement"] == "experience":
        return "experience sent"
    if own["agreement"] == "gradients":
        return "gradients sent, no barrier"
    if own["schedule"] == "lock-step":
        return "synchronous: averaged"
    kept = "" if own["refresh_after_merge"] else ", kept stale"
    return f"asynchronous: merged, rate {number(own['merge_rate'], 2)}{kept}"


def _configuration(tabular: Tabular, cell: str) -> Record:
    return dict(next(iter(tabular.runs(cell).values()))["configuration"])


def _form(tabular: Tabular, cell: str) -> tuple[str, str, str]:
    record = next(iter(tabular.runs(cell).values()))
    busy = " (oversubscribed)" if record["oversubscribed"] else ""
    return record["configuration"]["environment"], f"{label(record)}{busy}", str(record["configuration"]["workers"])


def _learning(tabular: Tabular, cell: str) -> tuple[str, ...]:
    runs = list(tabular.runs(cell).values())
    limits = [min(float(r["counts"][key] or r["counts"]["updates"]) for r in runs) for key in ("environment_steps", "merges")]
    passages = [bootstrap([tabular.values(cell, lambda r, to=to: to(r, PART))], median) for to in (transitions_to, changes_to)]
    error, swing = tabular.estimate(cell, relative_error), tabular.estimate(cell, oscillation)
    reached = f"{sum(np.isfinite(tabular.values(cell, lambda r: transitions_to(r, PART))))}/{len(runs)}"
    texts = [censored(passage.value, limit) for passage, limit in zip(passages, limits, strict=True)]
    return (reached, *texts, percent(error.value), percent_interval(error), number(swing.value, 2))


def servers_table(records: RecordSet, tabular: Tabular, group: str, identity: str, title: str) -> Table:
    rows = []
    for cell in cells_of(records, tabular, group):
        runs = list(tabular.runs(cell).values())
        busy = runs[0]["oversubscribed"]
        rate = NOTHING if busy else number(tabular.estimate(cell, updates_per_second).value / 1e6)
        moved = tabular.estimate(cell, lambda r: r["counts"]["server_bytes"] / r["counts"]["updates"])
        lag = bootstrap([tabular.values(cell, lambda r: r["lag"]["mean"])], median)
        lag_text = number(lag.value, 2) if "merged" in label(runs[0]) else NOTHING
        rows.append(Row((*_form(tabular, cell), rate, *_learning(tabular, cell), whole(moved.value), lag_text, str(len(runs)))))
    columns = (
        *("table", "form", "W", "M updates/s", "to 5 %", "transitions to it", "changes to it"),
        *("error at the end", "95 % interval", "oscillation", "bytes/update", "lag", "n"),
    )
    return Table(identity, title, columns, tuple(rows), frozenset({2, 3, 4, 5, 6, 7, 9, 10, 11, 12}))


def steps_table(records: RecordSet, tabular: Tabular) -> Table:
    rows = []
    for cell in [*cells_of(records, tabular, "limits"), *cells_of(records, tabular, "lake")]:
        rule = _configuration(tabular, cell)["hyperparameters"]
        fit, error = tabular.estimate(cell, slope), tabular.estimate(cell, relative_error)
        figures = (number(fit.value, 2), interval(fit, 2), percent(error.value), percent_interval(error), str(error.n))
        rows.append(Row((*_form(tabular, cell)[:2], rule["step_size"], rule["robbins_monro"], *figures)))
    columns = ("table", "form", "step size", "conditions", "slope", "95 % interval", "error at the end", "95 % interval", "n")
    title = "Asynchronous Q-learning with step sizes that fulfil and break the conditions (2 workers; means over seeds)"
    return Table("D2.step_sizes", title, columns, tuple(rows), frozenset({4, 6, 8}))


def coordination_table(experiment: Experiment, tabular: Tabular) -> Table:
    parameters = experiment.parameters
    (average, merge), serial = parameters["pair"], parameters["serial"]
    pairs = [
        ("averaged / merged, after every update", average, merge),
        ("averaged / merged, after 16 updates", *parameters["rarer"]),
        ("averaged / the serial code", average, serial),
        ("merged / the serial code", merge, serial),
    ]
    rows = []
    for what, ours, theirs in pairs:
        why, ratio = tabular.why_not([ours, theirs]), tabular.paired(ours, theirs, updates_per_second)
        decides = (ours, theirs) == (average, merge)
        if ratio is None:
            rows.append(Row((what, NOTHING, NOTHING, "0", why or not_run("no record yet")), measured=False))
            continue
        verdict: str | Verdict = (why or judge_below(ratio, parameters["line"])) if decides else "beside it"
        rows.append(Row((what, number(ratio.value), interval(ratio), str(ratio.n), verdict)))
    title = "Updates/s of the synchronous server over the asynchronous one, 2 workers"
    return Table("D2.coordination", title, ("ratio", "value", "95 % interval", "n", "verdict"), tuple(rows), frozenset({1, 3}))


