#include "daemon/app/status_view.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace blipd::app;

namespace {

// The shape that docs/metrics.md promises, cut down to what is shown.
constexpr const char* kStatus = R"({
  "version": "0.1.0", "taken": "2014-12-22T16:15:00.000Z",
  "vantage": {"name": "fra1", "state": "ok", "since": "2014-12-22T16:00:00.000Z", "control_answer_ratio": 1.0},
  "health": {"clock_source": "capture", "first_round_settled": true},
  "countries": [{"code": "KP", "name": "North Korea", "level": "total", "since": "2014-12-22T16:14:00.000Z",
    "reachable_ratio": 0.0, "usual_reachable_ratio": 0.9,
    "networks": [{"name": "star-jv", "state": "outage", "since": null, "evidence": 12.0, "reachable_ratio": 0.0,
      "usual_reachable_ratio": null,
      "targets": [{"name": "ns1", "host": "192.0.2.15", "state": "down", "channels": [
        {"probe": "ping", "last_answered": "2014-12-22T16:13:59.000Z", "windows": {
           "1m": {"loss_ratio": 1.0, "rtt_seconds": null},
           "5m": {"loss_ratio": 0.125, "rtt_seconds": {"median": 0.0501}}}},
        {"probe": "soa", "last_answered": null, "windows": {}}]}]}]}],
  "controls": [{"name": "anycast-1", "targets": []}]})";

std::string render(std::string_view json, bool has_colour = false) {
  const auto view = render_status(json, has_colour);
  return view ? *view : "error: " + view.error().text;
}

}  // namespace

TEST_CASE("a status without a country says that nobody is watched") {
  CHECK(render(R"({"countries": [], "health": {"first_round_settled": true, "clock_source": "capture"}})")
            .ends_with("Time stamps: capture\nNobody is watched: the configuration has no target.\n"));
  CHECK(render(kStatus).find("Nobody") == std::string::npos);
}

TEST_CASE("the view shows levels and since when, losses and round trips, and unknown as unknown") {
  CHECK(render(kStatus) ==
        "blipd 0.1.0 on fra1, 2014-12-22T16:15:00.000Z\n"
        "Vantage point: ok since 2014-12-22T16:00:00.000Z; controls answering: 100 %\n"
        "Time stamps: capture\n"
        "\n"
        "KP North Korea: total since 2014-12-22T16:14:00.000Z; reachable 0 % of usually 90 %\n"
        "  star-jv: outage; reachable 0 %, usual unknown; W +12.0\n"
        "    TARGET  HOST        ASKED  STATE  LOSS 1m  LOSS 5m  RTT 1m   RTT 5m   LAST ANSWER\n"
        "    ns1     192.0.2.15  ping   down   100 %    12.5 %   unknown  50.1 ms  2014-12-22T16:13:59.000Z\n"
        "    ns1     192.0.2.15  soa    down   unknown  unknown  unknown  unknown  none yet\n"
        "\n"
        "Controls\n"
        "  anycast-1\n");
}

TEST_CASE("colours come only where they are wanted, and end where they began") {
  CHECK(render(kStatus).find('\x1b') == std::string::npos);
  const std::string view = render(kStatus, true);
  CHECK(view.find("\x1b[31mdown\x1b[0m ") != std::string::npos);
  CHECK(view.find("\x1b[32mok since 2014-12-22T16:00:00.000Z\x1b[0m") != std::string::npos);
  CHECK(view.find("KP North Korea: \x1b[31mtotal since") != std::string::npos);
}

TEST_CASE("round trips have three digits or more, however short they are") {
  const auto rtt = [](const char* seconds) {
    return render(
        std::string(R"({"countries":[{"networks":[{"targets":[{"channels":[{"windows":{"1m":{"rtt_seconds":)") +
        R"({"median":)" + seconds + "}}}}]}]}]}]}");
  };
  CHECK(rtt("0.0000314").find(" 0.031 ms ") != std::string::npos);
  CHECK(rtt("0.00314").find(" 3.14 ms ") != std::string::npos);
  CHECK(rtt("0.0314").find(" 31.4 ms ") != std::string::npos);
  CHECK(rtt("1.2345").find(" 1234.5 ms ") != std::string::npos);
}

TEST_CASE("names cannot steer the terminal") {
  const std::string view = render(R"({"countries":[{"code":"K\u001b[2J","name":"\u009b31m\u007f","networks":[]}]})");
  CHECK(view.find('\x1b') == std::string::npos);
  CHECK(view.find("K?[2J ?31m?: unknown") != std::string::npos);
}

TEST_CASE("columns line up by characters, not by bytes") {
  const std::string view = render(
      R"({"countries":[{"code":"KP","networks":[{"name":"n","targets":[
        {"name":"é","host":"a","state":"up","channels":[{"probe":"ping"}]},
        {"name":"abcdefgh","host":"b","state":"up","channels":[{"probe":"ping"}]}]}]}]})");
  CHECK(view.find("\n    é         a  ") != std::string::npos);
  CHECK(view.find("\n    abcdefgh  b  ") != std::string::npos);
}

TEST_CASE("before the first round has settled the view says so") {
  CHECK(render(R"({"countries":[],"health":{"clock_source":"kernel","first_round_settled":false}})")
            .find("Time stamps: kernel; the first round of probes has not settled yet\n") != std::string::npos);
}

TEST_CASE("what is not a status is an error, and odd types do not break the view") {
  CHECK(render("") == "error: the answer is not a status of blipd");
  CHECK(render("<html>") == "error: the answer is not a status of blipd");
  CHECK(render("[]") == "error: the answer is not a status of blipd");
  CHECK(render("{}") == "error: the answer is not a status of blipd");
  CHECK(render(R"({"countries":[1,"x",null,{"networks":7},{"networks":[[],{"targets":[3]}]}],"controls":4})")
            .find("unknown") != std::string::npos);
}

TEST_CASE("a host's verdict is shown where it is news, and its signs always") {
  const auto view = [](const std::string& verdict, const std::string& signs = "[]", const char* channels = "[{},{}]") {
    return render(R"({"countries": [{"code": "KP", "networks": [{"name": "star-jv", "targets": [{"name": "ns1",)" +
                  verdict + R"(, "signs": )" + signs + R"(, "channels": )" + channels + "}]}]}]}");
  };
  const std::string filtered =
      R"("verdict": "icmp-filtered", "verdict_words": "up, ICMP is not answered, others are", "verdict_as_usual": )";
  CHECK(view(filtered + "false").find("    ns1: up, ICMP is not answered, others are\n") != std::string::npos);
  CHECK(view(filtered + "true").find("ns1:") == std::string::npos);
  CHECK(view(filtered + "false", "[]", "[{}]").find("ns1:") == std::string::npos);
  CHECK(view(R"("verdict": "up-all", "verdict_words": "up", "verdict_as_usual": false)").find("ns1:") ==
        std::string::npos);
  const std::string sign =
      R"([{"sign": "reset-ttl", "count": 3, "last": "2014-12-22T16:15:00.000Z", "words": "a reset with TTL 61"}])";
  CHECK(view(R"("verdict": "up-all", "verdict_as_usual": true)", sign)
            .find("    ns1: reset-ttl: a reset with TTL 61, 3 times, last 2014-12-22T16:15:00.000Z\n") !=
        std::string::npos);
}
