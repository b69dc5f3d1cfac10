#include "daemon/recorded/result_lines.hpp"

#include <fmt/format.h>

#include <iterator>

#include "daemon/event/words.hpp"
#include "daemon/recorded/row.hpp"
#include "daemon/recorded/words.hpp"

namespace blipd::recorded {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Digits rather than doubles: a time has more of them than a double holds.
void append_seconds(std::string& text, std::int64_t nanoseconds) {
  fmt::format_to(std::back_inserter(text), "{}.{:09}", nanoseconds / kSecond, nanoseconds % kSecond);
}

void append_field(std::string& text, Field field, base::Duration value) {
  fmt::format_to(std::back_inserter(text), ",\"{}\":", name_of(field));
  append_seconds(text, value.count());
}

void append_field(std::string& text, Field field, std::string_view word) {
  fmt::format_to(std::back_inserter(text), ",\"{}\":\"{}\"", name_of(field), word);
}

void begin(std::string& text, base::WallTime sent, const std::string& label, std::size_t outcome,
           const std::optional<base::Duration>& rtt) {
  text += "{\"time\":";
  append_seconds(text, sent.time_since_epoch().count());
  text += label;
  append_field(text, Field::kOutcome, kOutcomes[outcome]);
  if (rtt) {
    append_field(text, Field::kRtt, *rtt);
  } else {
    text += ",\"rtt\":null";
  }
}

}  // namespace

ResultLines::ResultLines(const config::Plan& plan) : labels_(plan.channels.size()) {
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const config::PlannedChannel& channel = plan.channels[i];
    if (!channel.is_active) continue;
    const config::PlannedNetwork& network = plan.networks[channel.network];
    const config::PlannedTarget& target = plan.targets[channel.target];
    const auto control = plan.path_controls.find(channel.target);
    const std::string& upstream = control == plan.path_controls.end() ? network.upstream : control->second;
    Label& label = labels_[i];
    const auto add = [&](Field field, std::string_view value) {
      label.text += fmt::format(",\"{}\":{}", name_of(field), event::json_text(value));
    };
    add(Field::kCountry, plan.country_code(channel.network));
    add(Field::kNetwork, network.name);
    add(Field::kTarget, target.name);
    add(Field::kProbe, channel.spec().name);
    add(Field::kType, kTypes[channel.spec().ask.index()]);
    if (!upstream.empty()) add(Field::kUpstream, upstream);
    label.usual_answer = usual_answer(channel.spec());
  }
}

void ResultLines::append(std::string& text, const probes::Result& result, base::WallTime sent) const {
  const Label& label = labels_[result.channel];
  begin(text, sent, label.text, static_cast<std::size_t>(result.outcome), result.rtt);
  if (!result.rtt) append_field(text, Field::kSettled, result.settled - result.sent);
  const bool is_answered = result.outcome == probes::Outcome::kAnswered;
  if (is_answered && result.answer != label.usual_answer) {
    append_field(text, Field::kAnswer, kAnswers[static_cast<std::size_t>(result.answer)]);
  }
  if (result.outcome == probes::Outcome::kAborted) {
    append_field(text, Field::kReason, kReasons[static_cast<std::size_t>(result.abort_reason)]);
    if (result.was_sent) text += ",\"sent\":true";
  }
  if (result.notice) {
    fmt::format_to(std::back_inserter(text), ",\"icmp_type\":{},\"icmp_code\":{}", result.notice->type,
                   result.notice->code);
    append_field(text, Field::kIcmpFrom, result.notice->sender.to_string());
  }
  text += "}\n";
}

void ResultLines::append(std::string& text, const probes::Remark& late, base::WallTime sent) const {
  begin(text, sent, labels_[late.channel].text, kLateOutcome, late.rtt);
  append_field(text, Field::kSettled, late.at - late.sent);
  text += "}\n";
}

}  // namespace blipd::recorded
