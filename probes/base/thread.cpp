#include "probes/base/thread.hpp"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace blipd::base {

std::thread start_thread(const char* name, std::function<void()> run) {
  // Inherited by the new thread, and given back here even when there is none.
  struct Blocked {
    Blocked() {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
    sigset_t before{};
  };
  const Blocked blocked;
  std::thread thread(std::move(run));
  ::pthread_setname_np(thread.native_handle(), name);
  return thread;
}

}  // namespace blipd::base
