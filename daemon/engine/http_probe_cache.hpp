// HTTP specs made ready to be asked, one for all channels that ask the same. Owns no exchange that is under way:
// whoever asked keeps its probe alive, also when the channel has meanwhile been given another spec.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "probes/http.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::engine {

// The whole way of asking beside its HTTP: a redirect is dialled later, when the plan may be another.
struct ReadyHttp {
  probes::ProbeSpec spec;
  probes::HttpProbe probe;
};

class HttpProbeCache {
 public:
  // Null for a spec that is not HTTP, or not valid, which the configuration would have refused.
  std::shared_ptr<const ReadyHttp> find(probes::ChannelIndex channel, const probes::ProbeSpec& spec);

 private:
  std::shared_ptr<const ReadyHttp> find_or_make(const probes::ProbeSpec& spec);
  void drop_unused();

  std::map<probes::ChannelIndex, std::shared_ptr<const ReadyHttp>> by_channel_;
  std::multimap<std::string, std::weak_ptr<const ReadyHttp>> by_name_;
  std::size_t drop_at_ = 64;
};

}  // namespace blipd::engine
