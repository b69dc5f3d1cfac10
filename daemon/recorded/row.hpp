// One recorded result as words: what stands in which field, whether it came as JSON or as CSV. Means nothing yet, see
// entry.hpp. Views into the line that was read; they live as long as that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace blipd::recorded {

enum class Field : std::uint8_t {
  kTime,
  kCountry,
  kNetwork,
  kTarget,
  kProbe,
  kType,
  kUpstream,
  kOutcome,
  kRtt,
  kSettled,
  kAnswer,
  kReason,
  kSent,
  kIcmpType,
  kIcmpCode,
  kIcmpFrom,
};
inline constexpr std::size_t kFields = 16;
// In the order in which we write them.
inline constexpr std::array<std::string_view, kFields> kFieldNames = {
    "time", "country", "network", "target", "probe", "type",      "upstream",  "outcome",
    "rtt",  "settled", "answer",  "reason", "sent",  "icmp_type", "icmp_code", "icmp_from"};
inline constexpr std::array<Field, 5> kRequired = {Field::kTime, Field::kTarget, Field::kProbe, Field::kOutcome,
                                                   Field::kRtt};

constexpr std::string_view name_of(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }

class Row {
 public:
  void clear() { words_ = {}; }
  // Empty text stands for "none"; a null of JSON is that, too.
  void set(Field field, std::string_view text) {
    words_[index(field)] = text.data() != nullptr ? text : std::string_view("");
  }
  bool has(Field field) const { return words_[index(field)].data() != nullptr; }
  // Empty where there is no such field.
  std::string_view operator[](Field field) const { return words_[index(field)]; }

 private:
  static constexpr std::size_t index(Field field) { return static_cast<std::size_t>(field); }
  std::array<std::string_view, kFields> words_{};
};

}  // namespace blipd::recorded
