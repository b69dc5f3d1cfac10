#include "daemon/recorded/json_rows.hpp"

#include <simdjson.h>

#include "daemon/recorded/plain_json.hpp"

namespace blipd::recorded {

namespace {

namespace ondemand = simdjson::ondemand;

std::string_view without_blanks(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\r'))
    token.remove_suffix(1);
  return token;
}

// A key that is written with escapes is none of ours.
std::optional<Field> find_field(ondemand::raw_json_string key, std::size_t after) {
  for (std::size_t i = 1; i <= kFields; ++i) {
    const std::size_t at = (after + i) % kFields;
    if (key.unsafe_is_equal(kFieldNames[at])) return static_cast<Field>(at);
  }
  return std::nullopt;
}

}  // namespace

class JsonRows::Parser {
 public:
  base::Expected<void> read(std::string_view line, Row& row) {
    static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
    ondemand::document document;
    ondemand::object object;
    auto error = parser_.iterate(line.data(), line.size(), line.size() + kPadding).get(document);
    if (error == simdjson::SUCCESS) error = document.get_object().get(object);
    if (error != simdjson::SUCCESS) return broken(error);
    std::size_t before = kFields - 1;
    for (auto member : object) {
      ondemand::raw_json_string key;
      if (error = member.key().get(key); error != simdjson::SUCCESS) return broken(error);
      const auto field = find_field(key, before);
      if (!field) continue;
      before = static_cast<std::size_t>(*field);
      if (row.has(*field)) return base::fail("{} is there twice; keep one", name_of(*field));
      ondemand::value value;
      if (error = member.value().get(value); error != simdjson::SUCCESS) return broken(error);
      if (auto taken = take(*field, value, row); !taken) return taken;
    }
    // Out of bounds is where a whole document leaves us.
    if (document.current_location().error() == simdjson::SUCCESS)
      return base::fail("more than one JSON object; write each on a line of its own");
    return {};
  }

 private:
  static tl::unexpected<base::Error> broken(simdjson::error_code error) {
    if (error == simdjson::UTF8_ERROR) return base::fail("not UTF-8; convert the file");
    if (error == simdjson::INCORRECT_TYPE) return base::fail("not a JSON object; write one object a line");
    return base::fail("broken JSON; write one whole object a line");
  }

  static base::Expected<void> take(Field field, ondemand::value& value, Row& row) {
    ondemand::json_type type{};
    if (const auto error = value.type().get(type); error != simdjson::SUCCESS) return broken(error);
    switch (type) {
      case ondemand::json_type::string: {
        std::string_view text;
        if (const auto error = value.get_string().get(text); error != simdjson::SUCCESS) return broken(error);
        row.set(field, text);
        return {};
      }
      case ondemand::json_type::null: {
        bool is_null = false;
        if (value.is_null().get(is_null) != simdjson::SUCCESS || !is_null) return broken(simdjson::N_ATOM_ERROR);
        row.set(field, {});
        return {};
      }
      case ondemand::json_type::number:
      case ondemand::json_type::boolean:
        row.set(field, without_blanks(value.raw_json_token()));
        return {};
      default:
        return base::fail("{} is a list or an object; write a single value", name_of(field));
    }
  }

  ondemand::parser parser_;
};

JsonRows::JsonRows() : parser_(std::make_unique<Parser>()) {}
JsonRows::~JsonRows() = default;

base::Expected<void> JsonRows::read(std::string_view line, Row& row) {
  row.clear();
  if (read_plain_json(line, row)) return {};
  row.clear();
  return parser_->read(line, row);
}

}  // namespace blipd::recorded
