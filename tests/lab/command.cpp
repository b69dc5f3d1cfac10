#include "tests/lab/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace blipd::lab {

namespace {

constexpr int kFirstHandedFd = 3;  // SD_LISTEN_FDS_START

// Process 1 of the process namespace. When it ends the kernel kills every process in the namespace, also those
// that left their group or changed their credentials. It ends when the laboratory does, however that
// happens: it reads from a pipe that only the laboratory could write to.
[[noreturn]] void keep(int pipe) {
  ::prctl(PR_SET_NAME, "lab-keeper");
  ::signal(SIGCHLD, SIG_IGN);  // orphans of the command are collected by the kernel
  ::dup2(pipe, 0);
  ::close_range(1, ~0U, 0);  // nobody waits for our end of their terminal or pipe
  char byte = 0;
  while (::read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

// The mount of /proc that we came with knows the processes by other numbers than getpid() does inside, which
// confuses debuggers and sanitizers. Where a new one may not be mounted the old one stays.
void mount_own_proc() {
  if (::unshare(CLONE_NEWNS) != 0) return;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  static_cast<void>(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
}

[[noreturn]] void become(const std::vector<std::string>& words, const UniqueFd& listening) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  mount_own_proc();
  if (listening) {
    if (listening.get() == kFirstHandedFd) {
      ::fcntl(kFirstHandedFd, F_SETFD, 0);
    } else {
      ::dup2(listening.get(), kFirstHandedFd);
    }
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_PID", fmt::format("{}", ::getpid()).c_str(), 1);
  } else {
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_PID");
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);

  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  fmt::print(stderr, "blipd-lab: cannot run {}: {}\n", words.front(), std::strerror(errno));
  ::_exit(127);
}

}  // namespace

bool Ending::is_by_signal(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

int Ending::exit_code() const { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

base::Expected<Command> Command::start(const std::vector<std::string>& words, UniqueFd listening) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail("cannot make a pipe: {}", std::strerror(errno));
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t keeper = ::fork();
  if (keeper < 0) return base::fail("cannot start a process: {}", std::strerror(errno));
  if (keeper == 0) {
    write_end.reset();
    keep(read_end.get());
  }
  const pid_t pid = ::fork();
  if (pid < 0) {
    const int error = errno;
    ::kill(keeper, SIGKILL);
    ::waitpid(keeper, nullptr, 0);
    return base::fail("cannot start a process: {}", std::strerror(error));
  }
  if (pid == 0) become(words, listening);
  ::setpgid(pid, pid);  // here too, so that a signal at once reaches the group
  return Command(keeper, std::move(write_end), pid);
}

Command::Command(Command&& other) noexcept
    : keeper_(std::exchange(other.keeper_, -1)),
      keeper_life_(std::move(other.keeper_life_)),
      pid_(std::exchange(other.pid_, -1)) {}

Command::~Command() {
  if (keeper_ <= 0) return;
  ::kill(keeper_, SIGKILL);
  // The command first: process 1 of a namespace only ends once all others have been collected.
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  ::waitpid(keeper_, nullptr, 0);
}

void Command::signal(int number) const {
  if (pid_ > 0) ::kill(-pid_, number);
}

std::optional<Ending> Command::reap() {
  Ending ending;
  if (pid_ <= 0 || ::waitpid(pid_, &ending.status, WNOHANG) != pid_) return std::nullopt;
  pid_ = -1;
  return ending;
}

}  // namespace blipd::lab
