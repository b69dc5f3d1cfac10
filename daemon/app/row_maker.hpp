// A thread that makes rows of a snapshot from what the probing thread copied, so that probing need not wait for it.
// What waits for it is bounded: there are so many batches, and whoever finds none empty comes back later.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/pipeline/row_batch.hpp"
#include "daemon/pipeline/snapshot.hpp"

namespace blipd::app {

class RowMaker {
 public:
  RowMaker();
  // What waits is dropped.
  ~RowMaker();
  RowMaker(const RowMaker&) = delete;
  RowMaker& operator=(const RowMaker&) = delete;

  // Null while all are in use.
  std::unique_ptr<pipeline::RowBatch> take_empty();
  // Rows are appended in the order of these calls. Until the snapshot is finished nobody else may touch it.
  void add(std::shared_ptr<pipeline::Snapshot> snapshot, std::unique_ptr<pipeline::RowBatch> batch);
  // Calls `then` on its thread when all that was added before is done.
  void finish(std::function<void()> then);

 private:
  struct Work {
    std::shared_ptr<pipeline::Snapshot> snapshot;
    std::unique_ptr<pipeline::RowBatch> batch;
    std::function<void()> then;
  };

  void push(Work work);
  void run();

  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Work> work_;
  std::vector<std::unique_ptr<pipeline::RowBatch>> empty_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace blipd::app
