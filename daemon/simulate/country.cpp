#include "daemon/simulate/country.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/simulate/expand.hpp"
#include "probes/base/siphash.hpp"

namespace blipd::simulate {

namespace {

// What the host would say if nothing stood in between; kNone: silence, by design.
Reply reply_of(const Services& services, const Question& question) {
  const bool is_filtered = services.others == Services::Others::kFiltered;
  const bool is_dns = services.dns && question.port == kDnsPort;
  switch (question.protocol) {
    case Protocol::kIcmp:
      return services.icmp ? Reply::kEcho : Reply::kNone;
    case Protocol::kUdp:
      if (is_dns) return Reply::kDns;
      return is_filtered ? Reply::kNone : Reply::kNotice;
    case Protocol::kTcp:
    case Protocol::kTcpData: {
      const bool is_open = is_dns || std::ranges::find(services.open, question.port) != services.open.end();
      if (!is_open) return is_filtered ? Reply::kNone : Reply::kReset;
      return question.protocol == Protocol::kTcp ? Reply::kSynAck : Reply::kSegment;
    }
  }
  return Reply::kNone;
}

// The first host address of a prefix, where its router usually sits.
base::Address first_address(const base::Prefix& prefix) {
  const auto bytes = prefix.address().bytes();
  if (prefix.address().is_v4()) {
    std::array<std::byte, 4> first{};
    std::ranges::copy(bytes, first.begin());
    first.back() |= std::byte{1};
    return base::Address::v4(first);
  }
  std::array<std::byte, 16> first{};
  std::ranges::copy(bytes, first.begin());
  first.back() |= std::byte{1};
  return base::Address::v6(first);
}

}  // namespace

base::Duration sample(const Delay& delay, Random& random) {
  const double minimum = base::to_seconds(delay.minimum);
  const double centre = base::to_seconds(delay.centre);
  switch (delay.shape) {
    case Delay::Shape::kConstant:
      break;
    case Delay::Shape::kNormal:
      return base::from_seconds(std::max(minimum, centre + base::to_seconds(delay.deviation) * random.normal()));
    case Delay::Shape::kLognormal:
      return base::from_seconds(minimum + centre * std::exp(delay.sigma * random.normal()));
    case Delay::Shape::kExponential:
      return base::from_seconds(minimum + centre * random.exponential());
  }
  return delay.centre;
}

Country::Country(Scenario scenario, std::uint64_t seed)
    : scenario_(expand(std::move(scenario), seed)),
      seed_(seed),
      timeline_(scenario_),
      shared_hosts_(scenario_.networks.size()) {
  for (std::size_t n = 0; n < scenario_.networks.size(); ++n) {
    const auto& targets = scenario_.networks[n].targets;
    for (std::size_t t = 0; t < targets.size(); ++t) {
      by_address_.emplace(targets[t].address, add_host(targets[t].address, n, t));
    }
  }
}

std::uint32_t Country::add_host(const base::Address& address, std::size_t network, std::optional<std::size_t> target) {
  const auto index = static_cast<std::uint32_t>(hosts_.size());
  hosts_.push_back(Host{address, network, target});
  State state;
  for (std::size_t p = 0; p < kProtocols; ++p) {
    state.streams[p].random = Random(base::siphash24(base::SipKey{seed_, p}, address.bytes()));
  }
  const Network& home = scenario_.networks[network];
  const Behaviour& behaviour = target ? home.targets[*target].behaviour : home.behaviour;
  if (behaviour.icmp_limit) state.icmp_tokens = behaviour.icmp_limit->burst;
  states_.push_back(state);
  return index;
}

std::optional<std::uint32_t> Country::find(const base::Address& address) {
  if (const auto known = by_address_.find(address); known != by_address_.end()) return known->second;
  std::optional<std::size_t> network;
  unsigned longest = 0;
  for (std::size_t n = 0; n < scenario_.networks.size(); ++n) {
    for (const base::Prefix& prefix : scenario_.networks[n].prefixes) {
      if ((!network || prefix.length() > longest) && prefix.contains(address)) {
        network = n;
        longest = prefix.length();
      }
    }
  }
  if (!network) return std::nullopt;
  if (unlisted_ >= kMaxUnlistedHosts) {
    auto& shared = shared_hosts_[*network];
    if (!shared) shared = add_host(address, *network, std::nullopt);
    return shared;
  }
  ++unlisted_;
  const std::uint32_t host = add_host(address, *network, std::nullopt);
  by_address_.emplace(address, host);
  return host;
}

bool Country::is_lost(Stream& stream, const Behaviour& behaviour, double extra_loss) const {
  double loss = 1.0 - (1.0 - behaviour.loss) * (1.0 - extra_loss);
  if (behaviour.bursts) {
    if (stream.random.happens(stream.is_lossy ? behaviour.bursts->leave : behaviour.bursts->enter)) {
      stream.is_lossy = !stream.is_lossy;
    }
    if (stream.is_lossy) loss = 1.0 - (1.0 - loss) * (1.0 - behaviour.bursts->loss);
  }
  return stream.random.happens(loss);
}

bool Country::takes_icmp_token(State& state, const Behaviour& behaviour, base::Duration now) const {
  if (!behaviour.icmp_limit) return true;
  const double earned = base::to_seconds(now - state.icmp_filled) * behaviour.icmp_limit->rate;
  state.icmp_tokens = std::min(behaviour.icmp_limit->burst, state.icmp_tokens + std::max(0.0, earned));
  state.icmp_filled = now;
  if (state.icmp_tokens < 1.0) return false;
  state.icmp_tokens -= 1.0;
  return true;
}

base::Address Country::notice_sender(const Unreachable& unreachable, const Host& host) const {
  for (const base::Address& from : unreachable.from) {
    if (from.family() == host.address.family()) return from;
  }
  for (const base::Prefix& prefix : scenario_.networks[host.network].prefixes) {
    if (prefix.contains(host.address)) return first_address(prefix);
  }
  return host.address;
}

void Country::answer(Decision& decision, Stream& stream, const Behaviour& behaviour, base::Duration extra_delay) const {
  Random& random = stream.random;
  decision.ttl = behaviour.ttl;
  decision.delay = sample(behaviour.rtt, random) + extra_delay;
  decision.noise = random.bits();
  if (decision.reply == Reply::kNotice) return;

  decision.fate = Fate::kAnswered;
  decision.is_late = random.happens(behaviour.late.ratio);
  if (decision.is_late) decision.delay += behaviour.late.delay;
  decision.is_reordered = random.happens(behaviour.reordered.ratio);
  if (decision.is_reordered) decision.delay += behaviour.reordered.delay;
  if (random.happens(behaviour.duplicated.ratio)) decision.duplicate = decision.delay + behaviour.duplicated.delay;
  if (decision.reply == Reply::kDns && random.happens(behaviour.differing.ratio)) {
    decision.differing = decision.delay + behaviour.differing.delay;
  }
  if (random.happens(behaviour.corrupted)) {
    decision.fate = Fate::kCorrupted;
    decision.duplicate.reset();
    decision.differing.reset();
  }
  if (!behaviour.forged.wrong.empty() && random.happens(behaviour.forged.ratio)) {
    decision.forgery = behaviour.forged.wrong[random.bits() % behaviour.forged.wrong.size()];
    decision.forged_reply = decision.reply;
    decision.forgery_delay = decision.delay / 2;
    if (behaviour.forged.instead) {
      decision.fate = Fate::kLost;
      decision.reply = Reply::kNone;
      decision.duplicate.reset();
      decision.differing.reset();
    }
  }
}

Decision Country::decide(const Question& question, base::Duration now) {
  Decision decision;
  const auto found = find(question.to);
  if (!found) return decision;
  decision.host = *found;
  const Host& host = hosts_[*found];
  State& state = states_[*found];
  Stream& stream = state.streams[static_cast<std::size_t>(question.protocol)];
  const Network& network = scenario_.networks[host.network];
  const Behaviour& behaviour = host.target ? network.targets[*host.target].behaviour : network.behaviour;
  const Services& services = host.target ? network.targets[*host.target].services : network.services;

  const Influence influence = timeline_.at(now, host.network, host.target);
  if (influence.is_cut) {
    decision.fate = Fate::kCut;
    return decision;
  }
  const Unreachable* unreachable = influence.unreachable;
  if (unreachable == nullptr && behaviour.unreachable) unreachable = &*behaviour.unreachable;
  if (unreachable != nullptr && !stream.random.happens(unreachable->ratio)) unreachable = nullptr;

  const bool is_inhabited = host.target || network.answers_by_default;
  if (unreachable != nullptr) {
    decision.reply = Reply::kNotice;
  } else if (is_inhabited) {
    decision.reply = reply_of(services, question);
  }
  if (decision.reply == Reply::kNone) {
    decision.fate = Fate::kSilent;
    return decision;
  }
  if (is_lost(stream, behaviour, influence.loss)) {
    decision.fate = Fate::kLost;
    decision.reply = Reply::kNone;
    return decision;
  }
  const bool is_icmp = decision.reply == Reply::kEcho || decision.reply == Reply::kNotice;
  if (is_icmp && !takes_icmp_token(state, behaviour, now)) {
    decision.fate = Fate::kLimited;
    decision.reply = Reply::kNone;
    return decision;
  }
  if (decision.reply == Reply::kNotice) {
    decision.fate = Fate::kUnreachable;
    decision.notice = unreachable != nullptr ? unreachable->code : NoticeCode::kPort;
    decision.notice_from = unreachable != nullptr ? notice_sender(*unreachable, host) : host.address;
  }
  answer(decision, stream, behaviour, influence.delay);
  return decision;
}

}  // namespace blipd::simulate
