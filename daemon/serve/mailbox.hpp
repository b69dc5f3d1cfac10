// Where other threads leave work for the serving thread; they may come when the server is no more, and are then not
// heard. Held by everybody who may still come.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace blipd::serve {

class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& context) : context_(&context) {}

  // Any thread.
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) boost::asio::post(*context_, std::move(work));
  }
  // The last thing before the server's members go.
  void close() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* context_;
};

// One question to another thread, which is answered once. Dropped without an answer, it says so, and nobody waits in
// vain.
template <class Answer>
class Question {
 public:
  // `deliver` is called on the serving thread, with nothing when the question was dropped.
  Question(std::shared_ptr<Mailbox> mailbox, std::function<void(std::optional<Answer>)> deliver)
      : mailbox_(std::move(mailbox)), deliver_(std::move(deliver)) {}
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() { give(std::nullopt); }

  void answer(Answer answer) { give(std::move(answer)); }

 private:
  void give(std::optional<Answer> answer) {
    const std::lock_guard lock(mutex_);
    if (!deliver_) return;
    mailbox_->post([deliver = std::exchange(deliver_, nullptr), answer = std::move(answer)]() mutable {
      deliver(std::move(answer));
    });
  }

  std::mutex mutex_;
  std::shared_ptr<Mailbox> mailbox_;
  std::function<void(std::optional<Answer>)> deliver_;
};

}  // namespace blipd::serve
