"""The learning rules: planned runs, and verdicts on records whose truth is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import synthetic
import synthetic_rules

from experiments.build import Build
from experiments.definitions import load_experiments
from experiments.documents import load_documents
from experiments.profile import load_profile
from experiments.rules import RuleCell, load_rule_cells, plan_of_rules, rule_stages
from plots.blocks import Figure, Paragraph, Table
from plots.claims import Judged
from plots.records import RecordSet
from plots.rules import Rules, first_episode_steps, judge_reached, mean_over_run
from plots.rules_claims import judge_rule_claims
from plots.rules_section import rule_blocks
from plots.rules_tables import agents_table, lag_table, learning_tables, narrow_learning_table, staleness_table
from plots.terminal import WIDTH, render_table
from plots.verdicts import Kind, Verdict

CELLS = load_rule_cells()
BUILD = Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, ())
SEEDS = 5
STEPS = 50_000
Runs = dict[str, dict[int, dict[str, Any]]]


def record(cell: RuleCell, seed: int, crosses_at: int = 20_000) -> dict[str, Any]:
    return synthetic_rules.make_record({**dict(cell.options), "seed": str(seed)}, STEPS, crosses_at)


@pytest.fixture
def runs() -> Runs:
    return {cell.name: {seed: record(cell, seed) for seed in range(1, SEEDS + 1)} for cell in CELLS}


def record_set(runs: Runs) -> RecordSet:
    missing = {cell.name: "no record yet" for cell in CELLS if cell.name not in runs}
    return RecordSet(plan=plan_of_rules(BUILD, CELLS), calibration={}, runs=runs, missing=missing, optimum=None)


def judged(runs: Runs) -> dict[str, Judged]:
    claims = judge_rule_claims(load_experiments(), load_documents(), record_set(runs))
    return {claim.id: claim for claim in claims}


def blocks_of(runs: Runs) -> list[Any]:
    return rule_blocks(load_experiments(), record_set(runs), lambda experiment: Paragraph(experiment.id))


def cell_named(name: str) -> RuleCell:
    return next(cell for cell in CELLS if cell.name == f"rules.{name}")


# --- what is run


@pytest.mark.parametrize("name", ["smoke", "default", "full"])
def test_every_run_has_a_record_of_its_own(name: str) -> None:
    stages = rule_stages(load_profile(name), BUILD, CELLS)
    records = [run.record for stage in stages for run in stage.runs]
    assert len(set(records)) == len(records)
    for stage in stages:
        timed = {run.cell.timed for run in stage.runs}  # type: ignore[attr-defined]
        assert stage.slots == (1 if timed == {True} else 2)


@pytest.mark.parametrize(("name", "limit"), [("smoke", 25.0), ("default", 300.0)])
def test_stages_stay_within_their_part_of_a_profile(name: str, limit: float) -> None:
    stages = rule_stages(load_profile(name), BUILD, CELLS)
    assert sum(run.estimate_seconds / stage.slots for stage in stages for run in stage.runs) < limit


def test_default_profile_decides_by_five_seeds() -> None:
    stages = rule_stages(load_profile("default"), BUILD, CELLS)
    seeds: dict[str, set[int]] = {}
    for stage in stages:
        for run in stage.runs:
            seeds.setdefault(run.cell.name, set()).add(run.replicate)
    # Rates are launches of a process, whose number is an amount of its own; whether a rule learns is seeds.
    launches = {"seeds": 5, "lag_seeds": 5, "actor_seeds": 5, "rate_launches": 4}
    assert seeds == {cell.name: set(range(1, launches[cell.replicates] + 1)) for cell in CELLS}


def test_smoke_runs_a_part_of_the_steps() -> None:
    words = cell_named("learning-a2c").arguments(load_profile("smoke"), 2)
    assert words[words.index("--steps") + 1] == "40000"
    assert words[words.index("--seed") + 1] == "2"
    words = cell_named("learning-reinforce").arguments(load_profile("smoke"), 1)
    assert words[words.index("--rounds") + 1] == "12"


def test_cells_that_the_runner_refuses_or_does_not_know_are_left_out_with_the_reason() -> None:
    lock_step = {"collect": "serial", "inference": "workers", "agreement": "none", "schedule": "lock-step"}
    matrix = (
        {"algorithm": "a2c", **lock_step, "available": True, "reason": ""},
        {"algorithm": "vtrace", **lock_step, "available": False, "reason": "not today"},
    )
    build = Build(Path("prl"), synthetic.BUILD, synthetic.MACHINE, matrix)
    cells = [cell_named(name) for name in ("learning-a2c", "learning-vtrace", "a3c-asynchronous-threads-2")]
    planned = {run.cell.name for stage in rule_stages(load_profile("default"), build, cells) for run in stage.runs}
    assert planned == {"rules.learning-a2c"}
    assert plan_of_rules(build, cells)["unavailable"] == {
        "rules.learning-vtrace": "not today",
        "rules.a3c-asynchronous-threads-2": "the runner has no such cell",
    }


def test_experiments_name_cells_that_exist() -> None:
    names = {cell.name.removeprefix("rules.") for cell in CELLS}
    experiments = load_experiments()
    for key in ("rules.learning", "D3.c3", "D3.c5", "D1.c4"):
        assert {row["cell"] for row in experiments[key].parameters["rows"]} <= names
    lag, forms = experiments["D3.c4"].parameters, experiments["D3.c3"].parameters
    assert {f"{lag[form]}-{at}" for form in ("corrected", "uncorrected") for at in lag["lags"]} <= names
    assert {entry["cell"] for entry in lag["measured"]} <= names
    assert set(lag["decides"]) <= set(lag["lags"])
    assert {pair[form] for pair in forms["ratios"] for form in ("synchronous", "asynchronous")} <= names
    assert set(forms["decides"]) <= names and experiments["D1.c4"].parameters["decides"] in names
    actors = experiments["D3.c5"].parameters
    assert {f"{actors['rates']}-{n}" for n in actors["actors"]} | {actors["learning"]} <= names


def test_lags_are_what_their_names_say() -> None:
    for cell in CELLS:
        if cell.group == "lag":
            form, _, lag = cell.name.removeprefix("rules.lag-").partition("-")
            options = dict(cell.options)
            assert options["lag"] == lag
            assert options.get("correct-off-policy", "true") == ("true" if form == "corrected" else "false")


# --- what is measured


def test_first_passage_counts_seeds_that_never_get_there(runs: Runs) -> None:
    cell = cell_named("learning-a2c")
    runs[cell.name] = {seed: record(cell, seed, crosses_at=20_000 if seed < 3 else STEPS + 1) for seed in range(1, 6)}
    passage = Rules(record_set(runs)).passage("learning-a2c", 475.0)
    assert (passage.reached, passage.held, passage.n) == (2, 2, 5)
    assert math.isinf(passage.steps.value) and math.isinf(passage.seconds.value)
    assert passage.steps_budget == STEPS
    table = learning_tables(load_experiments()["rules.learning"], record_set(runs))[0]
    row = next(row for row in table.rows if row.cells[0] == "A2C")
    assert row.cells[2:4] == ("2/5", "> 50,000") and row.cells[7] == "2/5"
    assert isinstance(row.cells[-1], Verdict) and row.cells[-1].kind is Kind.INCONCLUSIVE


def test_a_policy_that_falls_again_is_counted_apart(runs: Runs) -> None:
    cell = cell_named("learning-a2c")
    runs[cell.name][4]["final_evaluation"]["mean"] = 90.0
    passage = Rules(record_set(runs)).passage("learning-a2c", 475.0)
    assert (passage.reached, passage.held) == (5, 4)


def test_seconds_are_those_of_training_at_the_first_passage(runs: Runs) -> None:
    rules = Rules(record_set(runs))
    passage = rules.passage("learning-dqn", 475.0)
    assert passage.steps.value == 20_000
    assert passage.seconds.value == pytest.approx(2.0, rel=0.03)


def test_a_return_of_zero_is_a_return(runs: Runs) -> None:
    runs["rules.learning-a2c"][1]["curve"][3]["evaluation_return"] = 0.0
    passage = Rules(record_set(runs)).passage("learning-a2c", -100.0)
    assert passage.steps.low == 8_000 and passage.seconds.low == pytest.approx(0.8, rel=0.03)
    run = runs["rules.learning-a2c"][1]
    before = mean_over_run(run)
    run["curve"].append({"steps": 60_000, "seconds": 6.0, "training_return": 9.0})
    assert mean_over_run(run) == before == pytest.approx((16 * 500.0 - 8 * 1500.0) / 25)


def test_an_episode_above_another_return_says_nothing(runs: Runs) -> None:
    run = runs["rules.d1-repaired"][1]
    assert first_episode_steps(run, 195.0) == 4_000
    assert math.isnan(first_episode_steps(run, 200.0))


def test_the_most_actors_decide(runs: Runs) -> None:
    for made in runs["rules.actors-wait-8"].values():
        made["steps_per_second"] = 5_000.0
    claim = judged(runs)["D3.c5"]
    assert claim.verdict.kind is Kind.REFUTED and claim.evidence[0].verdict.kind is Kind.NOT_JUDGED


def test_every_seed_must_get_there_and_few_seeds_decide_nothing() -> None:
    assert judge_reached(5, 5, 5).kind is Kind.CONFIRMED
    assert judge_reached(4, 5, 5) == Verdict(Kind.INCONCLUSIVE, "4/5 seeds")
    assert judge_reached(0, 5, 5).kind is Kind.REFUTED
    assert judge_reached(2, 2, 5) == Verdict(Kind.INCONCLUSIVE, "n = 2")


def test_curves_of_seeds_that_were_evaluated_elsewhere_are_interpolated(runs: Runs) -> None:
    for seed, made in runs["rules.learning-reinforce"].items():
        for point in made["curve"]:
            point["evaluation_return"] = point["steps"] / 100
            point["steps"] += seed
    curve = Rules(record_set(runs)).curve("learning-reinforce", "steps", 12)
    assert len(curve.steps) == 12 and curve.steps[0] == 2_005 and curve.steps[-1] == STEPS + 1
    assert curve.value == pytest.approx(curve.steps / 100, abs=0.06)
    assert (curve.low <= curve.value).all() and (curve.value <= curve.high).all()


def test_lags_are_weighed_by_segments(runs: Runs) -> None:
    runs["rules.learning-impala-threads-2"][1]["staleness"] = [{"lag": 5, "segments": 100}]
    staleness = Rules(record_set(runs)).staleness("learning-impala-threads-2")
    assert staleness.lags == (0, 2, 5) and staleness.shares == pytest.approx((0.72, 0.08, 0.2))
    assert staleness.mean == pytest.approx(1.16)
    assert (staleness.quantile(0.5), staleness.quantile(0.95), staleness.largest) == (0, 5, 5)
    table = staleness_table([{"cell": "learning-impala-threads-2", "label": "x"}], record_set(runs))
    assert table.rows[0].cells == ("x", "1.16", "0", "5", "5", "72 %", "5")


# --- what is judged


def test_verdicts_on_a_known_machine(runs: Runs) -> None:
    claims = judged(runs)
    assert {name: claim.verdict.kind for name, claim in claims.items()} == {
        "D1.c4": Kind.REFUTED,  # as printed no episode gets above 195
        "D3.c3": Kind.CONFIRMED,
        "D3.c4": Kind.CONFIRMED,
        "D3.c5": Kind.CONFIRMED,
    }
    # (500 - 250) of the evaluations from 20,000 steps on, which are 16 of 25.
    assert float(claims["D3.c4"].evidence[0].measured) == pytest.approx(250 * 16 / 25, rel=0.02)
    assert [float(e.measured) for e in claims["D3.c5"].evidence[:3]] == pytest.approx([2.0, 4.0, 8.0], rel=0.05)


def test_a_correction_that_changes_nothing_is_inconclusive(runs: Runs) -> None:
    for lag in (1, 4, 16, 64):
        runs[f"rules.lag-uncorrected-{lag}"] = {seed: dict(made) for seed, made in runs[f"rules.lag-corrected-{lag}"].items()}
        for seed, made in runs[f"rules.lag-uncorrected-{lag}"].items():
            shift = 1.0 if seed % 2 else -1.0
            made["curve"] = [{**p, "evaluation_return": p["evaluation_return"] + shift} for p in made["curve"]]
    assert judged(runs)["D3.c4"].verdict.kind is Kind.INCONCLUSIVE


def test_the_lag_of_zero_does_not_decide(runs: Runs) -> None:
    before = judged(runs)["D3.c4"].evidence[0]
    del runs["rules.lag-corrected-0"]
    after = judged(runs)["D3.c4"]
    assert after.verdict.kind is Kind.CONFIRMED and after.evidence[0] == before


def test_a_form_that_some_seeds_do_not_learn_in_is_not_confirmed(runs: Runs) -> None:
    cell = cell_named("a3c-asynchronous-processes-2")
    runs[cell.name][3] = record(cell, 3, crosses_at=STEPS + 1)
    assert judged(runs)["D3.c3"].verdict == Verdict(Kind.INCONCLUSIVE, "4/5 seeds")
    runs[cell.name] = {seed: record(cell, seed, crosses_at=STEPS + 1) for seed in range(1, 6)}
    assert judged(runs)["D3.c3"].verdict.kind is Kind.REFUTED


def test_many_actors_that_never_get_there_are_not_confirmed_by_being_fast(runs: Runs) -> None:
    cell = cell_named("apex-prioritised-8")
    runs[cell.name][2] = record(cell, 2, crosses_at=STEPS + 1)
    claim = judged(runs)["D3.c5"]
    assert claim.evidence[2].verdict.kind is Kind.CONFIRMED and claim.verdict.kind is Kind.INCONCLUSIVE


def test_records_without_single_episodes_give_no_verdict(runs: Runs) -> None:
    for made in runs["rules.d1-printed"].values():
        del made["first_episode_above"]
    assert judged(runs)["D1.c4"].verdict.kind is Kind.NOT_RUN
    table = agents_table(load_experiments()["D1.c4"], record_set(runs))
    assert table.rows[0].cells[7:9] == ("–", "–") and table.rows[2].cells[7:9] == ("5/5", "4,000")


def test_without_records_every_claim_and_row_reads_not_run() -> None:
    assert {claim.verdict.kind for claim in judged({}).values()} == {Kind.NOT_RUN}
    tables = [block for block in blocks_of({}) if isinstance(block, Table)]
    for table in tables:
        assert not any(row.measured for row in table.rows)
        for row in table.rows:
            assert isinstance(row.cells[-1], Verdict) and row.cells[-1].kind is Kind.NOT_RUN
    assert not any(isinstance(block, Figure) for block in blocks_of({}))


def test_tables_and_figures_of_whole_records(runs: Runs) -> None:
    blocks = blocks_of(runs)
    tables = {block.id: block for block in blocks if isinstance(block, Table)}
    assert set(tables) == {
        *("rules.learning", "rules.final", "D3.vtrace_lag", "D3.staleness", "D3.a3c", "D3.apex_rates", "D3.apex", "D1.dqn"),
    }
    for table in tables.values():
        assert table.rows and all(len(row.cells) == len(table.columns) for row in table.rows)
        assert all(row.measured for row in table.rows)
    figures = [block for block in blocks if isinstance(block, Figure)]
    assert len({figure.name for figure in figures}) == len(figures) >= 3
    again = [block for block in blocks_of(runs) if isinstance(block, Figure)]
    assert [figure.svg for figure in again] == [figure.svg for figure in figures]


def test_some_rows_without_records_leave_the_others(runs: Runs) -> None:
    del runs["rules.learning-dqn"], runs["rules.lag-corrected-16"], runs["rules.actors-wait-4"]
    tables = {block.id: block for block in blocks_of(runs) if isinstance(block, Table)}
    for table in tables.values():
        assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert sum(not row.measured for row in tables["rules.learning"].rows) == 1
    assert judged(runs)["D3.c4"].verdict.kind is Kind.NOT_RUN
    lagging = lag_table(load_experiments()["D3.c4"], record_set(runs)).rows[6].cells
    assert lagging[0] == "16, with ratios" and isinstance(lagging[-1], Verdict) and lagging[-1].kind is Kind.NOT_RUN


def test_the_terminal_has_room_for_the_learning_table(runs: Runs) -> None:
    for have in (runs, {}):
        text = render_table(narrow_learning_table(load_experiments()["rules.learning"], record_set(have)))
        assert max(map(len, text.splitlines())) <= WIDTH
