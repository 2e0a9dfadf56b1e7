// DQN against a straightforward implementation on LibTorch: modules, autograd, torch::optim::Adam and clip_grad_norm_, in
// double precision, on transitions that are kept in a plain list.
#include <torch/torch.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

// First, for its macro CHECK.
#include "tests/torch_reference.hpp"

#include "algorithms/replay/n_step_assembler.hpp"
#include "algorithms/replay/prioritised_replay.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "tests/catch2.hpp"
#include "tests/owned_dqn.hpp"

namespace {

using prl::DqnSetting;
using prl::SegmentView;
using prl::test::DqnCase;
using prl::test::DqnRun;
using prl::test::OwnedDqn;
using prl::test::TorchNetwork;
using torch::Tensor;

struct Row {
  std::vector<double> observation, next_observation;
  std::int64_t action;
  double reward, discount;
};

struct Batch {
  Tensor observations, next_observations, actions, rewards, discounts;
};

Tensor table(const std::vector<std::vector<double>>& rows) {
  std::vector<Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(torch::tensor(row, torch::kFloat64));
  return torch::stack(tensors);
}

Batch batch_of(const std::vector<Row>& ring, const std::vector<int>& slots) {
  std::vector<std::vector<double>> observations, next_observations;
  std::vector<std::int64_t> actions;
  std::vector<double> rewards, discounts;
  for (const int slot : slots) {
    const Row& row = ring[static_cast<std::size_t>(slot)];
    observations.push_back(row.observation);
    next_observations.push_back(row.next_observation);
    actions.push_back(row.action);
    rewards.push_back(row.reward);
    discounts.push_back(row.discount);
  }
  return {table(observations), table(next_observations), torch::tensor(actions, torch::kInt64),
          torch::tensor(rewards, torch::kFloat64), torch::tensor(discounts, torch::kFloat64)};
}

Tensor q_values(TorchNetwork& network, const Tensor& observations, bool dueling) {
  const auto [heads, values] = network.forward(observations);
  return dueling ? values.unsqueeze(1) + heads - heads.mean(1, true) : heads;
}

// y - Q(s, a) of every row; no gradient flows through y.
Tensor td_errors(TorchNetwork& network, TorchNetwork& target, const DqnSetting& setting, const Batch& batch) {
  const bool dueling = setting.loss.dueling;
  Tensor y;
  {
    const torch::NoGradGuard no_gradient;
    const Tensor next = q_values(target, batch.next_observations, dueling);
    const Tensor chooser = setting.loss.double_q ? q_values(network, batch.next_observations, dueling) : next;
    y = batch.rewards + batch.discounts * next.gather(1, chooser.argmax(1, true)).squeeze(1);
  }
  return y - q_values(network, batch.observations, dueling).gather(1, batch.actions.unsqueeze(1)).squeeze(1);
}

// The whole rule, one shard.
class Reference {
 public:
  Reference(const DqnCase& c, const OwnedDqn& own)
      : case_(c),
        network_(own.layout(), own.parameters(), torch::kFloat64),
        target_(own.layout(), own.parameters(), torch::kFloat64),
        optimiser_(network_.tensors(), torch::optim::AdamOptions(static_cast<double>(c.setting.learning_rate))
                                           .eps(static_cast<double>(c.setting.adam.epsilon))),
        priorities_(c.setting.replay_capacity, c.setting.priority_exponent),
        ring_(static_cast<std::size_t>(c.setting.replay_capacity)) {
    for (int i = 0; i < c.environments; ++i) {
      assemblers_.push_back(std::make_unique<prl::NStepAssembler>(c.network, c.setting.n_step, c.setting.gamma));
    }
  }

