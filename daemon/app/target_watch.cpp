#include "daemon/app/target_watch.hpp"

#include <utility>

namespace blipd::app {

TargetWatch::TargetWatch(std::function<void()> changed) : changed_(std::move(changed)) {}

TargetWatch::~TargetWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TargetWatch::watch(config::TargetSources sources) {
  const std::lock_guard lock(mutex_);
  sources_ = std::move(sources);
  is_new_ = true;
  if (!thread_.joinable() && !sources_.patterns.empty()) thread_ = std::thread([this] { run(); });
}

void TargetWatch::run() {
  std::unique_lock lock(mutex_);
  config::TargetSources sources;
  ChangeFinder finder({});
  while (!is_stopped_) {
    if (std::exchange(is_new_, false)) {
      sources = sources_;
      finder = ChangeFinder(sources.files);
    }
    lock.unlock();
    const bool is_changed = finder.is_changed(sources.look());
    if (is_changed) changed_();
    lock.lock();
    wake_.wait_for(lock, kPeriod, [this] { return is_stopped_; });
  }
}

}  // namespace blipd::app
