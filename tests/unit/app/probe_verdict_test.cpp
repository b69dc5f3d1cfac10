#include "daemon/app/probe_verdict.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using app::compare;
using app::describe;
using app::ProbeAnswer;
using probes::AnswerKind;
using probes::Outcome;

namespace {

ProbeAnswer answered(decltype(probes::ProbeSpec::ask) ask, AnswerKind kind) {
  ProbeAnswer answer;
  answer.spec.ask = std::move(ask);
  answer.result.outcome = Outcome::kAnswered;
  answer.result.answer = kind;
  answer.result.rtt = 12345us;
  answer.result.answer_ttl = 57;
  return answer;
}

ProbeAnswer ended(decltype(probes::ProbeSpec::ask) ask, Outcome outcome) {
  ProbeAnswer answer;
  answer.spec.ask = std::move(ask);
  answer.result.outcome = outcome;
  return answer;
}

const probes::IcmpSpec kIcmp;
const probes::TcpSpec kWeb{80, probes::TcpMode::kSyn};

}  // namespace

TEST_CASE("an answer is described with its round trip and TTL") {
  CHECK(describe(answered(kIcmp, AnswerKind::kEchoReply)) == "echo reply in 12.345 ms, TTL 57");
  CHECK(describe(answered(kWeb, AnswerKind::kReset)) == "port refused (RST): the host is there in 12.345 ms, TTL 57");
}

TEST_CASE("loss is stated with its waiting time, and unreachable with who said so") {
  CHECK(describe(ended(kIcmp, Outcome::kLost)) == "no answer within 3s");
  auto unreachable = ended(kIcmp, Outcome::kUnreachable);
  unreachable.result.notice = probes::IcmpNotice{3, 13, base::Address::parse("198.18.0.254").value()};
  CHECK(describe(unreachable) == "unreachable, says 198.18.0.254 (ICMP type 3 code 13)");
}

TEST_CASE("a probe that could not be sent is not called lost") {
  auto aborted = ended(kIcmp, Outcome::kAborted);
  aborted.result.abort_reason = probes::AbortReason::kSendError;
  CHECK(describe(aborted) == "not asked: this machine could not send");
  CHECK(compare({aborted}) == "not known: nothing could be asked");
}

TEST_CASE("a DNS answer is described by what it says") {
  probes::DnsSpec spec;
  spec.query = "lab.";
  auto dns = answered(spec, AnswerKind::kDnsMessage);
  dns.detail.dns = probes::DnsFacts{};
  dns.detail.dns->authoritative = true;
  dns.detail.dns->answers = 1;
  dns.detail.dns->soa_serial = 2014122201;
  dns.detail.dns->nsid = "ns1-a";
  CHECK(describe(dns) ==
        "DNS answer in 12.345 ms, TTL 57, NOERROR, authoritative, 1 answer, serial 2014122201, server names itself "
        "ns1-a");
}

TEST_CASE("an HTTP answer is described by its phases, its status and its certificate") {
  auto http = answered(probes::HttpSpec{}, AnswerKind::kHttp);
  http.result.answer_ttl = 0;
  http.at = base::WallTime(1419264900s);
  http.detail.http.emplace();
  probes::HttpFacts& facts = *http.detail.http;
  facts.status = 200;
  facts.phases = {12345us, 30ms, 20100us, 1ms};
  facts.whole = 64ms;
  facts.body_bytes = 1234;
  facts.certificate = probes::CertificateFacts{http.at + std::chrono::days(3) + 1h, "CN=a", "CN=b", ""};
  CHECK(describe(http) ==
        "HTTP answer in 12.345 ms, status 200, connect 12.3 ms, TLS 30.0 ms, first byte 20.1 ms, body 1.0 ms, whole "
        "64.0 ms, 1,234 bytes, certificate until 2014-12-25 (3 days)");
  facts.certificate->not_after = http.at - 1s;
  facts.location = "https://elsewhere.example/";
  facts.followed = 1;
  facts.is_cut = true;
  facts.unmet = "the certificate has expired";
  CHECK(
      describe(http).ends_with("more than 1,234 bytes, 1 redirect followed, redirects to https://elsewhere.example/, "
                               "certificate ended 2014-12-22; not as expected: the certificate has expired"));
}

