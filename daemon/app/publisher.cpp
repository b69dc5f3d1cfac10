#include "daemon/app/publisher.hpp"

#include <chrono>
#include <utility>

namespace blipd::app {

namespace {

// A tick has 10 ms: a slice leaves most of them to probing.
constexpr std::size_t kRowsAtOnce = 32;
constexpr std::chrono::microseconds kSlice(1500);

}  // namespace

Publisher::Publisher(pipeline::Pipeline& pipeline, std::function<void()> wake)
    : pipeline_(pipeline), wake_(std::move(wake)) {}

void Publisher::request(Done done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(done));
  }
  wake_();
}

bool Publisher::tick(const base::Moment& now, const std::function<void(serve::Published&)>& complete) {
  if (building_.empty()) {
    const std::lock_guard lock(mutex_);
    building_ = std::exchange(waiting_, {});
  }
  if (building_.empty()) return false;
  if (!is_building_) {
    pipeline_.begin_snapshot(now);
    is_building_ = true;
  }
  const auto started = std::chrono::steady_clock::now();
  while (pipeline_.step_snapshot(kRowsAtOnce)) {
    if (std::chrono::steady_clock::now() - started > kSlice) return true;
  }
  is_building_ = false;
  auto published = std::make_shared<serve::Published>();
  published->snapshot = pipeline_.finish_snapshot();
  complete(*published);
  for (const Done& done : std::exchange(building_, {})) done(published);
  const std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

}  // namespace blipd::app
