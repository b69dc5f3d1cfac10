#include "daemon/event/evidence.hpp"

#include <utility>

namespace blipd::event {

namespace {

template <class T>
bool append(std::vector<T>& all, std::vector<T> more, std::size_t most) {
  const std::size_t before = all.size();
  for (T& item : more) {
    if (all.size() >= most) break;
    all.push_back(std::move(item));
  }
  return all.size() > before;
}

}  // namespace

bool Evidence::add(Evidence more) {
  const bool has_paths = append(paths, std::move(more.paths), kMostPaths);
  const bool has_packets = append(packets, std::move(more.packets), kMostPackets);
  const bool has_hosts = append(hosts, std::move(more.hosts), kMostHosts);
  return has_paths || has_packets || has_hosts;
}

void Evidence::move(base::Duration step) {
  for (PathEvidence& path : paths) {
    path.now.at += step;
    if (path.before) path.before->at += step;
  }
  for (PacketFile& file : packets) {
    file.from += step;
    file.to += step;
  }
}

}  // namespace blipd::event