TEST_CASE("an exchange without an end is a host that is there, and says how far it came") {
  auto http = answered(probes::HttpSpec{}, AnswerKind::kConnected);
  http.result.answer_ttl = 0;
  http.detail.http.emplace();
  http.detail.http->end = probes::HttpEnd::kOverrun;
  CHECK(describe(http) == "port open (connected) in 12.345 ms; not followed to its end by this machine");
  http.detail.http->end = probes::HttpEnd::kReset;
  http.detail.http->unmet = "reset while the body was read, after 0 bytes";
  CHECK(describe(http) ==
        "port open (connected) in 12.345 ms; not as expected: reset while the body was read, after 0 bytes");
}

TEST_CASE("the verdict compares the protocols and blames nobody") {
  const auto echo = answered(kIcmp, AnswerKind::kEchoReply);
  const auto no_echo = ended(kIcmp, Outcome::kLost);
  const auto open = answered(kWeb, AnswerKind::kSynAck);
  const auto refused = answered(kWeb, AnswerKind::kReset);
  const auto silent = ended(kWeb, Outcome::kLost);
  auto unreachable = ended(kWeb, Outcome::kUnreachable);
  unreachable.result.notice = probes::IcmpNotice{3, 13, base::Address::parse("198.18.0.254").value()};
  CHECK(compare({echo, open}) == "up, answers every way (asked once)");
  CHECK(compare({no_echo, open}) == "up, ICMP is not answered, others are (asked once)");
  CHECK(compare({echo, silent}) == "up, ICMP is answered, nothing else is (asked once)");
  CHECK(compare({echo, refused}) == "up, port 80 is refused (asked once)");
  CHECK(compare({no_echo, silent}) == "no answer by any way (asked once)");
  CHECK(compare({no_echo, unreachable}) ==
        "no answer by any way; 198.18.0.254 says unreachable (ICMP type 3 code 13) (asked once)");
}

TEST_CASE("content that is not as expected shows in the verdict") {
  auto amiss = answered(kWeb, AnswerKind::kSynAck);
  amiss.result.service = probes::Service::kNotAsExpected;
  CHECK(compare({amiss}) == "up, answers every way; port 80 is not answered as expected (asked once)");
}

TEST_CASE("a reset or SYN-ACK from another distance than echo replies is told with both TTLs") {
  const auto echo = answered(kIcmp, AnswerKind::kEchoReply);
  auto other = answered(kWeb, AnswerKind::kReset);
  other.result.answer_ttl = 61;
  CHECK(compare({echo, other}) ==
        "port 80 is reset by something nearer than the host: a reset with TTL 61, echo replies with 57; ICMP is "
        "answered (asked once)");
  other.result.answer_ttl = 40;
  CHECK(compare({echo, other}) == "up, port 80 is refused (asked once); a reset with TTL 40, echo replies with 57");
  other.result.answer = AnswerKind::kSynAck;
  CHECK(compare({echo, other}) == "up, answers every way (asked once); a SYN-ACK with TTL 40, echo replies with 57");
  other.result.answer_ttl = 60;
  CHECK(compare({echo, other}) == "up, answers every way (asked once)");
  other.result.answer_ttl = 0;
  CHECK(compare({echo, other}) == "up, answers every way (asked once)");
}

TEST_CASE("what further answers to a query show stands behind the verdict, once") {
  ProbeAnswer dns = answered(probes::DnsSpec{}, AnswerKind::kDnsMessage);
  dns.signs = {event::HostSign::kTwoDnsAnswers};
  CHECK(compare({answered(kIcmp, AnswerKind::kEchoReply), dns, dns}) ==
        "up, answers every way (asked once); two differing answers to one DNS query");
}
