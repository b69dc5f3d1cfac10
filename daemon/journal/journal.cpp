#include "daemon/journal/journal.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/journal/store.hpp"
#include "probes/base/text.hpp"

namespace blipd::journal {

namespace {

// Transactions cost, mostly for the disk: one a second holds all that has come meanwhile.
constexpr auto kGather = std::chrono::seconds(1);
constexpr auto kRetry = std::chrono::seconds(3);
// What is kept in memory while the file cannot be written. Events are few and matter most.
constexpr std::size_t kMostEvents = 10000;
constexpr std::size_t kMostMinutes = 30;
constexpr std::size_t kMostStretches = 1000;
constexpr auto kPrunePeriod = std::chrono::minutes(10);

struct Batch {
  std::vector<event::Event> events;
  std::vector<pipeline::Minutes> minutes;
  std::optional<pipeline::Memory> memory;
  std::optional<base::WallTime> alive;  // the stretch that the file has went on until then
  std::vector<Watched> stretches;       // and these came after it

  bool is_empty() const { return events.empty() && minutes.empty() && !memory && !alive && stretches.empty(); }
  std::uint64_t size() const { return events.size() + minutes.size() + (memory ? 1 : 0); }

  void extend_watch(base::WallTime until) {
    if (stretches.empty()) {
      alive = until;
    } else {
      stretches.back().until = std::max(stretches.back().until, until);
    }
  }
  std::optional<base::WallTime> watched_until() const {
    return stretches.empty() ? alive : std::optional(stretches.back().until);
  }
  // What is in `later` came after.
  void append(Batch later) {
    std::move(later.events.begin(), later.events.end(), std::back_inserter(events));
    std::move(later.minutes.begin(), later.minutes.end(), std::back_inserter(minutes));
    if (later.memory) memory = std::move(later.memory);
    if (later.alive) extend_watch(*later.alive);
    stretches.insert(stretches.end(), later.stretches.begin(), later.stretches.end());
  }
  // How many were given up.
  std::uint64_t trim() {
    return keep_latest(events, kMostEvents) + keep_latest(minutes, kMostMinutes) +
           keep_latest(stretches, kMostStretches);
  }

 private:
  template <typename T>
  static std::uint64_t keep_latest(std::vector<T>& all, std::size_t most) {
    if (all.size() <= most) return 0;
    const std::size_t given_up = all.size() - most;
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
    return given_up;
  }
};

// The file that a path leads to at present; 0: none.
ino_t inode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

std::uint64_t size_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(Options options, base::WallTime now)
      : options_(std::move(options)), started_(now), written_until_(now) {
    retention_ = options_.retention;
    try {
      open();
      recalled_ = store_->recall();
    } catch (const SqlFailure& failure) {
      on_failure(failure.error());
    }
    thread_ = std::thread([this] { run(); });
  }