  void ingest(const SegmentView& segment) {
    const float first = priorities_.largest_priority();
    std::vector<int> fresh;
    std::vector<int> cuts(static_cast<std::size_t>(case_.environments), 0);
    for (int t = 0; t < case_.steps; ++t) {
      for (int i = 0; i < case_.environments; ++i) {
        const prl::TrajectoryView steps = segment.trajectory(i);
        const int width = case_.network.observation_size;
        const float* final_observation = nullptr;
        if (prl::is_cut(steps.ends, case_.steps, t)) {
          final_observation = steps.cut_observations + cuts[static_cast<std::size_t>(i)]++ * width;
        }
        assemblers_[static_cast<std::size_t>(i)]->take(
            {steps.observations + t * width, steps.actions + t, steps.rewards[t], steps.ends[t], final_observation},
            [&](const prl::Transition& made) {
              store(made);
              priorities_.set_priority(slot_, first);
              fresh.push_back(slot_);
            });
      }
    }
    if (case_.setting.first_priority == prl::FirstPriority::kError && !fresh.empty()) set_priorities(fresh);
  }

  // The gradient of update `update`, counted over the run, into the network's tensors.
  std::vector<int> backward(std::uint64_t update) {
    prl::Rng rng(prl::test::kRunSeed, prl::RandomPurpose::kReplay, 0, update);
    std::vector<int> slots(static_cast<std::size_t>(case_.setting.batch));
    Tensor weights = torch::ones({case_.setting.batch}, torch::kFloat64);
    if (case_.setting.replay == prl::ReplayKind::kPrioritised) {
      priorities_.sample(rng, slots);
      std::vector<float> w(slots.size());
      priorities_.importance_weights(slots, case_.setting.importance_exponent, w);
      weights = torch::tensor(w).to(torch::kFloat64);
    } else {
      prl::sample_uniformly(size_, rng, slots);
    }
    optimiser_.zero_grad();
    const Tensor errors = td_errors(network_, target_, case_.setting, batch_of(ring_, slots));
    const Tensor zeros = torch::zeros_like(errors);
    const bool huber = case_.setting.loss.loss == prl::TdLoss::kHuber;
    const Tensor losses = huber ? torch::huber_loss(errors, zeros, at::Reduction::None)
                                : torch::mse_loss(errors, zeros, at::Reduction::None);
    (weights * losses).mean().backward();
    last_errors_ = errors.detach();
    return slots;
  }

  void step(const std::vector<int>& slots) {
    torch::nn::utils::clip_grad_norm_(network_.tensors(), static_cast<double>(case_.setting.max_gradient_norm));
    optimiser_.step();
    for (std::size_t j = 0; j < slots.size(); ++j) set_priority(slots[j], last_errors_[static_cast<long>(j)]);
    if (++updates_ % case_.setting.target_interval == 0) {
      const torch::NoGradGuard no_gradient;
      const auto from = network_.tensors();
      const auto to = target_.tensors();
      for (std::size_t i = 0; i < from.size(); ++i) Tensor(to[i]).copy_(from[i]);
    }
  }

  TorchNetwork& network() { return network_; }
  int size() const { return size_; }

 private:
  void store(const prl::Transition& made) {
    const auto width = static_cast<std::size_t>(case_.network.observation_size);
    slot_ = added_++ % case_.setting.replay_capacity;
    Row& row = ring_[static_cast<std::size_t>(slot_)];
    row.observation.assign(made.observation, made.observation + width);
    row.next_observation.assign(width, 0.0);
    if (made.next_observation != nullptr) {
      row.next_observation.assign(made.next_observation, made.next_observation + width);
    }
    row.action = static_cast<std::int64_t>(*made.action);
    row.reward = static_cast<double>(made.reward);
    row.discount = static_cast<double>(made.discount);
    size_ = std::min(added_, case_.setting.replay_capacity);
  }

  void set_priority(int slot, const Tensor& error) {
    priorities_.set_priority(slot, static_cast<float>(std::abs(error.item<double>()) + 1e-6));
  }

  void set_priorities(const std::vector<int>& slots) {
    const Tensor errors = td_errors(network_, target_, case_.setting, batch_of(ring_, slots)).detach();
    for (std::size_t j = 0; j < slots.size(); ++j) set_priority(slots[j], errors[static_cast<long>(j)]);
  }

