"""The asynchronous server of a network, in shared memory and over MPI: speed, bytes, lags, what was learned."""

from __future__ import annotations

from plots.blocks import Row, Table
from plots.formats import NOTHING, interval, number, percent
from plots.records import Record
from plots.tabular import Tabular
from plots.verdicts import not_run

IDENTITY = "parameter_servers.networks"
_CELLS = ("merge-processes", "merge-mpi", "merge-mpi-2", "gradients-processes", "gradients-mpi")
_COLUMNS = ("what crosses", "where", "steps/s", "95 % interval", "at the server", "bytes/segment", "lag", "return", "n")


def steps_per_second(record: Record) -> float:
    return float(record["steps_per_second"])


def segments(record: Record) -> int:
    """Counted, with a merge or a first gradient each."""
    return sum(entry["segments"] for entry in record["staleness"])


def bytes_per_segment(record: Record) -> float:
    moved = sum(record["communication"][purpose]["bytes"] for purpose in ("weights", "gradients"))
    return float(moved / segments(record))


def mean_lag(record: Record) -> float:
    return sum(entry["lag"] * entry["segments"] for entry in record["staleness"]) / segments(record)


def share_at_server(record: Record) -> float:
    seconds = sum(record["communication"][purpose]["transfer_seconds"] for purpose in ("weights", "gradients"))
    return float(seconds / (record["seconds"]["collect"] + record["seconds"]["learn"]))


def final_return(record: Record) -> float:
    return float(record["final_evaluation"]["mean"])


def place(record: Record) -> str:
    own = record["configuration"]
    if own["collect"] != "mpi":
        return "shared memory"
    return f"{own['server_shards']} MPI rank{'s' if own['server_shards'] > 1 else ''}"


def _row(tabular: Tabular, cell: str) -> Row:
    runs = list(tabular.runs(cell).values())
    rate = tabular.estimate(cell, steps_per_second)
    return Row((
        runs[0]["configuration"]["server_takes"],
        place(runs[0]),
        number(rate.value),
        interval(rate),
        percent(tabular.estimate(cell, share_at_server).value),
        number(tabular.estimate(cell, bytes_per_segment).value),
        number(tabular.estimate(cell, mean_lag).value, 2),
        number(tabular.estimate(cell, final_return).value),
        str(len(runs)),
    ))


def networks_table(tabular: Tabular) -> Table:
    rows = [_row(tabular, f"networks-{cell}") for cell in _CELLS if tabular.runs(f"networks-{cell}")]
    columns = _COLUMNS
    if not rows:
        why = tabular.why_not([f"networks-{_CELLS[0]}"]) or not_run("no record yet")
        rows, columns = [Row(("–", *[NOTHING] * (len(_COLUMNS) - 1), why), measured=False)], (*_COLUMNS, "verdict")
    return Table(IDENTITY, "An asynchronous server of a network, two workers, A2C on CartPole-v1", columns, tuple(rows),
                 frozenset(range(2, len(_COLUMNS))))
