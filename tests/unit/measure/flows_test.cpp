#include "daemon/measure/flows.hpp"

#include <catch2/catch.hpp>

namespace blipd::measure {
namespace {

probes::Result result(probes::ChannelIndex channel, probes::Sequence sequence, probes::Outcome outcome) {
  probes::Result r;
  r.channel = channel;
  r.sequence = sequence;
  r.outcome = outcome;
  return r;
}

TEST_CASE("loss is that of the flow which a probe rode") {
  Flows flows;
  flows.lay_out(std::vector<Flows::Layout>{{7, 4}, {3, 2}, {5, 1}});
  REQUIRE(flows.tallies().size() == 6);
  for (probes::Sequence sequence = 0; sequence < 400; ++sequence) {
    flows.on_result(result(7, sequence, sequence % 4 == 2 ? probes::Outcome::kLost : probes::Outcome::kAnswered));
    flows.on_result(result(5, sequence, probes::Outcome::kLost));
  }
  const auto of_seven = flows_of(flows.tallies(), 7);
  REQUIRE(of_seven.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(of_seven[i].flow == i);
    CHECK(of_seven[i].answered == (i == 2 ? 0U : 100U));
    CHECK(of_seven[i].lost == (i == 2 ? 100U : 0U));
    CHECK(of_seven[i].recent_loss() == (i == 2 ? 1.0 : 0.0));
  }
  const auto of_three = flows_of(flows.tallies(), 3);
  REQUIRE(of_three.size() == 2);
  CHECK_FALSE(of_three[0].recent_loss());
  CHECK(flows_of(flows.tallies(), 5).empty());
}

TEST_CASE("unreachable is lost, aborted says nothing, and only the last 64 results are recent") {
  Flows flows;
  flows.lay_out(std::vector<Flows::Layout>{{0, 2}});
  flows.on_result(result(0, 0, probes::Outcome::kUnreachable));
  flows.on_result(result(0, 2, probes::Outcome::kAborted));
  CHECK(flows.tallies()[0].lost == 1);
  CHECK(flows.tallies()[0].samples == 1);
  for (probes::Sequence sequence = 0; sequence < 126; ++sequence) {
    flows.on_result(result(0, sequence, probes::Outcome::kAnswered));
  }
  CHECK(flows.tallies()[0].recent_loss() == Approx(1.0 / 64));
  flows.on_result(result(0, 126, probes::Outcome::kAnswered));
  CHECK(flows.tallies()[0].recent_loss() == 0.0);
  CHECK(flows.tallies()[0].answered == 64);
  CHECK(flows.tallies()[0].samples == 64);
}

TEST_CASE("a channel that means something else begins anew, and others keep what they have") {
  Flows flows;
  flows.lay_out(std::vector<Flows::Layout>{{1, 2}, {2, 2}});
  flows.on_result(result(1, 0, probes::Outcome::kLost));
  flows.on_result(result(2, 0, probes::Outcome::kLost));
  flows.lay_out(std::vector<Flows::Layout>{{1, 3}, {4, 2}});
  REQUIRE(flows.tallies().size() == 7);
  CHECK(flows_of(flows.tallies(), 1)[0].lost == 0);
  CHECK(flows_of(flows.tallies(), 1).size() == 3);
  CHECK(flows_of(flows.tallies(), 2)[0].lost == 1);
  flows.lay_out(std::vector<Flows::Layout>{{1, 0}, {2, 0}, {4, 1}});
  CHECK(flows.is_empty());
  flows.on_result(result(1, 0, probes::Outcome::kLost));
}

}  // namespace
}  // namespace blipd::measure
