#include "daemon/app/publisher.hpp"

#include <chrono>
#include <utility>

namespace blipd::app {

namespace {

// A tick has some milliseconds: a slice leaves most of them to probing.
constexpr std::chrono::microseconds kSlice(1500);

}  // namespace

Publisher::Publisher(pipeline::Pipeline& pipeline, std::function<void()> wake)
    : pipeline_(pipeline), wake_(std::move(wake)) {}

void Publisher::request(Done done, Begun begun) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(done), std::move(begun)});
  }
  wake_();
}

void Publisher::request_verdicts(Done done) {
  {
    const std::lock_guard lock(mutex_);
    waiting_for_verdicts_.push_back(std::move(done));
  }
  wake_();
}

void Publisher::give_verdicts(const base::Moment& now, const std::function<void(serve::Published&)>& complete) {
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_for_verdicts_);
  }
  if (waiting.empty()) return;
  auto published = std::make_shared<serve::Published>();
  published->snapshot = pipeline_.begin_snapshot(now);
  complete(*published);
  for (const Done& done : waiting) done(published);
}

bool Publisher::tick(const base::Moment& now, const std::function<void(serve::Published&)>& complete) {
  give_verdicts(now, complete);
  if (asking_.empty()) {
    const std::lock_guard lock(mutex_);
    asking_ = std::exchange(waiting_, {});
  }
  for (serve::PublishedWish& wish : asking_) {
    if (const Begun begun = std::exchange(wish.begun, {})) begun();
  }
  if (asking_.empty()) return false;
  if (!rows_) rows_.emplace();
  if (!snapshot_) {
    snapshot_ = pipeline_.begin_snapshot(now);
    copied_ = 0;
  }
  if (!copy_channels()) return true;
  auto published = std::make_shared<serve::Published>();
  published->snapshot = std::exchange(snapshot_, nullptr);
  complete(*published);
  rows_->finish([published = std::move(published), asking = std::exchange(asking_, {})] {
    for (const serve::PublishedWish& wish : asking) wish(published);
  });
  const std::lock_guard lock(mutex_);
  return !waiting_.empty();
}

bool Publisher::copy_channels() {
  const auto started = std::chrono::steady_clock::now();
  while (copied_ < snapshot_->plan->channels.size()) {
    if (std::chrono::steady_clock::now() - started > kSlice) return false;
    auto batch = rows_->take_empty();
    if (!batch) return false;
    pipeline_.copy_channels(static_cast<config::ChannelIndex>(copied_), *batch);
    copied_ += batch->size();
    rows_->add(snapshot_, std::move(batch));
  }
  return true;
}

}  // namespace blipd::app
