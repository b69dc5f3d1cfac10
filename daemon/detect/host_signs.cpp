#include "daemon/detect/host_signs.hpp"

#include <algorithm>
#include <variant>

namespace blipd::detect {

namespace {

using event::HostSign;

base::WallTime wall(const base::Moment& now, base::MonoTime at) { return now.wall + (at - now.mono); }

// What another answer may be compared with: echo replies before DNS answers, since those may come from a machine behind
// the host, and a reset with SYN-ACKs too.
int rank_of(const probes::ProbeSpec& spec, const Saying& saying, bool is_reset) {
  constexpr int kUseless = 9;
  if (!saying.is_steady()) return kUseless;
  if (std::holds_alternative<probes::IcmpSpec>(spec.ask)) return 0;
  if (std::holds_alternative<probes::DnsSpec>(spec.ask)) return 1;
  return is_reset && saying.answer() == Saying::Answer::kSynAck ? 2 : kUseless;
}

probes::AnswerKind answer_of(const probes::ProbeSpec& spec) {
  if (std::holds_alternative<probes::IcmpSpec>(spec.ask)) return probes::AnswerKind::kEchoReply;
  if (std::holds_alternative<probes::DnsSpec>(spec.ask)) return probes::AnswerKind::kDnsMessage;
  return probes::AnswerKind::kSynAck;
}

}  // namespace

const TargetSigns* find_signs(const SignTable& table, config::TargetIndex target) {
  const auto found = std::lower_bound(table.begin(), table.end(), target,
                                      [](const auto& entry, config::TargetIndex t) { return entry.first < t; });
  return found == table.end() || found->first != target ? nullptr : &found->second;
}

std::string in_words(HostSign sign, const TargetSigns& signs) {
  switch (sign) {
    case HostSign::kTwoDnsAnswers:
      return "two differing answers to one DNS query";
    case HostSign::kAnswerFromElsewhere:
      return "a DNS query's answer from another address or port than was asked";
    case HostSign::kResetTtl:
      return signs.reset ? in_words("reset", *signs.reset) : "a reset from another distance";
    case HostSign::kSynAckTtl:
      return signs.syn_ack ? in_words("SYN-ACK", *signs.syn_ack) : "a SYN-ACK from another distance";
  }
  return {};
}

std::optional<HostSign> sign_of(const probes::Remark& remark, const probes::ProbeSpec& spec) {
  if (!std::holds_alternative<probes::DnsSpec>(spec.ask)) return std::nullopt;
  if (remark.kind == probes::RemarkKind::kDiffering) return HostSign::kTwoDnsAnswers;
  const bool is_from_elsewhere = remark.kind == probes::RemarkKind::kForged && remark.is_from_elsewhere;
  return is_from_elsewhere ? std::optional(HostSign::kAnswerFromElsewhere) : std::nullopt;
}

void HostSigns::adopt(const config::Plan& plan, const config::Plan* before) {
  const config::Changes changes = config::changes_between(before, plan);
  for (const config::TargetIndex target : changes.targets) {
    if (signs_.erase(target) > 0) table_.reset();
    suspicions_.erase(target);
  }
  for (const probes::ChannelIndex channel : changes.channels) notices_.erase(channel);
  // A target may have lost the way that it was to be compared with: its roster entry still has the mark, which the
  // next answer takes away.
  std::erase_if(suspicions_, [&](const auto& entry) {
    const auto channels = plan.channels_of(entry.first);
    return std::ranges::find(channels, entry.second.other) == channels.end();
  });
}

void HostSigns::note(const probes::Result& result, const Saying& saying) {
  if (!saying.has_notice()) {
    notices_.erase(result.channel);
  } else if (result.notice && (notices_.size() < kMostNotices || notices_.contains(result.channel))) {
    notices_.insert_or_assign(result.channel, *result.notice);
  }
}

const probes::IcmpNotice* HostSigns::notice(probes::ChannelIndex channel) const {
  const auto found = notices_.find(channel);
  return found == notices_.end() ? nullptr : &found->second;
}

void HostSigns::compare(const probes::Result& result, const config::Plan& plan, Roster& roster) {
  ChannelEntry& channel = roster.channel(result.channel);
  TargetEntry& target = roster.target(channel.target);
  const Saying::Answer answer = channel.saying.answer();
  const bool is_reset = answer == Saying::Answer::kReset;
  std::optional<probes::ChannelIndex> other;
  int best = 3;
  for (const probes::ChannelIndex c : plan.channels_of(channel.target)) {
    const ChannelEntry& entry = roster.channel(c);
    if (c == result.channel || !entry.contact.is_answering()) continue;
    const int rank = rank_of(plan.channels[c].spec(), entry.saying, is_reset);
    if (rank >= best) continue;
    best = rank;
    other = c;
  }
  if (!other) return;
  const std::uint8_t of_host = roster.channel(*other).saying.ttl();
  if (!is_elsewhere(result.answer_ttl, of_host)) {
    channel.saying.compared();
    return;
  }
  if (target.has_suspicion || suspicions_.size() >= kMostTargets) return;
  const TtlPair ttls{result.answer_ttl, of_host, answer_of(plan.channels[*other].spec())};
  suspicions_[channel.target] = {result.sent, result.channel, *other, answer, ttls};
  target.has_suspicion = true;
}

void HostSigns::confirm(const probes::Result& result, Roster& roster, const base::Moment& now) {
  const config::TargetIndex index = roster.channel(result.channel).target;
  TargetEntry& target = roster.target(index);
  const auto found = suspicions_.find(index);
  if (found == suspicions_.end()) {
    target.has_suspicion = false;
    return;
  }
  const Suspicion& odd = found->second;
  const bool is_old = result.sent - odd.sent > kPatience;
  // Sent before, it says nothing of the way since.
  const bool is_what_we_wait_for = result.channel == odd.other && result.sent > odd.sent && result.answer_ttl != 0;
  if (!is_old && !is_what_we_wait_for) return;
  const bool is_unchanged = !is_old && hops_apart(result.answer_ttl, odd.ttls.host) <= kPathSpan;
  if (is_unchanged && is_elsewhere(odd.ttls.odd, result.answer_ttl)) {
    const bool is_reset = odd.answer == Saying::Answer::kReset;
    const HostSign sign = is_reset ? HostSign::kResetTtl : HostSign::kSynAckTtl;
    if (TargetSigns* const signs = count(sign, index, wall(now, odd.sent)); signs != nullptr) {
      (is_reset ? signs->reset : signs->syn_ack) = odd.ttls;
    }
    Saying& saying = roster.channel(odd.channel).saying;
    const bool is_still_so = saying.answer() == odd.answer && saying.ttl() == odd.ttls.odd;
    if (is_still_so && is_nearer(odd.ttls.odd, odd.ttls.host)) saying.from_nearer();
  }
  suspicions_.erase(found);
  target.has_suspicion = false;
}

void HostSigns::on_remark(const probes::Remark& remark, const config::Plan& plan, const base::Moment& now) {
  const config::PlannedChannel& planned = plan.channels[remark.channel];
  if (const auto sign = sign_of(remark, planned.spec())) count(*sign, planned.target, wall(now, remark.at));
}

TargetSigns* HostSigns::count(HostSign sign, config::TargetIndex target, base::WallTime at) {
  if (signs_.size() >= kMostTargets && !signs_.contains(target)) {
    ++passed_over_;
    return nullptr;
  }
  table_.reset();
  TargetSigns& signs = signs_[target];
  SignCount& counted = signs.counts[static_cast<std::size_t>(sign)];
  ++counted.count;
  counted.last = at;
  return &signs;
}

const TargetSigns* HostSigns::find(config::TargetIndex target) const {
  const auto found = signs_.find(target);
  return found == signs_.end() ? nullptr : &found->second;
}

std::shared_ptr<const SignTable> HostSigns::table() {
  if (!table_) table_ = std::make_shared<const SignTable>(signs_.begin(), signs_.end());
  return table_;
}

}  // namespace blipd::detect
