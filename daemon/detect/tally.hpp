// How many outages there were and how long they took together, since the start: never falls, though an event is
// revised. An outage counts once it has lasted as long as one, a blip when it can be revised no more.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/event/event.hpp"

namespace blipd::detect {

// As the label `class` has them; a flap is a blip that is part of an instability.
enum class Counted : std::uint8_t { kBlip, kOutage, kFlap };
inline constexpr std::array<const char*, 3> kCountedNames = {"blip", "outage", "flap"};

class OutageTally {
 public:
  struct Row {
    std::uint64_t count = 0;
    double seconds = 0;
  };

  void finish(const event::Event& event) {
    Row& row = rows_[static_cast<std::size_t>(kind_of(event))];
    ++row.count;
    row.seconds += base::to_seconds(event.duration());
    running_ = 0;
  }
  // An outage that goes on, so long by now.
  void run(double seconds) { running_ = std::max(running_, seconds); }

  Row row(Counted kind) const {
    Row row = rows_[static_cast<std::size_t>(kind)];
    if (kind == Counted::kOutage && running_ > 0) {
      ++row.count;
      row.seconds += running_;
    }
    return row;
  }

 private:
  static Counted kind_of(const event::Event& event) {
    if (event.length == event::Class::kOutage) return Counted::kOutage;
    return event.during.empty() ? Counted::kBlip : Counted::kFlap;
  }

  std::array<Row, 3> rows_{};
  double running_ = 0;
};

}  // namespace blipd::detect
