#include "algorithms/network_setting.hpp"

namespace prl {
namespace {

const std::vector<std::string_view> kTrunks = {"separate", "shared"};
const std::vector<std::string_view> kActivations = {"tanh", "relu"};

}  // namespace

std::vector<SettingField> fields_of(NetworkSpec& network) {
  return {widths_field("hidden", network.hidden, "widths of the hidden layers, like 256,256"),
          choice_field("activation", network.activation, kActivations, "of hidden layers"),
          choice_field("trunk", network.shared_trunk, kTrunks, "whether policy and value share their hidden layers"),
          number_field("initial_log_std", network.initial_log_std, -20.0, 20.0,
                       "log standard deviation of a Gaussian policy at the start")};
}

}  // namespace prl
