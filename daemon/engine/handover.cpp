#include "daemon/engine/handover.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace blipd::engine {

void Handover::put(Batch& batch) {
  calls_.fetch_add(batch.calls.size(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (!batches_.empty() && batches_.back().generation == batch.generation &&
      batches_.back().calls.size() + batch.calls.size() <= kGathered) {
    batches_.back().append(batch);
    batch.clear();
    return;
  }
  const config::Generation generation = batch.generation;
  batches_.push_back(std::move(batch));
  batch = Batch{};
  if (!spares_.empty()) {
    batch = std::move(spares_.back());
    spares_.pop_back();
  }
  batch.generation = generation;
}

void Handover::take(std::deque<Batch>& into) {
  const std::lock_guard lock(mutex_);
  std::ranges::move(batches_, std::back_inserter(into));
  batches_.clear();
}

void Handover::give_back(Batch&& batch) {
  calls_.fetch_sub(batch.calls.size(), std::memory_order_relaxed);
  batch.clear();
  const std::lock_guard lock(mutex_);
  if (spares_.size() < kSpares) spares_.push_back(std::move(batch));
}

}  // namespace blipd::engine
