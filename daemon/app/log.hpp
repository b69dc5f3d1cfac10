// The daemon's log: one line an event, as key=value pairs, to standard error, where journald picks it up. Writing is
// done by a thread of its own behind a bounded queue that drops its oldest line when full, so that a log that
// nobody reads never holds up probing.
#pragma once

#include <fmt/core.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/engine/notice.hpp"

namespace spdlog {
class logger;
}

namespace blipd::app {

class Log {
 public:
  using Field = std::pair<std::string_view, std::string>;

  // `level` is debug, info, warning or error. Lines carry a time of their own unless journald adds one.
  explicit Log(const std::string& level);
  ~Log();

  // event=… text="…" key=value …
  void write(engine::Severity severity, std::string_view event, std::string_view text,
             const std::vector<Field>& fields = {});

  void set_level(const std::string& level);

 private:
  struct Backend;
  std::unique_ptr<Backend> backend_;
};

// A value as it stands behind key=: quoted and escaped where it holds spaces, quotes or control characters.
std::string log_value(std::string_view value);

}  // namespace blipd::app
