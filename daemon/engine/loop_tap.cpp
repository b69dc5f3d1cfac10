// What a loop shows to whoever looks on.
#include "daemon/engine/loop.hpp"
#include "probes/wire/icmp.hpp"

namespace blipd::engine {

// What has been matched names its channel. Of the rest (answers that sockets read, traces, what was refused) it is who
// is asked, or who answers, or whom an error is about. What belongs to nobody here is not shown: it may be another
// program's.
void Loop::show(const SeenPacket& seen, std::size_t learned_before) {
  std::optional<config::NetworkIndex> network;
  if (pending_.size() > learned_before) {
    const probes::ChannelIndex channel = pending_.back().channel;
    if (channel < plan_->channels.size()) network = plan_->channels[channel].network;
  } else {
    network = roster_.network_at(seen.heading == Heading::kOut ? seen.packet.destination : seen.packet.source);
  }
  if (!network && seen.packet.protocol == wire::kUdp) {
    if (const auto channel = dns_udp_->channel_answered(seen.packet)) network = plan_->channels[*channel].network;
  }
  if (!network && wire::is_icmp(seen.packet)) {
    if (const auto error = wire::read_icmp_error(seen.packet)) network = roster_.network_at(error->quoted.destination);
  }
  if (network) tap_->on_packet(*network, seen);
}

}  // namespace blipd::engine
