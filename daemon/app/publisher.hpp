// Between the probing thread and those who ask what it knows: collects requests from any thread, has the pipeline
// build one snapshot for all of them, a slice a tick, and hands it out.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/pipeline/pipeline.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::app {

class Publisher {
 public:
  using Done = std::function<void(std::shared_ptr<const serve::Published>)>;

  // `wake` makes the probing thread call tick() soon; it may be called from any thread.
  Publisher(pipeline::Pipeline& pipeline, std::function<void()> wake);

  // Any thread.
  void request(Done done);

  // The probing thread, once a tick. `complete` puts beside a finished snapshot what is not the pipeline's to know.
  // Returns whether more is to be done, for which the next tick should not wait.
  bool tick(const base::Moment& now, const std::function<void(serve::Published&)>& complete);

  // A new plan: a snapshot that is being built starts anew.
  void restart() { is_building_ = false; }

 private:
  pipeline::Pipeline& pipeline_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Done> waiting_;   // guarded by mutex_
  std::vector<Done> building_;  // those that the snapshot in the making is for
  bool is_building_ = false;
};

}  // namespace blipd::app
