// What can be expected to fail says so in its type: Expected<T> holds a T or an Error whose text says
// what was tried, on what, and what to do about it. Exceptions are for a broken environment at
// construction, assertions for our own bugs.
#pragma once

#include <fmt/core.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace blipd::base {

struct Error {
  std::string text;
};

template <class T>
using Expected = tl::expected<T, Error>;

// return fail("cannot open {}: {}; check that it exists", path, reason);
template <class... Args>
tl::unexpected<Error> fail(fmt::format_string<Args...> text, Args&&... args) {
  return tl::unexpected<Error>(Error{fmt::format(text, std::forward<Args>(args)...)});
}

}  // namespace blipd::base
