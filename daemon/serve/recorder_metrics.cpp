#include "daemon/serve/recorder_metrics.hpp"

namespace blipd::serve {

void add_recorder(Families& out, const RecorderHealth& health) {
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  out.gauge("blipd_recorder_recording", "1 when packets are kept for events, 0 for want of a capture.",
            health.is_recording ? 1 : 0);
  out.counter("blipd_recorder_packets_total", "Packets that were kept, for as long as there was room.", health.packets);
  out.gauge("blipd_recorder_memory_bytes", "Memory that packets are kept in.", count(health.ring_bytes));
  out.gauge("blipd_recorder_reach_seconds",
            "How far back the packets of the network reach that are forgotten soonest; NaN while none are.",
            health.reach ? base::to_seconds(*health.reach) : kNan);
  out.gauge("blipd_recorder_writing", "1 while files of packets can be written, 0 while their folder refuses.",
            health.is_writing ? 1 : 0);
  out.counter("blipd_recorder_files_written_total", "Files of packets that were written.", health.files_written);
  out.counter("blipd_recorder_files_failed_total", "Files of packets that could not be written.", health.files_failed);
  out.counter("blipd_recorder_files_removed_total", "Files of packets that were removed for their age or for room.",
              health.files_removed);
  out.counter("blipd_recorder_files_passed_over_total", "Files of packets that were not made: too many were under way.",
              health.passed_over);
  out.gauge("blipd_recorder_files", "Files of packets in their folder.", count(health.files));
  out.gauge("blipd_recorder_files_bytes", "What they take on disk.", count(health.bytes));
}

}  // namespace blipd::serve
