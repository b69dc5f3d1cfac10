#include "daemon/app/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

#include "daemon/app/privileges.hpp"

namespace blipd::app {

namespace {

constexpr std::size_t kQueuedLines = 4096;

spdlog::level::level_enum level_of(engine::Severity severity) {
  switch (severity) {
    case engine::Severity::kInfo:
      return spdlog::level::info;
    case engine::Severity::kWarning:
      return spdlog::level::warn;
    case engine::Severity::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

struct Log::Backend {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const std::string& level) : backend_(std::make_unique<Backend>()) {
  backend_->pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1, [] { give_up_privileges(); });
  backend_->logger =
      std::make_shared<spdlog::async_logger>("blipd", std::make_shared<spdlog::sinks::stderr_sink_mt>(), backend_->pool,
                                             spdlog::async_overflow_policy::overrun_oldest);
  // systemd sets JOURNAL_STREAM for services whose output goes to the journal, which stamps each line itself.
  const bool is_stamped = std::getenv("JOURNAL_STREAM") != nullptr;
  backend_->logger->set_pattern(is_stamped ? "level=%l %v" : "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v",
                                spdlog::pattern_time_type::utc);
  backend_->logger->flush_on(spdlog::level::info);
  set_level(level);
}

Log::~Log() = default;

void Log::set_level(const std::string& level) { backend_->logger->set_level(spdlog::level::from_str(level)); }

void Log::write(engine::Severity severity, std::string_view event, std::string_view text,
                const std::vector<Field>& fields) {
  std::string line = fmt::format("event={}", log_value(event));
  if (!text.empty()) line += fmt::format(" text={}", log_value(text));
  for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, log_value(value));
  backend_->logger->log(level_of(severity), "{}", line);
}

std::string log_value(std::string_view value) {
  const bool is_plain = !value.empty() && value.find_first_of(" \t\r\n\"=\\") == std::string_view::npos &&
                        value.find_first_of(std::string_view("\0\x1b\x7f", 3)) == std::string_view::npos;
  if (is_plain) return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace blipd::app
