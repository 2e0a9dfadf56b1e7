#include "parallel/agree/compressed_gradients.hpp"

#include <algorithm>

namespace prl {

CompressedGradients::CompressedGradients(Transport& transport, std::size_t parameter_count,
                                         std::unique_ptr<Codec> codec)
    : transport_(transport),
      codec_(std::move(codec)),
      sums_(transport),
      pieces_(transport),
      gradient_sum_(parameter_count) {
  for (int member = 0; member < transport.size(); ++member) encoded_.emplace_back(codec_->encoded_bytes());
}

void CompressedGradients::update(Learner& learner) {
  const auto bytes_of = [this](int member) { return encoded_[static_cast<std::size_t>(member)].span(); };
  const double start_seconds = monotonic_seconds();
  codec_->encode(learner.gradient(0), updates_, bytes_of(transport_.rank()));
  ledger().add_transfer(Purpose::kGradients, monotonic_seconds() - start_seconds);
  pieces_.run([&](int) { return bytes_of(transport_.rank()); }, bytes_of, Purpose::kGradients);
  const double received_seconds = monotonic_seconds();
  std::fill_n(gradient_sum_.data(), gradient_sum_.size(), 0.0F);
  for (int member = 0; member < transport_.size(); ++member) {
    codec_->decode_add(bytes_of(member), updates_, 1.0F, gradient_sum_.span());
  }
  ledger().add_transfer(Purpose::kGradients, monotonic_seconds() - received_seconds);
  ++updates_;
  const std::span<const float> gradient = gradient_sum_.span();
  learner.apply_gradient({0, gradient.size()}, gradient, square_sum(gradient));
  learner.finish_update();
}

void CompressedGradients::add_state(RunState& state) {
  state.add_value("encoded updates", updates_);
  codec_->add_state(state);
}

}  // namespace prl
