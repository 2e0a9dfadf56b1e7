// The error of a worker that ended while others counted on it.
#pragma once

#include <stdexcept>

namespace prl {

// A worker ended while its work was awaited. what() names the worker, its process or rank, how it ended, and what to do.
class WorkerDied : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace prl
