// Which autonomous system an address belongs to, by a table in a local file: longest prefix first. Text, one prefix a
// line, as `prefix,asn`, `prefix asn`, `prefix|asn` or, as CAIDA's pfx2as has it, `address length asn`; an AS number
// with or without AS in front. A table of the whole Internet is some ten megabytes here. Immutable once read.
#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "probes/base/address.hpp"
#include "probes/base/error.hpp"

namespace blipd::config {

class AsTable {
 public:
  // None for an address that no prefix holds. Never 0.
  std::optional<std::uint32_t> find(const base::Address& address) const;

  std::size_t size() const { return size_; }

  // The first of two lines of one prefix holds.
  void add(const base::Prefix& prefix, std::uint32_t as_number);
  // Once all are added, before the first find().
  void finish();

 private:
  using Key = std::array<std::byte, 16>;  // IPv4 in the first four
  template <class K>
  struct Row {
    K key{};
    std::uint32_t as_number = 0;
  };
  // By length, sorted by key. IPv4 has its own, since most rows are of it and a third of the size.
  std::array<std::vector<Row<std::uint32_t>>, 33> v4_;
  std::array<std::vector<Row<Key>>, 129> v6_;
  std::size_t size_ = 0;
};

// Notes each line that cannot be read as a fault with its place, the first ones of many.
AsTable parse_as_table(std::istream& in, Faults& faults);

// The same of a file; an error when it cannot be read at all.
base::Expected<AsTable> read_as_table(const std::string& path, Faults& faults);

}  // namespace blipd::config
