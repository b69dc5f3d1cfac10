// Threads of the daemon: named, so that top -H tells them apart, and never the one that a signal is given to.
#pragma once

#include <functional>
#include <thread>

namespace blipd::base {

// `name`: at most 15 characters. Signals stay with whoever waits for them: all are blocked in the new thread. Throws
// std::system_error where the system gives none.
std::thread start_thread(const char* name, std::function<void()> run);

}  // namespace blipd::base
