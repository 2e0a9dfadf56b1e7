// Angles, wrapped to one turn around 0.
#pragma once

#include "core/float_math.hpp"
#include "core/host_device.hpp"

namespace prl {

// The angle in [-pi, pi], up to rounding, that differs from `angle` by whole turns; for |angle| <= 8192. Branch-free.
PRL_HOST_DEVICE inline float wrap_to_half_turn(float angle) {
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer. 2 pi = 6.28125 + 1.9353e-3, whose first part
  // times a whole number of turns is exact.
  const float turns = multiply_add(angle, 0.159154943091895336F, 12582912.0F) - 12582912.0F;
  return multiply_add(turns, -1.93530717958647693e-3F, multiply_add(turns, -6.28125F, angle));
}

}  // namespace prl
