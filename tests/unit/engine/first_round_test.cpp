#include "daemon/engine/first_round.hpp"

#include <catch2/catch.hpp>

#include "config/load.hpp"

using namespace blipd;

namespace {

struct Nowhere final : probes::ResultSink {
  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_result(const probes::Result&, const probes::AnswerDetail*) override {}
  void on_remark(const probes::Remark&) override {}
};

std::shared_ptr<const config::Plan> plan_of(const std::string& targets, const config::Plan* previous) {
  const std::string yaml = "countries: [" + targets + "]";
  return config::make_plan(config::load_text(yaml, "test.yaml").configuration, previous);
}

std::string of(const std::string& hosts) { return "{code: XX, networks: [{targets: [" + hosts + "]}]}"; }

void settle(engine::FirstRound& round, probes::ChannelIndex channel) {
  probes::Result result;
  result.channel = channel;
  round.on_result(result, nullptr);
}

}  // namespace

TEST_CASE("the first round is settled with the first result of the last channel") {
  Nowhere nowhere;
  engine::FirstRound round(nowhere);
  round.adopt(*plan_of(of("192.0.2.1, 192.0.2.2"), nullptr));
  CHECK_FALSE(round.is_settled());
  settle(round, 0);
  settle(round, 0);
  CHECK_FALSE(round.is_settled());
  settle(round, 1);
  CHECK(round.is_settled());
}

TEST_CASE("where nobody is asked nothing is waited for, and a first target begins the round") {
  Nowhere nowhere;
  engine::FirstRound round(nowhere);
  const auto nobody = plan_of("", nullptr);
  round.adopt(*nobody);
  CHECK(round.is_settled());
  const auto somebody = plan_of(of("192.0.2.1"), nobody.get());
  round.adopt(*somebody);
  CHECK_FALSE(round.is_settled());
  settle(round, 0);
  CHECK(round.is_settled());
  round.adopt(*plan_of(of("192.0.2.1, 192.0.2.2"), somebody.get()));
  CHECK(round.is_settled());
}
