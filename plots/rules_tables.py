"""Tables of the learning rules: whether each learns, and what stands beside the claims D1.c4, D3.c3, D3.c4 and D3.c5."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from experiments.definitions import Experiment
from plots.blocks import Row, Table
from plots.formats import NOTHING, censored, censored_interval, interval, number
from plots.records import RecordSet
from plots.rules import (
    Quantity,
    Rules,
    best_training_return,
    first_episode_steps,
    judge_reached,
    mean_over_run,
    steps_per_second,
    steps_taken,
)
from plots.statistics import bootstrap, median

_PASSAGE_COLUMNS = ("reached", "steps", "95 % interval", "seconds", "95 % interval", "at the end")
_REPLAY_COLUMNS = ("added/s", "sampled/s", "sampled an added one")


def _table(identity: str, title: str, columns: tuple[str, ...], rows: list[Row], numeric: range) -> Table:
    """Rows without records are one cell longer: why. The table gets a column for that where there are any."""
    if all(row.measured for row in rows):
        return Table(identity, title, columns, tuple(rows), frozenset(numeric))
    widened = tuple(Row((*row.cells, ""), row.measured) if row.measured else row for row in rows)
    return Table(identity, title, (*columns, "verdict"), widened, frozenset(numeric))


def _goal(row: dict[str, Any]) -> str:
    return f"{row['task']}, {number(row['threshold_return'])}"


def _passage_cells(rules: Rules, cell: str, threshold: float) -> tuple[str, ...]:
    """Reached, steps, interval, seconds, interval, at the end."""
    passage = rules.passage(cell, threshold)
    of_steps, of_seconds = passage.steps_budget, passage.seconds_budget
    return (
        f"{passage.reached}/{passage.n}",
        censored(passage.steps.value, of_steps),
        censored_interval(passage.steps, of_steps),
        censored(passage.seconds.value, of_seconds),
        censored_interval(passage.seconds, of_seconds),
        f"{passage.held}/{passage.n}",
    )


def _label(rules: Rules, row: dict[str, Any]) -> str:
    return row["label"] + (" (oversubscribed)" if rules.oversubscribed(row["cell"]) else "")


def _learning_row(experiment: Experiment, rules: Rules, row: dict[str, Any]) -> Row:
    known = (_label(rules, row), _goal(row))
    if why := rules.why_not([row["cell"]]):
        return Row((*known, *[NOTHING] * len(_PASSAGE_COLUMNS), why), measured=False)
    passage = rules.passage(row["cell"], row["threshold_return"])
    verdict = judge_reached(passage.reached, passage.n, experiment.parameters["seeds_at_least"])
    return Row((*known, *_passage_cells(rules, row["cell"], row["threshold_return"]), verdict))


def _policy_row(rules: Rules, row: dict[str, Any]) -> Row | None:
    cell = row["cell"]
    if rules.why_not([cell]):
        return None
    final, speed = rules.final(cell), rules.estimate(cell, steps_per_second)
    figures = (number(final.value), interval(final), number(speed.value), interval(speed), str(final.n))
    return Row((_label(rules, row), row["task"], *figures))


def learning_tables(experiment: Experiment, records: RecordSet) -> list[Table]:
    rules, rows = Rules(records), experiment.parameters["rows"]
    policies = [made for row in rows if (made := _policy_row(rules, row)) is not None]
    return [
        Table(
            experiment.id,
            "Learning: steps and training seconds to a mean return over 100 episodes, medians over seeds",
            ("rule", "goal", *_PASSAGE_COLUMNS, "verdict"),
            tuple(_learning_row(experiment, rules, row) for row in rows),
            frozenset(range(2, 8)),
        ),
        Table(
            "rules.final",
            "Final policies over 100 episodes (interquartile mean over seeds), and speed of training",
            ("rule", "task", "return", "95 % interval", "steps/s", "95 % interval", "n"),
            tuple(policies),
            frozenset(range(2, 7)),
        ),
    ]


def narrow_learning_table(experiment: Experiment, records: RecordSet) -> Table:
    """The first of them for a terminal: rule and goal in one column, seconds without their interval."""
    whole = learning_tables(experiment, records)[0]
    columns = (0, 2, 3, 4, 5, 7, 8)
    rows = tuple(
        Row((f"{row.cells[0]}: {row.cells[1]}", *(row.cells[i] for i in columns[1:])), row.measured) for row in whole.rows
    )
    return Table(whole.id, whole.title, tuple(whole.columns[i] for i in columns), rows, frozenset(range(1, 6)))


def lag_table(experiment: Experiment, records: RecordSet) -> Table:
    rules, parameters, rows = Rules(records), experiment.parameters, []
    for lag in parameters["lags"]:
        for form, name in (("corrected", "with ratios"), ("uncorrected", "all ratios 1")):
            cell = f"{parameters[form]}-{lag}"
            if why := rules.why_not([cell]):
                rows.append(Row((f"{lag}, {name}", *[NOTHING] * 7, why), measured=False))
                continue
            over, final = rules.estimate(cell, mean_over_run), rules.final(cell)
            figures = (number(over.value), interval(over), number(final.value), interval(final))
            passage = _passage_cells(rules, cell, parameters["threshold_return"])
            rows.append(Row((f"{lag}, {name}", *figures, *passage[:2], passage[5])))
    returns = ("over the run", "95 % interval", "final return", "95 % interval")
    return _table(
        "D3.vtrace_lag",
        "V-trace behind by an enforced lag, in rounds: with its importance ratios and without",
        ("lag, form", *returns, "reached 475", "steps", "at the end"),
        rows,
        range(1, 8),
    )


def staleness_table(cells: list[dict[str, str]], records: RecordSet) -> Table:
    """`cells`: of each row its cell and label."""
    rules, rows = Rules(records), []
    for entry in cells:
        cell = entry["cell"]
        if why := rules.why_not([cell]):
            rows.append(Row((entry["label"], *[NOTHING] * 6, why), measured=False))
            continue
        measured = rules.staleness(cell)
        fresh = dict(zip(measured.lags, measured.shares, strict=True)).get(0, 0.0)
        figures = (number(measured.mean), str(measured.quantile(0.5)), str(measured.quantile(0.95)), str(measured.largest))
        rows.append(Row((entry["label"], *figures, f"{100 * fresh:.0f} %", str(len(rules.seeds(cell))))))
    return _table(
        "D3.staleness",
        "Lags of free-running workers: versions published between acting and learning, over all segments",
        ("workers", "mean", "median", "95 % at most", "largest", "no lag", "seeds"),
        rows,
        range(1, 7),
    )


def _side_by_side(
    identity: str,
    title: str,
    experiment: Experiment,
    records: RecordSet,
    columns: tuple[str, ...],
    more: Callable[[Rules, str], tuple[str, ...]],
) -> Table:
    """The rows of a claim: first passage, and `columns` whose figures `more` gives."""
    rules, rows = Rules(records), []
    for row in experiment.parameters["rows"]:
        cell = row["cell"]
        if why := rules.why_not([cell]):
            nothing = [NOTHING] * (len(_PASSAGE_COLUMNS) + len(columns))
            rows.append(Row((row["label"], *nothing, why), measured=False))
            continue
        passage = _passage_cells(rules, cell, experiment.parameters["threshold_return"])
        rows.append(Row((_label(rules, row), *passage, *more(rules, cell))))
    return _table(identity, title, ("form", *_PASSAGE_COLUMNS, *columns), rows, range(1, 7 + len(columns)))


def _rate_and_lag(rules: Rules, cell: str) -> tuple[str, ...]:
    speed, lags = number(rules.estimate(cell, steps_per_second).value), rules.staleness(cell)
    return (speed, number(lags.mean), str(lags.largest)) if lags.lags else (speed, NOTHING, NOTHING)


def forms_table(experiment: Experiment, records: RecordSet) -> Table:
    title = "Gradients in, parameters out: until 475 on CartPole-v1, workers that wait for each other and that do not"
    columns = ("steps/s", "mean lag", "largest lag")
    return _side_by_side("D3.a3c", title, experiment, records, columns, _rate_and_lag)


def _replay(key: str) -> Quantity:
    return lambda record: float(record["replay"][key])


def _replay_rates(rules: Rules, cell: str) -> tuple[str, ...]:
    keys = ("added_per_second", "sampled_per_second", "samples_per_insert")
    return tuple(number(rules.estimate(cell, _replay(key)).value) for key in keys)


def actors_tables(experiment: Experiment, records: RecordSet) -> list[Table]:
    return [_actor_rates(experiment, records), _actor_learning(experiment, records)]


def _actor_rates(experiment: Experiment, records: RecordSet) -> Table:
    rules, parameters, rows = Rules(records), experiment.parameters, []
    one = f"{parameters['rates']}-{parameters['actors'][0]}"
    for actors in parameters["actors"]:
        cell = f"{parameters['rates']}-{actors}"
        if why := rules.why_not([cell]):
            rows.append(Row((str(actors), *[NOTHING] * 8, why), measured=False))
            continue
        speed, ratio = rules.estimate(cell, steps_per_second), rules.paired(cell, one, steps_per_second)
        over = (number(ratio.value), interval(ratio)) if ratio is not None and cell != one else (NOTHING, NOTHING)
        lag = number(rules.staleness(cell).mean)
        rows.append(Row((str(actors), number(speed.value), *over, *_replay_rates(rules, cell), lag, str(speed.n))))
    columns = ("actors", "steps/s", "over one", "95 % interval", *_REPLAY_COLUMNS, "mean lag", "n")
    title = "Ape-X: what reaches the replay, steps that block for 250 us"
    return _table("D3.apex_rates", title, columns, rows, range(9))


def _actor_learning(experiment: Experiment, records: RecordSet) -> Table:
    title = "Ape-X: actors that fill one replay, until 475 on CartPole-v1; transitions a second"
    return _side_by_side("D3.apex", title, experiment, records, _REPLAY_COLUMNS, _replay_rates)


def _first_episode(threshold: float) -> Callable[[Rules, str], tuple[str, ...]]:
    def cells(rules: Rules, cell: str) -> tuple[str, ...]:
        steps = [first_episode_steps(record, threshold) for record in rules.seeds(cell)]
        best = number(max(best_training_return(record) for record in rules.seeds(cell)))
        if any(math.isnan(value) for value in steps):
            return NOTHING, NOTHING, best
        budget = min(steps_taken(record) for record in rules.seeds(cell))
        reached = sum(math.isfinite(value) for value in steps)
        return f"{reached}/{len(steps)}", censored(bootstrap([steps], median).value, budget), best

    return cells


def agents_table(experiment: Experiment, records: RecordSet) -> Table:
    title = "DQN of document D1 with 8 agents: until 475, and until an episode of any agent returns more than 195"
    columns = ("an episode above 195", "steps until then", "best round")
    more = _first_episode(experiment.parameters["episode_return"])
    return _side_by_side("D1.dqn", title, experiment, records, columns, more)
