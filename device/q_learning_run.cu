// The device's form.
#include "device/q_learning_run.hpp"

#include <cuda/atomic>

#include <cstddef>
#include <utility>

#include "device/cuda_block.cuh"
#include "device/cuda_check.cuh"

namespace prl {
namespace {

constexpr int kBlockThreads = 256;

template <typename T>
using Shared = cuda::atomic_ref<T, cuda::thread_scope_device>;

// The printed form: nobody locks, and of two updates that meet the later store is what remains.
struct LaterWins {
  __device__ static float load(const float& cell) {
    return Shared<float>(const_cast<float&>(cell)).load(cuda::memory_order_relaxed);
  }
  __device__ static void move(float& cell, float target, float step) {
    Shared<float>(cell).store((1.0F - step) * load(cell) + step * target, cuda::memory_order_relaxed);
  }
  __device__ static std::uint32_t count(std::uint32_t& visits) {
    return Shared<std::uint32_t>(visits).fetch_add(1, cuda::memory_order_relaxed) + 1;
  }
};

// Every update moves the cell from where the one before left it.
struct AtomicMoves : LaterWins {
  __device__ static void move(float& cell, float target, float step) {
    Shared<float> shared(cell);
    float before = shared.load(cuda::memory_order_relaxed);
    while (!shared.compare_exchange_weak(before, (1.0F - step) * before + step * target, cuda::memory_order_relaxed,
                                         cuda::memory_order_relaxed)) {
    }
  }
};

struct Drawn {
  DeviceTable table;
  DeviceBootstrap bootstrap;
  std::uint64_t seed;
  std::uint64_t first_update;
  std::int64_t updates;
  float power;
  float* q;
  std::uint32_t* visits;
};

template <typename Cells>
__global__ void __launch_bounds__(kBlockThreads) drawn_kernel(Drawn d) {
  update_drawn_pair<Cells>(this_thread(), d.table, d.bootstrap, d.seed, d.first_update, d.updates, d.power, d.q,
                           d.visits);
}

__global__ void __launch_bounds__(kBlockThreads)
    sweep_kernel(DeviceTable table, DeviceBootstrap bootstrap, std::uint64_t seed, std::uint64_t sweep, float step,
                 const float* q, float* next) {
  sweep_pair(this_thread(), table, bootstrap, seed, sweep, step, q, next);
}

template <typename T>
DeviceBuffer<T> copied(const std::vector<T>& values) {
  DeviceBuffer<T> buffer(values.size());
  buffer.copy_from(values.data());
  return buffer;
}

template <typename T>
DeviceBuffer<T> zeros(std::size_t count) {
  DeviceBuffer<T> buffer(count);
  check_cuda(cudaMemset(buffer.data(), 0, count * sizeof(T)), "setting its memory");
  return buffer;
}

class DeviceRun final : public QLearningRun {
 public:
  DeviceRun(const FlatTable& table, const QLearningSetting& setting)
      : setting_(setting),
        offsets_(copied(table.offsets)),
        cumulative_(copied(table.cumulative)),
        next_states_(copied(table.next_states)),
        rewards_(copied(table.rewards)),
        terminated_(copied(table.terminated)),
        table_{table.states,        table.actions,   offsets_.data(),   cumulative_.data(),
               next_states_.data(), rewards_.data(), terminated_.data()},
        q_(zeros<float>(table_.pairs())),
        next_(zeros<float>(table_.pairs())),
        visits_(zeros<std::uint32_t>(table_.pairs())) {}

  double draw(std::int64_t updates, CellMeeting meeting) override {
    const Drawn drawn{table_,  setting_.bootstrap, setting_.seed, updates_,
                      updates, setting_.power,     q_.data(),     visits_.data()};
    timer_.start();
    const std::int32_t blocks = covering_blocks(updates, kBlockThreads);
    if (meeting == CellMeeting::kAtomic) {
      drawn_kernel<AtomicMoves><<<blocks, kBlockThreads>>>(drawn);
    } else {
      drawn_kernel<LaterWins><<<blocks, kBlockThreads>>>(drawn);
    }
    updates_ += static_cast<std::uint64_t>(updates);
    return timer_.stop();
  }

  double sweep(int sweeps) override {
    timer_.start();
    for (int n = 0; n < sweeps; ++n, ++sweeps_) {
      const float step = fast_exp(-setting_.power * fast_log(static_cast<float>(sweeps_ + 1)));
      sweep_kernel<<<covering_blocks(table_.pairs(), kBlockThreads), kBlockThreads>>>(
          table_, setting_.bootstrap, setting_.seed, sweeps_, step, q_.data(), next_.data());
      std::swap(q_, next_);
    }
    return timer_.stop();
  }

  std::vector<float> values() const override {
    std::vector<float> values(q_.size());
    q_.copy_to(values.data());
    return values;
  }

 private:
  QLearningSetting setting_;
  std::uint64_t updates_ = 0;
  std::uint64_t sweeps_ = 0;
  DeviceBuffer<std::uint32_t> offsets_;
  DeviceBuffer<float> cumulative_;
  DeviceBuffer<std::int32_t> next_states_;
  DeviceBuffer<float> rewards_;
  DeviceBuffer<std::uint8_t> terminated_;
  DeviceTable table_;
  DeviceBuffer<float> q_;
  DeviceBuffer<float> next_;
  DeviceBuffer<std::uint32_t> visits_;
  DeviceTimer timer_;
};

}  // namespace

std::unique_ptr<QLearningRun> q_learning_on_device(const FlatTable& table, const QLearningSetting& setting) {
  if (const CudaDeviceAnswer answer = find_cuda_device(); !answer.device) throw DeviceError(answer.reason);
  return std::make_unique<DeviceRun>(table, setting);
}

}  // namespace prl
