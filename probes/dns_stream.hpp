// One DNS question and its answer over a byte stream (RFC 7766, section 8: each message behind two bytes of
// length). A state machine: it is told what the stream took and gave, and owns neither. It holds no more
// memory than has been received, whatever length the other side announces.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "probes/base/bytes.hpp"

namespace blipd::probes {

class DnsStream {
 public:
  enum class State : std::uint8_t {
    kWriting,      // to_write() is not empty
    kReading,      // waits for bytes
    kComplete,     // message() is whole
    kTooShort,     // a message that cannot hold a DNS header was announced
    kTooLong,      // a message longer than the limit was announced
    kClosedEarly,  // the stream ended before the message did
  };

  // `query` is without length prefix and at most 65535 bytes long. Answers longer than `limit` are refused.
  explicit DnsStream(base::Bytes query, std::size_t limit = 65535);

  State state() const { return state_; }
  bool is_over() const { return state_ > State::kReading; }

  // What is still to be written: prefix and message as one piece, since some servers do not reassemble a prefix
  // that comes alone (RFC 7766, section 8).
  base::Bytes to_write() const;
  // The stream took the first `count` bytes of to_write().
  void wrote(std::size_t count);

  // The stream gave `bytes`, in pieces of any size. What follows the message is left alone.
  void received(base::Bytes bytes);
  // The stream ended.
  void closed();

  // Of kComplete: the answer without its prefix.
  base::Bytes message() const { return message_; }

 private:
  void on_length();

  std::size_t limit_;
  State state_ = State::kWriting;
  std::vector<std::byte> outgoing_;
  std::size_t written_ = 0;
  std::array<std::byte, 2> prefix_{};
  std::size_t prefix_received_ = 0;
  std::size_t length_ = 0;
  std::vector<std::byte> message_;
};

}  // namespace blipd::probes
