// What is known of one country over time: its level, whether it is unstable, and the events that follow. Owns the
// country's shown level; knows networks by their records.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "daemon/detect/flaps.hpp"
#include "daemon/detect/lowest.hpp"
#include "daemon/detect/network_record.hpp"
#include "daemon/detect/reachable.hpp"
#include "daemon/detect/scene.hpp"
#include "daemon/detect/tally.hpp"

namespace blipd::detect {

class CountryRecord {
 public:
  CountryRecord() = default;
  CountryRecord(config::CountryIndex index, Place place) : index_(index), place_(std::move(place)) {}

  // When a network changed, and once a second; not while the vantage point is at fault. `networks` are those of the
  // plan.
  void advance(const std::vector<NetworkRecord>& networks, Scene& scene);

  CountryLevel level() const { return level_; }
  std::optional<base::MonoTime> since() const { return since_; }
  bool is_unstable() const { return instability_.is_open(); }
  const CountryStanding& standing() const { return standing_; }
  std::optional<double> usual_reachable_ratio() const { return usual_share_.mean(); }
  const Flaps& flaps() const { return flaps_; }
  const OutageTally& tally() const { return tally_; }
  const std::string& outage() const { return outage_; }
  bool is_outage_open() const { return is_total_ || is_resumed_; }
  // The outage is known to have lasted for the configured time; true until it is closed, so over a relapse too.
  bool is_sustained() const { return is_sustained_; }

  // It is not asked any more: what is open ends, as far as anybody knows, now.
  void abandon(Scene& scene);

  // A restart.
  struct Memory {
    Flaps::Memory flaps;
    double usual_share = -1;
  };
  Memory memory() const { return {flaps_.memory(), usual_share_.mean().value_or(-1)}; }
  void restore(const Memory& memory);
  void resume(const event::Event& event, const Ledger& ledger, base::MonoTime now);

 private:
  using Networks = std::vector<NetworkRecord>;
  void look(const Networks& networks, Scene& scene);
  bool is_broad(const Scene& scene) const;
  void judge_total(const Networks& networks, Scene& scene);
  void begin_total(const Networks& networks, Scene& scene);
  void end_total(const Networks& networks, Scene& scene);
  void judge_sustained(Scene& scene);
  void judge_partial(const Networks& networks, Scene& scene);
  void judge_instability(const Networks& networks, Scene& scene);
  void close_outage(Scene& scene);
  void learn(Scene& scene);
  void show(const Networks& networks, Scene& scene);
  void describe(event::Event& event, const Networks& networks, const MonoSpan& start, const Scene& scene) const;
  std::vector<MonoSpan> falls_of(const Networks& networks, const Scene& scene) const;
  static std::uint32_t most_flaps(const std::vector<std::vector<event::Before>>& before, std::size_t i);
  bool is_voting(const Scene& scene, config::NetworkIndex network) const;

  config::CountryIndex index_ = 0;
  Place place_;
  CountryLevel level_ = CountryLevel::kUnknown;
  std::optional<base::MonoTime> since_;
  CountryTest test_;
  CountryStanding standing_;
  std::vector<NetworkStanding> standings_;  // what that is of; its room is used again each second
  UsualShare usual_share_;
  Flaps flaps_;
  OutageTally tally_;

  std::string outage_;  // open, or ended so lately that a relapse would continue it; empty: none
  bool is_total_ = false;
  bool is_resumed_ = false;
  bool is_sustained_ = false;
  bool was_unstable_ = false;
  Lowest lowest_;
  MonoSpan down_since_;
  std::optional<MonoSpan> back_since_;
  Standing partial_, instability_;
  base::MonoTime partial_from_ = kNever;
  base::MonoTime patient_until_ = kNever;  // after a restart: what is open from before is given time to show
  base::MonoTime recovering_until_ = kNever;
  base::MonoTime advanced_ = kNever;
  base::MonoTime shares_learned_ = kNever;
  base::MonoTime beat_ended_ = kNever;
};

}  // namespace blipd::detect
