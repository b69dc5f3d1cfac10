#include "daemon/engine/resolver.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "daemon/engine/system_lookup.hpp"

namespace blipd::engine {

// A few threads, started with the first errand: a name whose servers are silent holds up one of them for seconds.
class Resolver::Workers {
 public:
  explicit Workers(LookupFunction lookup) : lookup_(std::move(lookup)) {}

  // All at once, before they are joined one by one.
  ~Workers() {
    for (std::jthread& thread : threads_) thread.request_stop();
  }

  struct Done {
    NameBook::Errand errand;
    base::Expected<Lookup> lookup;
  };

  void add(std::vector<NameBook::Errand> errands) {
    if (errands.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      for (auto& errand : errands) errands_.push_back(std::move(errand));
    }
    while (threads_.size() < kThreads) {
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    wake_.notify_all();
  }

  std::vector<Done> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(done_, {});
  }

 private:
  static constexpr std::size_t kThreads = 4;

  void work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      NameBook::Errand errand;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait(lock, stop, [this] { return !errands_.empty(); })) return;
        errand = std::move(errands_.front());
        errands_.pop_front();
      }
      base::Expected<Lookup> lookup = look_up(errand.name, stop);
      const std::lock_guard lock(mutex_);
      done_.push_back({std::move(errand), std::move(lookup)});
    }
  }

  base::Expected<Lookup> look_up(const std::string& name, const std::stop_token& stop) const {
    try {
      return lookup_(name, stop);
    } catch (const std::exception& error) {
      return base::fail("cannot look up {}: {}", name, error.what());
    }
  }

  LookupFunction lookup_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<NameBook::Errand> errands_;
  std::vector<Done> done_;
  std::vector<std::jthread> threads_;  // last, so that they end before what they use
};

Resolver::Resolver() : Resolver(system_lookup({})) {}
Resolver::Resolver(LookupFunction lookup) : workers_(std::make_unique<Workers>(std::move(lookup))) {}
Resolver::~Resolver() = default;

std::vector<Resolved> Resolver::poll(base::MonoTime now) {
  for (const Workers::Done& done : workers_->take()) book_.settle(done.errand, done.lookup, now);
  workers_->add(book_.due(now));
  return book_.take_news();
}

}  // namespace blipd::engine
