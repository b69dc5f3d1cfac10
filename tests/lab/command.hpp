// The command that lives in the laboratory: started in a process group of its own, with its listening socket as
// systemd would hand it over, and gone when we are, with everything that it started.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/base/error.hpp"
#include "tests/lab/unique_fd.hpp"

namespace blipd::lab {

// How a process ended, as waitpid(2) says it.
struct Ending {
  int status = 0;
  bool is_by_signal(int signal) const;
  // As a shell shows it: the code, or 128 + the signal.
  int exit_code() const;
};

class Command {
 public:
  // Call enter_enclosure() before. `listening` may be empty; it becomes descriptor 3 of the command
  // (sd_listen_fds(3)). A command that cannot be executed ends with 127 and says why.
  static base::Expected<Command> start(const std::vector<std::string>& words, UniqueFd listening);

  Command(Command&& other) noexcept;
  Command& operator=(Command&&) = delete;
  // Kills whatever is left in the process namespace.
  ~Command();

  pid_t pid() const { return pid_; }
  // To the command's process group.
  void signal(int number) const;
  // Collects children that have ended; says how the command did, once it has.
  std::optional<Ending> reap();

 private:
  Command(pid_t keeper, UniqueFd keeper_life, pid_t pid)
      : keeper_(keeper), keeper_life_(std::move(keeper_life)), pid_(pid) {}

  pid_t keeper_;
  UniqueFd keeper_life_;  // the keeper ends when this is closed
  pid_t pid_;
};

}  // namespace blipd::lab
