#include "daemon/app/status_command.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "daemon/app/app.hpp"
#include "daemon/app/http_get.hpp"
#include "daemon/app/status_view.hpp"
#include "daemon/app/url.hpp"

namespace blipd::app {

namespace {

constexpr const char* kPath = "/api/v1/status";
// The daemon answers within a second, be it with its last values, or says that it has none.
constexpr std::chrono::seconds kTimeout(5);
constexpr const char* kClear = "\x1b[H\x1b[2J";

bool is_terminal_with_colour() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

base::Expected<std::string> fetch(const Url& url, bool has_colour) {
  const auto answer = http_get(url, kPath, kTimeout);
  if (!answer) {
    return base::fail("cannot reach {}: {}; is blipd running? Start it with blipd run, or name its address with --url",
                      url.with(kPath), answer.error().text);
  }
  if (answer->status == 503) {
    return base::fail("{} has nothing to show at the moment; try again in a second", url.with(kPath));
  }
  if (answer->status != 200) {
    return base::fail("{} answers with status {}; is it a blipd? Name its address with --url", url.with(kPath),
                      answer->status);
  }
  auto view = render_status(answer->body, has_colour);
  if (!view) {
    return base::fail("{}: {}; name the address of a blipd with --url", url.with(kPath), view.error().text);
  }
  return view;
}

int watch_status(const Url& url) {
  // Blocked, and waited for as the pause between two views: nothing is interrupted half-way.
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGINT);
  ::sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  const bool has_colour = is_terminal_with_colour();
  for (;;) {
    const auto view = fetch(url, has_colour);
    if (is_terminal) fmt::print("{}", kClear);
    fmt::print("{}\n", view ? *view : "blipd: " + view.error().text);
    std::fflush(stdout);
    const timespec pause{1, 0};
    if (::sigtimedwait(&ends, nullptr, &pause) > 0) return kExitFine;
  }
}

}  // namespace

int run_status(const std::string& text, bool watch) {
  const auto url = parse_url(text);
  if (!url) {
    fmt::print(stderr, "blipd: {}\n", url.error().text);
    return kExitUsage;
  }
  if (watch) return watch_status(*url);
  const auto view = fetch(*url, is_terminal_with_colour());
  if (!view) {
    fmt::print(stderr, "blipd: {}\n", view.error().text);
    return kExitEnvironment;
  }
  fmt::print("{}", *view);
  return kExitFine;
}

}  // namespace blipd::app
