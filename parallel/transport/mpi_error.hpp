// MPI's return codes as exceptions. MPI's own reaction to an error, ending the job, is switched off by MpiSession.
#pragma once

#include <stdexcept>
#include <string>

#include "parallel/transport/mpi_c.hpp"

namespace prl {

// `action` completes "MPI could not ...".
inline void check_mpi(int code, const char* action) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw std::runtime_error(std::string("MPI could not ") + action + ": " + text +
                           "; see mpirun's own message for the rank that failed, and run again");
}

}  // namespace prl
