#include "daemon/app/supervisor.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <utility>

namespace blipd::app {

namespace {

constexpr base::Duration kBeforeReady = std::chrono::milliseconds(200);
constexpr base::Duration kAfter = std::chrono::seconds(5);
// A turn may wait for the budget, for a name, or for a machine that is busy.
constexpr base::Duration kSlack = std::chrono::seconds(5);

}  // namespace

Supervisor::Supervisor(Tell tell, std::optional<base::Duration> watchdog, base::MonoTime now)
    : tell_(std::move(tell)), watchdog_(watchdog), started_(now), due_(now), moved_(now) {}

Supervisor Supervisor::of_environment(base::MonoTime now) {
  std::uint64_t microseconds = 0;
  std::optional<base::Duration> watchdog;
  if (::sd_watchdog_enabled(0, &microseconds) > 0) watchdog = std::chrono::microseconds(microseconds);
  return Supervisor([](const std::string& text) { ::sd_notify(0, text.c_str()); }, watchdog, now);
}

bool Supervisor::look(base::MonoTime now, const Pulse& pulse, const std::string& status) {
  const bool was_ready = is_ready_;
  is_ready_ = is_ready_ || (pulse.is_receiving && pulse.is_first_round_settled) || now - started_ >= kPatience;
  if (is_ready_ && !was_ready) tell_("READY=1");
  if (status != status_) tell_("STATUS=" + status);
  status_ = status;

  if (pulse.asked != asked_) moved_ = now;
  asked_ = pulse.asked;
  const bool is_moving = pulse.is_whole && (!pulse.period || now - moved_ <= 2 * *pulse.period + kSlack);
  if (watchdog_ && is_moving) tell_("WATCHDOG=1");

  base::Duration pause = is_ready_ ? kAfter : kBeforeReady;
  if (watchdog_) pause = std::min(pause, *watchdog_ / 4);
  due_ = now + pause;
  return is_ready_ && !was_ready;
}

void Supervisor::reloading(base::MonoTime now) {
  if (!is_ready_) return;
  using std::chrono::microseconds;
  const auto since = std::chrono::duration_cast<microseconds>(now.time_since_epoch()).count();
  tell_(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", since));
}

void Supervisor::reloaded() {
  if (is_ready_) tell_("READY=1");
}

void Supervisor::stopping() { tell_("STOPPING=1"); }

}  // namespace blipd::app
