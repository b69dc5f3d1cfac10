// A document of the page as an answer: what is published, as the page wants it.
#pragma once

#include <string_view>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"

namespace blipd::serve {

// `target` in origin form, one of page::is_page(). Reads the journal: any thread but the serving one.
Reply document_reply(std::string_view target, const Published& value);

}  // namespace blipd::serve
