// The command line: which command was called, and the exit code that scripts rely on.
#pragma once

namespace blipd::app {

// 0 fine, 1 the input is at fault, 2 wrong use of the command line, 3 the environment is at fault.
inline constexpr int kExitFine = 0;
inline constexpr int kExitInput = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitEnvironment = 3;

int main(int argc, char** argv);

}  // namespace blipd::app
