// The words of a verdict: closed sets of states and their names as metrics and the API spell them. The
// values that the network test cannot give yet (degraded, partial, recovering of a network) have their place.
#pragma once

#include <array>
#include <cstdint>

namespace blipd::detect {

enum class TargetState : std::uint8_t { kUp, kDown, kUnknown };
enum class NetworkState : std::uint8_t { kNormal, kDegraded, kPartial, kOutage, kRecovering, kUnknown };
enum class CountryLevel : std::uint8_t { kNormal, kDegraded, kPartial, kTotal, kRecovering, kUnknown };
enum class VantageState : std::uint8_t { kOk, kFault, kUnknown };  // unknown: no controls, or none settled yet

inline constexpr std::array<const char*, 3> kTargetStateNames = {"up", "down", "unknown"};
inline constexpr std::array<const char*, 6> kNetworkStateNames = {"normal", "degraded",   "partial",
                                                                  "outage", "recovering", "unknown"};
inline constexpr std::array<const char*, 6> kCountryLevelNames = {"normal", "degraded",   "partial",
                                                                  "total",  "recovering", "unknown"};
inline constexpr std::array<const char*, 3> kVantageStateNames = {"ok", "fault", "unknown"};

}  // namespace blipd::detect
