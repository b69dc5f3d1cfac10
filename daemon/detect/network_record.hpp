// What is known of one network over time, beyond whether its test says up or down: how often it falls, its loss and
// round trips against what is usual, which part of it is down, and the events that follow. Owns the network's shown
// state.
#pragma once

#include <optional>
#include <string>

#include "daemon/detect/flaps.hpp"
#include "daemon/detect/loss_watch.hpp"
#include "daemon/detect/lowest.hpp"
#include "daemon/detect/onset.hpp"
#include "daemon/detect/precursors.hpp"
#include "daemon/detect/reachable.hpp"
#include "daemon/detect/rtt_watch.hpp"
#include "daemon/detect/scene.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/detect/tally.hpp"

namespace blipd::detect {

class NetworkRecord {
 public:
  NetworkRecord() = default;
  NetworkRecord(config::NetworkIndex index, Place place) : index_(index), place_(std::move(place)) {}

  // Results of voting channels, not void.
  void on_answer(const probes::Result& result, std::optional<double> excess, bool is_at_floor);
  void on_failure(const probes::Result& result, bool is_of_dead_host);
  void on_late(base::MonoTime now) { precursors_.on_late(now); }

  void on_down(const MonoSpan& when, Scene& scene);
  void on_up(const MonoSpan& given, Scene& scene);
  void on_target_back(const MonoSpan& when) { target_back_ = when; }

  // Once a second, not while the vantage point is at fault.
  void advance(Scene& scene);

  NetworkState state() const { return state_; }
  std::optional<base::MonoTime> since() const { return since_; }
  bool is_down() const { return is_down_; }
  bool is_unstable() const { return flaps_.is_unstable(); }
  const MonoSpan& down_since() const { return down_since_; }
  const std::optional<MonoSpan>& back_since() const { return back_since_; }
  const Flaps& flaps() const { return flaps_; }
  const LossWatch& loss() const { return loss_; }
  const OutageTally& tally() const { return tally_; }
  std::optional<double> usual_reachable_ratio() const { return usual_share_.mean(); }
  double usual_down_share() const { return usual_down_.mean(); }
  const std::string& outage() const { return outage_; }
  bool is_outage_open() const { return is_down_ || is_resumed_; }
  // The outage is known to have lasted for the configured time; true until it is closed, so over a relapse too.
  bool is_sustained() const { return is_sustained_; }
  const std::string& instability() const { return instability_.id(); }
  const std::string& partial() const { return partial_.id(); }
  // For a while, and until it fell or shortly before.
  bool was_degraded(base::MonoTime start) const;
  const event::Failures& failures() const { return failures_; }
  std::vector<event::Before> before(base::MonoTime start) const;
  // Its voting targets, with the falls that belong to an event that starts then.
  std::vector<Part> parts(const MonoSpan& start, const Scene& scene) const;

  // It is not asked any more: what is open ends, as far as anybody knows, now.
  void abandon(Scene& scene);

  // A restart.
  struct Memory {
    Flaps::Memory flaps;
    LossWatch::Memory loss;
    double usual_share = -1;  // negative: not known
    double usual_down = 0;
  };
  Memory memory() const;
  void restore(const Memory& memory);
  void resume(const event::Event& event, const Ledger& ledger, base::MonoTime now);

 private:
  void judge_outage(Scene& scene);
  void judge_instability(Scene& scene);
  void judge_partial(Scene& scene);
  MonoSpan nth_fall(std::size_t n, const Scene& scene) const;
  void judge_degraded(Scene& scene);
  void learn(Scene& scene);
  void show(Scene& scene);
  void close_outage(Scene& scene);
  event::Onset onset(const MonoSpan& start, const Scene& scene) const;
  void describe(event::Event& event, const MonoSpan& start, const Scene& scene) const;
  bool is_calm(const Scene& scene) const;

  config::NetworkIndex index_ = 0;
  Place place_;
  NetworkState state_ = NetworkState::kUnknown;
  std::optional<base::MonoTime> since_;

  Flaps flaps_;
  LossWatch loss_;
  RttWatch rtt_;
  Precursors precursors_;
  UsualShare usual_share_;
  SlowMean usual_down_{0.02F, 100.0F};  // share of voting targets that are firmly down
  OutageTally tally_;
  event::Failures failures_;  // since it was last calm

  std::string outage_;  // open, or ended so lately that a relapse would continue it; empty: none
  bool is_down_ = false;
  bool was_unstable_ = false;  // when it went down
  bool is_resumed_ = false;    // from before a restart, and not confirmed since
  bool is_sustained_ = false;
  Lowest lowest_;  // reachable share of the present event
  MonoSpan down_since_;
  std::optional<MonoSpan> back_since_;
  Standing instability_, partial_, degraded_;
  MonoSpan target_back_;
  base::MonoTime partial_from_ = kNever;  // the condition has held since
  base::MonoTime degraded_from_ = kNever;
  base::MonoTime degraded_until_ = kNever;
  base::MonoTime recovering_until_ = kNever;
  base::MonoTime patient_until_ = kNever;  // after a restart: what is open from before is given time to show
  base::MonoTime beat_ended_ = kNever;
  std::uint64_t flaps_seen_ = 0;  // of those in the instability's count
  base::MonoTime advanced_ = kNever;
  base::MonoTime minute_ends_ = kNever;
  base::MonoTime shares_learned_ = kNever;
};

}  // namespace blipd::detect
