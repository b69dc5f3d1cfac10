// What hosts said by each way of asking, and the events that it belongs to: attaches what was found, and tells the log.
// On the thread that judges.
#pragma once

#include <memory>
#include <utility>

#include "daemon/app/log.hpp"
#include "daemon/detect/host_inquiry.hpp"
#include "daemon/pipeline/pipeline.hpp"

namespace blipd::app {

class HostWatch {
 public:
  // `pipeline` and `log` outlive this.
  HostWatch(std::shared_ptr<const config::Plan> plan, pipeline::Pipeline& pipeline, Log& log)
      : inquiry_(std::move(plan)), pipeline_(pipeline), log_(log) {}

  void adopt(std::shared_ptr<const config::Plan> plan) { inquiry_.adopt(std::move(plan)); }
  void on_event(const event::Event& event, const base::Moment& now) {
    inquiry_.on_event(event, now, pipeline_.judge());
  }
  void tick(const base::Moment& now);

 private:
  detect::HostInquiry inquiry_;
  pipeline::Pipeline& pipeline_;
  Log& log_;
  bool has_passed_over_ = false;  // and said so
};

}  // namespace blipd::app
