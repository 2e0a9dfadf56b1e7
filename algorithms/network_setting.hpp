// What can be set of a network; sizes of observations and actions come from the environment.
#pragma once

#include <vector>

#include "algorithms/setting_field.hpp"
#include "core/network_layout.hpp"

namespace prl {

std::vector<SettingField> fields_of(NetworkSpec& network);

}  // namespace prl
