#include "daemon/engine/http_probe_cache.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace blipd::engine {

std::shared_ptr<const ReadyHttp> HttpProbeCache::find(probes::ChannelIndex channel, const probes::ProbeSpec& spec) {
  std::shared_ptr<const ReadyHttp>& ready = by_channel_[channel];
  if (!ready || ready->spec != spec) ready = find_or_make(spec);
  return ready;
}

std::shared_ptr<const ReadyHttp> HttpProbeCache::find_or_make(const probes::ProbeSpec& spec) {
  const auto* const http = std::get_if<probes::HttpSpec>(&spec.ask);
  if (http == nullptr) return nullptr;
  const std::string key = spec.name + ' ' + http->host + http->path;
  const auto [first, last] = by_name_.equal_range(key);
  for (auto it = first; it != last; ++it) {
    auto ready = it->second.lock();
    if (ready && ready->spec == spec) return ready;
  }
  auto probe = probes::HttpProbe::make(*http);
  if (!probe) return nullptr;
  auto ready = std::make_shared<const ReadyHttp>(ReadyHttp{spec, std::move(*probe)});
  if (by_name_.size() >= drop_at_) drop_unused();
  by_name_.emplace(key, ready);
  return ready;
}

// After as many insertions as there are entries in use, so that the work stays in proportion.
void HttpProbeCache::drop_unused() {
  std::erase_if(by_name_, [](const auto& item) { return item.second.expired(); });
  drop_at_ = std::max<std::size_t>(64, 2 * by_name_.size());
}

}  // namespace blipd::engine
