// DNS answers for tests, written byte by byte without the library that reads them, so that the two can disagree.
#pragma once

#include <string_view>
#include <vector>

#include "probes/base/bytes.hpp"
#include "probes/spec.hpp"

namespace blipd::test {

using Message = std::vector<std::byte>;

inline constexpr std::uint16_t kTypeA = 1, kTypeCname = 5, kTypeSoa = 6, kTypeTxt = 16, kTypeAaaa = 28, kTypeOpt = 41;
// Flags of an ordinary authoritative answer: QR and AA.
inline constexpr std::uint16_t kAuthoritative = 0x8400;

inline void put_u16(Message& out, unsigned value) {
  out.push_back(static_cast<std::byte>(value >> 8U & 0xffU));
  out.push_back(static_cast<std::byte>(value & 0xffU));
}

inline void put(Message& out, base::Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

inline Message dns_name(std::string_view dotted) {
  Message out;
  while (!dotted.empty() && dotted != ".") {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    out.push_back(static_cast<std::byte>(label.size()));
    put(out, std::as_bytes(std::span(label)));
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  out.push_back(std::byte{0});
  return out;
}

inline Message dns_record(std::string_view owner, unsigned type, unsigned ttl, base::Bytes data, unsigned klass = 1) {
  Message out = dns_name(owner);
  put_u16(out, type);
  put_u16(out, klass);
  put_u16(out, ttl >> 16U);
  put_u16(out, ttl);
  put_u16(out, static_cast<unsigned>(data.size()));
  put(out, data);
  return out;
}

inline Message dns_address_record(std::string_view owner, unsigned last_byte, unsigned ttl = 300) {
  const Message data = {std::byte{192}, std::byte{0}, std::byte{2}, static_cast<std::byte>(last_byte)};
  return dns_record(owner, kTypeA, ttl, data);
}

inline Message dns_text_record(std::string_view owner, std::string_view text, unsigned ttl = 300) {
  Message data;
  for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(255, text.size()))) {
    const std::string_view piece = text.substr(0, 255);
    data.push_back(static_cast<std::byte>(piece.size()));
    put(data, std::as_bytes(std::span(piece)));
  }
  return dns_record(owner, kTypeTxt, ttl, data);
}

inline Message dns_soa_record(std::string_view owner, std::uint32_t serial) {
  Message data = dns_name("ns.example");
  put(data, dns_name("admin.example"));
  for (const std::uint32_t field : {serial, 7200U, 3600U, 1209600U, 300U}) {
    put_u16(data, field >> 16U);
    put_u16(data, field & 0xffffU);
  }
  return dns_record(owner, kTypeSoa, 3600, data);
}

// An answer to the question `name` `type`.
struct DnsAnswerBuilder {
  std::uint16_t id = 0;
  std::uint16_t flags = kAuthoritative;  // with the rcode in the low four bits
  std::string_view name = "example.com";
  unsigned type = kTypeA;
  unsigned klass = 1;
  bool has_question = true;
  std::vector<Message> answers = {};
  std::vector<Message> authorities = {};
  std::vector<Message> additionals = {};

  Message build() const {
    Message out;
    put_u16(out, id);
    put_u16(out, flags);
    put_u16(out, has_question ? 1 : 0);
    put_u16(out, static_cast<unsigned>(answers.size()));
    put_u16(out, static_cast<unsigned>(authorities.size()));
    put_u16(out, static_cast<unsigned>(additionals.size()));
    if (has_question) {
      put(out, dns_name(name));
      put_u16(out, type);
      put_u16(out, klass);
    }
    for (const auto* section : {&answers, &authorities, &additionals}) {
      for (const Message& record : *section) put(out, record);
    }
    return out;
  }
};

}  // namespace blipd::test
