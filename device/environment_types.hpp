// The environment types that kernels are built for, by name. The list is envs/registry.cpp's, which this is checked
// against: a kernel is a template over the type, and the registry's entries hide it.
#pragma once

#include <string_view>
#include <type_traits>

#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"

namespace prl {

template <typename... Types>
struct TypeList {};

using DeviceEnvironments =
    TypeList<CartPole<float>, Acrobot<float>, MountainCar<float>, MountainCarContinuous<float>, Pendulum<float>>;

// Calls visit(std::type_identity<E>) for the environment of that name; returns whether there is one.
template <typename Visit, typename... Types>
bool visit_environment(std::string_view name, const Visit& visit, TypeList<Types...>) {
  const auto visit_if_named = [&](auto type) {
    if (decltype(type)::type::kName != name) return false;
    visit(type);
    return true;
  };
  return (visit_if_named(std::type_identity<Types>()) || ...);
}

template <typename Visit>
bool visit_environment(std::string_view name, const Visit& visit) {
  return visit_environment(name, visit, DeviceEnvironments());
}

}  // namespace prl
