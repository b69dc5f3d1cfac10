#include "daemon/app/reaper.hpp"

#include "probes/base/thread.hpp"

namespace blipd::app {

Reaper::~Reaper() {
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->is_over = true;
  }
  queue_->wake.notify_one();
  if (queue_->thread.joinable()) queue_->thread.join();
}

void Reaper::Queue::leave(std::shared_ptr<const void> object) {
  if (!object) return;
  const std::lock_guard lock(mutex);
  if (is_over) return;
  left.push_back(std::move(object));
  if (!thread.joinable()) thread = base::start_thread("blipd-reaper", [this] { run(); });
  wake.notify_one();
}

void Reaper::Queue::run() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return is_over || !left.empty(); });
    if (left.empty()) return;
    auto ending = std::exchange(left, {});
    lock.unlock();
    ending.clear();
    lock.lock();
  }
}

}  // namespace blipd::app
