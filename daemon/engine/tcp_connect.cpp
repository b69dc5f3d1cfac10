#include "daemon/engine/tcp_connect.hpp"

#include <cerrno>
#include <variant>

namespace blipd::engine {

AskStatus TcpConnectTransport::ask(const Ask& ask, const base::Moment& now) {
  const auto* const spec = std::get_if<probes::TcpSpec>(&ask.spec->ask);
  if (spec == nullptr) {
    errno = EINVAL;
    return AskStatus::kFailed;
  }
  return connections_.dial(ask, spec->port, now) ? AskStatus::kSent : AskStatus::kFailed;
}

void TcpConnectTransport::poll(const base::Moment&) {
  connections_.look([this](TcpConnections::Index index) { on_news(index); });
}

void TcpConnectTransport::forget(probes::ChannelIndex channel, probes::Sequence sequence) {
  if (const auto index = connections_.find(channel, sequence)) connections_.close(*index);
}

void TcpConnectTransport::on_news(TcpConnections::Index index) {
  const TcpConnections::Connection& connection = connections_.at(index);
  const int fd = connection.socket.get();
  const Handshake handshake = read_handshake(fd, connection.target.family());
  const base::Moment now = clock_.read();
  std::optional<Learned> learned = connections_.about_failure(index, handshake, now);
  if (handshake.end == Handshake::End::kConnected) {
    learned = connections_.about(index);
    learned->answer = probes::AnswerKind::kConnected;
    learned->kernel_rtt = kernel_round_trip(fd);
    // Without one the stamp stays at its beginning, which makes the round trip void: nothing of ours is as good.
    if (learned->kernel_rtt) learned->stamp = {now.wall, probes::StampSource::kKernel};
  }
  connections_.close(index);
  if (learned) inbox_.learned(*learned);
}

}  // namespace blipd::engine
