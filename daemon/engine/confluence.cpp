#include "daemon/engine/confluence.hpp"

#include <algorithm>
#include <utility>

namespace blipd::engine {

namespace {

bool is_still_the_same(const config::Plan& plan, const Batch& batch, probes::ChannelIndex channel) {
  if (batch.generation == plan.generation) return true;
  return channel < plan.channels.size() && plan.channels[channel].is_active &&
         plan.channels[channel].since_generation <= batch.generation;
}

}  // namespace

base::MonoTime Confluence::Stream::head() const {
  if (batches.empty()) return base::MonoTime::max();
  return std::max(reached, batches.front().calls[cursor].at);
}

void Confluence::Stream::skip(const std::function<void(Batch&&)>& done) {
  while (!batches.empty() && cursor == batches.front().calls.size()) {
    Batch batch = std::move(batches.front());
    batches.pop_front();
    cursor = 0;
    done(std::move(batch));
  }
}

void Confluence::flow(base::MonoTime until, const config::Plan& plan, probes::ResultSink& sink,
                      const std::function<void(std::size_t, Batch&&)>& done) {
  const auto skip = [&](std::size_t i) { streams_[i].skip([&](Batch&& batch) { done(i, std::move(batch)); }); };
  for (std::size_t i = 0; i < streams_.size(); ++i) skip(i);
  for (;;) {
    // The stream whose turn it is goes on until another one's call is the earlier.
    std::size_t first = 0;
    base::MonoTime earliest = base::MonoTime::max();
    base::MonoTime next = base::MonoTime::max();
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      const base::MonoTime head = streams_[i].head();
      if (head < earliest) {
        next = std::exchange(earliest, head);
        first = i;
      } else {
        next = std::min(next, head);
      }
    }
    if (earliest == base::MonoTime::max() || earliest > until) break;
    Stream& stream = streams_[first];
    const base::MonoTime limit = std::min(next, until);
    while (!stream.batches.empty() && stream.head() <= limit) {
      stream.reached = stream.head();
      const Batch& batch = stream.batches.front();
      Batch::Call call = batch.calls[stream.cursor++];
      // When a probe left is a fact, and told as such; when something was learned is when it is told at the earliest.
      if (call.what != Batch::Call::What::kSent) call.at = std::max(call.at, passed_);
      if (is_still_the_same(plan, batch, call.channel)) batch.repeat(call, sink);
      skip(first);
    }
  }
  passed_ = std::max(passed_, until);
}

}  // namespace blipd::engine
