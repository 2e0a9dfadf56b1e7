"""Records transitions of the real Gymnasium environments, for tests/gymnasium_test.cpp to compare with.

Usage: record_trajectories.py OUT_DIR

Writes for each of the classic-control environments, numbers as hexadecimal floats so that no bit is lost:
  <name>_steps.csv     single steps from random states and from the edges of the equations;
  <name>_episodes.csv  whole episodes up to the time limit;
  <name>_vector.csv    a vector environment with autoreset in the same step.
A state is the environment's own, in double precision; an observation is what Gymnasium returns, in single precision.
"""

import math
import pathlib
import sys

try:
    import gymnasium
    import numpy
    from gymnasium.vector import AutoresetMode
except ImportError as error:
    sys.exit(f"record_trajectories.py: {error}; expected gymnasium 1.1 or later; install what requirements.txt lists")

RANDOM_STEPS = 20_000
EPISODES = 20
VECTOR_ENVIRONMENTS = 3


def as_single(values):
    """Rounded to single precision, so that the float and the double step can start from the very same state."""
    return numpy.asarray(values, dtype=numpy.float32).astype(numpy.float64)


class Pendulum:
    name = "Pendulum-v1"
    state_names = ["theta", "theta_dot"]
    observation_names = ["cos_theta", "sin_theta", "angular_velocity"]
    vector_steps = 450

    def random_steps(self, rng):
        """Angles as far as 200 steps can reach, torques beyond the limit, in single and in double precision."""
        for i in range(RANDOM_STEPS):
            state = as_single([rng.uniform(-90, 90), rng.uniform(-8, 8)])
            yield state, self.action(as_single(rng.uniform(-3, 3)), in_double=i % 2 == 0)

    def edge_steps(self):
        turns = numpy.arange(-13, 14) * numpy.pi
        offsets = [0.0, 1e-7, -1e-7, 1e-3, -1e-3]
        for theta in [angle + offset for angle in turns for offset in offsets]:
            for theta_dot in [-8.0, -7.7, 0.0, 7.7, 8.0]:
                for torque in [-1e6, -2.0, numpy.nextafter(2.0, 3.0), 0.0, 2.0]:
                    yield numpy.array([theta, theta_dot]), self.action(torque, in_double=True)

    def action(self, torque, in_double=False):
        return numpy.array([torque], dtype=numpy.float64 if in_double else numpy.float32)

    def episode_action(self, rng, state, environment):
        return self.action(rng.uniform(-2.5, 2.5))

    def last_step_state(self):
        return None


class CartPole:
    name = "CartPole-v1"
    state_names = ["x", "x_dot", "theta", "theta_dot"]
    observation_names = ["cart_position", "cart_velocity", "pole_angle", "pole_velocity"]
    vector_steps = 1_100
    max_angle = 12 * 2 * numpy.pi / 360

    def random_steps(self, rng):
        """States in and around the track, half of them within a step of a limit."""
        for i in range(RANDOM_STEPS):
            x, theta = rng.uniform(-3, 3), rng.uniform(-0.3, 0.3)
            if i % 4 == 1:
                x = rng.choice([-1, 1]) * (2.4 + rng.uniform(-0.05, 0.05))
            if i % 4 == 3:
                theta = rng.choice([-1, 1]) * (self.max_angle + rng.uniform(-0.05, 0.05))
            yield as_single([x, rng.uniform(-5, 5), theta, rng.uniform(-5, 5)]), int(rng.integers(2))

    def edge_steps(self):
        """Exactly on a limit, where an episode goes on, and the next number beyond, where it ends."""
        for limit, component in [(2.4, 0), (self.max_angle, 2)]:
            for bound in [limit, numpy.nextafter(limit, 9), numpy.nextafter(limit, 0)]:
                for sign in [-1, 1]:
                    for action in [0, 1]:
                        state = numpy.zeros(4)
                        state[component] = sign * bound
                        yield state, action

    def episode_action(self, rng, state, environment):
        """Environment 0 and every third balances, so that the time limit is reached; others fall by chance."""
        if environment % 3 == 1:
            return int(rng.integers(2))
        return int(state[2] + 0.3 * state[3] + 0.03 * state[0] + 0.06 * state[1] > 0)

    def last_step_state(self):
        """A state that falls in the next step, whatever the action."""
        return numpy.array([0.0, 0.0, 0.99 * self.max_angle, 3.0])


