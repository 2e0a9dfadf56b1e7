// The host's form: the kernel's body, block by block.
#include "device/policy_rollout_run.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "device/environment_types.hpp"
#include "device/policy_rollout.hpp"

namespace prl {
namespace {

template <Environment E>
class HostRun final : public PolicyRolloutRun {
 public:
  using Rollout = PolicyRollout<E>;

  HostRun(const PolicyRolloutSetting& setting, const NetworkLayout& layout, ThreadOrder order)
      : order_(order),
        states_(static_cast<std::size_t>(setting.environments) * E::kStateSize),
        elapsed_(static_cast<std::size_t>(setting.environments)),
        segment_(setting.steps, setting.environments, E::kObservationSize, E::kActionSize) {
    rollout_.environments = {setting.seed, 0, setting.environments, states_.data(), elapsed_.data()};
    rollout_.network = rollout_network(layout);
    rollout_.out = segment_.view();
    for_each_thread(blocks(), kRolloutThreads,
                    [&](const ThreadIndex& index) { begin_episode(index, rollout_.environments, 0); });
  }

  double collect(const float* parameters) override {
    const auto begin = std::chrono::steady_clock::now();
    rollout_.parameters = parameters;
    for (std::int32_t b = 0; b < blocks(); ++b) {
      HostBlock<typename Rollout::Own> block(b, kRolloutThreads, Rollout::shared_floats(rollout_.network), order_);
      rollout_.collect(block);
    }
    rollout_.first_step += static_cast<std::uint64_t>(segment_.view().steps);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  const TimeMajorSegment& segment() override { return segment_.view(); }

  SegmentReturns generalised_advantage(float gamma, float lambda) override {
    return for_each_environment([&](const ThreadIndex& index, SegmentReturns& out) {
      device_generalised_advantage(index, segment_.view(), gamma, lambda, out.advantages.data(), out.targets.data());
    });
  }

  SegmentReturns vtrace(const float* log_ratios, const DeviceVtrace& coefficients) override {
    return for_each_environment([&](const ThreadIndex& index, SegmentReturns& out) {
      device_vtrace(index, segment_.view(), log_ratios, coefficients, out.targets.data(), out.advantages.data());
    });
  }

 private:
  std::int32_t blocks() const { return covering_blocks(rollout_.environments.count, kRolloutThreads); }

  template <typename Body>
  SegmentReturns for_each_environment(const Body& body) const {
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t rows = segment_.view().rows();
    SegmentReturns out{0.0, std::vector<float>(rows), std::vector<float>(rows)};
    for_each_thread(blocks(), kRolloutThreads, [&](const ThreadIndex& index) { body(index, out); });
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return out;
  }

  ThreadOrder order_;
  std::vector<float> states_;
  std::vector<std::int32_t> elapsed_;
  HostSegment segment_;
  Rollout rollout_;
};

}  // namespace

std::size_t segment_floats(int steps, int environments, int observation_size, int action_size) {
  // log_probs, values, rewards and bootstrap have one float a row.
  return static_cast<std::size_t>(steps) * static_cast<std::size_t>(environments) *
         static_cast<std::size_t>(observation_size + action_size + 4);
}

TimeMajorSegment place_segment(int steps, int environments, int observation_size, int action_size, float* floats,
                               std::uint8_t* ends) {
  TimeMajorSegment view;
  view.steps = steps;
  view.environments = environments;
  view.observation_size = observation_size;
  view.action_size = action_size;
  const std::size_t rows = view.rows();
  view.observations = floats;
  view.actions = view.observations + rows * static_cast<std::size_t>(observation_size);
  view.log_probs = view.actions + rows * static_cast<std::size_t>(action_size);
  view.values = view.log_probs + rows;
  view.rewards = view.values + rows;
  view.bootstrap = view.rewards + rows;
  view.ends = ends;
  return view;
}

HostSegment::HostSegment(int steps, int environments, int observation_size, int action_size)
    : floats_(segment_floats(steps, environments, observation_size, action_size)),
      ends_(static_cast<std::size_t>(steps) * static_cast<std::size_t>(environments)),
      view_(place_segment(steps, environments, observation_size, action_size, floats_.data(), ends_.data())) {}

std::unique_ptr<PolicyRolloutRun> policy_rollouts_on_host(const PolicyRolloutSetting& setting,
                                                          const NetworkLayout& layout, ThreadOrder order) {
  std::unique_ptr<PolicyRolloutRun> run;
  const bool known = visit_environment(setting.environment, [&](auto type) {
    run = std::make_unique<HostRun<typename decltype(type)::type>>(setting, layout, order);
  });
  if (!known) {
    throw std::invalid_argument("no environment is called '" + std::string(setting.environment) + "': see prl list");
  }
  return run;
}

}  // namespace prl
