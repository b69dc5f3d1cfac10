#include "tests/lab/statistics.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace blipd::lab {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, simulate::kProtocols> kProtocolNames = {"icmp", "tcp", "tcp_data", "udp"};

Json to_json_object(const Tally& tally, std::uint64_t pending) {
  return Json{{"requests", tally.requests},
              {"answered", tally.answered - pending},
              {"pending", pending},
              {"corrupted", tally.corrupted},
              {"unreachable", tally.unreachable},
              {"lost", tally.lost},
              {"cut", tally.cut},
              {"limited", tally.limited},
              {"silent", tally.silent},
              {"overflowed", tally.overflowed},
              {"late", tally.late},
              {"reordered", tally.reordered},
              {"overtaken", tally.overtaken},
              {"duplicated", tally.duplicated},
              {"differing", tally.differing},
              {"forged", tally.forged}};
}

}  // namespace

void Tally::count(const simulate::Decision& decision) {
  using simulate::Fate;
  ++requests;
  switch (decision.fate) {
    case Fate::kNobody:
      break;
    case Fate::kAnswered:
      ++answered;
      break;
    case Fate::kCorrupted:
      ++corrupted;
      break;
    case Fate::kUnreachable:
      ++unreachable;
      break;
    case Fate::kLost:
      ++lost;
      break;
    case Fate::kCut:
      ++cut;
      break;
    case Fate::kLimited:
      ++limited;
      break;
    case Fate::kSilent:
      ++silent;
      break;
  }
  if (decision.fate == Fate::kAnswered) {
    late += decision.is_late ? 1 : 0;
    reordered += decision.is_reordered ? 1 : 0;
  }
}

void Tally::add(const Tally& other) {
  requests += other.requests;
  answered += other.answered;
  corrupted += other.corrupted;
  unreachable += other.unreachable;
  lost += other.lost;
  cut += other.cut;
  limited += other.limited;
  silent += other.silent;
  overflowed += other.overflowed;
  late += other.late;
  reordered += other.reordered;
  overtaken += other.overtaken;
  duplicated += other.duplicated;
  differing += other.differing;
  forged += other.forged;
}

std::string Statistics::to_json(const Report& report) const {
  std::vector<std::uint64_t> pending(tallies_.size());
  report.queue->each([&](const DelayQueue::Item& item) {
    if (item.is_primary && item.tally < pending.size()) ++pending[item.tally];
  });

  const auto& scenario = report.country->scenario();
  const auto& hosts = report.country->hosts();
  Json targets = Json::array();
  Tally total;
  std::uint64_t total_pending = 0;
  for (std::uint32_t h = 0; h < hosts.size(); ++h) {
    const auto& network = scenario.networks[hosts[h].network];
    Json target{{"network", network.name},
                {"target", hosts[h].target ? network.targets[*hosts[h].target].name : ""},
                {"address", hosts[h].address.to_string()}};
    for (std::size_t p = 0; p < simulate::kProtocols; ++p) {
      const std::uint32_t at = position(h, static_cast<simulate::Protocol>(p));
      if (at >= tallies_.size() || tallies_[at].requests == 0) continue;
      target[kProtocolNames[p]] = to_json_object(tallies_[at], pending[at]);
      total.add(tallies_[at]);
      total_pending += pending[at];
    }
    targets.push_back(std::move(target));
  }
  const Json document{{"scenario", scenario.file},
                      {"seed", report.seed},
                      {"elapsed_seconds", base::to_seconds(report.elapsed)},
                      {"packets",
                       {{"read", packets_read},
                        {"written", packets_written},
                        {"write_errors", write_errors},
                        {"malformed", malformed},
                        {"ignored", ignored},
                        {"nobody", nobody},
                        {"device_drops", report.device_drops},
                        {"waiting", report.queue->size()}}},
                      {"total", to_json_object(total, total_pending)},
                      {"targets", std::move(targets)}};
  return document.dump(1) + "\n";
}

std::string Statistics::to_text(const Report& report) const {
  const auto& scenario = report.country->scenario();
  const auto& hosts = report.country->hosts();
  std::vector<Tally> networks(scenario.networks.size());
  for (std::uint32_t i = 0; i < tallies_.size(); ++i) {
    networks[hosts[i / simulate::kProtocols].network].add(tallies_[i]);
  }
  std::string text = fmt::format("laboratory: {:.1f} s, seed {}, {} packets in, {} out, {} malformed, {} dropped\n",
                                 base::to_seconds(report.elapsed), report.seed, packets_read, packets_written,
                                 malformed, report.device_drops + write_errors);
  for (std::size_t n = 0; n < networks.size(); ++n) {
    const Tally& t = networks[n];
    if (t.requests == 0) continue;
    text += fmt::format("  {:<16} {:>9} requests {:>9} answered {:>7} lost {:>7} cut {:>7} unreachable {:>6} silent\n",
                        scenario.networks[n].name, t.requests, t.answered, t.lost, t.cut, t.unreachable, t.silent);
  }
  return text;
}

}  // namespace blipd::lab
