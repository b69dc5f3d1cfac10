// What the records of networks and countries look at and write to while they judge one moment.
#pragma once

#include <algorithm>
#include <string>

#include "config/plan.hpp"
#include "daemon/detect/hearing.hpp"
#include "daemon/detect/ledger.hpp"

namespace blipd::detect {

struct Scene {
  Ledger& ledger;
  const Hearing& hearing;
  const config::Plan& plan;
  base::MonoTime now{};
  double answered_here = 1;  // share of the controls' probes that is answered, against what is usual

  const config::Detect& rules() const { return plan.configuration.detect; }
};

// One event that goes on for as long as a condition holds.
class Standing {
 public:
  bool is_open() const { return !id_.empty(); }
  const std::string& id() const { return id_; }
  void begin(Scene& scene, const Place& place, event::Kind kind, const MonoSpan& start, const Ledger::Edit& edit) {
    // What still holds of the last one is not told twice.
    id_ = scene.ledger.open(place, kind, {std::max(start.earliest, ended_), std::max(start.latest, ended_)});
    scene.ledger.revise(id_, edit);
  }
  // An end never lies before the start.
  void end(Scene& scene, const MonoSpan& when) {
    if (!is_open()) return;
    const event::Span span = scene.ledger.wall(when);
    scene.ledger.revise(id_, [&](event::Event& event) {
      const base::WallTime earliest = std::max(span.earliest, event.start.latest);
      event.end = event::Span{earliest, std::max(span.latest, earliest)};
      event.updated = std::max(event.updated, event.end->latest);
    });
    ended_ = scene.ledger.mono(scene.ledger.get(id_).end->latest);
    scene.ledger.release(id_);
    id_.clear();
  }
  // Marks it once it has been open for too long to be passed over.
  void review(Scene& scene) const {
    if (!is_open()) return;
    const event::Event& event = scene.ledger.get(id_);
    if (event.needs_review || scene.ledger.wall(scene.now) - event.start.middle() < scene.rules().review_after) return;
    scene.ledger.revise(id_, [](event::Event& e) { e.needs_review = true; });
  }
  void adopt(const std::string& id) { id_ = id; }

 private:
  std::string id_;
  base::MonoTime ended_ = base::MonoTime::min();
};

}  // namespace blipd::detect
