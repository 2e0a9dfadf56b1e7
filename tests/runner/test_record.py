"""What a run records: its schema, and figures that fit each other."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from program import ENVIRONMENTS, ROUND_STEPS, train
from record_schema import faults_of


@pytest.mark.parametrize(
    "options",
    [
        "--collect serial --evaluate-every 1 --evaluation-episodes 2 --final-episodes 3 --steps 768",
        "--collect processes --workers 2 --agreement all-reduce --warmup-rounds 1 --env CartPole-v1",
        "--collect mpi --workers 2 --inference learner --step-cost busy:1us",
        "--algorithm a2c --collect threads --workers 2",
        "--algorithm vtrace --env CartPole-v1",
        "--algorithm a2c --collect threads --workers 4 --agreement gossip --graph random-peer --evaluate-every 1",
        "--algorithm reinforce --preset baseline --env CartPole-v1",
    ],
)
def test_record_has_the_documented_fields(tmp_path: Path, options: str) -> None:
    assert faults_of(train(tmp_path, options), "prl train") == []


@pytest.mark.parametrize("collect", ["serial", "threads --workers 2", "processes --workers 2"])
def test_seconds_fit_each_other(tmp_path: Path, collect: str) -> None:
    record = train(tmp_path, f"--collect {collect} --warmup-rounds 2 --steps 1280 --step-cost wait:50us")
    seconds, counts = record["seconds"], record["counts"]
    assert counts["rounds"] == len(seconds["rounds"]) == 5
    assert counts["environment_steps"] == 5 * ROUND_STEPS
    assert counts["updates"] == 5 * ROUND_STEPS // 64
    for part in ("collect", "learn"):
        assert seconds[part] == pytest.approx(sum(one[part] for one in seconds["rounds"]))
    assert all(one["total"] == pytest.approx(one["collect"] + one["learn"]) for one in seconds["rounds"])
    total = sum(one["total"] for one in seconds["rounds"])
    assert record["steps_per_second"] == pytest.approx(counts["environment_steps"] / total)
    assert seconds["total"] >= total
    # 32 vector steps of at most 8 environments: a wait is never cut short.
    workers = record["configuration"]["workers"]
    waited = 5 * 32 * ENVIRONMENTS // workers * 50e-6
    assert len(seconds["workers"]) == workers
    assert all(waited <= worker["collect"] <= seconds["collect"] for worker in seconds["workers"])


def test_curve_has_a_point_a_counted_round(tmp_path: Path) -> None:
    record = train(
        tmp_path,
        "--warmup-rounds 3 --steps 2560 --evaluate-every 4 --evaluation-episodes 5 --final-episodes 6",
    )
    curve, rounds = record["curve"], record["seconds"]["rounds"]
    assert [point["steps"] for point in curve] == [(3 + i) * ROUND_STEPS for i in range(1, 11)]
    spent = [sum(one["total"] for one in rounds[: i + 1]) for i in range(10)]
    assert [point["seconds"] for point in curve] == pytest.approx(spent)
    # Pendulum-v1 ends after 200 steps: in the seventh round of 32 steps, and in the thirteenth.
    assert [point["training_episodes"] for point in curve] == [0, 0, 0, 8, 0, 0, 0, 0, 0, 8]
    assert [point["training_return"] is None for point in curve] == [e["training_episodes"] == 0 for e in curve]
    assert record["counts"]["episodes"] == 16
    # Every fourth round, and the last.
    assert [i for i, point in enumerate(curve, 1) if "evaluation_return" in point] == [4, 8, 10]
    final = record["final_evaluation"]
    assert final["episodes"] == len(final["returns"]) == 6
    assert final["mean"] == pytest.approx(statistics.mean(final["returns"]))
    assert final["standard_error"] == pytest.approx(statistics.stdev(final["returns"]) / math.sqrt(6))


def test_disagreement_stands_where_a_gossip_is_evaluated_and_at_its_end(tmp_path: Path) -> None:
    gossip = "--algorithm a2c --env CartPole-v1 --collect threads --agreement gossip --rounds 7 --warmup-rounds 1"
    four = train(tmp_path, gossip, "--workers 4 --evaluate-every 3 --evaluation-episodes 2")["curve"]
    assert [i for i, point in enumerate(four, 1) if "disagreement" in point] == [3, 6, 7]
    assert all(point["disagreement"] > 0 for point in four if "disagreement" in point)
    unseen = train(tmp_path, gossip, "--workers 4")
    assert [i for i, point in enumerate(unseen["curve"], 1) if "disagreement" in point] == [7]
    # Two are one after every meeting, and apart where they have learned since.
    two = train(tmp_path, gossip, "--workers 2 --evaluate-every 1 --evaluation-episodes 2 --agree-every 2")["curve"]
    assert [point["disagreement"] > 0 for point in two] == [False, True, False, True, False, True, False]
    alone = train(tmp_path, gossip, "--workers 4 --agree-every 100")["curve"][-1]
    assert alone["disagreement"] > unseen["curve"][-1]["disagreement"]


@pytest.mark.parametrize("mode", ["serial", "threads --workers 2 --agreement all-reduce", "processes --workers 2"])
def test_rounds_of_whole_episodes_count_the_steps_that_were_taken(tmp_path: Path, mode: str) -> None:
    record = train(
        tmp_path,
        f"--algorithm reinforce --env CartPole-v1 --rounds 3 --warmup-rounds 1 --collect {mode} --step-cost wait:100us",
    )
    counts, curve = record["counts"], record["curve"]
    assert record["configuration"]["steps_per_round"] == ENVIRONMENTS * 500
    assert (counts["rounds"], counts["episodes"]) == (3, 3 * ENVIRONMENTS)
    # CartPole-v1 gives 1 a step.
    returns = sum(point["training_return"] * point["training_episodes"] for point in curve)
    assert counts["environment_steps"] == round(returns)
    assert counts["environment_steps"] < 3 * ENVIRONMENTS * 500
    total = sum(one["total"] for one in record["seconds"]["rounds"])
    assert record["steps_per_second"] == pytest.approx(counts["environment_steps"] / total)
    first_steps = round(curve[0]["training_return"] * ENVIRONMENTS)
    assert curve[-1]["steps"] - curve[0]["steps"] == counts["environment_steps"] - first_steps
    assert curve[0]["steps"] > first_steps  # The warm-up round's.
    # Every step was waited for, and nothing else: idle environments would have been waited for ten times as long.
    waited = counts["environment_steps"] * 100e-6
    collected = sum(worker["collect"] for worker in record["seconds"]["workers"])
    assert waited <= collected < 3 * ENVIRONMENTS * 500 * 100e-6


def test_training_returns_do_not_depend_on_the_mode(tmp_path: Path) -> None:
    options = "--env CartPole-v1 --steps 1024 --shards 4"
    curves = []
    for mode in ("serial", "processes --workers 3", "processes --workers 4 --agreement all-reduce"):
        curve = train(tmp_path, options, f"--collect {mode}")["curve"]
        curves.append([(point["training_return"], point["training_episodes"]) for point in curve])
    assert curves[0] == curves[1] == curves[2]
    assert all(episodes > 0 for _, episodes in curves[0])


def test_sampled_evaluation_differs_from_the_mean_action(tmp_path: Path) -> None:
    records = [
        train(tmp_path, f"--steps 256 --final-episodes 4 --evaluation-action {action}") for action in ("mean", "sampled")
    ]
    assert records[0]["parameters_digest"] == records[1]["parameters_digest"]
    assert records[0]["final_evaluation"]["returns"] != records[1]["final_evaluation"]["returns"]


def test_evaluating_does_not_move_training(tmp_path: Path) -> None:
    watched = train(tmp_path, "--steps 768 --evaluate-every 1 --evaluation-episodes 3 --evaluation-action sampled")
    assert watched["parameters_digest"] == train(tmp_path, "--steps 768")["parameters_digest"]


def test_steps_are_rounded_up_to_whole_rounds(tmp_path: Path) -> None:
    for asked, rounds in ((1, 1), (256, 1), (257, 2)):
        record = train(tmp_path, f"--steps {asked}")
        assert record["counts"]["rounds"] == rounds
        assert record["configuration"]["steps"] == rounds * ROUND_STEPS


def test_oversubscription_is_recorded(tmp_path: Path) -> None:
    cores = train(tmp_path, "--steps 256")["machine"]["usable_cores"]
    many = cores + 1
    crowd = f"--steps-per-round {32 * many} --envs {many} --steps 1 --collect threads --workers {many}"
    busy, waiting = train(tmp_path, crowd), train(tmp_path, crowd, "--step-cost wait:1us")
    assert busy["oversubscribed"] and busy["warnings"]
    assert not waiting["oversubscribed"] and not waiting["warnings"]


def test_first_episode_above_is_where_the_training_return_says(tmp_path: Path) -> None:
    # One environment: an episode of CartPole-v1 is as many steps as its return.
    options = "--algorithm a2c --env CartPole-v1 --envs 1 --steps-per-round 500 --rounds 8"
    plain = train(tmp_path, options)
    assert plain["configuration"]["solved_return"] is None and "first_episode_above" not in plain
    solved = train(tmp_path, options, "--solved-return 0")["first_episode_above"]
    assert solved["return"] == 0 and 8 < solved["steps"] < 100
    # The first episode ended with those steps, so its return is no greater than them, and a step less is exceeded.
    again = train(tmp_path, options, f"--solved-return {solved['steps'] - 0.5}")["first_episode_above"]
    assert again["steps"] == solved["steps"]
    later = train(tmp_path, options, f"--solved-return {solved['steps']}")
    assert later["first_episode_above"]["steps"] > solved["steps"]
    curve = later["curve"]
    at = next(point for point in curve if point["steps"] >= later["first_episode_above"]["steps"])
    assert later["first_episode_above"]["seconds"] == pytest.approx(at["seconds"])
    never = train(tmp_path, options, "--solved-return 500")["first_episode_above"]
    assert never == {"return": 500, "steps": None, "seconds": None}


def test_first_episode_above_does_not_depend_on_the_mode(tmp_path: Path) -> None:
    options = "--algorithm dqn --env CartPole-v1 --rounds 6 --solved-return 30 --warmup-rounds 1 --shards 4"
    steps = [
        train(tmp_path, options, f"--collect {mode}")["first_episode_above"]["steps"]
        for mode in ("serial", "processes --workers 3", "processes --workers 4 --agreement all-reduce")
    ]
    assert steps[0] == steps[1] == steps[2] and steps[0] % ENVIRONMENTS == 0
    whole = "--algorithm reinforce --env CartPole-v1 --rounds 2 --solved-return 20"
    episodes = [train(tmp_path, whole, f"--collect {mode}") for mode in ("serial", "threads --workers 2")]
    firsts = [record["first_episode_above"]["steps"] for record in episodes]
    assert firsts[0] == firsts[1] > 20
