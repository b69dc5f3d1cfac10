#include "daemon/app/journal_file.hpp"

#include <algorithm>
#include <utility>

namespace blipd::app {

base::Expected<std::unique_ptr<JournalFile>> JournalFile::open(const std::string& path, const std::string& vantage) {
  try {
    return std::unique_ptr<JournalFile>(new JournalFile(journal::Store(path), vantage));
  } catch (const journal::SqlFailure& failure) {
    return base::fail("{}: {}; choose another file for --journal", path, failure.error().text);
  }
}

void JournalFile::add(const std::vector<event::Event>& events, const std::vector<pipeline::Minutes>& minutes,
                      base::WallTime now) {
  constexpr std::size_t kRowsAtOnce = 50'000;  // a commit waits for the disk
  if (!problem_.empty() || (events.empty() && minutes.empty())) return;
  try {
    if (written_ == 0) store_.begin();
    ++written_;
    if (!std::exchange(is_watching_, true)) {
      store_.begin_watch(vantage_, minutes.empty() ? now : std::min(minutes.front().start, now));
    }
    store_.extend_watch(now);
    for (const event::Event& event : events) store_.write(event);
    for (const pipeline::Minutes& each : minutes) {
      store_.write(each);
      written_ += each.channels.size() + each.networks.size();
    }
    if (written_ >= kRowsAtOnce) finish();
  } catch (const journal::SqlFailure& failure) {
    give_up(failure);
  }
}

void JournalFile::finish() {
  if (std::exchange(written_, 0) == 0 || !problem_.empty()) return;
  try {
    store_.commit();
  } catch (const journal::SqlFailure& failure) {
    give_up(failure);
  }
}

void JournalFile::give_up(const journal::SqlFailure& failure) {
  store_.roll_back();
  problem_ = failure.error().text;
}

}  // namespace blipd::app
