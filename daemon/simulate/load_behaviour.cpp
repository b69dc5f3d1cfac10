#include "daemon/simulate/load_behaviour.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "probes/base/text.hpp"

namespace blipd::simulate {

namespace {

using config::Choices;
using config::Node;
using config::Path;
using config::Reader;
using std::string_view;

constexpr auto kBehaviour =
    std::to_array<string_view>({"rtt", "loss", "bursts", "unreachable", "late", "duplicated", "reordered", "differing",
                                "corrupted", "forged", "icmp_limit", "ttl", "icmp", "dns", "open", "others"});
constexpr auto kRtt = std::to_array<string_view>({"shape", "minimum", "mean", "median", "deviation", "sigma"});
constexpr auto kBursts = std::to_array<string_view>({"enter", "leave", "loss"});
constexpr auto kMishap = std::to_array<string_view>({"ratio", "delay"});
constexpr auto kForged = std::to_array<string_view>({"ratio", "wrong", "instead"});
constexpr auto kLimit = std::to_array<string_view>({"rate", "burst"});
constexpr auto kUnreachable = std::to_array<string_view>({"ratio", "code", "from"});

constexpr auto kShapes = std::to_array<std::pair<string_view, Delay::Shape>>({
    {"constant", Delay::Shape::kConstant},
    {"normal", Delay::Shape::kNormal},
    {"lognormal", Delay::Shape::kLognormal},
    {"exponential", Delay::Shape::kExponential},
});
constexpr auto kForgeries = std::to_array<std::pair<string_view, Forgery>>(
    {{"token", Forgery::kToken}, {"source", Forgery::kSource}, {"ttl", Forgery::kTtl}});
constexpr auto kCodes = std::to_array<std::pair<string_view, NoticeCode>>({
    {"network", NoticeCode::kNetwork},
    {"host", NoticeCode::kHost},
    {"protocol", NoticeCode::kProtocol},
    {"port", NoticeCode::kPort},
    {"administrative", NoticeCode::kAdministrative},
});
constexpr auto kPresences = std::to_array<std::pair<string_view, bool>>({{"answer", true}, {"silent", false}});
constexpr auto kOthers = std::to_array<std::pair<string_view, Services::Others>>(
    {{"closed", Services::Others::kClosed}, {"filtered", Services::Others::kFiltered}});

constexpr base::Duration kLongest = std::chrono::hours(1);

template <class T>
void set(T& to, const std::optional<T>& value) {
  if (value) to = *value;
}

// `rtt: 40ms`, or a mapping with a shape.
void read_delay(const Reader& reader, std::string_view key, Delay& delay) {
  const Node* node = reader.find(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kScalar) {
    delay = Delay{};
    set(delay.centre, reader.duration(key, base::Duration::zero(), kLongest));
    return;
  }
  const Path here = reader.path().child(key);
  const Reader rtt(*node, here, reader.faults(), {kRtt});
  Delay read;
  set(read.shape, rtt.choice<Delay::Shape>("shape", kShapes));
  set(read.minimum, rtt.duration("minimum", base::Duration::zero(), kLongest));
  set(read.deviation, rtt.duration("deviation", base::Duration::zero(), kLongest));
  set(read.sigma, rtt.real("sigma", 0.0, 5.0));
  // The word for the centre says what kind of centre it is, so each shape takes its own only.
  const bool is_lognormal = read.shape == Delay::Shape::kLognormal;
  const std::string_view wanted = is_lognormal ? "median" : "mean";
  const std::string_view unwanted = is_lognormal ? "mean" : "median";
  set(read.centre, rtt.duration(wanted, base::Duration::zero(), kLongest));
  if (rtt.has(unwanted)) {
    rtt.fault(unwanted, fmt::format("this shape is described by '{}'; use that", wanted));
  } else if (!rtt.has(wanted)) {
    reader.fault(key, fmt::format("has no '{}'; say how long an answer takes", wanted));
  }
  if (rtt.has("sigma") && !is_lognormal) rtt.fault("sigma", "belongs to shape lognormal; leave it out");
  if (rtt.has("deviation") && read.shape != Delay::Shape::kNormal) {
    rtt.fault("deviation", "belongs to shape normal; leave it out");
  }
  if (rtt.has("minimum") && read.shape == Delay::Shape::kConstant) {
    rtt.fault("minimum", "a constant has none; leave it out");
  }
  delay = read;
}

void read_mishap(const Reader& reader, std::string_view key, Mishap& mishap) {
  const Node* node = reader.map(key);
  if (node == nullptr) return;
  const Path here = reader.path().child(key);
  const Reader part(*node, here, reader.faults(), {kMishap});
  mishap = Mishap{};
  set(mishap.ratio, part.real("ratio", 0.0, 1.0));
  set(mishap.delay, part.duration("delay", base::Duration::zero(), kLongest));
}

void read_forged(const Reader& reader, Forging& forged) {
  const Node* node = reader.map("forged");
  if (node == nullptr) return;
  const Path here = reader.path().child("forged");
  const Reader part(*node, here, reader.faults(), {kForged});
  forged = Forging{};
  set(forged.ratio, part.real("ratio", 0.0, 1.0));
  set(forged.instead, part.flag("instead"));
  for (const std::string& word : part.texts("wrong").value_or(std::vector<std::string>{})) {
    const auto found = std::ranges::find(kForgeries, word, [](const auto& each) { return std::string(each.first); });
    if (found == kForgeries.end()) {
      part.fault("wrong", fmt::format("{} is nothing to get wrong; use token, source or ttl", config::cited(word)));
    } else {
      forged.wrong.push_back(found->second);
    }
  }
  if (!part.has("wrong")) reader.fault("forged", "has no 'wrong'; list some of token, source, ttl");
}

void read_services(const Reader& reader, Services& services) {
  set(services.icmp, reader.choice<bool>("icmp", kPresences));
  set(services.dns, reader.flag("dns"));
  set(services.others, reader.choice<Services::Others>("others", kOthers));
  const auto ports = reader.texts("open");
  if (!ports) return;
  services.open.clear();
  for (const std::string& word : *ports) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
    if (error != std::errc{} || end != word.data() + word.size() || port == 0) {
      reader.fault("open", fmt::format("{} is not a port; give numbers from 1 to 65535", config::cited(word)));
    } else {
      services.open.push_back(port);
    }
  }
}

}  // namespace

