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
  // Made-up hosts have no pages: of HTTP the handshake is played.
  if (const auto* const http = std::get_if<probes::HttpSpec>(&spec.ask)) return {address, Protocol::kTcp, http->port};
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
    : country_(country),
      plan_(std::move(plan)),
      start_(start),
      channels_(plan_->channels.size()),
      now_(start),
      time_(start) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const config::PlannedChannel& planned = plan_->channels[i];
    if (!planned.is_active) continue;
    const auto address = base::Address::parse(plan_->targets[planned.target].host);
    if (!address) continue;
    Asked& asked = channels_[i];
    asked.address = *address;
    asked.question = question_of(*address, planned.spec());
    const auto* const dns = std::get_if<probes::DnsSpec>(&planned.spec().ask);
    asked.is_dns_over_tcp = dns != nullptr && dns->transport == probes::DnsTransport::kTcp;
    const std::uint64_t hash =
        base::siphash24(base::SipKey{}, plan_->channel_name(static_cast<probes::ChannelIndex>(i)));
    const base::WallTime first =
        start_ +
        base::Duration(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(planned.spec().interval.count())));
    Item item;
    item.turn = {first, What::kAsk, static_cast<probes::ChannelIndex>(i), first};
    items_.push(item);
  }
  if (!items_.empty()) time_ = pipeline::VirtualTime(items_.top().turn.at);
}

std::uint32_t Player::sender(const base::Address& address) {
  const auto found = std::ranges::find(senders_, address);
  if (found != senders_.end()) return static_cast<std::uint32_t>(found - senders_.begin());
  senders_.push_back(address);
  return static_cast<std::uint32_t>(senders_.size() - 1);
}

void Player::ask(probes::ChannelIndex channel, pipeline::Pipeline& pipeline) {
  Asked& asked = channels_[channel];
  // What was asked at this very moment is not asked twice.
  if (asked.under_way == kMostUnderWay || asked.last == now_) return;
  asked.last = now_;
  ++asked.under_way;
  const probes::ProbeSpec& spec = plan_->channels[channel].spec();
  const base::Duration since_start = now_ - start_;
  Decision decision = country_.decide(asked.question, since_start);
  if (asked.is_dns_over_tcp && decision.fate == Fate::kAnswered && decision.reply == Reply::kSynAck) {
    Question data = asked.question;
    data.protocol = Protocol::kTcpData;
    const base::Duration handshake = decision.delay;
    decision = country_.decide(data, since_start + handshake);
    decision.delay += handshake;
  }
  Item item;
  item.turn = {now_ + decision.delay, What::kResult, channel, now_};
  item.sequence = asked.sequence++;
  item.rtt = decision.delay;
  item.ttl = decision.ttl;
  item.answer = answer_of(decision.reply);
  const bool is_answered = decision.fate == Fate::kAnswered;
  const bool is_in_time = decision.delay <= spec.timeout;
  if (is_answered && is_in_time) {
    item.outcome = Outcome::kAnswered;
  } else if (decision.fate == Fate::kUnreachable && is_in_time) {
    item.outcome = Outcome::kUnreachable;
    item.notice = decision.notice;
    item.notice_from = sender(decision.notice_from);
  } else {
    item.turn.at = now_ + spec.timeout + pipeline::kVerdictGrace;
  }
  pipeline.on_sent(channel, pipeline::VirtualTime::mono(now_));
  items_.push(item);
  const base::Duration window = plan_->configuration.engine.late_window;
  if (is_answered && !is_in_time && decision.delay <= spec.timeout + window) {
    item.turn.what = What::kLate;
    item.turn.at = now_ + std::max(decision.delay, spec.timeout + pipeline::kVerdictGrace);
    items_.push(item);
  }
}

void Player::settle(const Item& item, pipeline::Pipeline& pipeline) {
  const base::MonoTime at = pipeline::VirtualTime::mono(item.turn.at);
  const base::MonoTime sent = pipeline::VirtualTime::mono(item.turn.sent);
  const probes::ChannelIndex channel = item.turn.channel;
  if (item.turn.what == What::kLate) {
    const probes::Remark remark{channel, item.sequence, probes::RemarkKind::kLate, at, item.rtt, sent};
    if (watcher_ != nullptr) watcher_->on_remark(remark);
    pipeline.on_remark(remark);
    return;
  }
  --channels_[channel].under_way;
  probes::Result result;
  result.channel = channel;
  result.sequence = item.sequence;
  result.outcome = item.outcome;
  result.was_sent = true;
  result.sent = sent;
  result.settled = at;
  if (item.outcome == Outcome::kAnswered) {
    result.answer = item.answer;
    result.stamps = probes::StampSource::kRecorded;
    result.answer_ttl = item.ttl;
    result.rtt = item.rtt;
  } else if (item.outcome == Outcome::kUnreachable) {
    result.notice = notice_of(item.notice, senders_[item.notice_from]);
  }
  ++results_;
  if (watcher_ != nullptr) watcher_->on_result(result, nullptr);
  pipeline.on_result(result, nullptr);
  take_urgent(pipeline);
}

void Player::take_urgent(pipeline::Pipeline& pipeline) {
  for (const probes::ChannelIndex channel : pipeline.take_urgent()) {
    Item item;
    item.turn = {now_, What::kAsk, channel, now_};
    item.is_urgent = true;
    items_.push(item);
  }
}

void Player::play(pipeline::Pipeline& pipeline, base::Duration until) {
  run(pipeline, start_ + until);
  now_ = std::max(now_, start_ + until);
}

void Player::finish(pipeline::Pipeline& pipeline) {
  is_over_ = true;
  run(pipeline, base::WallTime::max());
  time_.finish(pipeline);
}

void Player::run(pipeline::Pipeline& pipeline, base::WallTime end) {
  while (!items_.empty() && items_.top().turn.at < end) {
    Item item = items_.top();
    items_.pop();
    const bool is_ask = item.turn.what == What::kAsk;
    if (is_ask && is_over_) continue;
    now_ = item.turn.at;
    time_.pass(pipeline, now_);
    if (!is_ask) {
      settle(item, pipeline);
      continue;
    }
    ask(item.turn.channel, pipeline);
    if (item.is_urgent) continue;
    item.turn.at += plan_->channels[item.turn.channel].spec().interval;
    item.turn.sent = item.turn.at;
    items_.push(item);
  }
}

}  // namespace blipd::simulate
