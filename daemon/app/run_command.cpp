#include "daemon/app/run_command.hpp"

#include <csignal>
#include <exception>

#include "daemon/app/app.hpp"
#include "daemon/app/daemon.hpp"

namespace blipd::app {

int run_daemon(const std::string& config_path, const config::Shard& shard) {
  // A client that closes its connection, or a log reader that goes away, must not end us.
  std::signal(SIGPIPE, SIG_IGN);
  config::Loaded loaded = config::load_file(config_path, {.shard = shard});
  Log log(loaded.configuration.log_level);
  for (const config::Fault& fault : loaded.faults) {
    log.write(engine::Severity::kError, "config_fault", fault.to_string());
  }
  if (!loaded.faults.empty()) {
    // Line 0 is the file as a whole: it could not be read.
    return loaded.faults.front().line == 0 ? kExitEnvironment : kExitInput;
  }
  for (const config::Fault& warning : loaded.warnings) {
    log.write(engine::Severity::kWarning, "config_warning", warning.to_string());
  }
  try {
    return Daemon(config_path, std::move(loaded), shard, log).run();
  } catch (const std::exception& broken) {
    log.write(engine::Severity::kError, "cannot_start", broken.what());
    return kExitEnvironment;
  }
}

}  // namespace blipd::app