  DqnCase case_;
  TorchNetwork network_;
  TorchNetwork target_;
  torch::optim::Adam optimiser_;
  prl::PrioritisedReplay priorities_;
  std::vector<std::unique_ptr<prl::NStepAssembler>> assemblers_;
  std::vector<Row> ring_;
  int slot_ = 0;
  int added_ = 0;
  int size_ = 0;
  long updates_ = 0;
  Tensor last_errors_;
};

template <typename E>
DqnCase case_with(bool double_q, bool dueling, prl::TdLoss loss) {
  DqnCase c;
  c.network = prl::test::network_for<E>({17, 33}, dueling, prl::Activation::kRelu);
  c.steps = 60;
  c.setting.batch = 32;
  c.setting.replay_capacity = 300;
  c.setting.learning_starts = 100;
  c.setting.train_every = 12;
  c.setting.target_interval = 7;
  c.setting.loss = {loss, double_q, dueling};
  c.setting.n_step = dueling ? 3 : 1;
  return c;
}

}  // namespace

TEMPLATE_TEST_CASE("Batches, gradients and parameters equal those of a straightforward implementation", "",
                   prl::CartPole<float>, prl::MountainCar<float>) {
  at::set_num_threads(1);
  const bool double_q = GENERATE(false, true);
  const bool dueling = GENERATE(false, true);
  const bool prioritised = GENERATE(false, true);
  const auto loss = GENERATE(prl::TdLoss::kSquared, prl::TdLoss::kHuber);
  CAPTURE(double_q, dueling, prioritised, loss == prl::TdLoss::kHuber);
  DqnCase c = case_with<TestType>(double_q, dueling, loss);
  if (prioritised) c.setting.replay = prl::ReplayKind::kPrioritised;
  if (double_q) c.setting.first_priority = prl::FirstPriority::kError;
  OwnedDqn own(c);
  const std::vector<float> initial = own.parameter_copy();
  Reference reference(c, own);
  DqnRun<TestType> run(c);
  std::uint64_t updates = 0;
  for (int round = 0; round < 4; ++round) {
    const SegmentView& segment = run.collect(own.parameters());
    own.learner().ingest(segment);
    reference.ingest(segment);
    CHECK(own.learner().replay(0).size() == reference.size());
    for (int update = 0; update < own.learner().updates_due(); ++update) {
      const std::vector<int> slots = reference.backward(updates++);
      const std::span<const float> gradient = own.summed_gradient(update);
      const auto own_slots = own.learner().batch_slots(0);
      REQUIRE(std::equal(slots.begin(), slots.end(), own_slots.begin(), own_slots.end()));
      // Rounding moves the parameters apart with every update, and with them which rectifiers are open.
      const double tolerance = updates == 1 ? 1e-5 : 5e-3;
      CHECK(prl::test::relative_distance(gradient, reference.network().flat_gradient()) < tolerance);
      own.apply(gradient);
      reference.step(slots);
    }
    own.learner().finish_round();
  }
  CHECK(updates == 80);
  const std::vector<double> expected = reference.network().flat_parameters();
  double moved = 0.0;
  double apart = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    moved += std::pow(expected[i] - static_cast<double>(initial[i]), 2);
    apart += std::pow(expected[i] - static_cast<double>(own.parameters()[i]), 2);
  }
  CHECK(std::sqrt(apart / moved) < 1e-3);
}

TEST_CASE("LibTorch's autograd as backpropagation gives the same gradients") {
  DqnCase c = case_with<prl::CartPole<float>>(true, true, prl::TdLoss::kHuber);
  OwnedDqn flat(c);
  c.setting.backpropagation = prl::Backpropagation::kAutograd;
  OwnedDqn autograd(c);
  DqnRun<prl::CartPole<float>> run(c);
  const SegmentView& segment = run.collect(flat.parameters());
  flat.learner().ingest(segment);
  autograd.learner().ingest(segment);
  REQUIRE(flat.learner().updates_due() == 20);
  const std::span<const float> expected = autograd.summed_gradient(0);
  CHECK(prl::test::relative_distance(flat.summed_gradient(0), {expected.begin(), expected.end()}) < 1e-5);
}
