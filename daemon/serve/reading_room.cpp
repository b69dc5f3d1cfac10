#include "daemon/serve/reading_room.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "daemon/serve/mailbox.hpp"
#include "probes/base/thread.hpp"

namespace blipd::serve {

namespace {

constexpr int kNice = 10;

Reply made_by(const std::function<Reply()>& make) {
  try {
    return make();
  } catch (...) {  // for want of memory, for example; a broken journal is not for the one who asked to see either
    return plain_reply(500, "this could not be put together");
  }
}

}  // namespace

ReadingRoom::~ReadingRoom() {
  {
    std::deque<Wish> given_up;
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    given_up.swap(wishes_);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

ReadingRoom::Place ReadingRoom::enter(std::function<Reply()> make, std::function<void(Reply)> done) {
  const auto place = std::make_shared<Waiting>(Waiting{std::move(done)});
  const std::lock_guard lock(mutex_);
  if (wishes_.size() >= kMostWaiting) std::erase_if(wishes_, [](const Wish& wish) { return wish.whose.expired(); });
  if (wishes_.size() >= kMostWaiting) return nullptr;
  if (!thread_.joinable()) {
    try {
      thread_ = base::start_thread("blipd-reading", [this] { run(); });
    } catch (const std::system_error&) {  // the next one tries again
      return nullptr;
    }
  }
  wishes_.push_back({place, std::move(make)});
  changed_.notify_one();
  return place;
}

void ReadingRoom::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);  // Linux: of this thread alone (setpriority(2))
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_ending_ || !wishes_.empty(); });
    if (is_ending_) return;
    Wish wish = std::move(wishes_.front());
    wishes_.pop_front();
    lock.unlock();
    if (wish.whose.expired()) continue;
    // A std::function must be copyable, and a reply is not. Who waits is held only on the serving thread, where his
    // socket is: this thread must never be the last to let go of it.
    const auto reply = std::make_shared<Reply>(made_by(wish.make));
    mailbox_->post([whose = std::move(wish.whose), reply] {
      if (const Place place = whose.lock()) place->done(std::move(*reply));
    });
  }
}

}  // namespace blipd::serve
