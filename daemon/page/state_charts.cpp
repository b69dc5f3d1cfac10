// Charts of countries and networks.
#include <algorithm>

#include "daemon/page/charts.hpp"
#include "daemon/page/figure.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr int kHeight = 200;

template <class Get>
Series series_of(std::span<const journal::StateBin> states, Get get) {
  Series series;
  series.reserve(states.size());
  for (const journal::StateBin& bin : states) series.push_back(get(bin));
  return series;
}

std::optional<float> loss_of(const journal::StateBin& bin) {
  const std::uint64_t all = bin.answered + bin.lost;
  if (all == 0) return std::nullopt;
  return static_cast<float>(bin.lost) / static_cast<float>(all);
}

// Where nobody watched, and where we were at fault.
void hatch(std::span<const journal::StateBin> states, Plot& plot) {
  plot.stretch([&](std::size_t bin) { return bin >= states.size() || states[bin].minutes == 0; }, "unwatched", false);
  plot.stretch(
      [&](std::size_t bin) {
        return bin < states.size() && states[bin].minutes > 0 &&
               2 * states[bin].unknown > std::chrono::minutes(states[bin].minutes);
      },
      "gap", true);
}

const std::vector<KeyEntry>& hatch_key() {
  static const std::vector<KeyEntry> kKey = {{"gap", "unknown: our own fault, or nothing settled"},
                                             {"unwatched", "not watched"}};
  return kKey;
}

std::string share_text(const std::optional<float>& share) { return share ? percent(*share) : "unknown"; }

}  // namespace

Html reachable_chart(const Subject& subject, std::span<const journal::StateBin> states) {
  const Series reachable = series_of(states, [](const auto& bin) { return bin.reachable; });
  const Series least = series_of(states, [](const auto& bin) { return bin.least_reachable; });
  const Series usual = series_of(states, [](const auto& bin) { return bin.usual_reachable; });
  const Series zero =
      series_of(states, [](const auto& bin) { return bin.reachable ? std::optional(0.0F) : std::optional<float>(); });
  Plot plot(subject.bins, subject.range, share_scale(1), kHeight);
  hatch(states, plot);
  plot.area(zero, reachable, "reachable-area");
  plot.area(least, reachable, "least-area");
  plot.line(usual, "usual-line");
  plot.line(reachable, "reachable-line");
  std::vector<KeyEntry> key = {
      {"reachable-area", "reachable"}, {"least-area", "down to the least of each step"}, {"usual-sign", "usual"}};
  key.insert(key.end(), hatch_key().begin(), hatch_key().end());
  std::optional<float> lowest;
  for (const auto& value : least) {
    if (value) lowest = std::min(lowest.value_or(1), *value);
  }
  const std::string name = "Reachable share of " + subject.name + ": mostly " + share_text(median_of(reachable)) +
                           ", at the least " + share_text(lowest) + ", usually " + share_text(median_of(usual));
  const std::vector<Column> columns = {
      {"Reachable", [&](std::size_t i) { return i < states.size() ? share_text(reachable[i]) : ""; }},
      {"At the least", [&](std::size_t i) { return i < states.size() ? share_text(least[i]) : ""; }},
      {"Usually", [&](std::size_t i) { return i < states.size() ? share_text(usual[i]) : ""; }},
      {"Down", [&](std::size_t i) { return i < states.size() ? length_in_words(states[i].down) : ""; }},
      {"Unknown", [&](std::size_t i) { return i < states.size() ? length_in_words(states[i].unknown) : ""; }}};
  return figure(subject, "reachable", "Reachable share", plot.finish(name), key, columns);
}

Html loss_chart(const Subject& subject, std::span<const journal::StateBin> states) {
  const Series loss = series_of(states, loss_of);
  const Series zero =
      series_of(states, [](const auto& bin) { return loss_of(bin) ? std::optional(0.0F) : std::optional<float>(); });
  float most = 0;
  for (const auto& value : loss) most = std::max(most, value.value_or(0));
  Plot plot(subject.bins, subject.range, share_scale(most), kHeight / 2);
  hatch(states, plot);
  plot.area(zero, loss, "loss-area");
  const std::string name = "Loss of " + subject.name + ": mostly " + share_text(median_of(loss)) + ", at most " +
                           percent(static_cast<double>(most));
  const std::vector<Column> columns = {
      {"Answered", [&](std::size_t i) { return i < states.size() ? count_in_words(states[i].answered) : ""; }},
      {"Lost", [&](std::size_t i) { return i < states.size() ? count_in_words(states[i].lost) : ""; }},
      {"Loss", [&](std::size_t i) { return i < states.size() ? share_text(loss[i]) : ""; }}};
  return figure(subject, "loss", "Loss", plot.finish(name), {{"loss-area", "share of probes that nobody answered"}},
                columns);
}

}  // namespace blipd::page
