// The end of what we needed privileges for.
#pragma once

namespace blipd::app {

// Gives up every capability (capabilities(7)) of the calling thread for good, and so of the threads that it starts from
// now on; nor can a program that it runs have any. Root keeps CAP_DAC_OVERRIDE, without which it could not go on
// writing a journal in a folder of somebody else's. False: the kernel would not, and all is as before.
bool give_up_privileges();

}  // namespace blipd::app
