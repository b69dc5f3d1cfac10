#include "daemon/app/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace blipd::app {

namespace {
constexpr auto kPeriod = std::chrono::milliseconds(200);
}

Progress::Progress()
    : is_terminal_(::isatty(STDERR_FILENO) == 1), started_(std::chrono::steady_clock::now()), shown_(started_) {}

void Progress::show(double share, std::uint64_t results) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || now - shown_ < kPeriod) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  fmt::print(stderr, "\r{:5.1f} %, {} results, {:.2f} million a second\x1b[K", share * 100, results,
             static_cast<double>(results) / seconds / 1e6);
  std::fflush(stderr);
}

void Progress::clear() {
  if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace blipd::app
