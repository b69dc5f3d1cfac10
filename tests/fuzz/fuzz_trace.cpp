// What a trace makes of any packet: nothing but what a router or the target could say of a packet of a trace, and
// extensions within their bounds.
#include <algorithm>
#include <array>

#include "probes/trace.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/packets.hpp"

namespace {

using namespace blipd;
using fuzz::must;
using Kind = probes::TraceReading::Kind;

void check_extensions(const wire::IcmpExtensions& extensions) {
  must(extensions.labels.size() <= wire::IcmpExtensions::kMostLabels, "labels are bounded");
  must(extensions.interfaces.size() <= wire::IcmpExtensions::kMostInterfaces, "interfaces are bounded");
  for (const auto& entry : extensions.labels) must(entry.label < (1U << 20U), "a label has 20 bits");
  for (const auto& interface : extensions.interfaces) {
    must(interface.name.size() < 64, "a name is bounded");
    must(std::ranges::none_of(interface.name, [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
         "a name has no control characters");
  }
}

void check(base::Bytes input) {
  const auto packet = wire::read_ip(input);
  if (!packet) return;
  const probes::TraceReading reading = probes::read_trace(*packet);
  if (reading.kind == Kind::kForeign) return;
  must(reading.from == packet->source, "who says so is who sent it");
  if (reading.method != probes::TraceMethod::kTcp) must(reading.token <= 0xffffU, "such a token has 16 bits");
  if (reading.kind == Kind::kExpired || reading.kind == Kind::kUnreachable) {
    const auto error = wire::read_icmp_error(*packet);
    must(error.has_value() && error->quoted.destination == reading.target, "an error is about whom was asked");
    if (reading.extensions) check_extensions(*reading.extensions);
  } else {
    must(!reading.extensions, "only errors have extensions");
    must(reading.target == (reading.kind == Kind::kRequest ? packet->destination : packet->source),
         "the target is who is asked, or who answers");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes input = fuzz::as_bytes(data, size);
  check(input);
  check(fuzz::repaired(input));
  return 0;
}
