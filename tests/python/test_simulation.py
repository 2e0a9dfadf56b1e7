"""The simulated messages: closed forms of bytes, and of seconds where a network's model has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.simulation import simulate
from experiments.simulation.simulate import MESSAGE_SECONDS, Exchange, Network, simulated_points, why_not
from experiments.simulation.traffic import Traffic, traffic_of

PARAMETERS = 67_331
NETWORK = Network(bits_per_second=10e9, one_way_seconds=20e-6)


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := why_not():
        pytest.skip(reason)
    return simulate.compiled_skeleton(tmp_path_factory.mktemp("skeleton"))


def seconds(program: Path, form: str, workers: int, parameters: int = PARAMETERS, shards: int = 1) -> float:
    exchange = Exchange(form, parameters, shards=shards)
    return float(simulated_points(program, exchange, NETWORK, [workers])[0]["seconds"])


def test_traffic_of_small_cases_counted_by_hand() -> None:
    # Two parameters' worth of cache lines for two ranks, 64 bytes each.
    assert traffic_of("ring", 2, 32) == Traffic(2 * 128 + 2 * 8, 4 + 2)
    assert traffic_of("server", 4, 32) == Traffic(2 * 3 * 128, 6)
    assert traffic_of("server", 4, 32, shards=2) == Traffic(2 * 3 * 128, 12)
    assert traffic_of("central", 3, 32, trajectory_bytes=300) == Traffic(2 * (128 + 32 + 100), 8)
    assert traffic_of("gossip-ring", 2, 32) == Traffic(2 * 128, 2)
    assert traffic_of("gossip-exponential", 8, 32) == Traffic(8 * 128, 8)
    # Three ranks: two halve and double, the third hands over and takes back all.
    assert traffic_of("halving-doubling", 3, 32) == Traffic(2 * 128 * 2 + 8 * 6, 4 + 2 + 6)


@pytest.mark.parametrize("form", ["central", "direct", "ring", "halving-doubling", "server", "gossip-ring"])
def test_the_skeleton_moves_the_bytes_of_the_formulas(skeleton: Path, form: str) -> None:
    exchange = Exchange(form, PARAMETERS, trajectory_bytes=16_896 * 16, shards=3)
    simulated_points(skeleton, exchange, NETWORK, [2, 3, 5, 12])  # raises where they differ


def test_bytes_that_differ_are_refused() -> None:
    answer = {"bytes": 1.0, "messages": 1.0, "seconds": 1.0}
    with pytest.raises(simulate.SimulationError, match="the formula says"):
        simulate.check_traffic(Exchange("ring", 32), 2, answer)


def test_seconds_are_those_of_the_closed_forms(skeleton: Path) -> None:
    """parallel/agree/gradient_collective.hpp: steps x latency + bytes x time of a byte, and 3 us of processor time a step."""
    beta, whole = 8 / NETWORK.bits_per_second, 4 * PARAMETERS
    step = NETWORK.one_way_seconds + 2 * MESSAGE_SECONDS
    workers = 8
    norm = NETWORK.one_way_seconds + 2 * (workers - 1) * MESSAGE_SECONDS
    moved = 2 * (workers - 1) / workers * whole * beta
    assert seconds(skeleton, "ring", workers) == pytest.approx(2 * (workers - 1) * step + moved + norm, rel=0.05)
    assert seconds(skeleton, "halving-doubling", workers) == pytest.approx(2 * 3 * step + moved + norm, rel=0.05)
    server = 2 * (NETWORK.one_way_seconds + (workers - 1) * whole * beta)
    assert seconds(skeleton, "server", workers) == pytest.approx(server, rel=0.05)
    assert seconds(skeleton, "gossip-exponential", workers) == pytest.approx(step + whole * beta, rel=0.05)


def test_shards_divide_the_servers_seconds(skeleton: Path) -> None:
    one, four = seconds(skeleton, "server", 8), seconds(skeleton, "server", 8, shards=4)
    assert one / four == pytest.approx(4, rel=0.15)


def test_the_stand_in_for_the_norm_of_many_ranks_continues_the_simulation(skeleton: Path) -> None:
    """From 65 ranks on the 8 bytes between all pairs are not simulated one by one: nothing may jump there."""
    at = {workers: seconds(skeleton, "ring", workers, parameters=16) for workers in (63, 64, 65, 66)}
    step = at[66] - at[65]
    assert at[64] - at[63] == pytest.approx(step, rel=0.5)
    assert at[65] - at[64] == pytest.approx(step, abs=0.1 * at[64])


def test_a_simulation_repeats_exactly(skeleton: Path) -> None:
    assert seconds(skeleton, "ring", 7) == seconds(skeleton, "ring", 7)


def test_work_overlaps_with_nothing_in_a_lock_step_round(skeleton: Path) -> None:
    idle = simulated_points(skeleton, Exchange("central", PARAMETERS, 270_336), NETWORK, [4])[0]["seconds"]
    busy = simulated_points(skeleton, Exchange("central", PARAMETERS, 270_336, 2.0, 0.25), NETWORK, [4])[0]["seconds"]
    assert busy - idle == pytest.approx(2.0 / 4 + 0.25, rel=1e-3)


def test_without_simgrid_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate.shutil, "which", lambda _program: None)
    assert "apt-get install libsimgrid-dev" in why_not()
