// Runs the members of a transport as threads of the test.
#pragma once

#include <thread>
#include <vector>

#include "parallel/transport/shared_memory_transport.hpp"

namespace prl::test {

// Calls body(transport) once for each of `members`, all at the same time, and returns when all have returned.
template <typename Body>
void with_members(int members, const Body& body) {
  SharedMailboxes mailboxes(members, 4096);
  std::vector<std::thread> threads;
  for (int member = 0; member < members; ++member) {
    threads.emplace_back([&, member] {
      SharedMemoryTransport transport(mailboxes, member);
      body(transport);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace prl::test
