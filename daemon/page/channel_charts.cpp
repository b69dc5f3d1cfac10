// Charts of one channel: one host, asked one way.
#include <algorithm>

#include "daemon/page/charts.hpp"
#include "daemon/page/figure.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

using journal::ChannelBin;
using journal::RttSpread;
using Channel = std::span<const ChannelBin>;

constexpr int kTall = 220;
constexpr int kLow = 90;

template <class Get>
Series series_of(Channel channel, Get get) {
  Series series;
  series.reserve(channel.size());
  for (const ChannelBin& bin : channel) series.push_back(get(bin));
  return series;
}

Series spread_of(Channel channel, float RttSpread::*point) {
  return series_of(channel,
                   [point](const ChannelBin& bin) { return bin.rtt ? std::optional(*bin.rtt.*point) : std::nullopt; });
}

// The same value wherever something is on record.
Series level_at(Channel channel, const std::optional<float>& value) {
  return series_of(channel, [&](const ChannelBin& bin) { return bin.minutes > 0 ? value : std::nullopt; });
}

float most_of(const Series& series) {
  float most = 0;
  for (const auto& value : series) most = std::max(most, value.value_or(0));
  return most;
}

void hatch(Channel channel, Plot& plot) {
  plot.stretch([channel](std::size_t bin) { return bin >= channel.size() || channel[bin].minutes == 0; }, "unwatched",
               false);
}

std::string rtt_text(const std::optional<float>& value) {
  return value ? round_trip_in_words(*value) : std::string("none");
}

// The columns of a table over bins that may be missing.
Column column(const char* heading, Channel channel, std::function<std::string(const ChannelBin&)> text) {
  return {heading, [channel, text = std::move(text)](std::size_t bin) {
            return bin < channel.size() ? text(channel[bin]) : std::string();
          }};
}

std::optional<float> loss_of(const ChannelBin& bin) {
  const std::uint64_t all = bin.answered + bin.lost;
  if (all == 0) return std::nullopt;
  return static_cast<float>(bin.lost) / static_cast<float>(all);
}

}  // namespace

Html smoke_chart(const Subject& subject, Channel channel) {
  const Series least = spread_of(channel, &RttSpread::least);
  const Series p10 = spread_of(channel, &RttSpread::p10);
  const Series p25 = spread_of(channel, &RttSpread::p25);
  const Series p50 = spread_of(channel, &RttSpread::p50);
  const Series p75 = spread_of(channel, &RttSpread::p75);
  const Series p90 = spread_of(channel, &RttSpread::p90);
  const Series most = spread_of(channel, &RttSpread::most);
  // Single stragglers must not press everything else against the ground.
  const float top = std::max(most_of(p90) * 1.1F, std::min(most_of(most), 3 * median_of(p50).value_or(0)));
  Plot plot(subject.bins, subject.range, time_scale(top), kTall);
  hatch(channel, plot);
  plot.area(level_at(channel, median_of(p25)), level_at(channel, median_of(p75)), "usual-area");
  plot.area(least, most, "smoke-thin");
  plot.area(p10, p90, "smoke");
  plot.area(p25, p75, "smoke-thick");
  plot.line(p50, "median-line");
  const std::string name = "Round trips of " + subject.name + ": median mostly " + rtt_text(median_of(p50)) +
                           ", nine tenths mostly below " + rtt_text(median_of(p90)) + ", at most " +
                           round_trip_in_words(most_of(most));
  const auto point = [channel](const char* heading, float RttSpread::*at) {
    return column(heading, channel, [at](const ChannelBin& bin) {
      return rtt_text(bin.rtt ? std::optional(*bin.rtt.*at) : std::nullopt);
    });
  };
  return figure(subject, "smoke", "Round trips", plot.finish(name),
                {{"median-sign", "median"},
                 {"smoke-thick", "the middle half"},
                 {"smoke", "10 to 90 %"},
                 {"smoke-thin", "least to most"},
                 {"usual-area", "the middle half as it mostly is here"},
                 {"unwatched", "not watched"}},
                {point("Least", &RttSpread::least), point("10 %", &RttSpread::p10), point("Median", &RttSpread::p50),
                 point("90 %", &RttSpread::p90), point("Most", &RttSpread::most)});
}

