// Lets what is large end on a thread of its own. What a hundred thousand targets hold takes many milliseconds to give
// back, and whoever happens to be its last owner (the probing thread, at a reload) does not have them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace blipd::app {

class Reaper {
 public:
  Reaper() : queue_(std::make_shared<Queue>()) {}
  // Waits for what was left before. Whatever is left later ends on the thread of its last owner.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // The same object under another pointer: its last owner only leaves it here. For any thread, and good for longer than
  // this lives.
  template <class T>
  std::shared_ptr<T> watch(std::shared_ptr<T> object) {
    T* const raw = object.get();
    return std::shared_ptr<T>(
        raw, [queue = queue_, object = std::move(object)](T*) mutable { queue->leave(std::move(object)); });
  }

  // Gives up one's own share of it. From any thread.
  void leave(std::shared_ptr<const void> object) { queue_->leave(std::move(object)); }

 private:
  struct Queue {
    void leave(std::shared_ptr<const void> object);
    void run();

    std::mutex mutex;
    std::condition_variable wake;
    std::vector<std::shared_ptr<const void>> left;
    std::thread thread;  // from the first object on, since a thread keeps the privileges that it was started with
    bool is_over = false;
  };

  std::shared_ptr<Queue> queue_;  // shared with all pointers that are watched
};

}  // namespace blipd::app
