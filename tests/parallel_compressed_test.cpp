// Members that join encoded gradients: the sum that the codec's definition gives, the same bits on all, the bytes of the
// closed form.
#include <thread>
#include <vector>

#include "parallel/agree/compressed_gradients.hpp"
#include "parallel/agree/power_sgd_gradients.hpp"
#include "parallel/transport/codec/codec_setting.hpp"
#include "parallel/transport/shared_memory_transport.hpp"
#include "tests/catch2.hpp"
#include "tests/encoded_by_hand.hpp"
#include "tests/parallel_fake_learner.hpp"
#include "tests/relative_distance.hpp"

using namespace prl;
using namespace prl::test;

namespace {

constexpr int kUpdates = 4;
constexpr std::uint64_t kSeed = 3;

struct Outcome {
  std::vector<float> parameters;
  CommunicationCount gradients;
  CommunicationCount control;
};

template <typename MakeAgreement>
std::vector<Outcome> learn(int members, std::size_t count, const MakeAgreement& make) {
  SharedMailboxes mailboxes(members, 4096);
  std::vector<Outcome> outcomes(static_cast<std::size_t>(members));
  std::vector<std::thread> threads;
  for (int member = 0; member < members; ++member) {
    threads.emplace_back([&, member] {
      SharedMemoryTransport transport(mailboxes, member);
      const auto agreement = make(transport);
      outcomes[static_cast<std::size_t>(member)] = {learn_as_member(member, members, *agreement, count, kUpdates),
                                                    transport.ledger().of(Purpose::kGradients),
                                                    transport.ledger().of(Purpose::kControl)};
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

std::vector<Outcome> learn_encoded(const CodecSetting& setting, int members, std::size_t count) {
  return learn(members, count, [&](Transport& transport) {
    return std::make_unique<CompressedGradients>(transport, count, make_codec(setting, count, kSeed, transport.rank()));
  });
}

NetworkLayout layout_of(int observation_size) {
  NetworkSpec spec;
  spec.observation_size = observation_size;
  spec.head_size = 2;
  spec.hidden = {32, 16};
  return NetworkLayout(spec);
}

}  // namespace

TEST_CASE("all members step by the sum of what was decoded, in member order") {
  for (const char* name : {"fp16", "bf16", "int8", "top-k:0.1", "random-k:0.1"}) {
    const CodecSetting setting = parse_codec(name);
    for (const int members : {1, 2, 3, 5}) {
      for (const std::size_t count : {1, 33, 1000}) {
        const std::vector<float> expected = encoded_by_hand(setting, kSeed, members, count, kUpdates);
        for (const Outcome& outcome : learn_encoded(setting, members, count)) {
          CHECK((outcome.parameters == expected));
        }
      }
    }
  }
}

TEST_CASE("a member sends its encoded gradient to every other and nothing else") {
  constexpr std::size_t kCount = 1000;
  const std::pair<const char*, std::uint64_t> lengths[] = {{"fp16", 2 * kCount},
                                                           {"bf16", 2 * kCount},
                                                           {"int8", kCount + 4 * 4},
                                                           {"top-k:0.1", 8 * 100},
                                                           {"random-k:0.1", 4 * 100}};
  for (const auto& [name, bytes] : lengths) {
    for (const int members : {1, 2, 5}) {
      const auto others = static_cast<std::uint64_t>(members - 1);
      for (const Outcome& outcome : learn_encoded(parse_codec(name), members, kCount)) {
        CHECK(outcome.gradients.bytes == kUpdates * bytes * others);
        CHECK(outcome.gradients.messages == kUpdates * others);
        CHECK(outcome.control.bytes == 0);
      }
    }
  }
}

TEST_CASE("members that factor gradients agree bit by bit, and send both factors") {
  const NetworkLayout layout = layout_of(4);
  for (const int rank : {1, 2}) {
    const PowerSgd lengths(weight_matrices(layout), layout.parameter_count, rank, kSeed);
    for (const int members : {1, 2, 4}) {
      const auto others = static_cast<std::uint64_t>(members - 1);
      const auto outcomes = learn(members, layout.parameter_count, [&](Transport& transport) {
        return std::make_unique<PowerSgdGradients>(transport, layout, rank, kSeed);
      });
      for (const Outcome& outcome : outcomes) {
        CHECK((outcome.parameters == outcomes[0].parameters));
        CHECK(outcome.gradients.bytes == kUpdates * others * 4 * (lengths.left_count() + lengths.right_count()));
        CHECK(outcome.gradients.messages == kUpdates * others * 2);
      }
    }
  }
}

TEST_CASE("matrices that factors would not make smaller give the plain sum") {
  const NetworkLayout layout = layout_of(40);
  for (const int members : {1, 3}) {
    const auto outcomes = learn(members, layout.parameter_count, [&](Transport& transport) {
      return std::make_unique<PowerSgdGradients>(transport, layout, 1000, kSeed);
    });
    const std::vector<float> plain = joined_by_hand(layout.parameter_count, members, kUpdates);
    CHECK(relative_distance(outcomes[0].parameters, plain) < 1e-5);
  }
}