  ~SqliteJournal() override {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  std::optional<pipeline::Memory> recall() override { return std::exchange(recalled_, std::nullopt); }

  void remember(const event::Event& event) override {
    const std::lock_guard lock(mutex_);
    queue_.events.push_back(event);
    health_.dropped += queue_.trim();
  }
  void remember(pipeline::Minutes minutes) override {
    const std::lock_guard lock(mutex_);
    queue_.minutes.push_back(std::move(minutes));
    health_.dropped += queue_.trim();
  }
  void remember(pipeline::Memory memory) override {
    const std::lock_guard lock(mutex_);
    queue_.memory = std::move(memory);
  }
  void alive(base::WallTime now) override {
    const std::lock_guard lock(mutex_);
    queue_.extend_watch(now);
    now_ = now;
  }
  void resume(base::WallTime now) override {
    const std::lock_guard lock(mutex_);
    queue_.stretches.push_back({now, now});
    health_.dropped += queue_.trim();
  }
  void set_retention(base::Duration retention) override {
    const std::lock_guard lock(mutex_);
    retention_ = retention;
  }

  Health health() const override {
    const std::lock_guard lock(mutex_);
    Health health = health_;
    health.queued = queue_.size() + held_size_;
    health.path = options_.path;
    return health;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    Batch held;  // could not be written
    while (true) {
      const auto pause = held.is_empty() ? std::chrono::milliseconds(kGather) : std::chrono::milliseconds(kRetry);
      wake_.wait_for(lock, pause, [this] { return is_stopped_; });
      const bool is_last = is_stopped_;
      held.append(std::exchange(queue_, {}));
      health_.dropped += held.trim();
      held_size_ = held.size();
      const base::WallTime now = now_;
      const base::Duration retention = retention_;
      lock.unlock();
      if (write(held)) held = {};
      if (!is_last) prune(now, retention);
      lock.lock();
      held_size_ = held.size();
      if (is_last) return;
    }
  }

  bool write(const Batch& batch) {
    if (batch.is_empty() && is_fine_) return true;
    try {
      if (store_ && inode_of(options_.path) != inode_) store_.reset();
      if (!store_) open();
      store_->begin();
      for (const event::Event& event : batch.events) store_->write(event);
      for (const pipeline::Minutes& minutes : batch.minutes) store_->write(minutes);
      if (batch.memory) store_->write(*batch.memory);
      if (batch.alive) store_->extend_watch(*batch.alive);
      for (const Watched& stretch : batch.stretches) {
        store_->begin_watch(options_.vantage, stretch.from);
        store_->extend_watch(stretch.until);
      }
      store_->commit();
    } catch (const SqlFailure& failure) {
      if (store_) store_->roll_back();
      on_failure(failure.error());
      return false;
    }
    if (const auto until = batch.watched_until()) written_until_ = *until;
    on_success();
    return true;
  }

  void open() {
    try {
      store_.emplace(options_.path);
    } catch (const SqlFailure& failure) {
      if (failure.error().kind != SqlError::Kind::kCorrupt || !set_aside()) throw;
      store_.emplace(options_.path);
    }
    inode_ = inode_of(options_.path);
    store_->begin();
    // What was written before is in another file, which was taken away or set aside.
    store_->begin_watch(options_.vantage, written_until_);
    store_->commit();
  }

  // A broken file is evidence, and may be mended by somebody who knows how: it keeps its content under another name.
  bool set_aside() {
    store_.reset();
    std::string stamp = base::format_time(started_);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
    const std::string aside = options_.path + ".corrupt-" + stamp;
    if (std::rename(options_.path.c_str(), aside.c_str()) != 0) return false;
    for (const char* suffix : {"-wal", "-shm"}) {
      std::rename((options_.path + suffix).c_str(), (aside + suffix).c_str());
    }
    if (options_.notify) {
      options_.notify(true,
                      fmt::format("{} is broken; it was set aside as {}, and a new one begun", options_.path, aside));
    }
    return true;
  }

  void on_failure(const SqlError& error) {
    const std::string text = fmt::format("cannot write {}: {}; keeping it in memory and trying again every {} s",
                                         options_.path, error.text, kRetry.count());
    bool was_fine = false;
    {
      const std::lock_guard lock(mutex_);
      ++health_.errors;
      health_.is_writing = false;
      health_.problem = error.text;
      was_fine = std::exchange(is_fine_, false);
    }
    // What broke while it was open is opened anew, and set aside if need be.
    if (error.kind == SqlError::Kind::kCorrupt && store_ && !set_aside()) store_.reset();
    if (was_fine && options_.notify) options_.notify(true, text);
  }

  void on_success() {
    bool was_fine = true;
    {
      const std::lock_guard lock(mutex_);
      health_.is_writing = true;
      health_.problem.clear();
      health_.bytes = size_of(options_.path) + size_of(options_.path + "-wal");
      was_fine = std::exchange(is_fine_, true);
    }
    if (!was_fine && options_.notify) options_.notify(false, fmt::format("{} is written again", options_.path));
  }

  void prune(base::WallTime now, base::Duration retention) {
    const auto steady = std::chrono::steady_clock::now();
    if (!store_ || !is_fine_ || now == base::WallTime{} || (steady < next_prune_ && !is_pruning_)) return;
    try {
      is_pruning_ = store_->prune(now - retention);
    } catch (const SqlFailure& failure) {
      on_failure(failure.error());
    }
    next_prune_ = steady + kPrunePeriod;
  }

  Options options_;
  base::WallTime started_;
  std::optional<pipeline::Memory> recalled_;
  // Of the journal's thread, once it runs.
  std::optional<Store> store_;
  base::WallTime written_until_;
  ino_t inode_ = 0;
  bool is_pruning_ = false;
  std::chrono::steady_clock::time_point next_prune_{};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Batch queue_;
  Health health_;
  bool is_fine_ = true;
  bool is_stopped_ = false;
  std::uint64_t held_size_ = 0;
  base::WallTime now_{};
  base::Duration retention_{};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Journal> Journal::open(Options options, base::WallTime now) {
  return std::make_unique<SqliteJournal>(std::move(options), now);
}

}  // namespace blipd::journal
