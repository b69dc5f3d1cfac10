#include "daemon/app/row_maker.hpp"

#include <utility>

#include "probes/base/thread.hpp"

namespace blipd::app {

namespace {

// As many as keep the thread busy from one tick to the next, which may be some milliseconds.
constexpr std::size_t kBatches = 32;

}  // namespace

RowMaker::RowMaker() {
  for (std::size_t i = 0; i < kBatches; ++i) empty_.push_back(std::make_unique<pipeline::RowBatch>());
  thread_ = base::start_thread("blipd-rows", [this] { run(); });
}

RowMaker::~RowMaker() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_work_.notify_one();
  thread_.join();
}

std::unique_ptr<pipeline::RowBatch> RowMaker::take_empty() {
  const std::lock_guard lock(mutex_);
  if (empty_.empty()) return nullptr;
  auto batch = std::move(empty_.back());
  empty_.pop_back();
  return batch;
}

void RowMaker::add(std::shared_ptr<pipeline::Snapshot> snapshot, std::unique_ptr<pipeline::RowBatch> batch) {
  push({std::move(snapshot), std::move(batch), {}});
}

void RowMaker::finish(std::function<void()> then) { push({nullptr, nullptr, std::move(then)}); }

void RowMaker::push(Work work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  has_work_.notify_one();
}

void RowMaker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_work_.wait(lock, [this] { return is_ending_ || !work_.empty(); });
    if (is_ending_) return;
    Work work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    if (work.batch) work.batch->finish(work.snapshot->channels);
    if (work.then) work.then();
    work.then = nullptr;
    work.snapshot.reset();
    lock.lock();
    if (work.batch) empty_.push_back(std::move(work.batch));
  }
}

}  // namespace blipd::app
