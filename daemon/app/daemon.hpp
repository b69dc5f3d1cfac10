// The composition root: one plan, one engine, one pipeline, one server, and the signals that end or reload them.
#pragma once

#include <memory>
#include <string>

#include "config/load.hpp"
#include "config/shard.hpp"
#include "daemon/app/log.hpp"

namespace blipd::app {

class Daemon {
 public:
  // `loaded` has no faults. Of it, and of what is loaded later, `shard` is taken.
  Daemon(std::string config_path, config::Loaded loaded, config::Shard shard, Log& log);
  ~Daemon();

  // Runs until SIGTERM or SIGINT. SIGHUP loads the configuration anew and applies the difference; changed target files
  // do so by themselves. Returns the exit code.
  int run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace blipd::app
