// Notices that target files changed, came or went, by looking at them every few seconds: that works on any file system,
// through links and over replaced folders, where notices from the kernel (inotify(7)) do not always. Looks on a thread
// of its own, since a look may block.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "config/load.hpp"
#include "probes/base/time.hpp"

namespace blipd::app {

// What one look after the other has found, and whether that is a change. A change counts when two looks in a row
// agree on it: whoever writes a file in place is given time to finish.
class ChangeFinder {
 public:
  explicit ChangeFinder(std::vector<config::FileStamp> known) : known_(std::move(known)) {}

  bool is_changed(std::vector<config::FileStamp> seen) {
    const bool is_settled = last_ == seen;
    last_ = std::move(seen);
    if (!is_settled || *last_ == known_) return false;
    known_ = *last_;
    return true;
  }

 private:
  std::vector<config::FileStamp> known_;
  std::optional<std::vector<config::FileStamp>> last_;
};

class TargetWatch {
 public:
  static constexpr base::Duration kPeriod = std::chrono::seconds(2);

  // `changed` is called on the watching thread.
  explicit TargetWatch(std::function<void()> changed);
  ~TargetWatch();

  // From now on these; without any there is no thread.
  void watch(config::TargetSources sources);

 private:
  void run();

  std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  config::TargetSources sources_;  // guarded by mutex_, like the next two
  bool is_new_ = false;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace blipd::app
