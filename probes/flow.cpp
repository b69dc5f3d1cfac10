#include "probes/flow.hpp"

#include "probes/base/siphash.hpp"

namespace blipd::probes {

namespace {

// No secret: what matters is that targets are spread evenly, and that it is the same at every start.
constexpr base::SipKey kSpread{0x626c697064, 0x666c6f7773};  // "blipd", "flows"

}  // namespace

std::uint32_t flow_identifier(const base::Address& target, FlowNumber flow) {
  // 24 bits, so that counting on does not wrap.
  return static_cast<std::uint32_t>(base::siphash24(kSpread, target.bytes()) & 0xffffffU) + flow;
}

std::uint32_t flow_label(const base::Address& target, FlowNumber flow) {
  return 1 + flow_identifier(target, flow) % 0xfffffU;
}

std::uint16_t flow_checksum(const base::Address& target, FlowNumber flow) {
  return static_cast<std::uint16_t>(1 + flow_identifier(target, flow) % 0xfffeU);
}

}  // namespace blipd::probes
