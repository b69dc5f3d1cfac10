// The lowest reachable share of an event. While it sinks its event is left alone, and told once it has settled: a fall
// of a thousand hosts is not a thousand revisions.
#pragma once

#include <string>

#include "daemon/detect/ledger.hpp"
#include "daemon/detect/scene.hpp"

namespace blipd::detect {

class Lowest {
 public:
  Lowest() = default;
  explicit Lowest(double share) : share_(share) {}

  double share() const { return share_; }

  // True when it is lower than before.
  bool see(double share, base::MonoTime now) {
    if (share >= share_) return false;
    share_ = share;
    sank_ = now;
    return true;
  }

  // Tells the open event that has it, once it has settled.
  void tell(const std::string& id, Scene& scene) const {
    constexpr base::Duration kSettled = std::chrono::seconds(2);
    if (share_ >= scene.ledger.get(id).reachable.lowest || scene.now - sank_ < kSettled) return;
    scene.ledger.revise(id, [this](event::Event& event) { event.reachable.lowest = share_; });
  }

 private:
  double share_ = 1;  // 0–1
  base::MonoTime sank_{};
};

}  // namespace blipd::detect
