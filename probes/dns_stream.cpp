#include "probes/dns_stream.hpp"

#include <algorithm>

#include "probes/dns_message.hpp"

namespace blipd::probes {

DnsStream::DnsStream(base::Bytes query, std::size_t limit) : limit_(std::min<std::size_t>(limit, 65535)) {
  query = query.first(std::min<std::size_t>(query.size(), 65535));
  outgoing_.resize(2 + query.size());
  base::ByteWriter out(outgoing_);
  out.u16(static_cast<std::uint16_t>(query.size()));
  out.copy(query);
}

base::Bytes DnsStream::to_write() const {
  return state_ == State::kWriting ? base::Bytes(outgoing_).subspan(written_) : base::Bytes{};
}

void DnsStream::wrote(std::size_t count) {
  if (state_ != State::kWriting) return;
  written_ += std::min(count, outgoing_.size() - written_);
  if (written_ < outgoing_.size()) return;
  outgoing_ = {};
  state_ = State::kReading;
}

void DnsStream::received(base::Bytes bytes) {
  while (!bytes.empty() && !is_over()) {
    if (prefix_received_ < prefix_.size()) {
      prefix_[prefix_received_++] = bytes.front();
      bytes = bytes.subspan(1);
      if (prefix_received_ == prefix_.size()) on_length();
      continue;
    }
    const base::Bytes taken = bytes.first(std::min(bytes.size(), length_ - message_.size()));
    message_.insert(message_.end(), taken.begin(), taken.end());
    bytes = bytes.subspan(taken.size());
    if (message_.size() == length_) state_ = State::kComplete;
  }
}

void DnsStream::closed() {
  if (!is_over()) state_ = State::kClosedEarly;
}

void DnsStream::on_length() {
  length_ = base::ByteReader(prefix_).u16();
  if (length_ < kDnsHeaderLength) {
    state_ = State::kTooShort;
  } else if (length_ > limit_) {
    state_ = State::kTooLong;
  }
}

}  // namespace blipd::probes
