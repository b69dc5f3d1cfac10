#include "daemon/app/privileges.hpp"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace blipd::app {

bool give_up_privileges() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::capng_get_caps_process() != 0) return false;
  const auto both = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  const bool keeps_files = ::geteuid() == 0 && ::capng_have_capability(CAPNG_PERMITTED, CAP_DAC_OVERRIDE) != 0;
  // Only whoever may set them can lower the bounds (capabilities(7), CAP_SETPCAP); for others they mean nothing any
  // more.
  const bool has_bounds = ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  ::capng_clear(CAPNG_SELECT_BOTH);
  if (keeps_files) ::capng_update(CAPNG_ADD, both, CAP_DAC_OVERRIDE);
  return ::capng_apply(has_bounds ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) == 0;
}

}  // namespace blipd::app
