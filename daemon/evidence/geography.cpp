#include "daemon/evidence/geography.hpp"

#include <algorithm>
#include <charconv>

namespace blipd::evidence {

namespace {

using event::PathHop;
using event::PathPlace;

static_assert(event::kPathEndNames.size() == static_cast<std::size_t>(probes::PathEnd::kAborted) + 1);
static_assert(static_cast<int>(event::PathEnd::kTooLong) == static_cast<int>(probes::PathEnd::kTooLong));

std::uint32_t number_of(const config::AsTable* table, const base::Address& address) {
  return table == nullptr ? 0 : table->find(address).value_or(0);
}

class Surveyor {
 public:
  Surveyor(const probes::TracedPath& path, const config::AsTable* table, const Destination& destination)
      : path_(path), destination_(destination), home_(destination.country), ours_(number_of(table, path.source)) {
    // A network whose AS nobody configured is where its target is.
    const std::uint32_t target = number_of(table, path.target);
    if (!destination.is_control && target != 0) home_.insert(target);
    for (const probes::TracedHop& hop : path.hops) numbers_.push_back(number_of(table, hop.address));
    upstream_ = find_upstream();
  }

  std::uint32_t upstream() const { return upstream_; }

  std::vector<PathHop> hops() const {
    std::vector<PathPlace> places;
    for (std::size_t i = 0; i < path_.hops.size(); ++i) places.push_back(place_by_itself(i));
    fill_gaps(places);
    std::vector<PathHop> hops;
    for (std::size_t i = 0; i < path_.hops.size(); ++i) {
      const probes::TracedHop& hop = path_.hops[i];
      while (hops.size() + 1U < hop.distance) hops.push_back(silent(hops.size() + 1U));
      hops.push_back(
          {hop.distance, hop.address.to_string(), numbers_[i], places[i], hop.rtt, hop.labels, hop.interface});
    }
    return hops;
  }

 private:
  static PathHop silent(std::size_t distance) {
    PathHop hop;
    hop.distance = static_cast<std::uint8_t>(distance);
    return hop;
  }

  bool is_target(std::size_t i) const { return path_.hops[i].address == path_.target; }
  bool is_home(std::size_t i) const {
    return !destination_.is_control && (is_target(i) || (numbers_[i] != 0 && home_.contains(numbers_[i])));
  }

  // The last known AS before the first hop in the country.
  std::uint32_t find_upstream() const {
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < path_.hops.size(); ++i) {
      if (is_home(i)) return last;
      if (numbers_[i] != 0) last = numbers_[i];
    }
    return 0;
  }

  PathPlace place_by_itself(std::size_t i) const {
    const std::uint32_t number = numbers_[i];
    if (is_home(i)) return PathPlace::kCountry;
    const bool is_upstream = number != 0 && (number == upstream_ || number == destination_.upstream);
    const bool is_ours = number != 0 && number == ours_;
    // Our own provider may be the upstream too: then what tells them apart is only that the first hop is near.
    if (path_.hops[i].distance == 1 || (is_ours && !is_upstream)) return PathPlace::kNear;
    if (is_upstream && !destination_.is_control) return PathPlace::kUpstream;
    if (number != 0) return is_ours ? PathPlace::kNear : PathPlace::kBetween;
    return destination_.shared.contains(path_.hops[i].address) ? PathPlace::kNear : PathPlace::kUnknown;
  }

  // A hop of no known AS between two of one place lies there too.
  static void fill_gaps(std::vector<PathPlace>& places) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i] != PathPlace::kUnknown) continue;
      std::size_t next = i;
      while (next < places.size() && places[next] == PathPlace::kUnknown) ++next;
      if (i > 0 && next < places.size() && places[i - 1] == places[next]) {
        std::fill(places.begin() + static_cast<std::ptrdiff_t>(i), places.begin() + static_cast<std::ptrdiff_t>(next),
                  places[next]);
      }
      i = next;
    }
  }

  const probes::TracedPath& path_;
  const Destination& destination_;
  std::set<std::uint32_t> home_;
  std::uint32_t ours_;
  std::vector<std::uint32_t> numbers_;  // of each hop; 0: not known
  std::uint32_t upstream_ = 0;
};

}  // namespace

std::optional<std::uint32_t> as_number_in(const std::string& text) {
  std::size_t from = 0;
  if (text.size() > 2 && (text[0] == 'A' || text[0] == 'a') && (text[1] == 'S' || text[1] == 's')) from = 2;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + from, text.data() + text.size(), number);
  const bool is_whole = end == text.data() + text.size() || *end == ' ' || *end == '(' || *end == ',';
  if (error != std::errc() || number == 0 || !is_whole) return std::nullopt;
  return number;
}

event::PathSeen seen_of(const probes::TracedPath& path, const config::AsTable* table, const Destination& destination) {
  const Surveyor surveyor(path, table, destination);
  return {path.began, static_cast<event::PathEnd>(path.end), surveyor.upstream(), surveyor.hops()};
}

}  // namespace blipd::evidence
