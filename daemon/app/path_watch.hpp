// Between the engine's traces and the events that they belong to: has paths traced when a network or a country falls
// and when it is back, attaches what was found, and tells the log. On the probing thread.
#pragma once

#include <memory>

#include "daemon/app/log.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/evidence/path_inquiry.hpp"
#include "daemon/pipeline/pipeline.hpp"

namespace blipd::app {

class PathWatch {
 public:
  // `pipeline` and `log` outlive this.
  PathWatch(std::shared_ptr<const config::Plan> plan, pipeline::Pipeline& pipeline, Log& log)
      : inquiry_(std::move(plan)), pipeline_(pipeline), log_(log) {}

  void adopt(std::shared_ptr<const config::Plan> plan) { inquiry_.adopt(std::move(plan)); }
  void on_event(const event::Event& event, base::MonoTime now) { inquiry_.on_event(event, now); }
  void tick(engine::Engine& engine, base::MonoTime now);

  std::shared_ptr<const evidence::PathRows> rows() { return inquiry_.rows(); }

 private:
  evidence::PathInquiry inquiry_;
  pipeline::Pipeline& pipeline_;
  Log& log_;
};

}  // namespace blipd::app
