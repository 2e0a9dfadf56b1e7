// Ctrl-C and termination: a flag that long loops look at, so that a run ends cleanly and keeps what was measured.
#pragma once

#include <atomic>

namespace prl {

// Set by SIGINT and SIGTERM once handle_interrupts() was called. A second
// SIGINT ends the process at once.
std::atomic<bool>& stop_requested();

void handle_interrupts();

}  // namespace prl
