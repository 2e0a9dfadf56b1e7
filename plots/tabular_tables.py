"""Tables of tabular Q-learning: updates a second by form, errors by table and step size, agents by number."""

from __future__ import annotations

from plots.blocks import Row, Table
from plots.formats import NOTHING, interval, number, percent, seconds, whole
from plots.records import Record, RecordSet
from plots.tabular import Tabular, learning_seconds, relative_error, steps_taken, updates_per_second


def _cells(records: RecordSet, group: str) -> list[str]:
    """Names without 'tabular.', in the order in which they are defined."""
    names = [name.removeprefix("tabular.") for name, cell in records.plan["cells"].items() if cell.get("group") == group]
    return [name for name in names if Tabular(records).runs(name)]


def _configuration(tabular: Tabular, cell: str) -> Record:
    return dict(next(iter(tabular.runs(cell).values()))["configuration"])


def _mark(tabular: Tabular, cell: str) -> str:
    busy = any(record["oversubscribed"] for record in tabular.runs(cell).values())
    return " (oversubscribed)" if busy else ""


def speed_table(records: RecordSet) -> Table:
    tabular, rows = Tabular(records), []
    for cell in _cells(records, "speed"):
        own = _configuration(tabular, cell)
        serial = f"speed-{own['experience']}-serial"
        rate = tabular.estimate(cell, updates_per_second)
        ratio = tabular.paired(cell, serial, updates_per_second)
        label = f"{own['collect']}, {own['agreement']}{_mark(tabular, cell)}"
        over = (number(ratio.value), interval(ratio)) if ratio and cell != serial else (NOTHING, NOTHING)
        rows.append(Row((own["experience"], label, str(own["workers"]), number(rate.value / 1e6), *over, str(rate.n))))
    columns = ("drawn from", "form", "W", "M updates/s", "over serial", "95 % interval", "n")
    return Table("D1.tabular_speed", "Q-learning: updates by form", columns, tuple(rows), frozenset({2, 3, 4, 5, 6}))


def error_table(records: RecordSet) -> Table:
    tabular, rows = Tabular(records), []
    for cell in [*_cells(records, "limit"), *_cells(records, "subsets")]:
        own = _configuration(tabular, cell)
        hyperparameters = own["hyperparameters"]
        largest = next(iter(tabular.runs(cell).values()))["optimum"]["largest_value"]
        error = tabular.estimate(cell, lambda record: record["error"])
        part = percent(tabular.estimate(cell, relative_error).value)
        rule = (hyperparameters["step_size"], str(hyperparameters["subsets"]), hyperparameters["robbins_monro"])
        what = (own["environment"], *rule)
        rows.append(Row((*what, number(largest), number(error.value), part, str(error.n))))
    columns = ("table", "step size", "subsets", "conditions", "largest |Q*|", "error", "of it", "n")
    return Table("D1.tabular_error", "Q-learning: ||Q - Q*|| at the end", columns, tuple(rows), frozenset({2, 4, 5, 6, 7}))


def agents_table(records: RecordSet) -> Table:
    tabular, rows = Tabular(records), []
    for cell in _cells(records, "agents"):
        own = _configuration(tabular, cell)
        single = f"{cell.rpartition('-')[0]}-1"
        steps, took = tabular.estimate(cell, steps_taken), tabular.estimate(cell, learning_seconds)
        ratio = tabular.unpaired(single, cell, learning_seconds) if tabular.runs(single) and cell != single else None
        over = (number(ratio.value), interval(ratio)) if ratio else (NOTHING, NOTHING)
        label = f"{own['agents']}{_mark(tabular, cell)}"
        error = number(own["evaluation"]["stop_at_error"], 2)
        took_text = (tabular.reached(cell), whole(steps.value), seconds(took.value))
        rows.append(Row((own["step_cost"], error, label, *took_text, *over)))
    columns = ("step cost", "error", "agents", "reached", "steps", "time", "1 agent / this", "95 % interval")
    title = "Q-learning: agents that share a table, until ||Q - Q*|| is reached (means over seeds)"
    return Table("D1.tabular_agents", title, columns, tuple(rows), frozenset({1, 3, 4, 5, 6, 7}))


def tabular_tables(records: RecordSet) -> list[Table]:
    """Those that have rows."""
    return [table for table in (speed_table(records), error_table(records), agents_table(records)) if table.rows]
