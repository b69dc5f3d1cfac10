// Between the probing thread and those who ask what it knows: collects requests from any thread, has one snapshot
// built for all of them, and hands it out. The probing thread copies what the pipeline knows, a slice a tick; another
// one makes a snapshot of it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/app/row_maker.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::app {

class Publisher {
 public:
  using Done = std::function<void(std::shared_ptr<const serve::Published>)>;
  using Begun = std::function<void()>;

  // `wake` makes the probing thread call tick() soon; it may be called from any thread.
  Publisher(pipeline::Pipeline& pipeline, std::function<void()> wake);

  // Any thread. `begun`, which may be empty, is called on the probing thread when the snapshot begins to be built, and
  // `done` on a thread of the publisher.
  void request(Done done, Begun begun = {});
  // The same without the channels, which costs next to nothing: `done` is called on the probing thread.
  void request_verdicts(Done done);

  // The probing thread, once a tick. `complete` puts beside a snapshot what is not the pipeline's to know.
  // Returns whether more is to be done, for which the next tick should not wait.
  bool tick(const base::Moment& now, const std::function<void(serve::Published&)>& complete);

  // A new plan: a snapshot that is being built starts anew.
  void restart() { snapshot_ = nullptr; }

 private:
  void give_verdicts(const base::Moment& now, const std::function<void(serve::Published&)>& complete);
  // Returns whether all are copied; otherwise more next time.
  bool copy_channels();

  pipeline::Pipeline& pipeline_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<serve::PublishedWish> waiting_;     // guarded by mutex_
  std::vector<Done> waiting_for_verdicts_;        // guarded by mutex_
  std::vector<serve::PublishedWish> asking_;      // those that the snapshot in the making is for
  std::shared_ptr<pipeline::Snapshot> snapshot_;  // null: none is being copied
  std::size_t copied_ = 0;                        // channels of it
  // Absent until it is needed: no thread may start before privileges are given up.
  std::optional<RowMaker> rows_;
};

}  // namespace blipd::app
