// Hosts that are asked by ICMP, TCP and DNS, and answer as a test says: results given straight to a Judge.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/host_verdict.hpp"
#include "daemon/detect/judge.hpp"

namespace blipd::detect {

struct HostBench {
  static constexpr probes::ChannelIndex kPing = 0, kWeb = 1, kDns = 2;  // of the first host; of others 3, 6 … more

  explicit HostBench(int hosts = 1)
      : plan(config::make_plan(configuration(hosts), nullptr)), judge(plan, moment(base::MonoTime(kStart))) {}

  static config::Configuration configuration(int hosts) {
    config::Configuration configuration;
    config::Country& country = configuration.countries.emplace_back();
    country.code = "KP";
    config::Network& network = country.networks.emplace_back();
    network.name = "n";
    for (int i = 1; i <= hosts; ++i) {
      config::Target& target = network.targets.emplace_back();
      target.name = "t" + std::to_string(i);
      target.host = "198.18.0." + std::to_string(i);
      target.probes.resize(3);
      target.probes[0].name = "ping";
      target.probes[1].name = "web";
      target.probes[1].ask = probes::TcpSpec{80, probes::TcpMode::kSyn};
      target.probes[2].name = "soa";
      target.probes[2].ask = probes::DnsSpec{};
    }
    return configuration;
  }
  static base::Moment moment(base::MonoTime t) {
    return {t, base::WallTime(std::chrono::seconds(1419206400)) + (t - base::MonoTime(kStart)), {}, {}};
  }

  probes::Result result(probes::ChannelIndex channel, probes::Outcome outcome) {
    probes::Result result;
    result.channel = channel;
    result.outcome = outcome;
    result.was_sent = true;
    result.sent = now;
    result.settled = now + std::chrono::milliseconds(outcome == probes::Outcome::kAnswered ? 20 : 500);
    now += std::chrono::seconds(1);
    return result;
  }
  void give(const probes::Result& result) {
    judge.on_result(result);
    judge.advance(moment(std::max(now, result.settled)));
  }
  void answer(probes::ChannelIndex channel, std::uint8_t ttl = 50,
              probes::AnswerKind kind = probes::AnswerKind::kNone) {
    using probes::AnswerKind;
    probes::Result answered = result(channel, probes::Outcome::kAnswered);
    constexpr AnswerKind kKinds[] = {AnswerKind::kEchoReply, AnswerKind::kSynAck, AnswerKind::kDnsMessage};
    answered.answer = kind == AnswerKind::kNone ? kKinds[channel % 3] : kind;
    answered.answer_ttl = ttl;
    answered.rtt = std::chrono::milliseconds(20);
    give(answered);
  }
  void reset(std::uint8_t ttl) { answer(kWeb, ttl, probes::AnswerKind::kReset); }
  void lose(probes::ChannelIndex channel) { give(result(channel, probes::Outcome::kLost)); }
  void unreachable(probes::ChannelIndex channel, const char* sender, std::uint8_t code = 1) {
    probes::Result error = result(channel, probes::Outcome::kUnreachable);
    error.notice = probes::IcmpNotice{3, code, base::Address::parse(sender).value()};
    give(error);
  }
  // Everything answers as ever.
  void calm(int rounds = 20) {
    for (int i = 0; i < rounds; ++i) {
      for (probes::ChannelIndex c = 0; c < plan->channels.size(); ++c) answer(c);
    }
  }

  std::vector<Way> ways(config::TargetIndex target = 0) const {
    std::vector<Way> ways;
    for (const probes::ChannelIndex c : plan->channels_of(target)) {
      const ChannelVerdict verdict = judge.channel(c);
      Way way = way_of(plan->channels[c].spec());
      way.says = verdict.says;
      way.is_as_usual = verdict.is_as_usual;
      way.notice = verdict.notice;
      ways.push_back(way);
    }
    return ways;
  }
  event::HostVerdict verdict(config::TargetIndex target = 0) const { return verdict_of(ways(target)); }
  event::WaySays says(probes::ChannelIndex channel) const { return judge.channel(channel).says; }
  std::uint64_t count(event::HostSign sign) const {
    const TargetSigns* const signs = std::as_const(judge).signs(0);
    return signs == nullptr ? 0 : signs->of(sign).count;
  }

  static constexpr std::chrono::seconds kStart{1000000};
  base::MonoTime now{kStart};
  std::shared_ptr<const config::Plan> plan;
  Judge judge;
};

}  // namespace blipd::detect