class Acrobot:
    name = "Acrobot-v1"
    state_names = ["theta1", "theta2", "theta1_dot", "theta2_dot"]
    observation_names = ["cos_theta1", "sin_theta1", "cos_theta2", "sin_theta2", "velocity1", "velocity2"]
    vector_steps = 1_100

    def random_steps(self, rng):
        """Half of them swinging as an episode does, the others anywhere within the bounds on the speeds."""
        for i in range(RANDOM_STEPS):
            fastest1, fastest2 = [(4, 6), (4 * numpy.pi, 9 * numpy.pi)][i % 2]
            state = [rng.uniform(-numpy.pi, numpy.pi), rng.uniform(-numpy.pi, numpy.pi),
                     rng.uniform(-fastest1, fastest1), rng.uniform(-fastest2, fastest2)]
            yield as_single(state), int(rng.integers(3))

    def edge_steps(self):
        """Both angles at and beyond the seam of the wrap, speeds at and beyond their bounds."""
        seam = [numpy.pi, numpy.nextafter(numpy.pi, 4), numpy.nextafter(numpy.pi, 3), 3.5]
        for angle in seam:
            for sign1, sign2 in [(-1, -1), (-1, 1), (1, -1), (1, 1)]:
                for speed1, speed2 in [(0, 0), (1e-9, -1e-9), (4 * numpy.pi, 9 * numpy.pi), (14, -30), (-14, 30)]:
                    for action in [0, 1, 2]:
                        yield numpy.array([sign1 * angle, sign2 * angle, speed1, speed2]), action

    def episode_action(self, rng, state, environment):
        """Every third environment pumps energy until it reaches the goal; others get there by chance or not at all."""
        if environment % 3 == 1:
            return 2 if state[3] > 0 else 0
        return int(rng.integers(3))

    def last_step_state(self):
        """A state whose next one is above the goal, whatever the action."""
        return numpy.array([2.6, 0.0, 0.0, 0.0])


