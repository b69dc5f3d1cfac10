// From one shard's thread to the thread that judges: batches, in order, none ever lost. Bounded by what the shard does
// when it is full: it sends nothing more (Loop::hold()), so that all that can still come is what was under way. One
// producer, one consumer; the lock is taken once a tick by each and held for the copy of a few kilobytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "daemon/engine/batch.hpp"

namespace blipd::engine {

class Handover {
 public:
  // Some two seconds of a shard that asks 120,000 times a second: 24 MiB, if it should ever come to that.
  static constexpr std::size_t kMostCalls = std::size_t{1} << 19;

  explicit Handover(std::size_t most_calls = kMostCalls) : most_calls_(most_calls) {}

  // The shard: hands the batch over, and has an empty one in its place.
  void put(Batch& batch);
  // Whether more lies here, or is being worked through, than should.
  bool is_full() const { return calls_.load(std::memory_order_relaxed) >= most_calls_; }

  // The judge: appends all that is here; gives back each batch that he has worked through.
  void take(std::deque<Batch>& into);
  void give_back(Batch&& batch);

 private:
  // A judge who comes late finds a few large batches rather than many small ones.
  static constexpr std::size_t kGathered = 4096;
  static constexpr std::size_t kSpares = 4;

  const std::size_t most_calls_;
  std::atomic<std::size_t> calls_{0};  // put and not given back
  std::mutex mutex_;
  std::deque<Batch> batches_;
  std::vector<Batch> spares_;
};

}  // namespace blipd::engine
