// Owners for what libldns allocates, for the .cpp files that speak to it. Never included by a public header.
#pragma once

#include <ldns/ldns.h>

#include <cstdlib>
#include <memory>

#include "probes/base/bytes.hpp"

namespace blipd::probes::detail {

struct LdnsFree {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};

template <class T>
using LdnsOwner = std::unique_ptr<T, LdnsFree>;

inline const std::uint8_t* ldns_bytes(base::Bytes bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

}  // namespace blipd::probes::detail
