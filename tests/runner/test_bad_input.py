"""Bad input: one line on standard error that says what was wrong and what to do, status 2, nothing written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from program import SMALL, SMALL_DQN, Outcome, mpirun, run, small

# What a program did, and the files that it left.
Refusal = tuple[Outcome, list[str]]

COMMANDS = "train, tune, evaluate, list"
# Options of `prl train`, what the error has to name.
REFUSED = [
    # Unknown names list the known ones.
    ("--algorithm dqm", "'dqm' is unknown: give one of ppo, a2c, vtrace, dqn"),
    ("--env Hopper-v4", "'Hopper-v4' is unknown: give one of CartPole-v1, Acrobot-v1, "
     "MountainCar-v0, MountainCarContinuous-v0, Pendulum-v1"),
    ("--preset best", "'best' is unknown: give one of d4, sb3, tuned"),
    ("--collect gpu", "'gpu' is unknown: give one of serial, threads, processes, mpi"),
    ("--inference server", "'server' is unknown: give one of workers, learner"),
    ("--agreement vote", "'vote' is unknown: give one of none, all-reduce, hogwild, server, gossip"),
    ("--evaluation-action best", "'best' is unknown: give one of mean, sampled"),
    ("--activation gelu", "'gelu' is unknown: give one of tanh, relu"),
    ("--progress loud", "'loud' is unknown: give one of auto, plain, none"),
    ("--worker 2", "no option '--worker': give some of --activation, "),
    ("2048", "no option '2048'"),
    # Counts.
    ("--workers 0", "--workers is 0"),
    ("--envs -8", "--envs is -8"),
    ("--steps 0", "--steps is 0"),
    ("--steps 9223372036854775807", "--steps is 9223372036854775807"),
    ("--workers 4294967297", "--workers cannot be '4294967297': give a whole number"),
    ("--steps-per-round 0", "--steps-per-round must be at least 1"),
    ("--epochs 0", "--epochs is 0"),
    ("--epochs 2000000000", "2000000000 epochs"),
    ("--minibatch -1", "--minibatch is -1"),
    ("--learner-threads 0", "--learner-threads is 0"),
    ("--threads-per-worker 0", "--threads-per-worker is 0"),
    ("--shards 0", "--shards is 0"),
    ("--warmup-rounds -1", "--warmup-rounds is negative"),
    ("--evaluate-every -1", "--evaluate-every is negative"),
    ("--evaluation-episodes 0", "--evaluation-episodes is 0"),
    ("--final-episodes -1", "--final-episodes is negative"),
    ("--workers 1.5", "--workers cannot be '1.5': give a whole number"),
    ("--seed -1", "'-1' is no seed"),
    ("--seed 18446744073709551616", "'18446744073709551616' is no seed"),
    ("--hidden 16,,16", "--hidden '16,,16'"),
    ("--hidden 0", "--hidden '0'"),
    # Numbers.
    ("--gamma 2", "--gamma is 2: give a number from 0 to 1"),
    ("--gamma nan", "--gamma is nan"),
    ("--gae-lambda inf", "--gae-lambda is inf"),
    ("--clip nan", "--clip is nan"),
    ("--learning-rate inf", "--learning-rate is inf"),
    ("--adam-epsilon 0", "--adam-epsilon is 0"),
    ("--max-gradient-norm nan", "--max-gradient-norm is nan"),
    ("--entropy-coefficient nan", "--entropy-coefficient is nan"),
    ("--value-coefficient inf", "--value-coefficient is inf"),
    ("--initial-log-std nan", "--initial-log-std is nan"),
    ("--gamma high", "--gamma cannot be 'high': give a number"),
    ("--clip-value maybe", "--clip-value cannot be 'maybe': give true|false"),
    ("--step-cost wait:often", "step cost 'wait:often'"),
    ("--step-cost busy:1", "the duration has no unit"),
    ("--step-cost wait:-1ms", "not above 0"),
    ("--step-cost sleep:1ms", "unknown kind"),
    ("--step-cost wait:1ms --cost-rounds 0", "--cost-rounds '0': give ascending rounds"),
    ("--step-cost wait:1ms --cost-rounds 1,,2", "--cost-rounds '1,,2'"),
    ("--step-cost wait:1ms --cost-rounds 2,1", "--cost-rounds '2,1'"),
    ("--step-cost wait:1ms --cost-rounds 1,1", "--cost-rounds '1,1'"),
    ("--step-cost wait:1ms --steps 512 --cost-rounds 2,3", "--cost-rounds names round 3 of 2"),
    ("--cost-rounds 1", "which rounds pay a step cost, and there is none: give --step-cost"),
    ("--step-cost wait:1ms:cauchy:1", "the spread is neither pareto nor lognormal"),
    ("--step-cost wait:1ms:pareto:1", "pareto's shape is not above 1"),
    ("--reset-cost wait:1ms:pareto:2", "--reset-cost has no spread"),
    ("--reset-cost 1ms", "step cost '1ms'"),
    ("--collect threads --workers 2 --slow-worker 1:2", "--slow-worker multiplies a step cost, and there is none"),
    ("--collect threads --workers 2 --step-cost wait:1ms --slow-worker 2:2", "--slow-worker 2 of 2 workers"),
    ("--collect processes --workers 2 --threads-per-worker 2 --step-cost wait:1ms --slow-worker 1:2", "leave --threads-per-worker away"),
    ("--step-cost wait:1ms --slow-worker 0:2", "--slow-worker 0 of 1 workers"),
    ("--collect threads --workers 2 --step-cost wait:1ms --slow-worker 1", "--slow-worker '1' is not I:K"),
    ("--collect threads --workers 2 --step-cost wait:1ms --slow-worker 1:0.5", "--slow-worker '1:0.5' is not I:K"),
    ("--collect threads --workers 2 --step-cost wait:1ms --slow-worker=-1:2", "--slow-worker '-1:2' is not I:K"),
    # Other rules' settings and environments.
    ("--algorithm dqn --env CartPole-v1 --epochs 1", "--epochs is no setting of dqn: give some of --learning-rate, --gamma, --n-step"),
    ("--replay uniform", "--replay is no setting of ppo"),
    # Combinations.
    ("--collect threads --workers 9", "9 workers cannot share 8 environments"),
    ("--workers 2", "--collect serial has one worker, not 2"),
    ("--agreement all-reduce", "a single worker has nobody to agree with"),
    ("--collect threads --workers 2 --inference learner", "use processes or mpi"),
    ("--collect processes --workers 2 --inference learner --agreement all-reduce", "use --inference workers"),
    ("--collect processes --workers 3 --agreement all-reduce", "3 does not divide 8"),
    ("--collect processes --workers 2 --agreement all-reduce --all-reduce ring", "give --collect mpi --agreement all-reduce"),
    ("--collect mpi --workers 2 --all-reduce library", "give --collect mpi --agreement all-reduce"),
    ("--collect threads --workers 2 --agreement all-reduce --shards 4", "4 shards for 2 workers"),
    ("--agreement hogwild --schedule free-running", "nobody to share parameters with"),
    ("--collect threads --agreement hogwild", "use --schedule free-running"),
    ("--collect threads --workers 3 --agreement hogwild --schedule free-running", "3 workers do not divide 8"),
    ("--collect threads --workers 2 --agreement hogwild --schedule free-running --shards 2", "leave --shards and"),
    ("--collect threads --workers 2 --agreement hogwild --schedule free-running --queue-depth 2", "--queue-depth is for"),
    ("--collect threads --workers 2 --averages per-worker", "--averages is for --agreement hogwild"),
    ("--agreement server", "a single worker has nobody to agree with"),
    ("--collect processes --workers 2 --inference learner --agreement server", "use --inference workers"),
    ("--collect threads --workers 3 --agreement server", "3 does not divide 8"),
    ("--collect threads --workers 2 --agreement server --shards 2", "leave --shards and"),
    ("--collect threads --workers 2 --agreement server --server-shards 3", "there are 2: give at most as many"),
    ("--collect threads --workers 2 --server-shards 2", "give --agreement server with it"),
    ("--collect threads --workers 2 --agreement all-reduce --agree-every 2", "give --agreement server or gossip with it"),
    ("--collect threads --workers 2 --agreement server --agree-every 0", "--agree-every is 0"),
    ("--schedule pipelined", "nobody collects beside a single worker"),
    ("--collect threads --workers 2 --schedule pipelined --agreement all-reduce", "no time to collect meanwhile"),
    ("--collect threads --workers 2 --schedule pipelined --lag 1", "--lag 1 holds the actors of a central learner in lock-step"),
    ("--collect threads --grain 9", "--grain 9 of 8 environments"),
    ("--collect threads --grain -1", "--grain -1 of 8 environments"),
    ("--collect processes --grain 2", "give --collect threads with it"),
    ("--collect threads --schedule free-running --grain 2", "give --collect threads with it"),
    ("--balance speed", "between workers, and there is one"),
    ("--collect threads --workers 2 --balance load", "'load' is unknown: give one of none, speed"),
    ("--collect threads --workers 2 --schedule pipelined --balance speed", "between two rounds in lock-step"),
    ("--collect processes --workers 2 --agreement all-reduce --balance speed", "leave --schedule and --agreement away"),
    ("--collect threads --workers 2 --balance speed --grain 1", "--threads-per-worker and --grain away"),
    ("--collect mpi --workers 2 --agreement gossip --schedule free-running", "use threads or processes"),
    ("--collect mpi --workers 2 --spawn-actors true", "give --collect mpi --schedule free-running with it"),
    ("--collect processes --workers 2 --schedule free-running --spawn-actors true", "--spawn-actors is for MPI ranks"),
    ("--collect threads --workers 2 --agreement gossip --schedule free-running --graph one-peer", "give --graph ring, hypercube"),
    ("--cut-stragglers 0.5", "of slow workers, and there is one"),
    ("--collect threads --workers 2 --cut-stragglers 0", "--cut-stragglers is 0: give a share"),
    ("--collect threads --workers 2 --cut-stragglers nan", "--cut-stragglers is nan: give a share"),
    ("--collect threads --workers 2 --cut-stragglers 0.5 --schedule pipelined", "leave --schedule away"),
    ("--collect threads --workers 2 --cut-stragglers 0.5 --agreement server", "give --agreement none or all-reduce"),
    ("--collect threads --workers 2 --cut-stragglers 0.5 --balance speed", "--grain and --balance away"),
    ("--collect threads --workers 2 --cut-stragglers 0.5 --shards 3", "3 does not divide 8 environments"),
    ("--collect threads --workers 2 --cut-stragglers 0.5 --minibatch 2", "fewer than a round has minibatches"),
    ("--collect threads --workers 2 --agreement server --graph hypercube", "give --agreement gossip with it"),
    ("--agreement gossip", "a single worker has nobody to agree with"),
    ("--collect threads --workers 2 --agreement gossip --graph star", "'star' is unknown: give one of"),
    ("--collect threads --workers 2 --agreement server --server-takes gradients", "is for --agreement server --schedule free-running"),
    ("--collect threads --workers 2 --agreement server --merge-rate 0.25", "give --agreement server --schedule free-running with them"),
    ("--collect threads --workers 2 --agreement server --schedule free-running --merge-rate 0", "--merge-rate is 0"),
    ("--collect threads --workers 2 --agreement server --schedule free-running --server-shards 2", "in one place"),
    ("--steps-per-round 100", "--steps-per-round 100 is no multiple of --envs 8"),
    ("--learner-threads 2 --shards 3", "2 learner threads cannot share 3 shards"),
    ("--collect threads --workers 2 --threads-per-worker 2", "with --collect threads give --collect threads --workers 4"),
    ("--collect processes --workers 2 --inference learner --threads-per-worker 2", "use --inference workers"),
    ("--collect processes --workers 2 --threads-per-worker 5", "2 workers of 5 threads cannot share 8 environments"),
    ("--minibatch 4 --shards 8", "cannot be shared by 8 shards"),
    ("--publish-weights maybe", "--publish-weights cannot be 'maybe': give true|false"),
    ("--publish-weights false --lag 2", "--publish-weights false and --lag 2"),
    ("--collect processes --workers 2 --agreement all-reduce --publish-weights false", "leave --agreement and --inference away"),
    ("--collect processes --workers 2 --inference learner --publish-weights false", "leave --agreement and --inference away"),
    ("--solved-return nan", "--solved-return is nan: give a number"),
    ("--solved-return soon", "--solved-return cannot be 'soon'"),
    ("--save-policy record.json", "--record and --save-policy are both record.json"),
]


# The same for action values.
REFUSED_ACTION_VALUES = [
    ("--env Pendulum-v1", "there is no dqn on Pendulum-v1: its greatest action value is looked for among discrete actions"),
    ("--evaluation-action sampled", "action values of dqn are no distribution to sample from"),
    ("--replay oldest", "'oldest' is unknown: give one of uniform, prioritised, newest"),
    ("--replay-capacity 31", "a replay of 31 transitions never holds a batch of 32: give a larger --replay-capacity"),
    ("--shards 9 --batch 64", "9 shards cannot share 8 environments"),
    ("--shards 8 --batch 4", "a batch of 4 cannot be shared by 8 shards"),
    ("--train-every 0", "--train-every is 0"),
    ("--n-step 0", "--n-step is 0"),
    ("--target-interval 0", "give --agreement server with it"),
    ("--target-interval -1", "--target-interval is -1"),
    ("--epsilon-end 1.5", "--epsilon-end is 1.5: give a number from 0 to 1"),
    ("--importance-exponent nan", "--importance-exponent is nan"),
]


def expect_usage_error(outcome: Outcome, named: str) -> None:
    assert outcome.status == 2
    assert outcome.output == ""
    assert len(outcome.own_errors) == 1 and named in outcome.own_errors[0], outcome.errors


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Refusal]:
    """Of all REFUSED, two at a time: starting the program is all that they do."""

    def refuse(options: str, folder: Path) -> Refusal:
        outcome = run(["train", *SMALL, "--record", "record.json", *options.split()], folder)
        return outcome, sorted(file.name for file in folder.iterdir())

    all_options = [options for options, _ in REFUSED]
    # Made here, because pytest's factory is not for several threads.
    folders = [tmp_path_factory.mktemp("refused") for _ in REFUSED]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(all_options, pool.map(refuse, all_options, folders)))


@pytest.mark.parametrize(("options", "named"), REFUSED)
def test_train_refuses(refusals: dict[str, Refusal], options: str, named: str) -> None:
    outcome, files = refusals[options]
    expect_usage_error(outcome, named)
    assert outcome.errors.count("\n") == 1
    assert files == []


@pytest.mark.parametrize(("options", "named"), REFUSED_ACTION_VALUES)
def test_action_values_refuse(tmp_path: Path, options: str, named: str) -> None:
    words = ["train", "--algorithm", "dqn", *SMALL_DQN, *options.split(), "--record", "record.json"]
    expect_usage_error(run(words, tmp_path), named)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], f"no command: give one of {COMMANDS}"),
        (["trian"], f"'trian' is no command: give one of {COMMANDS}"),
        (["list", "--yaml"], "no option '--yaml': give some of --help, --json"),
        (["evaluate"], "--policy is required"),
        (["train", "--record"], "--record: 1 required FILE missing"),
        (["train", "--record", ""], "--record: give a file name"),
        (["train", "--config", "missing.toml"], "missing.toml cannot be read"),
        (["train", "--config", "."], ". cannot be read"),
        (["evaluate", "--policy", "missing"], "missing cannot be read"),
    ],
)
def test_words_that_make_no_command(tmp_path: Path, arguments: list[str], named: str) -> None:
    outcome = run(arguments, tmp_path)
    expect_usage_error(outcome, named)
    assert outcome.errors.count("\n") == 1


def test_a_missing_mpirun(tmp_path: Path) -> None:
    options = ["train", *SMALL, "--collect", "mpi", "--workers", "2", "--record", "record.json"]
    outcome = run(options, tmp_path, environment={"PATH": str(tmp_path)})
    expect_usage_error(outcome, "cannot start mpirun (No such file or directory): install Open MPI")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--collect mpi --workers 3", "--workers 3 but the launcher started 2 ranks: give --workers 2 or start 3"),
        ("--collect mpi --workers 2 --schedule free-running", "give --workers 1 or start 3"),
        ("--collect serial", "2 ranks but --collect is serial"),
        ("--gamma 2", "--gamma is 2"),
    ],
)
def test_a_launcher_that_contradicts_the_options(tmp_path: Path, options: str, named: str) -> None:
    arguments = ["train", *SMALL, *options.split(), "--record", "record.json"]
    expect_usage_error(run(arguments, tmp_path, launcher=mpirun(2)), named)
    assert list(tmp_path.iterdir()) == []


def test_the_same_ranks_as_workers_are_welcome(tmp_path: Path) -> None:
    arguments = ["train", *SMALL, "--steps", "256", "--collect", "mpi", "--workers", "2", "--record", "record.json"]
    assert run(arguments, tmp_path, launcher=mpirun(2)).status == 0
    assert (tmp_path / "record.json").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--steps-per-round 256", "--steps-per-round is no setting of reinforce, whose rounds are whole episodes"),
        ("--episodes 12", "--episodes 12 is no multiple of --envs 8"),
        ("--episodes 0", "--episodes is 0"),
        ("--episodes 2000000000", "--episodes 2000000000 may take 400000000000 steps a round"),
        ("--steps 100 --rounds 2", "--steps and --rounds both say how long the run is"),
        ("--rounds 0", "--rounds is 0"),
        ("--clip 0.1", "--clip is no setting of reinforce"),
        ("--collect threads --workers 2 --balance speed", "those of reinforce are whole episodes"),
        ("--returns n-step", "'n-step' is unknown: give one of whole-episode, reward-to-go"),
    ],
)
def test_rounds_of_whole_episodes_that_cannot_be(tmp_path: Path, options: str, reason: str) -> None:
    words = ["--algorithm", "reinforce", *options.split()]
    expect_usage_error(run(["train", *small(words), *words, "--record", "record.json"], tmp_path), reason)
