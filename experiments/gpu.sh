#!/usr/bin/env bash
# On a machine with a GPU: builds the kernels for it, checks them against the processor, times them, and leaves the
# figures as DIR/gpu_kernels.json (in the form of Google Benchmark's documents), DIR being the first argument or
# results/gpu.
#
# Needs nvcc 12 or later, CMake 3.25 or later, Ninja or make, and python3; neither LibTorch, oneTBB, MPI nor any other
# package of the suite. Takes two to three minutes. Without a device the table reads 'not run: no CUDA device'; with
# GPU_KERNELS=host the processor takes its place, which tries the script itself.
set -euo pipefail
cd "$(dirname "$0")/.."
results=${1:-results/gpu}
build="build-kernels"
place=${GPU_KERNELS:-}

stop() {
  echo "gpu.sh: $1" >&2
  exit 1
}
command -v cmake >/dev/null || stop "cmake is missing: install CMake 3.25 or later"
command -v python3 >/dev/null || stop "python3 is missing: install Python 3"
nvcc=$(command -v nvcc || echo "${CUDACXX:-/usr/local/cuda/bin/nvcc}")
cuda=ON
if [ ! -x "$nvcc" ]; then
  [ "$place" = host ] || stop "nvcc is missing: install a CUDA toolkit of version 12 or later, or set CUDACXX to its nvcc"
  cuda=OFF
fi

# Kernels of the device at hand alone, where the driver says which it is.
capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d '. ' || true)
case $capability in
  '' | *[!0-9]*) capability= ;;
esac
generator='Unix Makefiles'
if command -v ninja >/dev/null; then generator=Ninja; fi

mkdir -p "$build" "$results"
CUDACXX=$nvcc cmake -S . -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE=Release -DPRL_ONLY_KERNELS=ON \
  -DPRL_CUDA="$cuda" -DPRL_CUDA_ARCHITECTURES="$capability" >"$build/configure.log" 2>&1 ||
  { tail -n 20 "$build/configure.log" >&2; stop "the build could not be configured"; }
cmake --build "$build" --target gpu_kernels --parallel >"$build/build.log" 2>&1 ||
  { tail -n 20 "$build/build.log" >&2; stop "the build failed"; }

status=0
timeout 300 "$build/gpu_kernels" ${place:+"$place"} >"$results/gpu_kernels.json.part" 2>"$build/run.log" || status=$?
if [ "$status" = 3 ]; then
  rm "$results/gpu_kernels.json.part"
  cat "$build/run.log"
  exit 0
fi
if [ "$status" -gt 1 ] || [ ! -s "$results/gpu_kernels.json.part" ]; then
  cat "$build/run.log" >&2
  stop "the kernels did not run to their end (status $status)"
fi
mv "$results/gpu_kernels.json.part" "$results/gpu_kernels.json"
python3 - "$results/gpu_kernels.json" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
print(*(f"{key}: {value}" for key, value in document["context"].items()), sep=", ")
for row in document["benchmarks"]:
    if row["run_type"] == "check":
        print(f"{row['name']:<58} {'differs' if row['error_occurred'] else 'agrees'}, by {row['difference']:.3g}")
    else:
        rate, value = next((key, value) for key, value in row.items() if key.endswith("/s"))
        print(f"{row['name']:<58} {row['real_time'] * 1e-9:.3g} s, {value:.3g} {rate}")
END
[ "$status" = 0 ] || stop "kernels differ from the processor: see the lines above"
