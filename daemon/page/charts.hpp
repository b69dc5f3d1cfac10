// The charts: reachable share, loss, smoke, delay variation, outcomes. Still pictures with the address of their
// figures, from which a script may draw them anew, and a table of them for whoever does not see.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/page/plot.hpp"

namespace blipd::page {

// What a chart is of and over which time.
struct Subject {
  std::string id;      // of the <figure>
  std::string series;  // address of its figures; empty: nowhere, in a report
  std::string name;    // "North Korea", "star-jv"
  journal::Bins bins;
  Range range;
};

// The address of figures: country, and network, target, probe as far as they are not empty.
std::string series_address(std::string_view country, std::string_view network, std::string_view target,
                           std::string_view probe, const Range& range, std::size_t points);

// Mean and least reachable share against what was usual.
Html reachable_chart(const Subject& subject, std::span<const journal::StateBin> states);
// Share of lost probes of a whole network.
Html loss_chart(const Subject& subject, std::span<const journal::StateBin> states);

// Of one channel. The distribution of round trips as smoke around their median; `usual_loss` as a line where it is
// known.
Html smoke_chart(const Subject& subject, std::span<const journal::ChannelBin> channel);
Html loss_chart(const Subject& subject, std::span<const journal::ChannelBin> channel, std::optional<float> usual_loss);
Html variation_chart(const Subject& subject, std::span<const journal::ChannelBin> channel);
// How probes ended: answered, lost, aborted; late answers among the lost.
Html outcomes_chart(const Subject& subject, std::span<const journal::ChannelBin> channel);

}  // namespace blipd::page
