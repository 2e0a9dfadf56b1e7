"""What a person sees: help that fits 80 columns, one rewritten line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading
from pathlib import Path

import pytest
from program import ROUND_STEPS, SMALL, Program, run

# Rounds of 20 ms, long enough for the line to be rewritten a few times.
TRAIN = ["train", *SMALL, "--progress", "auto", "--step-cost", "wait:80us"]
LINE = re.compile(
    r"round (\d+)/(\d+)  (\d+) steps  (warming up|\d+ steps/s(  (training )?return -?\d+\.\d)?  \d+:\d\d left)"
)


class Terminal:
    """Standard error as a terminal of so many columns."""

    def __init__(self, columns: int) -> None:
        self._controller, self.errors = pty.openpty()
        fcntl.ioctl(self.errors, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        attributes = termios.tcgetattr(self.errors)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(self.errors, termios.TCSANOW, attributes)
        self._text = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self._text += os.read(self._controller, 65536)
            except OSError:  # Everybody has closed it.
                return

    def written(self) -> str:
        os.close(self.errors)
        self._reader.join()
        os.close(self._controller)
        return self._text.decode()


def screen_of(text: str, columns: int) -> list[str]:
    """What a terminal shows in the end: carriage return, line feed and clearing to the end of the line."""
    lines, column = [""], 0
    for token in re.findall(r"\x1b\[K|\r|\n|[^\x1b]", text):
        if token == "\r":
            column = 0
        elif token == "\n":
            lines.append("")
            column = 0
        elif token == "\x1b[K":
            lines[-1] = lines[-1][:column]
        else:
            if column == columns:
                lines.append("")
                column = 0
            lines[-1] = lines[-1][:column] + token + lines[-1][column + 1 :]
            column += 1
    return lines


@pytest.mark.parametrize("columns", [100, 40])
def test_one_line_is_rewritten_on_a_terminal(tmp_path: Path, columns: int) -> None:
    terminal = Terminal(columns)
    options = ["--env", "CartPole-v1", "--warmup-rounds", "2", "--steps", str(30 * ROUND_STEPS)]
    outcome = run([*TRAIN, *options], tmp_path, errors=terminal.errors)
    text = terminal.written()
    assert outcome.status == 0
    assert text.count("\r") >= 3
    screen = screen_of(text, columns)
    assert len(screen) == 2 and screen[1] == ""
    if columns == 100:
        assert LINE.fullmatch(screen[0])
    assert screen[0].startswith(f"round 32/32  {32 * ROUND_STEPS} steps")
    # Standard output has the summary, without anything for terminals.
    assert re.fullmatch(r"ppo CartPole-v1 serial W=1: 30 rounds of \d+ steps, [^\n]*\n", outcome.output)


def test_plain_lines_when_piped(tmp_path: Path) -> None:
    outcome = run([*TRAIN, "--steps", str(2 * ROUND_STEPS)], tmp_path)
    assert "\r" not in outcome.errors and "\x1b" not in outcome.errors
    assert all(LINE.fullmatch(line) for line in outcome.errors.splitlines())
    assert outcome.errors.splitlines()[-1].startswith("round 2/2  512 steps")
    assert outcome.errors.endswith("0:00 left\n")


def test_plain_lines_on_a_terminal_if_asked_for(tmp_path: Path) -> None:
    terminal = Terminal(100)
    run([*TRAIN, "--progress", "plain", "--steps", str(2 * ROUND_STEPS)], tmp_path, errors=terminal.errors)
    assert "\r" not in (text := terminal.written()) and text.endswith("0:00 left\n")


def test_nothing_if_asked_for(tmp_path: Path) -> None:
    outcome = run([*TRAIN, "--progress", "none", "--steps", "1"], tmp_path)
    assert (outcome.output, outcome.errors) == ("", "")


def test_time_left_is_of_counted_rounds(tmp_path: Path) -> None:
    """10 rounds of 0.4 s after 20 that take none: 3.6 s are left after the first, whatever the warm-up took."""
    wait = 0.4 / ROUND_STEPS
    options = f"--steps {10 * ROUND_STEPS} --warmup-rounds 20 --step-cost wait:{wait:.7f}s".split()
    terminal = Terminal(100)
    run([*TRAIN, *options], tmp_path, errors=terminal.errors)
    counted = [line for line in LINE.finditer(terminal.written()) if int(line[1]) > 20]
    assert counted
    for line in counted:
        rounds_left = 30 - int(line[1])
        minutes, seconds = line[0].rpartition("  ")[2].removesuffix(" left").split(":")
        # Rounded to a second; a machine that does other things, too, is slower.
        assert 0.4 * rounds_left - 0.6 <= 60 * int(minutes) + int(seconds) <= 0.8 * rounds_left + 0.6


def test_an_error_has_a_line_of_its_own(tmp_path: Path) -> None:
    terminal = Terminal(100)
    arguments = ["train", *SMALL, "--progress", "auto", "--steps", "2560000", "--step-cost", "wait:200us"]
    program = Program([*arguments, "--collect", "processes", "--workers", "2"], tmp_path, errors=terminal.errors)
    os.kill(program.await_workers(1)[0], signal.SIGKILL)
    assert program.process.wait(5.0) == 1
    screen = screen_of(terminal.written(), 1000)
    assert len(screen) == 3 and LINE.fullmatch(screen[0]) and screen[1].startswith("prl: worker 1 (process")


@pytest.mark.parametrize("command", [[], ["train"], ["tune"], ["evaluate"], ["list"], ["train", "--algorithm", "q-learning"]])
def test_help_fits_a_terminal_of_80_columns(tmp_path: Path, command: list[str]) -> None:
    outcome = run([*command, "--help"], tmp_path)
    assert outcome.status == 0 and outcome.errors == ""
    assert [line for line in outcome.output.splitlines() if len(line) > 80] == []
    assert outcome.output.startswith(run([*command, "-h"], tmp_path).output)
    assert " ".join(["Usage: prl", *command[:1]]) in outcome.output


def test_help_names_every_setting_of_a_file(tmp_path: Path) -> None:
    """What a TOML file may set, as the error for an unknown setting lists it."""
    (tmp_path / "run.toml").write_text("nothing = 1\n")
    listed = run(["train", "--config", "run.toml"], tmp_path).errors.rpartition("give some of ")[2].strip().split(", ")
    text = run(["train", "--help"], tmp_path).output
    assert len(listed) > 30
    assert [name for name in listed if f"--{name.replace('_', '-')} " not in text] == []
