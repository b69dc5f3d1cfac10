#include "daemon/simulate/player.hpp"

#include <algorithm>
#include <utility>

#include "probes/base/siphash.hpp"

namespace blipd::simulate {

namespace {

using probes::AnswerKind;
using probes::Outcome;

Question question_of(const base::Address& address, const probes::ProbeSpec& spec) {
  if (const auto* const tcp = std::get_if<probes::TcpSpec>(&spec.ask)) return {address, Protocol::kTcp, tcp->port};
  if (const auto* const dns = std::get_if<probes::DnsSpec>(&spec.ask)) {
    const bool is_tcp = dns->transport == probes::DnsTransport::kTcp;
    return {address, is_tcp ? Protocol::kTcp : Protocol::kUdp, dns->port};
  }
  return {address, Protocol::kIcmp, 0};
}

AnswerKind answer_of(Reply reply) {
  switch (reply) {
    case Reply::kEcho:
      return AnswerKind::kEchoReply;
    case Reply::kSynAck:
      return AnswerKind::kSynAck;
    case Reply::kReset:
      return AnswerKind::kReset;
    case Reply::kDns:
    case Reply::kSegment:
      return AnswerKind::kDnsMessage;
    case Reply::kNotice:
    case Reply::kNone:
      break;
  }
  return AnswerKind::kNone;
}

// Type and code as a router writes them (RFC 792; RFC 4443, 3.1).
probes::IcmpNotice notice_of(NoticeCode code, const base::Address& sender) {
  constexpr std::uint8_t kAdministrativeV4 = 13;  // RFC 1812, 5.2.7.1
  const auto word = [](int value) { return static_cast<std::uint8_t>(value); };
  if (sender.is_v4()) {
    const std::uint8_t v4 = code == NoticeCode::kAdministrative ? kAdministrativeV4 : word(static_cast<int>(code));
    return {3, v4, sender};
  }
  switch (code) {
    case NoticeCode::kNetwork:
      return {1, 0, sender};
    case NoticeCode::kAdministrative:
      return {1, 1, sender};
    case NoticeCode::kHost:
    case NoticeCode::kProtocol:
      break;
    case NoticeCode::kPort:
      return {1, 4, sender};
  }
  return {1, 3, sender};
}

}  // namespace

Player::Player(Country& country, std::shared_ptr<const config::Plan> plan, base::WallTime start)
    : country_(country), plan_(std::move(plan)), start_(start), channels_(plan_->channels.size()) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const config::PlannedChannel& planned = plan_->channels[i];
    if (!planned.is_active) continue;
    const auto address = base::Address::parse(plan_->targets[planned.target].host);
    if (!address) continue;
    Asked& asked = channels_[i];
    asked.address = *address;
    asked.question = question_of(*address, planned.spec);
    const auto* const dns = std::get_if<probes::DnsSpec>(&planned.spec.ask);
    asked.is_dns_over_tcp = dns != nullptr && dns->transport == probes::DnsTransport::kTcp;
    Item item;
    item.channel = static_cast<probes::ChannelIndex>(i);
    const std::uint64_t hash = base::siphash24(base::SipKey{}, planned.name);
    item.at =
        base::Duration(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(planned.spec.interval.count())));
    push(item);
  }
}

void Player::push(Item item) {
  item.order = made_++;
  items_.push(item);
}

std::uint32_t Player::sender(const base::Address& address) {
  const auto found = std::ranges::find(senders_, address);
  if (found != senders_.end()) return static_cast<std::uint32_t>(found - senders_.begin());
  senders_.push_back(address);
  return static_cast<std::uint32_t>(senders_.size() - 1);
}

void Player::ask(probes::ChannelIndex channel, pipeline::Pipeline& pipeline) {
  Asked& asked = channels_[channel];
  if (asked.under_way == kMostUnderWay) return;
  ++asked.under_way;
  const probes::ProbeSpec& spec = plan_->channels[channel].spec;
  Decision decision = country_.decide(asked.question, now_);
  if (asked.is_dns_over_tcp && decision.fate == Fate::kAnswered && decision.reply == Reply::kSynAck) {
    Question data = asked.question;
    data.protocol = Protocol::kTcpData;
    const base::Duration handshake = decision.delay;
    decision = country_.decide(data, now_ + handshake);
    decision.delay += handshake;
  }
  Item item;
  item.what = What::kResult;
  item.channel = channel;
  item.sequence = asked.sequence++;
  item.sent = now_;
  item.rtt = decision.delay;
  item.ttl = decision.ttl;
  item.answer = answer_of(decision.reply);
  const bool is_answered = decision.fate == Fate::kAnswered;
  const bool is_in_time = decision.delay <= spec.timeout;
  if (is_answered && is_in_time) {
    item.outcome = Outcome::kAnswered;
    item.at = now_ + decision.delay;
  } else if (decision.fate == Fate::kUnreachable && is_in_time) {
    item.outcome = Outcome::kUnreachable;
    item.at = now_ + decision.delay;
    item.notice = decision.notice;
    item.notice_from = sender(decision.notice_from);
  } else {
    item.at = now_ + spec.timeout + kGrace;
  }
  pipeline.on_sent(channel, kStart + now_);
  push(item);
  const base::Duration window = plan_->configuration.engine.late_window;
  if (is_answered && !is_in_time && decision.delay <= spec.timeout + window) {
    item.what = What::kLate;
    item.at = now_ + std::max(decision.delay, spec.timeout + kGrace);
    push(item);
  }
}

void Player::settle(const Item& item, pipeline::Pipeline& pipeline) {
  if (item.what == What::kLate) {
    pipeline.on_remark({item.channel, item.sequence, probes::RemarkKind::kLate, kStart + item.at, item.rtt});
    return;
  }
  --channels_[item.channel].under_way;
  probes::Result result;
  result.channel = item.channel;
  result.sequence = item.sequence;
  result.outcome = item.outcome;
  result.was_sent = true;
  result.sent = kStart + item.sent;
  result.settled = kStart + item.at;
  if (item.outcome == Outcome::kAnswered) {
    result.answer = item.answer;
    result.stamps = probes::StampSource::kRecorded;
    result.answer_ttl = item.ttl;
    result.rtt = item.rtt;
  } else if (item.outcome == Outcome::kUnreachable) {
    result.notice = notice_of(item.notice, senders_[item.notice_from]);
  }
  ++results_;
  if (watch_) watch_(result, start_ + item.sent);
  pipeline.on_result(result, nullptr);
  take_urgent(pipeline);
}

void Player::take_urgent(pipeline::Pipeline& pipeline) {
  for (const probes::ChannelIndex channel : pipeline.take_urgent()) ask(channel, pipeline);
}

void Player::play(pipeline::Pipeline& pipeline, base::Duration until) {
  while (now_ < until) {
    const base::Duration next = items_.empty() ? until : std::min(items_.top().at, until);
    while (advanced_ + kStep <= next) {
      advanced_ += kStep;
      now_ = advanced_;
      pipeline.advance(moment(now_));
    }
    now_ = next;
    if (items_.empty() || now_ >= until) continue;
    const Item item = items_.top();
    items_.pop();
    if (item.what != What::kAsk) {
      settle(item, pipeline);
      continue;
    }
    ask(item.channel, pipeline);
    Item again = item;
    again.at += plan_->channels[item.channel].spec.interval;
    push(again);
  }
}

}  // namespace blipd::simulate
