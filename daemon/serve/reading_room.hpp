// Makes the answers that take reading from the journal, on a thread of its own, one after the other, behind a short
// queue: a slow disk or a wide range holds up whoever asked for it, and neither scrapes nor the rest. The thread runs
// at a low priority and starts with the first wish. The room itself lives on the serving thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "daemon/serve/reply.hpp"

namespace blipd::serve {

class Mailbox;

class ReadingRoom {
  struct Waiting;

 public:
  static constexpr std::size_t kMostWaiting = 32;

  // Belongs to whoever waits. Dropped, his wish is taken back: nobody is told, and what was not begun is not read.
  using Place = std::shared_ptr<Waiting>;

  explicit ReadingRoom(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  // Gives up what waits, and waits for what is under way, which therefore must have an end of its own.
  ~ReadingRoom();
  ReadingRoom(const ReadingRoom&) = delete;
  ReadingRoom& operator=(const ReadingRoom&) = delete;

  // `make` is called on the reading thread and touches nothing but what it brings along; when it throws, 500 is the
  // answer. `done` is called on the serving thread, once, later. Null, and nothing happens, when too many wait or there
  // is no thread to be had.
  Place enter(std::function<Reply()> make, std::function<void(Reply)> done);

 private:
  struct Waiting {
    std::function<void(Reply)> done;
  };
  struct Wish {
    std::weak_ptr<Waiting> whose;
    std::function<Reply()> make;
  };

  void run();

  const std::shared_ptr<Mailbox> mailbox_;
  std::thread thread_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Wish> wishes_;
  bool is_ending_ = false;
};

}  // namespace blipd::serve
