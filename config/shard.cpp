#include "config/shard.hpp"

#include <charconv>
#include <string>

#include "probes/base/siphash.hpp"

namespace blipd::config {

namespace {

// A number from 1 to Shard::kMost that is all of `text`; otherwise 0.
std::uint32_t number_in(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end && number <= Shard::kMost ? number : 0;
}

}  // namespace

base::Expected<Shard> parse_shard(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const Shard shard{number_in(text.substr(0, slash)), number_in(text.substr(slash + 1))};
    if (shard.index >= 1 && shard.index <= shard.count) return shard;
  }
  return base::fail("'{}' is no shard; write which one of how many, from 1/1 to {}/{}, such as 2/5", text, Shard::kMost,
                    Shard::kMost);
}

std::uint32_t shard_of(std::string_view country, std::string_view network, std::uint32_t count) {
  // No secret: any process must come to the same answer.
  constexpr base::SipKey kKey{};
  std::uint32_t best = 1;
  std::uint64_t highest = 0;
  for (std::uint32_t shard = 1; shard <= count; ++shard) {
    const std::uint64_t draw = base::siphash24(kKey, fmt::format("{}/{}/{}", country, network, shard));
    if (shard > 1 && draw <= highest) continue;
    best = shard;
    highest = draw;
  }
  return best;
}

void keep_shard(Configuration& configuration, const Shard& shard) {
  for (Country& country : configuration.countries) {
    const std::size_t gone = std::erase_if(country.networks, [&](const Network& network) {
      return shard_of(country.code, network.name, shard.count) != shard.index;
    });
    country.is_split = gone > 0;
  }
  std::erase_if(configuration.countries, [](const Country& country) { return country.networks.empty(); });
}

}  // namespace blipd::config
