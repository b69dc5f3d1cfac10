// What all shards notice at once (the clock stepped, the machine slept, no capture is to be had) is told once. From any
// thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "daemon/engine/notice.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

class CommonNotices {
 public:
  // All shards notice within this of each other: the slowest turns ten times a second.
  static constexpr base::Duration kTogether = std::chrono::seconds(1);

  CommonNotices(Notify notify, const base::Clock& clock) : notify_(std::move(notify)), clock_(clock) {}

  void tell(Severity severity, std::string_view event, const std::string& text) {
    if (!notify_) return;
    if (is_common(event) && !is_first(event)) return;
    notify_(severity, event, text);
  }

 private:
  static bool is_common(std::string_view event) {
    return event == "clock_step" || event == "suspend" || event == "no_capture" || event.starts_with("unprivileged_");
  }
  bool is_first(std::string_view event) {
    const base::MonoTime now = clock_.read().mono;
    const std::lock_guard lock(mutex_);
    const auto [entry, is_new] = told_.try_emplace(std::string(event), now);
    if (!is_new && now - entry->second < kTogether) return false;
    entry->second = now;
    return true;
  }

  Notify notify_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, base::MonoTime, std::less<>> told_;
};

}  // namespace blipd::engine
