#include "daemon/engine/http.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace blipd::engine {

namespace {

using probes::HttpEnd;
using probes::HttpPhase;

// What exchanges may take of a tick. One step of one (a TLS handshake) may go beyond it.
constexpr base::Duration kSlice = std::chrono::milliseconds(2);
constexpr std::size_t kLongestLocation = 512;

std::optional<base::Duration>& phase(probes::HttpFacts& facts, HttpPhase which) {
  return facts.phases[static_cast<std::size_t>(which)];
}

bool is_same_host(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

HttpTransport::HttpTransport(Inbox& inbox, HostOf host_of)
    : inbox_(inbox), host_of_(std::move(host_of)), talker_([this](const HttpExchange& exchange, Readiness::Want want) {
        connections_.want(exchange.index(), want);
      }) {}

HttpTransport::~HttpTransport() {
  for (Talk& talk : talks_) {
    if (talk.exchange) talker_.remove(*talk.exchange);
  }
}

AskStatus HttpTransport::ask(const Ask& ask, const base::Moment& now) {
  auto asked = probes_.find(ask.channel, *ask.spec);
  if (!asked) {
    errno = EINVAL;
    return AskStatus::kFailed;
  }
  const probes::HttpSpec& spec = asked->probe.spec;
  if (const auto stale = connections_.find(ask.channel, ask.sequence)) drop(*stale);
  const auto index = connections_.dial(ask, spec.port, now);
  if (!index) return AskStatus::kFailed;
  if (*index >= talks_.size()) talks_.resize(*index + std::size_t{1});
  Talk& talk = talks_[*index];
  talk = {};
  talk.state = Talk::State::kConnecting;
  talk.place = {spec.tls, spec.host.empty() ? host_of_(ask.channel) : spec.host, spec.port, spec.path};
  talk.asked = std::move(asked);
  talk.began = now;
  talk.facts.end = HttpEnd::kSilent;
  talk.facts.phase = HttpPhase::kConnect;
  return AskStatus::kSent;
}

bool HttpTransport::is_spent() const { return clock_.read().mono >= spent_at_; }

void HttpTransport::poll(const base::Moment&) {
  if (connections_.size() == 0) return;
  spent_at_ = clock_.read().mono + kSlice;
  connections_.look([this](Index index) { on_news(index); });
  begin_waiting();
  talker_.look_at_time(clock_.read().mono);
  for (HttpExchange* const exchange : talker_.take_ended()) on_ended(exchange->index());
  look_at_deadlines();
}

void HttpTransport::on_news(Index index) {
  Talk& talk = talks_[index];
  if (talk.state == Talk::State::kConnecting) {
    on_handshake(index);
    return;
  }
  if (talk.state != Talk::State::kTalking) return;
  talk.is_passed_over = is_spent();
  if (talk.is_passed_over) return;
  // Before libcurl reads on and says goodbye, which may bring about a reset of its own.
  if (is_torn_down(connections_.at(index).socket.get())) talk.exchange->note_teardown();
  talker_.go_on(*talk.exchange);
}

void HttpTransport::on_handshake(Index index) {
  const TcpConnections::Connection& connection = connections_.at(index);
  const int fd = connection.socket.get();
  const Handshake handshake = read_handshake(fd, connection.target.family());
  Talk& talk = talks_[index];
  const base::Moment now = clock_.read();
  if (handshake.end != Handshake::End::kConnected) {
    on_failed_handshake(index, handshake, now);
    return;
  }
  const auto rtt = kernel_round_trip(fd);
  phase(talk.facts, HttpPhase::kConnect) = rtt ? *rtt : now.mono - connection.asked.mono;
  talk.facts.phase = talk.place.is_tls ? HttpPhase::kTls : HttpPhase::kFirstByte;
  if (!std::exchange(talk.has_stood, true)) {
    talk.rtt = rtt;
    // Without one the stamp stays at its beginning, which makes the round trip void: nothing of ours is as good.
    if (rtt) talk.stamp = {now.wall, probes::StampSource::kKernel};
  }
  if (handshake.was_reset) {
    talk.facts.end = HttpEnd::kReset;
    conclude(index);
  } else if (now.mono >= talk.deadline()) {
    conclude(index);
  } else {
    // From here on an ICMP error ends nothing, and says nothing that the silence does not.
    keep_errors(fd, connection.target.family(), Keep::kNone);
    connections_.want(index, Readiness::Want::kNothing);
    talk.state = Talk::State::kWaiting;
    waiting_.push_back(index);
  }
}

void HttpTransport::on_failed_handshake(Index index, const Handshake& handshake, const base::Moment& now) {
  Talk& talk = talks_[index];
  if (talk.has_stood) {  // the connection that a redirect led to
    switch (handshake.end) {
      case Handshake::End::kRefused:
        talk.facts.end = HttpEnd::kRefused;
        conclude(index);
        break;
      case Handshake::End::kFailedHere:
        talk.facts.end = HttpEnd::kOverrun;
        conclude(index);
        break;
      default:  // silence, until the timeout says so
        connections_.want(index, Readiness::Want::kNothing);
        talk.state = Talk::State::kHopeless;
    }
    return;
  }
  std::optional<Learned> learned = connections_.about_failure(index, handshake, now);
  probes::AnswerDetail detail{connections_.at(index).target, std::nullopt, std::nullopt};
  if (learned && learned->kind == Learned::Kind::kAnswer) {
    talk.facts.end = HttpEnd::kRefused;
    const auto verdict = talk.asked->probe.expectation.judge(talk.facts, {}, now.wall, talk.asked->spec.timeout);
    talk.facts.unmet = verdict.unmet;
    learned->service = verdict.service;
    detail.http = std::move(talk.facts);
    learned->detail = &detail;
  }
  drop(index);
  if (learned) inbox_.learned(*learned);
}

void HttpTransport::begin_waiting() {
  while (!waiting_.empty() && !is_spent()) {
    const Index index = waiting_.front();
    waiting_.pop_front();
    if (talks_[index].state == Talk::State::kWaiting) begin(index);
  }
}

void HttpTransport::begin(Index index) {
  Talk& talk = talks_[index];
  const TcpConnections::Connection& connection = connections_.at(index);
  const probes::HttpProbe& probe = talk.asked->probe;
  talk.exchange = std::make_unique<HttpExchange>(HttpExchange::Over{index, connection.socket.get(), connection.target},
                                                 talk.place, probe.spec, probe.expectation.wants_body(),
                                                 talk.place.is_tls ? roots_.find(probe.spec.expect.ca_file) : nullptr);
  talk.state = Talk::State::kTalking;
  talker_.add(*talk.exchange);
}

void HttpTransport::on_ended(Index index) {
  Talk& talk = talks_[index];
  talk.exchange->report(talk.facts);
  if (talk.facts.end == HttpEnd::kWhole) {
    if (!talk.exchange->redirect().empty() && follow(index)) return;
    talk.facts.whole = clock_.read().mono - talk.began.mono;
  }
  conclude(index);
}

// Only to the same name, which is the same address to us, and the one that we may ask.
bool HttpTransport::follow(Index index) {
  Talk& talk = talks_[index];
  const auto place = parse_url(talk.exchange->redirect());
  const bool is_allowed =
      talk.facts.followed < talk.asked->probe.spec.redirects && place && is_same_host(place->host, talk.place.host);
  if (!is_allowed) {
    talk.facts.location = printable(talk.exchange->redirect(), kLongestLocation);
    return false;
  }
  const TcpConnections::Connection& connection = connections_.at(index);
  const Ask ask{connection.channel, connection.sequence, connection.target, &talk.asked->spec};
  talker_.remove(*talk.exchange);
  talk.exchange.reset();
  const auto followed = static_cast<std::uint8_t>(talk.facts.followed + 1);
  talk.facts = {};
  talk.facts.followed = followed;
  talk.facts.end = HttpEnd::kSilent;
  talk.facts.phase = HttpPhase::kConnect;
  talk.place = *place;
  talk.state = Talk::State::kConnecting;
  Talk moved = std::move(talk);
  talks_[index] = {};
  connections_.close(index);
  const auto again = connections_.dial(ask, moved.place.port, clock_.read());
  if (!again) {
    moved.facts.end = HttpEnd::kOverrun;
    tell(moved, ask, {});
    return true;
  }
  if (*again >= talks_.size()) talks_.resize(*again + std::size_t{1});
  talks_[*again] = std::move(moved);
  return true;
}

void HttpTransport::look_at_deadlines() {
  const base::MonoTime now = clock_.read().mono;
  for (Index index = 0; index < talks_.size(); ++index) {
    Talk& talk = talks_[index];
    if (talk.state == Talk::State::kNone || !talk.has_stood || now < talk.deadline()) continue;
    const bool is_ours = talk.state == Talk::State::kWaiting || talk.is_passed_over;
    if (talk.exchange) talk.exchange->report(talk.facts);
    talk.facts.end = is_ours ? HttpEnd::kOverrun : HttpEnd::kSilent;
    conclude(index);
  }
}

void HttpTransport::conclude(Index index) {
  const TcpConnections::Connection& connection = connections_.at(index);
  const Ask ask{connection.channel, connection.sequence, connection.target, &talks_[index].asked->spec};
  Talk talk = std::move(talks_[index]);
  talks_[index] = {};
  if (talk.exchange) talker_.remove(*talk.exchange);
  connections_.close(index);
  tell(talk, ask, talk.exchange ? talk.exchange->body() : std::string_view());
}

void HttpTransport::tell(Talk& talk, const Ask& ask, std::string_view body) {
  const base::Moment now = clock_.read();
  const auto verdict = talk.asked->probe.expectation.judge(talk.facts, body, now.wall, talk.asked->spec.timeout);
  talk.facts.unmet = verdict.unmet;
  Learned learned;
  learned.channel = ask.channel;
  learned.sequence = ask.sequence;
  learned.from = ask.target;
  learned.answer = talk.facts.end == HttpEnd::kWhole ? probes::AnswerKind::kHttp : probes::AnswerKind::kConnected;
  learned.service = verdict.service;
  learned.kernel_rtt = talk.rtt;
  learned.stamp = talk.stamp;
  const probes::AnswerDetail detail{ask.target, std::nullopt, std::move(talk.facts)};
  learned.detail = &detail;
  inbox_.learned(learned);
}

void HttpTransport::drop(Index index) {
  Talk& talk = talks_[index];
  if (talk.exchange) talker_.remove(*talk.exchange);
  talk = {};
  connections_.close(index);
}

void HttpTransport::forget(probes::ChannelIndex channel, probes::Sequence sequence) {
  if (const auto index = connections_.find(channel, sequence)) drop(*index);
}

}  // namespace blipd::engine
