"""prl tune: what its trials come to does not depend on who runs them, a lost trial loses only itself, a study resumes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from program import Program, read_json, run
from record_schema import faults_of
from test_bad_input import expect_usage_error

TRAIN = 'env = "CartPole-v1"\nalgorithm = "a2c"\nhidden = [16]\nsteps_per_round = 80\nenvs = 8\nevaluate_every = 4\n'
TRAIN += 'evaluation_episodes = 16\nevaluation_action = "sampled"\n'
RATES = '[space.learning_rate]\nkind = "log-uniform"\nlow = 1e-2\nhigh = 3e-1\n'
# A trial of it waits for 0.4 s in each of its rounds.
SLOW = 'step_cost = "wait:5ms"\n'


def study_file(folder: Path, study: str = "rounds = 8", train: str = "", space: str = RATES) -> str:
    (folder / "study.toml").write_text(f"[study]\n{study}\n[train]\n{TRAIN}{train}{space}")
    return "study.toml"


def words_of(search: str, trials: int, *options: str) -> list[str]:
    own = [word for option in options for word in option.split()]
    return ["tune", "--study", "study.toml", "--output", "found", "--search", search, "--trials", str(trials), *own]


def tune(folder: Path, search: str, trials: int, *options: str) -> dict[str, Any]:
    outcome = run([*words_of(search, trials, *options), "--progress", "none"], folder)
    assert outcome.status == 0, outcome.errors
    record = read_json(folder / "found" / "study.json")
    assert faults_of(record, "prl tune") == []
    return record


def fresh(tmp_path: Path, name: str, **how: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    study_file(folder, **how)
    return folder


def objectives(record: dict[str, Any]) -> dict[tuple[int, int], float | None]:
    return {(result["trial"], result["stage"]): result["objective"] for result in record["results"]}


@pytest.mark.parametrize(("search", "trials"), [("random", 3), ("pbt", 2)])
def test_the_results_are_the_same_whoever_runs_them(tmp_path: Path, search: str, trials: int) -> None:
    records, tables = [], []
    places = ("alone", ""), ("two", "--workers 2"), ("ranks", "--place mpi --workers 2"), ("threads", "--place threads --workers 2")
    for place, options in places:
        folder = fresh(tmp_path, place, study="rounds = 4\nfirst_rounds = 2\nsynchronous = true")
        outcome = run([*words_of(search, trials, options), "--progress", "plain"], folder)
        assert outcome.status == 0, outcome.errors
        records.append(read_json(folder / "found" / "study.json"))
        assert faults_of(records[-1], "prl tune") == []
        tables.append([line for line in outcome.output.splitlines() if "--learning-rate=" in line])
    assert all(record["results"] == records[0]["results"] for record in records)
    assert len({result["objective"] for result in records[0]["results"]}) > 1
    assert all(table == tables[0] for table in tables) and len(tables[0]) == len(records[0]["results"])
    assert [len(record["seconds"]["workers"]) for record in records] == [1, 2, 2, 2]
    assert all(seconds > 0 for seconds in records[2]["seconds"]["workers"])


def test_a_trial_is_the_training_run_that_its_setting_says(tmp_path: Path) -> None:
    study_file(tmp_path)
    record = tune(tmp_path, "random", 2)
    best = record["best"]
    assert best["objective"] == max(result["objective"] for result in record["results"])
    trial = read_json(tmp_path / "found" / "trials" / f"{best['trial']:04}-0.json")
    assert faults_of(trial, "a trial of prl tune") == []
    rate = best["parameters"]["learning_rate"]
    again = ["train", *"--env CartPole-v1 --algorithm a2c --hidden 16 --steps-per-round 80 --envs 8".split()]
    again += [*"--evaluate-every 4 --evaluation-episodes 16 --evaluation-action sampled --rounds 8 --progress none --record again.json".split()]
    assert run([*again, "--learning-rate", str(rate)], tmp_path).status == 0
    ours = read_json(tmp_path / "found" / "trials" / f"{best['trial']:04}-0.record.json")
    assert ours["parameters_digest"] == read_json(tmp_path / "again.json")["parameters_digest"]
    assert best["objective"] == max(point.get("evaluation_return", 0.0) for point in ours["curve"])
    assert record["counts"]["environment_steps"] == 2 * 8 * 80


def trained(folder: Path, result: dict[str, Any]) -> dict[str, Any]:
    return read_json(folder / f"found/trials/{result['trial']:04}-{result['stage']}.record.json")


def train_options(learning_rate: object, *more: str) -> list[str]:
    """Of the run that a trial is a part of, ANNEALED over all of its rounds."""
    words = "train --env CartPole-v1 --algorithm a2c --hidden 16 --steps-per-round 80 --envs 8 --evaluate-every 4".split()
    words += "--evaluation-episodes 16 --evaluation-action sampled --progress none --record again.json".split()
    return [*words, "--learning-rate", str(learning_rate), "--anneal-learning-rate", "true", *more]


ANNEALED = "anneal_learning_rate = true\n"


def test_a_promoted_trial_goes_on_and_ends_in_the_bits_of_a_run_that_was_not_cut(tmp_path: Path) -> None:
    study_file(tmp_path, "rounds = 16\nfirst_rounds = 4\nreduction = 2\ntarget = 0.0", ANNEALED)
    record = tune(tmp_path, "asha", 4)
    results = record["results"]
    assert [result["stage"] for result in results] == [0, 0, 0, 0, 1, 1, 2]
    assert [result["rounds"] for result in results] == [4, 4, 4, 4, 8, 8, 16]
    assert [result["start"] for result in results] == ["anew"] * 4 + ["checkpoint"] * 3
    assert [result["after"] for result in results] == [None] * 4 + [0, 0, 1]
    # Each rung takes its own steps alone, and all that was done before is saved.
    assert [result["steps"] for result in results] == [320] * 6 + [640]
    assert [result["steps_before"] for result in results] == [0] * 4 + [320, 320, 640]
    assert record["counts"]["repeated_steps"] == 0 and record["counts"]["saved_steps"] == 2 * 320 + 640
    assert record["counts"]["environment_steps"] == 80 * (4 * 4 + 2 * 4 + 8)
    assert record["reached"]["steps"] == 320 and record["reached"]["stage"] == 0
    last = trained(tmp_path, results[-1])
    assert run(train_options(results[-1]["parameters"]["learning_rate"], "--rounds", "16"), tmp_path).status == 0
    whole = read_json(tmp_path / "again.json")
    assert last["parameters_digest"] == whole["parameters_digest"]
    evaluations = [[point.get("evaluation_return") for point in run_of["curve"]] for run_of in (last, whole)]
    assert evaluations[0] == evaluations[1]
    assert not list((tmp_path / "found" / "trials").glob("*.checkpoint"))


def test_trials_that_cannot_be_kept_are_trained_anew_and_their_steps_counted(tmp_path: Path) -> None:
    study_file(tmp_path, "rounds = 4\nfirst_rounds = 2\nreduction = 2", NOT_KEPT)
    record = tune(tmp_path, "asha", 2)
    assert [(result["stage"], result["start"], result["steps"]) for result in record["results"]] == [
        (0, "anew", 160),
        (0, "anew", 160),
        (1, "anew", 320),
    ]
    assert record["counts"]["repeated_steps"] == 160 and record["counts"]["saved_steps"] == 0


def test_a_member_of_a_population_goes_on_or_takes_over(tmp_path: Path) -> None:
    study_file(tmp_path, "rounds = 8\nfirst_rounds = 4\ntruncation = 0.25", ANNEALED)
    record = tune(tmp_path, "pbt", 3)
    second = [result for result in record["results"] if result["stage"] == 1]
    taken = [result for result in second if result["parent"] is not None]
    own = [result for result in second if result["parent"] is None]
    assert len(second) == 3 and 1 <= len(taken) <= 2  # nobody waits: who begins later meets other objectives
    assert all(result["after"] == 0 and result["start"] == "checkpoint" and result["steps"] == 320 for result in second)
    for result in own:
        rate = result["parameters"]["learning_rate"]
        assert run(train_options(rate, "--rounds", "8"), tmp_path).status == 0
        assert trained(tmp_path, result)["parameters_digest"] == read_json(tmp_path / "again.json")["parameters_digest"]


def test_a_learner_takes_over_parameters_and_optimiser_and_keeps_its_own_rounds(tmp_path: Path) -> None:
    """Of a rule whose rounds are whole episodes: what the other has learned is then all that differs between two runs."""
    common = "train --algorithm reinforce --env CartPole-v1 --hidden 8 --episodes 16 --rounds 4 --progress none --record r.json"

    def digest(rate: str, rounds: int, *more: str) -> str:
        words = f"--optimiser adam --anneal-learning-rate true --learning-rate {rate} --stop-after {rounds}".split()
        assert run([*common.split(), *words, *more], tmp_path).status == 0
        return str(read_json(tmp_path / "r.json")["parameters_digest"])

    digest("0.1", 2, "--checkpoint", "a", "--checkpoint-every", "9")
    digest("0.01", 2, "--checkpoint", "b", "--checkpoint-every", "9")
    taken = digest("0.1", 3, "--resume", "b", "--learner-from", "a")
    assert taken == digest("0.1", 3, "--resume", "a")
    # With another step size than the one that it was kept with.
    assert digest("0.02", 3, "--resume", "b", "--learner-from", "a") != taken
    another = run([*common.split(), "--optimiser", "rmsprop", "--learner-from", "a"], tmp_path)
    expect_usage_error(another, "has another mean square than this run")


@pytest.mark.parametrize("place", ["processes", "threads"])
def test_a_trial_with_bad_options_loses_only_itself(tmp_path: Path, place: str) -> None:
    study_file(tmp_path, "rounds = 2", space='[space.learning_rate]\nkind = "choice"\nvalues = [0.001, -1.0]\n')
    outcome = run([*words_of("grid", 9, f"--workers 2 --place {place}"), "--progress", "plain"], tmp_path)
    assert outcome.status == 0
    record = read_json(tmp_path / "found" / "study.json")
    values = objectives(record)
    assert values[1, 0] is None and values[0, 0] is not None
    assert record["counts"]["failed"] == 1
    assert "--learning-rate is -1: give a number" in record["results"][1]["error"]
    assert any("trial 1 stage 0 failed: --learning-rate is -1" in line for line in outcome.own_errors)
    assert "failed  --learning-rate=-1" in outcome.output


def trial_processes(program: Program) -> list[int]:
    return [pid for pid in program.workers() if b"--record=" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_killed_trial_loses_only_itself_and_is_run_again_on_resume(tmp_path: Path) -> None:
    study_file(tmp_path, train=SLOW)
    program = Program([*words_of("random", 2, "--workers 2"), "--progress", "none"], tmp_path)
    program.await_condition(lambda: len(trial_processes(program)) == 2, "start two trials")
    time.sleep(0.3)
    os.kill(trial_processes(program)[0], signal.SIGKILL)
    outcome = program.finish()
    assert outcome.status == 0
    record = read_json(tmp_path / "found" / "study.json")
    lost = [result for result in record["results"] if result["objective"] is None]
    assert [result["error"] for result in lost] == ["it was killed by signal 9 (Killed)"]
    kept = next(result["trial"] for result in record["results"] if result["objective"] is not None)
    before = (tmp_path / "found" / "trials" / f"{kept:04}-0.record.json").stat().st_mtime_ns
    resumed = tune(tmp_path, "random", 2, "--workers 2 --resume")
    assert [result["error"] for result in resumed["results"]] == ["", ""]
    assert (tmp_path / "found" / "trials" / f"{kept:04}-0.record.json").stat().st_mtime_ns == before


# Runs that cannot be kept.
NOT_KEPT = 'collect = "threads"\nworkers = 2\nschedule = "free-running"\nagreement = "server"\n'
RUNGS, WAITING = "rounds = 2\nfirst_rounds = 1\nreduction = 2", 'step_cost = "wait:2.5ms"\n'


@pytest.fixture(scope="module")
def whole_study(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of a search that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    study_file(folder, RUNGS, WAITING)
    return tune(folder, "asha", 3)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_study_that_is_killed_or_interrupted_resumes(
    tmp_path: Path, how: signal.Signals, whole_study: dict[str, Any]
) -> None:
    folder = fresh(tmp_path, "killed", study=RUNGS, train=WAITING)
    program = Program([*words_of("asha", 3), "--progress", "none"], folder)
    trials = folder / "found" / "trials"
    program.await_condition(lambda: (trials / "0001-0.json").exists(), "finish two trials")
    program.await_condition(lambda: len(trial_processes(program)) == 1, "start the next trial")
    if how == signal.SIGKILL:
        program.process.kill()
        program.process.wait()
        program.await_end_of_members(3.0)
    else:
        program.interrupt()
        assert program.finish(4.0).status == 130
    kept = {path.name: path.stat().st_mtime_ns for path in trials.glob("*-?.json")}
    assert 2 <= len(kept) < 5
    resumed = tune(folder, "asha", 3, "--resume")
    assert all((trials / name).stat().st_mtime_ns == time_ns for name, time_ns in kept.items())
    assert resumed["results"] == whole_study["results"]


@pytest.mark.parametrize(
    ("options", "study", "train", "space", "named"),
    [
        ("--search random --trials 0", "rounds = 8", "", RATES, "--trials is 0: give a whole number from 1"),
        ("--place threads", "rounds = 8", 'collect = "threads"\nworkers = 2\n', RATES, "--place threads with train.collect threads"),
        ("--search asha", "rounds = 8", "", RATES, "--search asha needs study.first_rounds"),
        ("--search grid", "rounds = 8", "", RATES, "space.learning_rate is no choice"),
        ("", "seed = 1", "", RATES, "it has no rounds"),
        ("", "rounds = 8\nround = 2", "", RATES, "'study.round' is unknown: give some of rounds"),
        ("", "rounds = 8", "colour = 1\n", RATES, "'colour' is no setting"),
        ("", "rounds = 8", "record = 'x'\n", RATES, "'record' is no setting"),
        ("", "rounds = 8", "checkpoint = 'x'\n", RATES, "'checkpoint' is no setting"),
        ("", "rounds = 8\nsynchronous = 1", "", RATES, "synchronous must be true or false"),
        ("", "rounds = 8", "gamma = 2.0\n", RATES, "--gamma is 2: give a number from 0 to 1"),
        ("", "rounds = 8", 'collect = "mpi"\nworkers = 2\n', RATES, "use threads or processes in a trial"),
        ("", "rounds = 8", "", "", "it draws nothing"),
        ("", "rounds = 8", "", RATES.replace("1e-2", "1.0"), "give a high above"),
        ("", "rounds = 8", "", RATES.replace("1e-2", "0.0"), "give a low above 0 for a logarithm"),
        ("", "rounds = 8", "", RATES.replace("log-uniform", "normal"), "give uniform, log-uniform, int or choice"),
        ("--search pbt", "rounds = 8\nfirst_rounds = 4", "", RATES.replace("learning_rate", "hidden"), "pbt"),
        ("--resume", "rounds = 8", "", RATES, "has no study to go on with"),
    ],
)  # fmt: skip
def test_bad_studies(tmp_path: Path, options: str, study: str, train: str, space: str, named: str) -> None:
    study_file(tmp_path, study, train, space)
    outcome = run(["tune", "--study", "study.toml", "--output", "found", *options.split()], tmp_path)
    expect_usage_error(outcome, named)
    assert not (tmp_path / "found").exists()


def test_a_study_on_threads_that_is_interrupted_resumes(tmp_path: Path) -> None:
    study_file(tmp_path, "rounds = 4", 'step_cost = "wait:1ms"\n')
    program = Program([*words_of("random", 3, "--place threads --workers 2"), "--progress", "none"], tmp_path)
    trials = tmp_path / "found" / "trials"
    program.await_condition(lambda: len(list(trials.glob("*-0.json"))) >= 2, "finish two trials")
    program.interrupt()
    assert program.finish(4.0).status in (0, 130)
    kept = {path.name: path.stat().st_mtime_ns for path in trials.glob("*-0.json")}
    resumed = tune(tmp_path, "random", 3, "--place threads --resume")
    assert all((trials / name).stat().st_mtime_ns == time_ns for name, time_ns in kept.items())
    assert [result["error"] for result in resumed["results"]] == ["", "", ""]


def test_another_study_is_not_mixed_with_the_one_in_the_folder(tmp_path: Path) -> None:
    study_file(tmp_path)
    tune(tmp_path, "random", 1)
    expect_usage_error(run(words_of("random", 1), tmp_path), "found has a study: give --resume")
    study_file(tmp_path, "rounds = 9")
    expect_usage_error(run([*words_of("random", 1), "--resume"], tmp_path), "has a study with another study")
    study_file(tmp_path)
    expect_usage_error(run([*words_of("random", 2), "--resume"], tmp_path), "has a study with another trials")
