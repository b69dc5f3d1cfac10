// A file of certificates of authorities that a probe is to trust, looked at while the configuration is loaded, so that
// a mistake shows before it looks like somebody else's.
#pragma once

#include <string>

#include "config/names.hpp"

namespace blipd::config {

// Must be an absolute path of certificates in PEM (RFC 7468).
Problem ca_file_problem(const std::string& file);

}  // namespace blipd::config
