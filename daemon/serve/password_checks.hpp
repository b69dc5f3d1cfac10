// Checks passwords on a thread of its own, one after the other, behind a short queue: bcrypt is slow on purpose, and
// neither probing nor serving may wait for it. The thread runs at a low priority.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace blipd::serve {

class PasswordChecks {
 public:
  static constexpr std::size_t kMaxWaiting = 16;

  struct Job {
    std::string password;
    std::string hash;
    std::function<void(bool is_right)> done;  // called on the helper's thread
  };

  PasswordChecks();
  // Gives up what waits. A check that is under way goes on by itself and is heard by nobody: it cannot be interrupted,
  // and the end of the daemon does not wait for it.
  ~PasswordChecks();
  PasswordChecks(const PasswordChecks&) = delete;
  PasswordChecks& operator=(const PasswordChecks&) = delete;

  // False, and nothing happens, when the queue is full or there is no thread to be had.
  bool submit(Job job);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace blipd::serve
