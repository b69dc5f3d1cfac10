#include "daemon/serve/password_checks.hpp"

#include <openssl/crypto.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/serve/credentials.hpp"
#include "probes/base/thread.hpp"

namespace blipd::serve {

namespace {

constexpr int kNice = 10;

}  // namespace

// Belongs to both sides, since the thread may outlive its owner by one check.
struct PasswordChecks::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> waiting;
  bool is_started = false;
  bool is_ending = false;

  void run();
};

void PasswordChecks::Shared::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);  // Linux: of this thread alone (setpriority(2))
  for (;;) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return is_ending || !waiting.empty(); });
    if (is_ending) return;
    Job job = std::move(waiting.front());
    waiting.pop_front();
    lock.unlock();
    const bool is_right = is_password_of(job.password, job.hash);
    ::OPENSSL_cleanse(job.password.data(), job.password.size());
    job.done(is_right);
  }
}

PasswordChecks::PasswordChecks() : shared_(std::make_shared<Shared>()) {}

PasswordChecks::~PasswordChecks() {
  std::deque<Job> given_up;
  const std::lock_guard lock(shared_->mutex);
  shared_->is_ending = true;
  given_up.swap(shared_->waiting);
  shared_->changed.notify_all();
}

bool PasswordChecks::submit(Job job) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->waiting.size() >= kMaxWaiting) return false;
  if (!shared_->is_started) {
    try {
      base::start_thread("blipd-passwords", [shared = shared_] { shared->run(); }).detach();
      shared_->is_started = true;
    } catch (const std::system_error&) {  // the next one tries again
      return false;
    }
  }
  shared_->waiting.push_back(std::move(job));
  shared_->changed.notify_one();
  return true;
}

}  // namespace blipd::serve
