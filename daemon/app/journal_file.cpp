#include "daemon/app/journal_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace blipd::app {

namespace {

constexpr auto kMinute = std::chrono::minutes(1);
// A recording has no lines while its daemon was not running; but probes may be far apart, too.
constexpr std::size_t kMostSilent = 15;
constexpr int kMinutesATransaction = 60;

}  // namespace

template <class Work>
void JournalFile::attempt(const Work& work) {
  if (problem_) return;
  try {
    work();
  } catch (const journal::SqlFailure& failure) {
    if (store_) store_->roll_back();
    problem_ = fmt::format("cannot write {}: {}; choose another file for --journal", path_, failure.error().text);
  }
}

JournalFile::JournalFile(std::string path) : path_(std::move(path)) {
  attempt([this] {
    store_.emplace(path_);
    store_->begin();
  });
}

void JournalFile::write(const std::vector<event::Event>& events) {
  attempt([&] {
    for (const event::Event& event : events) store_->write(event);
  });
}

void JournalFile::write(pipeline::Minutes minutes) {
  attempt([&] {
    if (minutes.channels.empty() && !watched_.empty()) {
      if (++silence_ <= kMostSilent) silent_.push_back(std::move(minutes));
      return;
    }
    settle_silence(minutes.start);
    put(minutes);
  });
}

// Afterwards the stretch of watching reaches up to `next`, or a new one begins there.
void JournalFile::settle_silence(base::WallTime next) {
  if (watched_.empty() || silence_ > kMostSilent) {
    watched_.push_back({next, next});
  } else {
    for (const pipeline::Minutes& each : silent_) put(each);
  }
  silent_.clear();
  silence_ = 0;
}

void JournalFile::put(const pipeline::Minutes& minutes) {
  store_->write(minutes);
  watched_.back().until = minutes.start + kMinute;
  if (++uncommitted_ < kMinutesATransaction) return;
  uncommitted_ = 0;
  store_->commit();
  store_->begin();
}

void JournalFile::finish(const std::string& vantage, base::WallTime from, base::WallTime until) {
  attempt([&] {
    const bool is_silent = silence_ > kMostSilent;
    if (watched_.empty() || !is_silent) {
      settle_silence(from);
      watched_.back().until = until;
    }
    watched_.front().from = from;
    for (const journal::Watched& stretch : watched_) {
      store_->begin_watch(vantage, stretch.from);
      store_->extend_watch(std::min(stretch.until, until));
    }
    store_->commit();
  });
}

}  // namespace blipd::app
