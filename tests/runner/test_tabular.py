"""prl train with tabular rules: records, cells, equal bits, refusals, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from program import Program, read_json, run
from record_schema import faults_of

QUIET = ["--progress", "none"]
SERVER = "--algorithm q-learning --experience model --collect threads --workers 2 --agreement server"


def learn(folder: Path, options: str) -> dict[str, Any]:
    outcome = run(["train", "--algorithm", "q-learning", *options.split(), *QUIET, "--record", "record.json"], folder)
    assert outcome.status == 0, outcome.errors
    return read_json(folder / "record.json")


def refused(folder: Path, options: str) -> str:
    """The one line of a usage error; nothing is written."""
    outcome = run(["train", *options.split(), "--record", "record.json"], folder)
    assert outcome.status == 2
    assert outcome.output == ""
    assert len(outcome.errors.splitlines()) == 1
    assert not list(folder.glob("*.part"))
    return outcome.errors


@pytest.mark.parametrize(
    "options",
    [
        "--env Taxi-v4",
        "--env RandomMdp-S64-A8 --experience model --collect threads --workers 2 --subsets 4 --steps 20000",
        "--env CliffWalking-v1 --experience pool --collect processes --workers 3 --agreement shared --stop-at-error 1e9",
        "--env FrozenLake-v1 --experience model --collect processes --workers 2 --agreement server --schedule free-running",
        "--algorithm sarsa --env FrozenLake-v1 --collect threads --workers 2 --agents 4 --step-cost busy:1us --steps 2000",
    ],
)
def test_record_has_the_documented_fields(tmp_path: Path, options: str) -> None:
    assert faults_of(learn(tmp_path, options), "prl train, tabular rules") == []


@pytest.mark.parametrize("experience", ["model", "pool"])
def test_a_partition_has_the_same_bits_for_any_workers(tmp_path: Path, experience: str) -> None:
    teams = ["serial --workers 1", *(f"{place} --workers {w}" for place in ("threads", "processes") for w in (1, 2, 3, 4))]
    records = [
        learn(tmp_path, f"--env FrozenLake8x8-v1 --experience {experience} --agreement partition --batch 500 --collect {team}")
        for team in teams
    ]
    assert len({record["values_digest"] for record in records}) == 1
    assert {record["counts"]["updates"] for record in records} == {100_000}
    assert records[0]["counts"]["received_transitions"] == 0
    curves = [[(point["steps"], point["error"]) for point in record["curve"]] for record in records]
    assert all(curve == curves[0] for curve in curves)
    other = learn(tmp_path, f"--env FrozenLake8x8-v1 --experience {experience} --agreement partition --batch 500 --seed 2")
    assert other["values_digest"] != records[0]["values_digest"]


def test_servers_in_lock_step_have_the_same_bits_in_threads_and_processes(tmp_path: Path) -> None:
    options = "--env FrozenLake-v1 --experience model --steps 20000 --look-every 2000"
    serial = learn(tmp_path, options)
    assert learn(tmp_path, f"{options} --collect threads --agreement server")["values_digest"] == serial["values_digest"]
    for workers in (2, 3):
        average, sent = (
            [learn(tmp_path, f"{options} --collect {place} --workers {workers} {agreement}") for place in ("threads", "processes")]
            for agreement in ("--agreement server --local-updates 5", "--agreement experience --batch 500")
        )
        assert average[0]["values_digest"] == average[1]["values_digest"] != serial["values_digest"]
        assert {record["values_digest"] for record in sent} == {serial["values_digest"]}
        rounds = average[0]["counts"]["merges"]
        assert rounds == -(-20_000 // (5 * workers))
        assert average[0]["counts"]["server_bytes"] == 2 * (workers - 1) * rounds * 64 * 8
        assert [point["error"] for point in sent[0]["curve"]] == [point["error"] for point in serial["curve"]]


def test_a_free_server_counts_every_merge_and_its_lag(tmp_path: Path) -> None:
    record = learn(
        tmp_path,
        "--env FrozenLake-v1 --experience model --steps 400000 --collect threads --workers 2 --agreement server "
        "--schedule free-running --local-updates 10",
    )
    assert record["counts"]["merges"] == sum(each["merges"] for each in record["lag"]["bins"]) == 40_000
    assert record["counts"]["server_bytes"] == 2 * 40_000 * 64 * 8
    assert record["configuration"]["merge_rate"] == 0.5


def test_agents_in_turn_have_the_same_bits_again(tmp_path: Path) -> None:
    first, second = (learn(tmp_path, "--env FrozenLake-v1 --agents 4 --steps 5000") for _ in range(2))
    assert first["values_digest"] == second["values_digest"]
    assert learn(tmp_path, "--env FrozenLake-v1 --agents 2 --steps 5000")["values_digest"] != first["values_digest"]


def test_a_run_stops_at_the_error_that_was_asked_for(tmp_path: Path) -> None:
    record = learn(tmp_path, "--env Taxi-v4 --experience model --step-size constant:1 --steps 9000000 --stop-at-error 1e-9")
    assert record["reached"]
    assert record["error"] <= 1e-9
    assert record["counts"]["environment_steps"] == record["curve"][-1]["steps"] < 9_000_000
    assert all(point["error"] > 1e-9 for point in record["curve"][:-1])
    unasked = learn(tmp_path, "--env Taxi-v4 --experience model --step-size constant:1 --steps 200000")
    assert unasked["counts"]["environment_steps"] == 200_000
    assert not unasked["reached"]


def test_subsets_are_off_by_what_their_equation_says(tmp_path: Path) -> None:
    record = learn(
        tmp_path,
        "--env RandomMdp-S64-A8 --experience model --gamma 0.8 --steps 4000000 --subsets 4 --collect threads --workers 2 "
        "--agreement shared --look-every 4000000",
    )
    bias = record["optimum"]["own_bias"]
    assert bias > 0.5
    assert record["own_error"] < 0.06
    assert abs(record["error"] - bias) < 0.06


def test_every_cell_runs_or_is_refused_for_the_reason_given(tmp_path: Path) -> None:
    cells = json.loads(run(["list", "--json"], tmp_path).output)["tabular_cells"]
    assert len(cells) == 2 * 4 * 3 * 6
    reasons = set()
    for cell in cells:
        parts = ("algorithm", "collect", "experience", "agreement")
        workers = 1 if cell["collect"] == "serial" else 2
        options = " ".join(f"--{part} {cell[part]}" for part in parts) + f" --workers {workers} --steps 500"
        if cell["available"]:
            record = learn(tmp_path, options)
            assert {part: record["configuration"][part] for part in parts} == {part: cell[part] for part in parts}
            (tmp_path / "record.json").unlink()
        elif cell["reason"] not in reasons:
            reasons.add(cell["reason"])
            assert cell["reason"] in refused(tmp_path, options)
    assert len(reasons) == 6


def test_a_file_can_name_the_rule(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('algorithm = "sarsa"\nenv = "CliffWalking-v1"\nstep_size = "constant:0.5"\n')
    outcome = run(["train", "--config", "run.toml", "--steps", "1000", "--record", "record.json"], tmp_path)
    assert outcome.status == 0, outcome.errors
    configuration = read_json(tmp_path / "record.json")["configuration"]
    assert (configuration["algorithm"], configuration["hyperparameters"]["step_size"]) == ("sarsa", "constant:0.5")
    assert outcome.output.startswith("sarsa CliffWalking-v1 serial W=1 agents none: 1000 updates")
    (tmp_path / "run.toml").write_text('algorithm = "sarsa"\nclip = 0.2\n')
    assert "'clip' is no setting: give some of agents" in refused(tmp_path, "--config run.toml --steps 1000")[:200]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--algorithm q-learning --env Pendulum-v1", "is no table: give one of those that prl list calls tables"),
        ("--algorithm q-learning --env RandomMdp-S2-A8", "is no table"),
        ("--algorithm q-learning --gamma 1", "give a number from 0 to below 1"),
        ("--algorithm q-learning --step-size 0.1", "expected constant:A"),
        ("--algorithm q-learning --epsilon constant:2", "expected constant:E"),
        ("--algorithm q-learning --steps 0", "give a whole number from 1 to"),
        ("--algorithm q-learning --look-every 0", "--look-every is 0"),
        ("--algorithm q-learning --subsets 3", "give a number that divides them"),
        ("--algorithm sarsa --subsets 2", "maximises over nothing"),
        ("--algorithm sarsa --replay 10", "use q-learning"),
        ("--algorithm q-learning --replay 10 --replay-batch 11", "from 1 to --replay, 10"),
        ("--algorithm q-learning --workers 2", "--collect serial has one worker"),
        ("--algorithm q-learning --collect threads --workers 0", "--workers is 0"),
        ("--algorithm q-learning --collect threads --workers 2 --agents 3", "give a multiple"),
        ("--algorithm q-learning --experience pool --pool 0", "--pool is 0"),
        ("--algorithm q-learning --experience model --batch 0", "--batch is 0"),
        (f"{SERVER} --schedule free-running --merge-rate 0", "give a number above 0, at most 1"),
        (f"{SERVER} --local-updates 0", "--local-updates is 0"),
        (f"{SERVER} --refresh-after-merge false", "give --agreement server --schedule free-running"),
        ("--algorithm q-learning --schedule free-running", "it is always lock-step; only server has both"),
        ("--algorithm q-learning --local-updates 2", "use server or gradients"),
        ("--algorithm q-learning --experience model --step-cost wait:1ms", "give --experience agents"),
        ("--algorithm q-learning --experience model --replay 5", "give --experience agents"),
        ("--algorithm q-learning --clip 0.2", "has no option '--clip'"),
        ("--algorithm q-learning --episode-limit -1", "--episode-limit is negative"),
        ("--algorithm q-learning --stop-at-error -1", "--stop-at-error is -1"),
    ],
)
def test_bad_input_is_refused_in_one_line(tmp_path: Path, options: str, message: str) -> None:
    assert message in refused(tmp_path, options)


@pytest.mark.parametrize("team", ["--collect serial", "--collect threads --workers 2", "--collect processes --workers 3"])
def test_an_interrupt_keeps_what_was_learned(tmp_path: Path, team: str) -> None:
    command = f"train --algorithm q-learning {team} --step-cost wait:20ms --steps 1000000 --look-every 100 --record record.json"
    program = Program([*command.split(), *QUIET], tmp_path)
    program.await_workers(2 if "processes" in team else 0)
    program.interrupt()
    outcome = program.finish(10.0)
    assert outcome.status == 130, outcome.errors
    record = read_json(tmp_path / "record.json")
    assert record["interrupted"]
    assert 0 < record["counts"]["environment_steps"] < 1_000_000
    assert faults_of(record, "prl train, tabular rules") == []


def test_a_worker_that_is_killed_ends_the_run_in_one_line(tmp_path: Path) -> None:
    command = "train --algorithm q-learning --collect processes --workers 3 --experience model --env Taxi-v4"
    more = "--agreement partition --steps 1000000000 --record record.json"
    program = Program([*command.split(), *more.split(), *QUIET], tmp_path)
    victim = program.await_workers(2)[0]
    os.kill(victim, signal.SIGKILL)
    outcome = program.finish()
    assert outcome.status == 1
    assert f"(process {victim}) was killed by signal 9" in outcome.errors
    assert len(outcome.own_errors) == 1
    assert not (tmp_path / "record.json").exists()
