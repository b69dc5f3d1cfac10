// The windows of one channel as bytes. Internal to ChannelTable.
#pragma once

#include "daemon/measure/windows.hpp"
#include "daemon/pipeline/packing.hpp"

namespace blipd::pipeline {

void pack_windows(const measure::WindowViews& windows, Packer& out);
measure::WindowViews unpack_windows(Unpacker in);

}  // namespace blipd::pipeline
