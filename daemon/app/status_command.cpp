#include "daemon/app/status_command.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "config/file.hpp"
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

base::Expected<std::string> read_password(const std::string& file) {
  auto text = config::read_small_file(file);
  if (!text) return base::fail("{}: {}", file, text.error().text);
  std::string line = text->substr(0, text->find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return base::fail("{}: the first line is empty; write the password there", file);
  return line;
}

base::Expected<std::string> fetch(const Url& url, const HttpAccess& access, bool has_colour) {
  const auto answer = http_get(url, kPath, kTimeout, access);
  if (!answer) {
    return base::fail("cannot reach {}: {}; is blipd running? Start it with blipd run, or name its address with --url",
                      url.with(kPath), answer.error().text);
  }
  if (answer->status == 401) {
    return base::fail("{} {}", url.with(kPath),
                      access.user.empty() ? "wants a name and a password; give them with --user and --password-file"
                                          : "refuses this name and password; check --user and --password-file");
  }
  if (answer->status == 400 && !url.is_secure) {
    return base::fail("{} refuses to be asked in plain HTTP; try https:// with --url", url.with(kPath));
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

int watch_status(const Url& url, const HttpAccess& access) {
  // Blocked, and waited for as the pause between two views: nothing is interrupted half-way.
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGINT);
  ::sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  const bool has_colour = is_terminal_with_colour();
  for (;;) {
    const auto view = fetch(url, access, has_colour);
    if (is_terminal) fmt::print("{}", kClear);
    fmt::print("{}\n", view ? *view : "blipd: " + view.error().text);
    std::fflush(stdout);
    const timespec pause{1, 0};
    if (::sigtimedwait(&ends, nullptr, &pause) > 0) return kExitFine;
  }
}

}  // namespace

int run_status(const StatusOptions& options) {
  const auto failed = [](const base::Error& error, int code) {
    fmt::print(stderr, "blipd: {}\n", error.text);
    return code;
  };
  const auto url = parse_url(options.url);
  if (!url) return failed(url.error(), kExitUsage);
  HttpAccess access{options.authority_file, options.user, ""};
  if (options.user.find(':') != std::string::npos) {
    return failed({"a name cannot hold a colon; give the password with --password-file"}, kExitUsage);
  }
  if (!options.user.empty()) {
    auto password = read_password(options.password_file);
    if (!password) return failed(password.error(), kExitEnvironment);
    access.password = std::move(*password);
    if (config::stamp_of(options.password_file).is_for_everybody) {
      fmt::print(stderr, "blipd: warning: every user of this machine can read {}; chmod 600 it\n",
                 options.password_file);
    }
  }
  if (options.watch) return watch_status(*url, access);
  const auto view = fetch(*url, access, is_terminal_with_colour());
  if (!view) return failed(view.error(), kExitEnvironment);
  fmt::print("{}", *view);
  return kExitFine;
}

}  // namespace blipd::app
