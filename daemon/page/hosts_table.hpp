// What some hosts of an event said by each way of asking: the verdict in words and by a sign, and what looked as if
// something else answered in a host's place.
#pragma once

#include "daemon/event/evidence.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

// Those of one moment, in their order. Empty where there are none.
Html hosts_table(const event::Evidence& evidence, event::Moment moment);

}  // namespace blipd::page