Html loss_chart(const Subject& subject, Channel channel, std::optional<float> usual_loss) {
  const Series loss = series_of(channel, loss_of);
  const Series zero =
      series_of(channel, [](const ChannelBin& bin) { return loss_of(bin) ? std::optional(0.0F) : std::nullopt; });
  Plot plot(subject.bins, subject.range, share_scale(std::max(most_of(loss), usual_loss.value_or(0))), kLow);
  hatch(channel, plot);
  plot.area(zero, loss, "loss-area");
  plot.line(level_at(channel, usual_loss), "usual-line");
  const std::string name = "Loss of " + subject.name + ": mostly " +
                           (median_of(loss) ? percent(*median_of(loss)) : "unknown") + ", at most " +
                           percent(most_of(loss)) + ", usually " + (usual_loss ? percent(*usual_loss) : "unknown");
  return figure(subject, "loss", "Loss", plot.finish(name),
                {{"loss-area", "share of probes that nobody answered"}, {"usual-sign", "usual"}},
                {column("Answered", channel, [](const ChannelBin& bin) { return count_in_words(bin.answered); }),
                 column("Lost", channel, [](const ChannelBin& bin) { return count_in_words(bin.lost); })});
}

Html variation_chart(const Subject& subject, Channel channel) {
  const Series variation = series_of(channel, [](const ChannelBin& bin) {
    return bin.rtt ? std::optional(bin.rtt->p90 - bin.rtt->least) : std::nullopt;
  });
  const Series zero =
      series_of(channel, [](const ChannelBin& bin) { return bin.rtt ? std::optional(0.0F) : std::nullopt; });
  Plot plot(subject.bins, subject.range, time_scale(most_of(variation)), kLow);
  hatch(channel, plot);
  plot.area(zero, variation, "smoke");
  plot.line(level_at(channel, median_of(variation)), "usual-line");
  const std::string name = "Delay variation of " + subject.name + ": mostly " + rtt_text(median_of(variation)) +
                           ", at most " + round_trip_in_words(most_of(variation));
  return figure(subject, "pdv", "Delay variation", plot.finish(name),
                {{"smoke", "90th percentile less the least"}, {"usual-sign", "as it mostly is here"}}, {});
}

Html outcomes_chart(const Subject& subject, Channel channel) {
  const auto share = [](std::uint64_t part, const ChannelBin& bin) -> std::optional<float> {
    const std::uint64_t all = bin.answered + bin.lost + bin.aborted;
    if (all == 0) return std::nullopt;
    return static_cast<float>(part) / static_cast<float>(all);
  };
  const Series zero = series_of(channel, [&](const ChannelBin& bin) { return share(0, bin); });
  const Series answered = series_of(channel, [&](const ChannelBin& bin) { return share(bin.answered, bin); });
  const Series late = series_of(
      channel, [&](const ChannelBin& bin) { return share(bin.answered + std::min(bin.late, bin.lost), bin); });
  const Series judged = series_of(channel, [&](const ChannelBin& bin) { return share(bin.answered + bin.lost, bin); });
  const Series all =
      series_of(channel, [&](const ChannelBin& bin) { return share(bin.answered + bin.lost + bin.aborted, bin); });
  Plot plot(subject.bins, subject.range, share_scale(1), kLow);
  hatch(channel, plot);
  plot.area(zero, answered, "answered-area");
  plot.area(answered, late, "late-area");
  plot.area(late, judged, "loss-area");
  plot.area(judged, all, "aborted-area");
  ChannelBin sum;
  for (const ChannelBin& bin : channel) {
    sum.answered += bin.answered;
    sum.lost += bin.lost;
    sum.aborted += bin.aborted;
    sum.late += bin.late;
  }
  const std::string name = "Outcomes of " + subject.name + ": answered " + count_in_words(sum.answered) + ", lost " +
                           count_in_words(sum.lost) + ", of them late " + count_in_words(sum.late) + ", aborted " +
                           count_in_words(sum.aborted);
  return figure(subject, "outcomes", "How probes ended", plot.finish(name),
                {{"answered-area", "answered " + count_in_words(sum.answered)},
                 {"late-area", "answered too late " + count_in_words(sum.late)},
                 {"loss-area", "lost " + count_in_words(sum.lost)},
                 {"aborted-area", "never judged " + count_in_words(sum.aborted)}},
                {column("Answered", channel, [](const ChannelBin& bin) { return count_in_words(bin.answered); }),
                 column("Lost", channel, [](const ChannelBin& bin) { return count_in_words(bin.lost); }),
                 column("Late", channel, [](const ChannelBin& bin) { return count_in_words(bin.late); }),
                 column("Aborted", channel, [](const ChannelBin& bin) { return count_in_words(bin.aborted); })});
}

}  // namespace blipd::page
