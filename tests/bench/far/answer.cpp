#include "tests/bench/far/answer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace blipd::bench {

namespace {

constexpr std::uint16_t kDomain = 53;
constexpr std::size_t kDnsHeader = 12;                // RFC 1035, 4.1.1
constexpr std::size_t kMaxQuestion = 255 + 4;         // RFC 1035, 2.3.4: a name; type and class
constexpr std::array<std::uint8_t, 16> kAddressRecord{// RFC 1035, 4.1.3 and 3.4.1
                                                      0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 18, 0, 1};

// The length of the first question, 0 when there is none that is whole.
std::size_t question_length(base::Bytes message) {
  for (std::size_t at = kDnsHeader; at < message.size() && at < kDnsHeader + kMaxQuestion;) {
    const auto label = std::to_integer<std::size_t>(message[at]);
    if (label > 63) return 0;
    at += 1 + label;
    if (label == 0) return at + 4 <= message.size() ? at + 4 - kDnsHeader : 0;
  }
  return 0;
}

// One address for any name, whatever type was asked.
bool write_dns(lab::Packet& out, const lab::Request& request) {
  std::array<std::byte, kDnsHeader + kMaxQuestion + kAddressRecord.size()> answer{};
  const std::size_t question = question_length(request.data);
  if (question == 0) return false;
  const std::size_t asked = kDnsHeader + question;
  std::ranges::copy(request.data.first(asked), answer.begin());
  answer[2] = (answer[2] & std::byte{0x79}) | std::byte{0x84};  // an authoritative answer; opcode and RD as they came
  answer[3] = std::byte{0x80};                                  // recursion available, no error
  answer[5] = answer[7] = std::byte{1};                         // one question, one answer, nothing else
  answer[4] = answer[6] = answer[8] = answer[9] = answer[10] = answer[11] = std::byte{0};
  std::ranges::transform(kAddressRecord, answer.begin() + static_cast<std::ptrdiff_t>(asked),
                         [](std::uint8_t value) { return std::byte{value}; });
  lab::write_datagram(out, request, {}, base::Bytes(answer).first(asked + kAddressRecord.size()));
  return true;
}

}  // namespace

bool write_answer(lab::Packet& out, const lab::Request& request) {
  using Kind = lab::Request::Kind;
  switch (request.kind) {
    case Kind::kEcho:
      lab::write_echo_reply(out, request, {});
      return true;
    case Kind::kSyn:
      lab::write_syn_ack(out, request, {});
      return true;
    case Kind::kSegment:
      lab::write_segment(out, request, {}, {}, request.has_fin);
      return true;
    case Kind::kDatagram:
      return request.destination_port == kDomain && write_dns(out, request);
    case Kind::kIgnored:
      return false;
  }
  return false;
}

}  // namespace blipd::bench
