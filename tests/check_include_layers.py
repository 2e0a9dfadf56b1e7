"""Checks that every file includes only what its layer may: CMake holds the libraries, this the headers."""

import pathlib
import re
import sys

# Folder -> the project folders whose headers its files may include, and which of the restricted headers they may.
ALLOWED = {
    "core": ({"core"}, ()),
    "envs": ({"core", "envs"}, ()),
    "device": ({"core", "envs", "device"}, ()),
    "algorithms": ({"core", "algorithms"}, ("torch/",)),
    "parallel": ({"core", "parallel"}, ("tbb/", "mpi.h", "thread")),
}
RESTRICTED = ("torch/", "ATen/", "tbb/", "oneapi/", "mpi.h", "thread", "nlohmann/", "CLI/")
SUFFIXES = (".hpp", ".cpp", ".cuh", ".cu")
INCLUDE = re.compile(r'^\s*#include\s+([<"])([^>"]+)[>"]')


def faults(root: pathlib.Path) -> list[str]:
    found = []
    for folder, (projects, systems) in ALLOWED.items():
        for path in sorted(path for path in (root / folder).rglob("*") if path.suffix in SUFFIXES):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                kind, header = match.groups()
                where = f"{path.relative_to(root)}:{number}: includes {header}"
                if kind == '"' and header.split("/")[0] not in projects:
                    found.append(f"{where}, but {folder} may include only {', '.join(sorted(projects))}")
                if kind == "<" and header.startswith(RESTRICTED) and not header.startswith(systems or ("\0",)):
                    found.append(f"{where}, which {folder} may not use")
    return found


if __name__ == "__main__":
    messages = faults(pathlib.Path(sys.argv[1]))
    print("\n".join(messages) if messages else "every include keeps to its layer")
    sys.exit(1 if messages else 0)
