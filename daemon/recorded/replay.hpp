// Plays recorded results to a pipeline of its own in virtual time: at the moments at which things were learned, and in
// an order of its own within each moment (pipeline::Turn), so that the order of the lines within reach does not matter.
// Lines may come up to a minute late. Bounded: holds a minute of lines and what is under way meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "config/model.hpp"
#include "daemon/event/event.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/pipeline/virtual_time.hpp"
#include "daemon/recorded/directory.hpp"
#include "daemon/recorded/entry.hpp"

namespace blipd::recorded {

class Replay {
 public:
  explicit Replay(config::Configuration configuration);

  // The next line of the file. A fault leaves everything as it was.
  base::Expected<void> take(const Row& row);
  // No more lines.
  void finish();

  // As Pipeline::take_events().
  std::vector<event::Event> take_events();
  std::uint64_t results() const { return results_; }

  // From now on minutes are kept, and handed over as they end; before the first line.
  void keep_minutes(std::function<void(pipeline::Minutes)> taker) { take_minutes_ = std::move(taker); }
  // What was played so far; absent: nothing.
  struct Played {
    base::WallTime from{};
    base::WallTime until{};
  };
  std::optional<Played> played() const;

 private:
  static constexpr base::Duration kOutOfOrder = std::chrono::minutes(1);
  // Beyond it the time of a line is more probably a slip than a pause.
  static constexpr base::Duration kLongestPause = std::chrono::hours(24 * 366);

  using Second = std::int64_t;  // Unix time

  // What belongs to a second, for the seconds within reach. The capacity of what is emptied is used again.
  class Seconds {
   public:
    std::vector<Entry>& operator[](Second second) { return slots_[static_cast<std::size_t>(second) % kSeconds]; }

   private:
    static constexpr std::size_t kSeconds = 1024;  // more than a minute and twice the longest wait
    std::array<std::vector<Entry>, kSeconds> slots_;
  };

  static Second second_of(base::WallTime t) {
    return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
  }
  base::Expected<void> check_order(base::WallTime learned) const;
  void play_until(Second end);
  void play(Second second);
  void pass(base::WallTime until);
  void hand_minutes_over();
  void meet_newcomers(const std::vector<Entry>& asked);
  void begin(Second second);
  void settle(const Entry& entry);

  Directory directory_;
  base::Duration longest_wait_;              // from sending to learning
  Seconds asked_;                            // by sending
  Seconds learned_;                          // by learning, once asked
  std::optional<base::WallTime> latest_;     // of what was learned
  Second next_ = 0;                          // the first second that has not been played
  Second last_ = 0;                          // the last one that has something to play
  std::vector<probes::Sequence> sequences_;  // by channel
  std::optional<pipeline::VirtualTime> time_;
  base::WallTime began_{};
  std::optional<pipeline::Pipeline> pipeline_;
  std::uint64_t results_ = 0;
  std::function<void(pipeline::Minutes)> take_minutes_;  // empty: none are kept
};

}  // namespace blipd::recorded
