// The events that ended lately, as they were last revised: what can be told of the past without a journal. Bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/event/event.hpp"

namespace blipd::app {

class RecentEvents {
 public:
  static constexpr std::size_t kMost = 1000;
  // Oldest first; never changed once it is handed out. Null: none has ended yet.
  using List = std::shared_ptr<const std::vector<std::shared_ptr<const event::Event>>>;

  // Each revision. One that is open again is not among those that ended.
  void take(const event::Event& event);

  // Those at present. Cheap unless one has been taken meanwhile.
  const List& list();

 private:
  std::map<std::uint64_t, std::shared_ptr<const event::Event>> ended_;  // in the order of their last revision
  std::unordered_map<std::string, std::uint64_t> places_;               // in `ended_`, by id
  std::uint64_t taken_ = 0;
  bool is_changed_ = false;
  List list_;
};

}  // namespace blipd::app
