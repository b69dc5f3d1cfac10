#include "daemon/serve/password_checks.hpp"

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/serve/credentials.hpp"

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
  ::pthread_setname_np(::pthread_self(), "blipd-passwords");
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
    // Signals are for the thread that waits for them.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([shared = shared_] { shared->run(); }).detach();
      shared_->is_started = true;
    } catch (const std::system_error&) {  // the next one tries again
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!shared_->is_started) return false;
  }
  shared_->waiting.push_back(std::move(job));
  shared_->changed.notify_one();
  return true;
}

}  // namespace blipd::serve
