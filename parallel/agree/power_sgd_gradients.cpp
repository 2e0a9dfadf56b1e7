#include "parallel/agree/power_sgd_gradients.hpp"

#include "parallel/agree/gradient_reduction.hpp"

namespace prl {

PowerSgdGradients::Factors::Factors(std::size_t count, int members) : sum(count) {
  for (int member = 0; member < members; ++member) parts.emplace_back(count);
}

PowerSgdGradients::PowerSgdGradients(Transport& transport, const NetworkLayout& layout, int rank, std::uint64_t seed)
    : transport_(transport),
      power_sgd_(weight_matrices(layout), layout.parameter_count, rank, seed),
      sums_(transport),
      pieces_(transport),
      left_(power_sgd_.left_count(), transport.size()),
      right_(power_sgd_.right_count(), transport.size()),
      gradient_sum_(layout.parameter_count),
      parts_(static_cast<std::size_t>(transport.size())) {}

template <typename Work>
void PowerSgdGradients::timed(const Work& work) {
  const double start_seconds = monotonic_seconds();
  work();
  ledger().add_transfer(Purpose::kGradients, monotonic_seconds() - start_seconds);
}

void PowerSgdGradients::sum_over_members(Factors& factors) {
  pieces_.run([&](int) { return own(factors); },
              [&](int from) { return factors.parts[static_cast<std::size_t>(from)].span(); }, Purpose::kGradients);
  timed([&] {
    for (std::size_t member = 0; member < parts_.size(); ++member) parts_[member] = factors.parts[member].data();
    sum_gradients(parts_, factors.sum.size(), factors.sum.data());
  });
}

void PowerSgdGradients::update(Learner& learner) {
  timed([&] { power_sgd_.write_left(learner.gradient(0), own(left_)); });
  sum_over_members(left_);
  timed([&] { power_sgd_.write_right(left_.sum.span(), own(right_)); });
  sum_over_members(right_);
  timed([&] { power_sgd_.decode(left_.sum.span(), right_.sum.span(), gradient_sum_.span()); });
  const std::span<const float> gradient = gradient_sum_.span();
  learner.apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
  learner.finish_update();
}

}  // namespace prl
