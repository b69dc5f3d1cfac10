#include "daemon/engine/share.hpp"

#include <string>

#include "probes/base/siphash.hpp"

namespace blipd::engine {

std::vector<std::uint8_t> Share::owners_of(const config::Plan& plan, std::uint32_t count) {
  // No secret, but none of the keys that networks and phases are hashed with: those who share a process, or a moment,
  // should not all share a thread as well.
  constexpr base::SipKey kKey{0x626c697064207368ULL, 0x6172652074617267ULL};
  std::vector<std::uint8_t> owners;
  owners.reserve(plan.targets.size());
  std::string name;
  for (const config::PlannedTarget& target : plan.targets) {
    const config::PlannedNetwork& network = plan.networks[target.network];
    name.assign(plan.country_code(target.network)).append(1, '/').append(network.name).append(1, '/');
    owners.push_back(static_cast<std::uint8_t>(base::siphash24(kKey, name.append(target.name)) % count));
  }
  return owners;
}

std::vector<Share> Share::split(const config::Plan& plan, std::uint32_t count) {
  std::vector<Share> shares(count);
  if (count == 1) return shares;
  const auto owners = std::make_shared<const std::vector<std::uint8_t>>(owners_of(plan, count));
  for (std::uint32_t i = 0; i < count; ++i) {
    shares[i].owners_ = owners;
    shares[i].index_ = static_cast<std::uint8_t>(i);
  }
  return shares;
}

}  // namespace blipd::engine
