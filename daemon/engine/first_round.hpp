// Passes results on and knows when every channel has had its first one: until then nobody should take what we say
// for the whole picture.
#pragma once

#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/share.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

class FirstRound final : public probes::ResultSink {
 public:
  explicit FirstRound(probes::ResultSink& next) : next_(next) {}

  // Channels new to the plan have their first result before them; a round that is over stays over. Where nobody is
  // asked nothing is waited for, and the round begins with the first plan that asks somebody.
  void adopt(const config::Plan& plan, const Share& share = {}) {
    is_pending_.resize(plan.channels.size());
    pending_ = 0;
    for (std::size_t i = 0; i < plan.channels.size(); ++i) {
      is_pending_[i] = !is_over_ && plan.channels[i].is_active && share.has(plan.channels[i]);
      pending_ += is_pending_[i] ? 1 : 0;
    }
  }

  bool is_settled() const { return pending_ == 0; }

  void prefetch(probes::ChannelIndex channel, Distance distance) const override { next_.prefetch(channel, distance); }
  void on_sent(probes::ChannelIndex channel, base::MonoTime at) override { next_.on_sent(channel, at); }
  void on_remark(const probes::Remark& remark) override { next_.on_remark(remark); }
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override {
    if (!is_over_ && is_pending_[result.channel]) {
      is_pending_[result.channel] = false;
      is_over_ = --pending_ == 0;
    }
    next_.on_result(result, detail);
  }

 private:
  probes::ResultSink& next_;
  std::vector<bool> is_pending_;
  std::size_t pending_ = 0;
  bool is_over_ = false;
};

}  // namespace blipd::engine
