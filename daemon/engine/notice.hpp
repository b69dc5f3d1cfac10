// What the engine wants an operator to read: a degraded mode entered or left, something noticed about our
// own side. The engine writes no log itself; whoever runs it decides where notices go.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace blipd::engine {

enum class Severity : std::uint8_t { kInfo, kWarning, kError };

// `event` is a short stable name (docs/logs.md); `text` says what happened and what to do.
using Notify = std::function<void(Severity severity, std::string_view event, const std::string& text)>;

}  // namespace blipd::engine
