// Tells when addresses, links or routes of this machine change (rtnetlink(7)), so that what was remembered about
// them is looked up anew. Where netlink is refused, changes are assumed every kBlindInterval.
#pragma once

#include "daemon/engine/file_descriptor.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

class RouteWatch {
 public:
  static constexpr base::Duration kBlindInterval = std::chrono::seconds(5);

  RouteWatch();

  // Whether anything changed since the last call.
  bool changed(base::MonoTime now);

 private:
  FileDescriptor socket_;
  base::MonoTime assumed_{};
};

}  // namespace blipd::engine
