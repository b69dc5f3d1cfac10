// Lines of JSON as we write them ourselves: known fields in the order of Field, no blanks, no escapes, ASCII. They are
// nearly all lines there are, and take a fifth of the time that a parser of any JSON takes.
#pragma once

#include <string_view>

#include "daemon/recorded/row.hpp"

namespace blipd::recorded {

// Fills `row`, which is empty, with views into the line. False where the line is anything else, be it broken or only
// written otherwise: then what `row` holds means nothing, and JsonRows finds out.
bool read_plain_json(std::string_view line, Row& row);

}  // namespace blipd::recorded