class MountainCar:
    name = "MountainCar-v0"
    state_names = ["position", "velocity"]
    observation_names = ["seen_position", "seen_velocity"]
    vector_steps = 450
    goal = 0.5

    def action(self, force, in_double=False):
        """From a force between -1 and 1."""
        return int(numpy.clip(round(float(force)), -1, 1)) + 1

    def random_steps(self, rng):
        """Anywhere, and a quarter each around the goal and around the wall."""
        for i in range(RANDOM_STEPS):
            position = rng.uniform(-1.2, 0.6)
            if i % 4 == 1:
                position = self.goal + rng.uniform(-0.08, 0.05)
            if i % 4 == 3:
                position = -1.2 + rng.uniform(0, 0.08)
            state = as_single([position, rng.uniform(-0.07, 0.07)])
            # Pairs, so that each of the four kinds comes in single and in double precision.
            yield state, self.action(as_single(rng.uniform(-1.6, 1.6)), in_double=i // 4 % 2 == 0)

    def edge_steps(self):
        """At the walls, on the goal and next to it, speeds at their bounds and beyond, at rest on the goal."""
        borders = [-1.2, self.goal, 0.6]
        positions = [border + offset for border in borders for offset in [0.0, 1e-12, -1e-12, 0.07, -0.07]]
        speeds = [0.0, -0.0, 1e-12, -1e-12, 0.001, -0.001, 0.07, -0.07, 0.071, -0.071]
        for position in positions:
            for velocity in speeds:
                for force in [-1e6, -1.0, 0.0, 1.0, 1e6]:
                    yield numpy.array([position, velocity]), self.action(force, in_double=True)
        for force in [-1.0, 0.0, 1.0]:
            for velocity in [0.07, 0.01, 1e-3]:
                yield self.state_before_goal(velocity, force), self.action(force, in_double=True)
            for position in [self.goal, 0.55]:  # comes to rest there
                yield numpy.array([position, -self.acceleration(position, force)]), self.action(force, in_double=True)

    def acceleration(self, position, force):
        return force * 0.001 - 0.0025 * math.cos(3 * position)

    def state_before_goal(self, velocity, force):
        """Whose next position is the goal, or as near as rounding allows."""
        position = self.goal
        for _ in range(20):
            position = self.goal - (velocity + self.acceleration(position, force))
        return numpy.array([position, velocity])

    def episode_action(self, rng, state, environment):
        """Every third environment pushes the way it rolls and reaches the goal; others push at random."""
        if environment % 3 == 1:
            return self.action(1.0 if state[1] >= 0 else -1.0)
        return self.action(rng.uniform(-1.5, 1.5))

    def last_step_state(self):
        """A state whose next one is beyond the goal, whatever the action."""
        return numpy.array([0.49, 0.06])


class MountainCarContinuous(MountainCar):
    name = "MountainCarContinuous-v0"
    vector_steps = 2_100
    goal = 0.45

    def action(self, force, in_double=False):
        return numpy.array([force], dtype=numpy.float64 if in_double else numpy.float32)

    def acceleration(self, position, force):
        return force * 0.0015 - 0.0025 * math.cos(3 * position)


def set_state(environment, state):
    environment.unwrapped.state = numpy.array(state, dtype=numpy.float64)
    if hasattr(environment.unwrapped, "steps_beyond_terminated"):
        environment.unwrapped.steps_beyond_terminated = None


def number(value):
    return float(value).hex()


def row(*parts):
    return ",".join(text for part in parts for text in ([part] if isinstance(part, str) else map(number, part)))


def header(subject, *others):
    following = [f"next_{name}" for name in subject.state_names]
    return ",".join([*others, *subject.state_names, "action", *following, "reward", "terminated", "truncated",
                     *subject.observation_names])


def transition(environment, state, action, stepper):
    """Takes the step; returns its line and whether the episode ended."""
    observation, reward, terminated, truncated, _ = stepper(action)
    line = row(state, numpy.ravel(action), environment.unwrapped.state, [reward, terminated, truncated], observation)
    return line, terminated or truncated


def record_steps(subject, rng):
    environment = gymnasium.make(subject.name)
    environment.reset(seed=0)
    yield header(subject, "double_action")
    for state, action in [*subject.random_steps(rng), *subject.edge_steps()]:
        set_state(environment, state)
        in_double = getattr(action, "dtype", None) == numpy.float64
        line, _ = transition(environment, state, action, environment.unwrapped.step)
        yield row([in_double], line)


def record_episodes(subject, rng):
    environment = gymnasium.make(subject.name)
    yield header(subject, "episode", "step")
    for episode in range(EPISODES):
        environment.reset(seed=1000 + episode)
        for step in range(1, environment.spec.max_episode_steps + 1):
            state = numpy.array(environment.unwrapped.state)
            action = subject.episode_action(rng, state, episode)
            line, ended = transition(environment, state, action, environment.step)
            yield row([episode, step], line)
            if ended:
                break


def record_vector(subject, rng):
    """Environment 2 is made to fall in its last allowed step, so that both ends fall together."""
    environments = gymnasium.make_vec(subject.name, num_envs=VECTOR_ENVIRONMENTS, vectorization_mode="sync",
                                      vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP})
    environments.reset(seed=2000)
    members = environments.envs
    limit = members[0].spec.max_episode_steps
    elapsed = [0] * VECTOR_ENVIRONMENTS
    finals = [f"final_{name}" for name in subject.observation_names]
    yield ",".join(["step", "environment", *subject.state_names, "action", "reward", "terminated", "truncated",
                    *subject.observation_names, *finals])
    for step in range(1, subject.vector_steps + 1):
        if elapsed[2] == limit - 1 and subject.last_step_state() is not None:
            set_state(members[2], subject.last_step_state())
        states = [numpy.array(member.unwrapped.state) for member in members]
        actions = [subject.episode_action(rng, state, i) for i, state in enumerate(states)]
        observations, rewards, terminated, truncated, info = environments.step(numpy.array(actions))
        for i in range(VECTOR_ENVIRONMENTS):
            ended = terminated[i] or truncated[i]
            elapsed[i] = 0 if ended else elapsed[i] + 1
            final = info["final_obs"][i] if ended else numpy.full(len(finals), numpy.nan)
            yield row([step, i], states[i], numpy.ravel(actions[i]), [rewards[i], terminated[i], truncated[i]],
                      observations[i], final)


def main():
    if len(sys.argv) != 2:
        sys.exit("record_trajectories.py: expected one argument, the folder to write to")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for subject in [Pendulum(), CartPole(), Acrobot(), MountainCar(), MountainCarContinuous()]:
        rng = numpy.random.default_rng(20240607)
        for kind, lines in [("steps", record_steps), ("episodes", record_episodes), ("vector", record_vector)]:
            text = "\n".join(lines(subject, rng)) + "\n"
            target = folder / f"{subject.name.split('-')[0].lower()}_{kind}.csv"
            temporary = target.with_suffix(".partial")
            temporary.write_text(text)
            temporary.replace(target)


if __name__ == "__main__":
    main()
