// The flight recorder put together: taps on the engine's loops, which keep the last packets of each network, the
// question whose packets an event should have, the thread that writes them, and attaching the files to their events.
// But for the taps all on the thread that judges.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/app/log.hpp"
#include "daemon/app/packet_files.hpp"
#include "daemon/app/ring_tap.hpp"
#include "daemon/evidence/packet_inquiry.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::app {

class PacketWatch {
 public:
  // `pipeline` and `log` outlive this. `plan` records (Evidence::is_recording).
  PacketWatch(std::shared_ptr<const config::Plan> plan, pipeline::Pipeline& pipeline, Log& log);

  // Once for each loop.
  std::shared_ptr<engine::PacketTap> make_tap();

  // When all privileges are given up: starts the thread.
  void open();

  void adopt(std::shared_ptr<const config::Plan> plan);
  void on_event(const event::Event& event, const base::Moment& now);
  void tick(const base::Moment& now);

  serve::RecorderHealth health(bool is_capturing) const;

 private:
  // A file whose packets are being taken.
  struct Taking {
    PacketFiles::Job job;
    std::size_t waiting = 0;  // for so many taps
    base::MonoTime until{};
  };

  void wish(evidence::PacketInquiry::Wish wish);
  void collect(const base::Moment& now);
  void attach();

  evidence::PacketInquiry inquiry_;
  pipeline::Pipeline& pipeline_;
  Log& log_;
  // Those of the start.
  config::Evidence settings_;
  std::size_t shards_;
  std::vector<std::shared_ptr<RingTap>> taps_;
  std::map<std::uint64_t, Taking> takings_;
  std::unique_ptr<PacketFiles> files_;
};

}  // namespace blipd::app
