#include "daemon/pipeline/http_book.hpp"

#include <catch2/catch.hpp>

#include "config/load.hpp"

namespace blipd::pipeline {
namespace {

using namespace std::chrono_literals;
using probes::HttpEnd;
using probes::Outcome;

std::shared_ptr<const config::Plan> plan_of(const std::string& probes, const config::Plan* before = nullptr) {
  const auto loaded = config::load_text(
      "probes: " + probes +
          "\ncountries: [{code: XX, networks: [{targets: [{name: a, host: 192.0.2.1, probes: [ping, web]}]}]}]\n",
      "test.yaml");
  REQUIRE(loaded.faults.empty());
  return config::make_plan(loaded.configuration, before);
}

struct Bench {
  Bench() { book.adopt(*plan, config::changes_between(nullptr, *plan).channels); }

  void tell(Outcome outcome, const probes::AnswerDetail* detail = nullptr) {
    probes::Result result;
    result.channel = web;
    result.outcome = outcome;
    book.on_result(result, detail);
  }
  HttpRow row() const { return *book.find(web); }
  std::uint64_t ended(HttpEnd end) const { return row().ends[static_cast<std::size_t>(end)]; }

  std::shared_ptr<const config::Plan> plan = plan_of("{web: {type: http}}");
  config::ChannelIndex web = plan->find_channel("XX/default/a/web").value();
  HttpBook book;
};

probes::AnswerDetail seen(HttpEnd end, std::uint16_t status) {
  probes::AnswerDetail detail;
  detail.http.emplace();
  detail.http->end = end;
  detail.http->status = status;
  return detail;
}

}  // namespace

TEST_CASE("only channels that ask by HTTP have a row, from the start") {
  const Bench bench;
  CHECK(bench.book.find(bench.web));
  CHECK_FALSE(bench.book.find(bench.plan->find_channel("XX/default/a/ping").value()));
  CHECK_FALSE(bench.row().last);
}

TEST_CASE("the last HTTP exchange stands, and each is counted by its end") {
  Bench bench;
  auto whole = seen(HttpEnd::kWhole, 200);
  whole.http->certificate = probes::CertificateFacts{base::WallTime(1000s), "", "", ""};
  bench.tell(Outcome::kAnswered, &whole);
  const auto handed_out = bench.book.find(bench.web);
  const auto reset = seen(HttpEnd::kReset, 0);
  bench.tell(Outcome::kAnswered, &reset);
  bench.tell(Outcome::kAnswered, &reset);
  CHECK(bench.row().last->end == HttpEnd::kReset);
  CHECK(bench.ended(HttpEnd::kWhole) == 1);
  CHECK(bench.ended(HttpEnd::kReset) == 2);
  CHECK(bench.row().certificate_ends == base::WallTime(1000s));
  CHECK(handed_out->last->status == 200);
}

TEST_CASE("a lost probe leaves nothing of the last exchange, an aborted one leaves it alone") {
  Bench bench;
  const auto whole = seen(HttpEnd::kWhole, 200);
  bench.tell(Outcome::kAnswered, &whole);
  bench.tell(Outcome::kAborted);
  CHECK(bench.row().last);
  bench.tell(Outcome::kLost);
  CHECK_FALSE(bench.row().last);
  CHECK(bench.ended(HttpEnd::kWhole) == 1);
}

TEST_CASE("a row begins anew when its channel is asked otherwise, and goes when it is not asked by HTTP any more") {
  Bench bench;
  const auto whole = seen(HttpEnd::kWhole, 200);
  bench.tell(Outcome::kAnswered, &whole);
  auto next = plan_of("{web: {type: http, path: /other}}", bench.plan.get());
  bench.book.adopt(*next, config::changes_between(bench.plan.get(), *next).channels);
  CHECK(bench.ended(HttpEnd::kWhole) == 0);
  const auto last = plan_of("{web: {type: tcp, port: 80}}", next.get());
  bench.book.adopt(*last, config::changes_between(next.get(), *last).channels);
  CHECK_FALSE(bench.book.find(bench.web));
}

}  // namespace blipd::pipeline
