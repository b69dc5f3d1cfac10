#include "daemon/app/result_line.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace blipd::app {

namespace {

const char* outcome_name(probes::Outcome outcome) {
  switch (outcome) {
    case probes::Outcome::kAnswered:
      return "answered";
    case probes::Outcome::kLost:
      return "lost";
    case probes::Outcome::kUnreachable:
      return "unreachable";
    case probes::Outcome::kAborted:
      break;
  }
  return "aborted";
}

}  // namespace

ResultLines::ResultLines(const config::Plan& plan) : labels_(plan.channels.size()) {
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const config::PlannedChannel& channel = plan.channels[i];
    if (!channel.is_active) continue;
    const auto text = [](std::string_view value) { return nlohmann::json(value).dump(); };
    labels_[i] = fmt::format(R"("country":{},"network":{},"target":{},"probe":{})",
                             text(plan.country_code(channel.network)), text(plan.networks[channel.network].name),
                             text(plan.targets[channel.target].name), text(channel.spec.name));
  }
}

void ResultLines::append(std::string& text, const probes::Result& result, base::WallTime sent) const {
  const auto out = std::back_inserter(text);
  const std::int64_t microseconds = std::chrono::floor<std::chrono::microseconds>(sent.time_since_epoch()).count();
  fmt::format_to(out, R"({{"time":{}.{:06d},{},"outcome":"{}","rtt":)", microseconds / 1000000, microseconds % 1000000,
                 labels_[result.channel], outcome_name(result.outcome));
  if (result.rtt) {
    fmt::format_to(out, "{:.9f}}}\n", base::to_seconds(*result.rtt));
  } else {
    text += "null}\n";
  }
}

}  // namespace blipd::app
