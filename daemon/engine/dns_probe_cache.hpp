// DNS specs made ready to be asked, one for all channels that ask the same. Owns no question that is under way:
// whoever asked keeps its probe alive, also when the channel has meanwhile been given another spec.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "probes/dns.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::engine {

class DnsProbeCache {
 public:
  // Null for a spec that is not valid, which the configuration would have refused.
  std::shared_ptr<const probes::DnsProbe> find(probes::ChannelIndex channel, const probes::DnsSpec& spec);

 private:
  struct Entry {
    probes::DnsSpec spec;
    probes::DnsProbe probe;
  };

  std::shared_ptr<const Entry> find_or_make(const probes::DnsSpec& spec);
  void drop_unused();

  std::vector<std::shared_ptr<const Entry>> by_channel_;
  std::unordered_multimap<std::string, std::weak_ptr<const Entry>> by_query_;
  std::size_t drop_at_ = 64;
};

}  // namespace blipd::engine
