// Where the streams of several shards become one, in order of time, as if one thread had asked. Each stream is in
// order already (but for the few milliseconds of a tick, which a single loop has too); here it is only said who comes
// next. Nothing later than a given moment is let through: how far all shards have come is the caller's to know. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/batch.hpp"

namespace blipd::engine {

class Confluence {
 public:
  explicit Confluence(std::size_t streams) : streams_(streams) {}

  // What a stream has brought and was not let through yet: append to its end.
  std::deque<Batch>& batches(std::size_t stream) { return streams_[stream].batches; }

  // Makes all calls up to `until`, which never goes back. A stream that was not waited for tells of things before the
  // last `until`: they are told as learned then. What a shard learned by an older plan than `plan` goes through where
  // the channel is still the same, and not at all where it is gone or asked otherwise now.
  // `done(stream, batch)` gets each batch that is through.
  void flow(base::MonoTime until, const config::Plan& plan, probes::ResultSink& sink,
            const std::function<void(std::size_t stream, Batch&& batch)>& done);

 private:
  struct Stream {
    std::deque<Batch> batches;
    std::size_t cursor = 0;                               // in the first one's calls
    base::MonoTime reached = base::MonoTime::min();       // of the latest call that went through
    base::MonoTime head() const;                          // when the next call was learned
    void skip(const std::function<void(Batch&&)>& done);  // batches that are through
  };

  std::vector<Stream> streams_;
  base::MonoTime passed_ = base::MonoTime::min();
};

}  // namespace blipd::engine