config::Keys behaviour_keys() { return kBehaviour; }

std::optional<base::Address> read_address(const Reader& reader, std::string_view key) {
  const auto word = reader.text(key);
  if (!word) return std::nullopt;
  const auto address = base::Address::parse(*word);
  if (address) return *address;
  reader.fault(key, fmt::format("{} is not an IP address; write one such as 198.18.1.15", config::cited(*word)));
  return std::nullopt;
}

Unreachable read_unreachable(const Reader& reader) {
  Unreachable unreachable;
  set(unreachable.ratio, reader.real("ratio", 0.0, 1.0));
  set(unreachable.code, reader.choice<NoticeCode>("code", kCodes));
  const Node* from = reader.find("from");
  if (from == nullptr) return unreachable;
  if (from->kind == Node::Kind::kScalar) {
    if (const auto address = read_address(reader, "from")) unreachable.from.push_back(*address);
    return unreachable;
  }
  for (const std::string& word : reader.texts("from").value_or(std::vector<std::string>{})) {
    if (const auto address = base::Address::parse(word)) {
      unreachable.from.push_back(*address);
    } else {
      reader.fault("from", fmt::format("{} is not an IP address", config::cited(word)));
    }
  }
  return unreachable;
}

void read_behaviour(const Reader& reader, Behaviour& behaviour, Services& services) {
  read_delay(reader, "rtt", behaviour.rtt);
  set(behaviour.loss, reader.real("loss", 0.0, 1.0));
  set(behaviour.corrupted, reader.real("corrupted", 0.0, 1.0));
  set(behaviour.ttl, reader.whole<std::uint8_t>("ttl", 1, 255));
  read_mishap(reader, "late", behaviour.late);
  read_mishap(reader, "duplicated", behaviour.duplicated);
  read_mishap(reader, "reordered", behaviour.reordered);
  read_mishap(reader, "differing", behaviour.differing);
  read_forged(reader, behaviour.forged);
  if (const Node* node = reader.map("bursts")) {
    const Path here = reader.path().child("bursts");
    const Reader part(*node, here, reader.faults(), {kBursts});
    Bursts bursts;
    set(bursts.enter, part.real("enter", 0.0, 1.0));
    set(bursts.leave, part.real("leave", 0.0, 1.0));
    set(bursts.loss, part.real("loss", 0.0, 1.0));
    behaviour.bursts = bursts;
  }
  if (const Node* node = reader.map("unreachable")) {
    const Path here = reader.path().child("unreachable");
    const Reader part(*node, here, reader.faults(), {kUnreachable});
    behaviour.unreachable = read_unreachable(part);
  }
  if (const Node* node = reader.map("icmp_limit")) {
    const Path here = reader.path().child("icmp_limit");
    const Reader part(*node, here, reader.faults(), {kLimit});
    IcmpLimit limit;
    set(limit.rate, part.real("rate", 0.0, 1e9));
    set(limit.burst, part.real("burst", 0.0, 1e9));
    behaviour.icmp_limit = limit;
  }
  read_services(reader, services);
}

}  // namespace blipd::simulate
