"""Records the transition tables of Gymnasium's toy_text environments, for tests/tabular_gymnasium_test.cpp.

Usage: record_tables.py OUT_DIR

Writes for every table, numbers as hexadecimal floats so that no bit is lost:
  <name>_outcomes.csv  state, action, probability, next_state, reward, terminated, in the order of env.unwrapped.P;
  <name>_start.csv     state, probability, of env.unwrapped.initial_state_distrib;
  <name>_limit.csv     the steps of TimeLimit, 0 for none.
"""

import pathlib
import sys

try:
    import gymnasium
except ImportError as error:
    sys.exit(f"record_tables.py: {error}; expected gymnasium 1.3 or later; install what requirements.txt lists")

# The suite's name -> Gymnasium's and its arguments.
TABLES = {
    "FrozenLake-v1": ("FrozenLake-v1", {}),
    "FrozenLake-v1-dry": ("FrozenLake-v1", {"is_slippery": False}),
    "FrozenLake8x8-v1": ("FrozenLake8x8-v1", {}),
    "FrozenLake8x8-v1-dry": ("FrozenLake8x8-v1", {"is_slippery": False}),
    "CliffWalking-v1": ("CliffWalking-v1", {}),
    "CliffWalkingSlippery-v1": ("CliffWalkingSlippery-v1", {}),
    "Taxi-v4": ("Taxi-v4", {}),
}


def line(*values):
    return ",".join(float(value).hex() for value in values)


def outcomes(environment):
    yield "state,action,probability,next_state,reward,terminated"
    for state in sorted(environment.P):
        for action in sorted(environment.P[state]):
            for outcome in environment.P[state][action]:
                yield line(state, action, *outcome)


def starts(environment):
    yield "state,probability"
    for state, probability in enumerate(environment.initial_state_distrib):
        yield line(state, probability)


def write(target, lines):
    temporary = target.with_suffix(".partial")
    temporary.write_text("\n".join(lines) + "\n")
    temporary.replace(target)


def main():
    if len(sys.argv) != 2:
        sys.exit("record_tables.py: expected one argument, the folder to write to")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (identifier, arguments) in TABLES.items():
        environment = gymnasium.make(identifier, **arguments)
        write(folder / f"{name}_outcomes.csv", outcomes(environment.unwrapped))
        write(folder / f"{name}_start.csv", starts(environment.unwrapped))
        write(folder / f"{name}_limit.csv", ["limit", line(environment.spec.max_episode_steps or 0)])


if __name__ == "__main__":
    main()
