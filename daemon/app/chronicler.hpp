// Between the pipeline and the journal: hands over what is to be remembered, and tells the log what began and ended.
// On the probing thread; never waits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/app/log.hpp"
#include "daemon/app/recent_events.hpp"
#include "daemon/journal/journal.hpp"
#include "daemon/pipeline/pipeline.hpp"

namespace blipd::app {

class Chronicler {
 public:
  // `journal` may be null: then events are told to the log only.
  Chronicler(pipeline::Pipeline& pipeline, std::unique_ptr<journal::Journal> journal, Log& log);

  // Gives the pipeline, which has had no result yet, what the last run knew.
  void recall();

  void tick(const base::Moment& now);

  // Is told of each revision, too; before the first tick.
  void listen(std::function<void(const event::Event&)> listener) { listener_ = std::move(listener); }

  // The last words before the end.
  void finish(const base::Moment& now);

  std::optional<journal::Health> health() const;
  std::size_t open_events() const { return open_.size(); }
  const RecentEvents::List& ended() { return recent_.list(); }
  void set_retention(base::Duration retention);

 private:
  static constexpr base::Duration kAlivePeriod = std::chrono::seconds(10);
  // What is usual changes slowly; open events are journalled by themselves. Whether it is unstable is in both, which
  // must not contradict each other after a crash: then it is remembered at once, in as many ticks as it takes.
  static constexpr base::Duration kMemoryPeriod = std::chrono::minutes(1);
  // Who never lives for a minute shall learn all the same.
  static constexpr base::Duration kFirstMemory = std::chrono::seconds(10);

  // Of a memory that is copied tick by tick: some hundred microseconds.
  static constexpr std::size_t kChannelsAtOnce = 4096;

  // Between two ticks by the wall clock. Ticks come every few milliseconds, and a restart that takes as long is a gap,
  // too.
  static constexpr base::Duration kGap = std::chrono::seconds(2);

  // Of lines about hosts in such a time. Beyond, they are counted: a country that falls must be found in the log.
  static constexpr base::Duration kHostLinesPeriod = std::chrono::seconds(10);
  static constexpr int kMostHostLines = 100;

  void notice_gap(const base::Moment& now);
  void remember(const base::Moment& now, bool is_at_once);
  bool has_room_for(const event::Event& event);
  void tell_of_untold();
  // `is_begun`: or goes on after all.
  void tell(const event::Event& event, bool is_begun);

  pipeline::Pipeline& pipeline_;
  std::unique_ptr<journal::Journal> journal_;
  Log& log_;
  std::function<void(const event::Event&)> listener_;
  RecentEvents recent_;
  std::set<std::string> open_;  // ids; several revisions of one moment come as the last of them
  base::WallTime last_tick_{};  // before the first: none
  base::MonoTime host_lines_since_ = base::MonoTime::min();
  int host_lines_ = 0;
  std::uint64_t untold_ = 0;  // since then, for want of room
  base::MonoTime alive_ = base::MonoTime::min();
  std::optional<base::MonoTime> memory_due_;  // absent: before the first tick
  bool is_remembering_ = false;
};

}  // namespace blipd::app
