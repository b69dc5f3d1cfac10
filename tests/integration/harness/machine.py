"""A machine of its own, as far as a package and its units can tell: systemd as the first process of its own namespaces, on
an overlay of this machine's files. What is written there is gone with it, its network is loopback alone, and of this
machine it can change nothing: /sys and /proc/sys are read-only, and it gets no device but a few like /dev/null.
"""

import os
import pathlib
import shlex
import subprocess
import time

import pytest

from . import settings
from .network import Namespace
from .processes import Process, wait_until

# $1: an empty folder.
_PREPARE = r"""
set -eu
base=$1
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
root=$base/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root" || exit 77
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
[ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" || exit 77
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do cp -a "/dev/$device" "$root/dev/"; done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
chmod 1777 "$root/dev/shm"

# Of what would start at boot only the journal is wanted; the rest is the business of real machines.
units=$root/etc/systemd/system
mkdir -p "$units"
for unit in "$root"/lib/systemd/system/*.wants/* "$units"/*.wants/*; do
  case ${unit##*/} in
    systemd-journald* | *.target | '*') ;;
    *) ln -sf /dev/null "$units/${unit##*/}" ;;
  esac
done
: >"$root/etc/fstab"
rm -f "$root/var/lib/man-db/auto-update"  # an index of all manual pages is not what is tested
rm -f "$root/usr/sbin/policy-rc.d"
mkdir -p "$root/mnt/before"
cd "$root"
pivot_root . mnt/before
umount -l /mnt/before
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target
"""


def _cgroup_root() -> pathlib.Path:
    """Where the second version of control groups is mounted, alone or beside the first."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2" and "rw" in options.split(","):
            return pathlib.Path(where)
    pytest.skip("a systemd of its own needs cgroup2, which is not mounted here, or not to be written")


class Machine:
    def __init__(self, directory: pathlib.Path):
        settings.require_root()
        self._base = directory / "machine"
        self._base.mkdir()
        self._group = _cgroup_root() / f"blipd-test-{os.getpid()}-{directory.name[-8:]}"
        self._group.mkdir()
        enter = f"echo $$ >{shlex.quote(str(self._group / 'cgroup.procs'))}; exec "
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc", "--cgroup"]
        self._process = Process(
            "machine", ["/bin/sh", "-c", enter + '"$@"', "sh", *apart, "/bin/sh", "-c", _PREPARE, "sh", self._base],
            directory,
        )
        try:
            self.pid = wait_until(self._first_process, 10, "the machine has a first process", 0.02)
            wait_until(self._is_up, 30, "the machine's systemd is up")
        except BaseException:
            self.close()
            raise
        self.network = Namespace(self.pid, directory)

    def _first_process(self) -> int | None:
        self._expect_booting()
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for child in children:
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        return None

    def _is_up(self) -> bool:
        self._expect_booting()
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def _expect_booting(self) -> None:
        """Ours to mend, unless the kernel refuses what any such machine needs."""
        if not self._process.is_running:
            said = self._process.errors.strip()
            if self._process.exit_code == 77 or said.startswith("unshare:"):
                pytest.skip(f"no systemd of its own can be started here: {said}")
            raise AssertionError(f"the machine did not start: {said}")

    def run(self, *command, check: bool = True, stdin: str = "", timeout: float = 60) -> subprocess.CompletedProcess:
        done = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--all", "--root", "--wd=/", "--", *map(str, command)],
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                 "SYSTEMD_PAGER": "cat"},
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr}{done.stdout}\n"
                                 + self._journal())
        return done

    def _journal(self) -> str:
        return self.run("journalctl", "--no-pager", "-n", 40, "-o", "cat", check=False).stdout

    def path(self, inside: str) -> pathlib.Path:
        """A file of the machine, as it is reached from outside."""
        return pathlib.Path(f"/proc/{self.pid}/root") / inside.lstrip("/")

    def write(self, inside: str, text: str) -> None:
        file = self.path(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def exists(self, inside: str) -> bool:
        return self.run("test", "-e", inside, check=False).returncode == 0

    def install(self, package: pathlib.Path) -> None:
        inside = f"/mnt/{package.name}"
        self.path(inside).write_bytes(package.read_bytes())
        self.run("dpkg", "--force-unsafe-io", "--install", inside)

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "-P", name, unit).stdout.strip()

    def main_process(self, unit: str = "blipd") -> int:
        """By its id in here; 0 when there is none."""
        return int(self.show(unit, "MainPID"))

    def log_of(self, unit: str = "blipd") -> str:
        self.run("journalctl", "--sync")
        return self.run("journalctl", "-u", unit, "-o", "cat", "--no-pager").stdout

    def close(self) -> None:
        self._process.kill()
        for _ in range(200):  # the kernel takes its time to bury what was in there
            try:
                for folder, _, _ in os.walk(self._group, topdown=False):
                    os.rmdir(folder)
                return
            except OSError:
                time.sleep(0.02)
