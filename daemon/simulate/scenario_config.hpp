// How a scripted country is asked when nobody configures it: each host in the ways that it offers, at the scenario's
// pace.
#pragma once

#include "config/model.hpp"
#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

config::Configuration configuration_of(const Scenario& scenario);

}  // namespace blipd::simulate
