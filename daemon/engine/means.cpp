#include "daemon/engine/means.hpp"

#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_set>
#include <variant>

#include "daemon/engine/capture.hpp"
#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/raw_receiver.hpp"
#include "daemon/engine/roster.hpp"
#include "daemon/engine/socket_address.hpp"

namespace blipd::engine {

namespace {

void tell(const Notify& notify, Severity severity, std::string_view event, const std::string& text) {
  if (notify) notify(severity, event, text);
}

bool has_way(const config::Plan& plan, Way way) {
  return std::ranges::any_of(plan.channels, [way](const config::PlannedChannel& channel) {
    return channel.is_active && way_of(channel.spec()) == way;
  });
}

base::Expected<void> open_packets(Means& means, const Marks& marks, const Notify& notify, Onlookers onlookers) {
  auto capture =
      open_capture({marks.echo_identifier, marks.trace_identifier, marks.ports, onlookers == Onlookers::kTap});
  if (capture) {
    means.packets = std::move(*capture);
    means.is_capturing = true;
    return {};
  }
  auto receiver = open_raw_receiver(marks.ports);
  if (!receiver) return base::fail("{}; {}", capture.error().text, receiver.error().text);
  means.packets = std::move(*receiver);
  tell(notify, Severity::kWarning, "no_capture",
       capture.error().text +
           "; answers are read from raw sockets and round trips begin with a user-space stamp, "
           "which reads some microseconds long; allow packet sockets (AF_PACKET) to mend that");
  return {};
}

base::Expected<void> open_unprivileged(Means& means, const config::Plan& plan, const std::string& why,
                                       const base::SipKey& key, Inbox& inbox, const Notify& notify) {
  constexpr std::string_view kRemedy =
      "run as root, give the program CAP_NET_RAW (setcap cap_net_raw+ep, or AmbientCapabilities=CAP_NET_RAW in its "
      "unit), or let its group use unprivileged ICMP (sysctl net.ipv4.ping_group_range)";
  if (has_way(plan, Way::kEcho)) {
    auto pings = PingSockets::open(inbox, key);
    if (!pings) return base::fail("{}; {}; {}", why, pings.error().text, kRemedy);
    means.pings = std::move(*pings);
    tell(notify, Severity::kWarning, "unprivileged_icmp",
         fmt::format("{}; ICMP goes through unprivileged sockets: less exact round trips, no TTL, DSCP, source or "
                     "interface of our own; {}",
                     why, kRemedy));
  }
  if (!plan.traces.empty()) {
    tell(notify, Severity::kWarning, "no_traces", fmt::format("{}; no path is traced; {}", why, kRemedy));
  }
  if (has_way(plan, Way::kSyn)) {
    tell(notify, Severity::kWarning, "unprivileged_tcp",
         fmt::format("{}; half-open TCP probes make whole connections instead; {}", why, kRemedy));
  }
  return {};
}

}  // namespace

base::Expected<Means> open_means(const config::Plan& plan, const probes::IcmpEcho& echo, const probes::TcpSyn& syn,
                                 const Marks& marks, const base::Clock& clock, const base::SipKey& key, Inbox& inbox,
                                 const Notify& notify, Onlookers onlookers) {
  Means means;
  auto raw = RawSender::open(echo, syn, clock);
  const auto opened = raw ? open_packets(means, marks, notify, onlookers)
                          : open_unprivileged(means, plan, raw.error().text, key, inbox, notify);
  if (!opened) return tl::unexpected(opened.error());
  if (raw) {
    means.raw = std::move(*raw);
    if (auto traces = TraceSender::open()) means.traces = std::move(*traces);
  }
  return means;
}

bool is_own_address(const base::Address& address) {
  const FileDescriptor socket(::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress local = to_socket_address(address, 0);
  return socket.is_open() && ::bind(socket.get(), local.get(), local.length) == 0;
}

base::Expected<void> check_bindings(const config::Plan& plan) {
  std::unordered_set<const probes::ProbeSpec*> seen;  // asked by many, looked at once
  for (probes::ChannelIndex i = 0; i < plan.channels.size(); ++i) {
    if (!plan.channels[i].is_active) continue;
    const probes::ProbeSpec& spec = plan.channels[i].spec();
    if (!seen.insert(&spec).second) continue;
    if (!spec.interface.empty() && ::if_nametoindex(spec.interface.c_str()) == 0) {
      return base::fail("probe '{}' of {}: there is no interface '{}'; 'ip link' lists those that there are", spec.name,
                        plan.channel_name(i), spec.interface);
    }
    if (spec.source && !is_own_address(*spec.source)) {
      return base::fail("probe '{}' of {}: source {} is no address of this machine; 'ip address' lists its own",
                        spec.name, plan.channel_name(i), spec.source->to_string());
    }
  }
  return {};
}

}  // namespace blipd::engine
