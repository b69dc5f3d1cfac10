#include "daemon/engine/dns_probe_cache.hpp"

#include <algorithm>

namespace blipd::engine {

std::shared_ptr<const probes::DnsProbe> DnsProbeCache::find(probes::ChannelIndex channel, const probes::DnsSpec& spec) {
  if (channel >= by_channel_.size()) by_channel_.resize(std::size_t{channel} + 1);
  std::shared_ptr<const Entry>& entry = by_channel_[channel];
  if (!entry || entry->spec != spec) entry = find_or_make(spec);
  if (!entry) return nullptr;
  return {entry, &entry->probe};
}

std::shared_ptr<const DnsProbeCache::Entry> DnsProbeCache::find_or_make(const probes::DnsSpec& spec) {
  const std::string key = spec.query + ' ' + spec.record;
  const auto [first, last] = by_query_.equal_range(key);
  for (auto it = first; it != last; ++it) {
    auto entry = it->second.lock();
    if (entry && entry->spec == spec) return entry;
  }
  auto probe = probes::DnsProbe::make(spec);
  if (!probe) return nullptr;
  auto entry = std::make_shared<const Entry>(Entry{spec, std::move(*probe)});
  if (by_query_.size() >= drop_at_) drop_unused();
  by_query_.emplace(key, entry);
  return entry;
}

// After as many insertions as there are entries in use, so that the work stays in proportion.
void DnsProbeCache::drop_unused() {
  std::erase_if(by_query_, [](const auto& item) { return item.second.expired(); });
  drop_at_ = std::max<std::size_t>(64, 2 * by_query_.size());
}

}  // namespace blipd::engine
