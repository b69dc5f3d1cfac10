// Tells when addresses, links or routes of this machine change (rtnetlink(7)), so that what was remembered about
// them is looked up anew. Where netlink is refused, changes are assumed every kBlindInterval.
#pragma once

#include "daemon/engine/file_descriptor.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

class RouteWatch {
 public:
  static constexpr base::Duration kBlindInterval = std::chrono::seconds(5);
  static constexpr base::Duration kInterval = std::chrono::milliseconds(50);

  RouteWatch();

  // Whether anything changed since the last look. Looks no more often than every kInterval.
  bool changed(base::MonoTime now);

 private:
  FileDescriptor socket_;
  base::MonoTime looked_{};
};

}  // namespace blipd::engine
