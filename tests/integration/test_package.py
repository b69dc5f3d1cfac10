"""The Debian package: what is in it, and its life from installation to purge on a machine with a systemd of its own."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import settings
from harness.processes import wait_until

ROOT = settings.ROOT
COMMANDS = ("run", "check", "probe", "report", "replay", "simulate", "status")
OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")


def output(*command, status: int = 0, **options) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def content(module_directory) -> pathlib.Path:
    """What the package holds, unpacked."""
    folder = module_directory / "content"
    output("dpkg-deb", "--extract", settings.package(), folder)
    return folder


def build_id(program: pathlib.Path) -> str:
    return re.search(r"Build ID: ([0-9a-f]+)", output("readelf", "--notes", program)).group(1)


def help_of(command: str = "") -> str:
    return output(settings.blipd(), *command.split(), "--help")


# What is in it


def test_lintian_finds_no_error_and_no_warning():
    packages = sorted(settings.package().parent.glob("*.deb"))
    assert {package.name.split("_")[0] for package in packages} == {"blipd", "blipd-dbgsym"}
    output("lintian", "--allow-root", "--fail-on", "error,warning", "--pedantic", *packages)


def test_the_program_in_it_is_the_one_that_is_tested(content):
    assert build_id(content / "usr/bin/blipd") == build_id(settings.blipd())


def test_the_program_is_hardened(content):
    program = content / "usr/bin/blipd"
    assert "DYN" in output("readelf", "--file-header", program)
    dynamic = output("readelf", "--dynamic", program)
    assert "BIND_NOW" in dynamic
    assert "GNU_RELRO" in output("readelf", "--program-headers", program)
    symbols = output("readelf", "--dyn-syms", "--wide", program)
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk@GLIBC", symbols)


def test_everything_that_it_promises_is_there(content):
    for file in (
        "etc/blipd/blipd.yaml",
        "lib/systemd/system/blipd.service",
        "lib/systemd/system/blipd@.service",
        "lib/systemd/system/blipd.socket",
        "usr/lib/sysusers.d/blipd.conf",
        "usr/share/bash-completion/completions/blipd",
        "usr/share/zsh/vendor-completions/_blipd",
        "usr/share/fish/vendor_completions.d/blipd.fish",
        "usr/share/doc/blipd/copyright",
        "usr/share/doc/blipd/changelog.gz",
        "usr/share/doc/blipd/configuration.md",
        "usr/share/doc/blipd/examples/minimal.yaml",
        "usr/share/blipd/scenarios/kp-2014-12.yaml",
    ):
        assert (content / file).is_file(), file
    one, other = (content / f"lib/systemd/system/{unit}.d/10-sandbox.conf" for unit in ("blipd.service", "blipd@.service"))
    assert one.read_text() == other.read_text()
    for folder in ("prometheus", "alertmanager", "grafana"):
        ours = ROOT / "config" / folder
        names = {file.relative_to(ours) for file in ours.rglob("*") if file.is_file()} if ours.exists() else set()
        theirs = content / "usr/share/blipd" / folder
        assert {file.relative_to(theirs) for file in theirs.rglob("*") if file.is_file()} == names


def test_its_version_is_that_of_the_program():
    version = output("dpkg-deb", "--field", settings.package(), "Version").strip()
    assert output(settings.blipd(), "--version").split()[1] == version


# The configuration that comes with it

SWITCHED_OFF = re.compile(r"#(?=[a-z]|  )")


def blocks(text: str) -> list[list[int]]:
    """Numbers of the lines of each piece of configuration that is switched off."""
    found: list[list[int]] = []
    for number, line in enumerate(text.splitlines()):
        if not SWITCHED_OFF.match(line):
            continue
        if line[1] != " ":
            found.append([])
        found[-1].append(number)
    return found


def switched_on(text: str, numbers) -> str:
    lines = text.splitlines()
    for number in numbers:
        lines[number] = lines[number][1:]
    return "\n".join(lines) + "\n"


def test_the_configuration_is_good_and_asks_nobody(content):
    said = output(settings.blipd(), "check", "--config", content / "etc/blipd/blipd.yaml")
    assert " 0 targets" in said
    assert "no target, so nobody is asked" in said
    assert said.count("warning") == 1


def test_each_piece_of_the_configuration_is_good_once_it_is_switched_on(content, directory):
    text = (content / "etc/blipd/blipd.yaml").read_text()
    pieces = blocks(text)
    assert len(pieces) >= 7
    file = directory / "blipd.yaml"
    web = directory / "web.yaml"  # which the piece leaves to whoever switches it on
    web.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n")
    web.chmod(0o600)
    (directory / "as.csv").write_text("192.0.2.0/24,64496\n")
    for piece in pieces:
        file.write_text(switched_on(text, piece))
        output(settings.blipd(), "check", "--config", file)
    (directory / "targets").mkdir()
    (directory / "targets/more.json").write_text(
        json.dumps([{"targets": ["192.0.2.20"], "labels": {"country": "XX", "network": "telecom"}}])
    )
    file.write_text(switched_on(text, [number for piece in pieces for number in piece]))
    said = output(settings.blipd(), "check", "--config", file)
    assert "warning" not in said, said


def test_what_the_configuration_tells_to_switch_on_is_good(content, directory):
    """`vantage` and `countries`, and nothing else."""
    text = (content / "etc/blipd/blipd.yaml").read_text()
    first = {text.splitlines()[piece[0]]: piece for piece in blocks(text)}
    file = directory / "blipd.yaml"
    file.write_text(switched_on(text, first["#vantage:"] + first["#countries:"]))
    said = output(settings.blipd(), "check", "--config", file)
    assert "warning" not in said and " 5 targets" in said, said


# Manual pages


def manual(content, name: str) -> pathlib.Path:
    return content / f"usr/share/man/man{name[-1]}/{name}.gz"


PAGES = ("blipd.1", *(f"blipd-{command}.1" for command in COMMANDS), "blipd.yaml.5")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_clean_roff(content, name):
    page = manual(content, name)
    assert output("mandoc", "-T", "lint", "-W", "warning", page) == ""
    complaints = subprocess.run(
        ["man", "--warnings", "--local-file", page], capture_output=True, text=True, check=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
    )
    assert complaints.stderr == ""
    assert "SEE ALSO" in complaints.stdout


def test_there_is_a_page_for_each_command_and_no_other(content):
    pages = {file.name.removesuffix(".gz") for file in (content / "usr/share/man").rglob("*.gz")}
    assert pages == set(PAGES)
    listed = re.search(r"Subcommands:\n(.*?)\n\n", help_of(), re.DOTALL).group(1)
    assert {line.split()[0] for line in listed.splitlines()} == set(COMMANDS)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_a_page_has_every_option_that_there_is_and_no_other(content, command):
    name = f"blipd-{command}.1" if command else "blipd.1"
    text = output("mandoc", "-T", "utf8", "-O", "width=200", manual(content, name))
    text = re.sub(".\b", "", text)  # bold and underlined
    section = re.search(r"^OPTIONS\n(.*?)^\S", text, re.DOTALL | re.MULTILINE).group(1)
    documented = {option for line in section.splitlines() if re.match(r" {5,7}-", line) for option in OPTION.findall(line)}
    listed = re.search(r"Options:\n(.*?)\n\n", help_of(command), re.DOTALL).group(1)
    known = {option for line in listed.splitlines() if line.startswith("  -") for option in OPTION.findall(line.split()[0])}
    assert documented == known
    if command:
        synopsis = re.search(r"^SYNOPSIS\n(.*?)^\S", text, re.DOTALL | re.MULTILINE).group(1)
        assert set(OPTION.findall(synopsis)) == known - {"-h", "--help"}


def test_the_page_of_the_configuration_has_every_key(content):
    text = re.sub(".\b", "", output("mandoc", "-T", "utf8", "-O", "width=200", manual(content, "blipd.yaml.5")))
    keys = re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE)
    assert len(keys) > 80
    for key in keys:
        assert re.search(rf"^ +{key} \(", text, re.MULTILINE), key


# Completion


class Shells:
    """Asks real shells what they would complete, with the program as it was built."""

    def __init__(self, content: pathlib.Path, home: pathlib.Path):
        self.share = content / "usr/share"
        self.environment = {"PATH": f"{settings.blipd().parent}:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8",
                            "TERM": "dumb"}

    def bash(self, line: str) -> set[str]:
        script = f"""source {self.share}/bash-completion/completions/blipd
            compopt() {{ :; }}
            COMP_WORDS=({line}); [[ "$1" != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _blipd; printf '%s\n' "${{COMPREPLY[@]}}" """
        return set(output("bash", "--norc", "-c", script, "bash", line, env=self.environment).split())

    def fish(self, line: str) -> set[str]:
        script = f"source {self.share}/fish/vendor_completions.d/blipd.fish; complete -C '{line}'"
        said = output("fish", "--no-config", "-c", script, env=self.environment)
        return {row.split("\t")[0] for row in said.splitlines()}

    def zsh(self, line: str) -> set[str]:
        """Through a terminal, because zsh completes nowhere else."""
        script = r"""
            zmodload zsh/zpty
            zpty z "PATH=$PATH TERM=dumb zsh -f -i"
            zpty -w z "PS1=; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; stty rows 200 cols 200 -echo; LISTMAX=1000; zstyle ':completion:*' menu no; print REA''DY"
            zpty -r -m z said '*READY*'
            zpty -w -n z "$2"$'\t\t'
            quiet=0  # what it shows comes in pieces, and nothing says which is the last
            for i in {1..200}; do
              sleep 0.05
              if zpty -r -t z more; then all+=$more quiet=0; elif [[ -n $all ]] && ((++quiet > 15)); then break; fi
            done
            print -r -- "$all"
            zpty -d z
        """
        said = output("zsh", "-f", "-c", script, "zsh", self.share / "zsh/vendor-completions", line, env=self.environment)
        return set(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", said).replace("\r", " ").split())


def options_of(command: str) -> set[str]:
    listed = re.search(r"Options:\n(.*?)\n\n", help_of(command), re.DOTALL).group(1)
    return {option for line in listed.splitlines() if line.startswith("  -") for option in OPTION.findall(line.split()[0])
            if option.startswith("--")}


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_a_shell_completes_commands_options_values_and_files(content, directory, shell):
    ask = getattr(Shells(content, directory), shell)
    assert ask("blipd ") >= set(COMMANDS)
    for command in COMMANDS if shell != "zsh" else ("report",):  # a terminal takes seconds
        assert ask(f"blipd {command} --") >= options_of(command), command
    assert ask("blipd report --format ") >= {"text", "markdown", "json", "csv"}
    found = ask(f"blipd check --config {ROOT}/config/")
    assert any(word.endswith("blipd.yaml") for word in found) and any("examples" in word for word in found)
    if shell != "fish":  # which offers other files too, behind those with the ending
        assert not any(word.endswith(".hpp") for word in found)


# Its life


@pytest.fixture(scope="module")
def newer(module_directory) -> pathlib.Path:
    """The same package with a higher version, and another configuration in it."""
    folder = module_directory / "newer"
    output("dpkg-deb", "--raw-extract", settings.package(), folder)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 9.9.9", control.read_text(), flags=re.MULTILINE))
    shipped = folder / "etc/blipd/blipd.yaml"
    shipped.write_text(shipped.read_text() + "# A word more.\n")
    package = module_directory / "blipd_9.9.9_amd64.deb"
    output("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, package)
    shutil.rmtree(folder)
    return package


def is_active(machine, unit: str = "blipd") -> bool:
    return machine.show(unit, "ActiveState") == "active"


def test_installing_starts_a_daemon_that_asks_nobody(machine):
    machine.install(settings.package())
    assert is_active(machine)
    assert machine.run("systemctl", "is-enabled", "blipd").stdout.strip() == "enabled"
    assert machine.run("systemctl", "is-enabled", "blipd.socket", check=False).stdout.strip() == "disabled"
    assert "nobody is asked" in machine.log_of()
    assert "Nobody is watched" in machine.run("blipd", "status").stdout
    user = machine.run("getent", "passwd", "blipd").stdout.strip().split(":")
    assert user[5:] == ["/var/lib/blipd", "/usr/sbin/nologin"]
    machine.run("blipd", "check")


def test_an_upgrade_restarts_what_runs_and_leaves_alone_what_does_not(machine, newer):
    edited = "listen: 127.0.0.1:10547\nvantage: {name: edited}\n"
    machine.write("/etc/blipd/blipd.yaml", edited)
    for number, name in enumerate(("runs", "stopped")):
        machine.write(f"/etc/blipd/{name}.yaml", f"listen: 127.0.0.1:{10600 + number}\n")
    machine.run("systemctl", "enable", "--now", "blipd@runs")
    before = {unit: machine.main_process(unit) for unit in ("blipd", "blipd@runs")}
    machine.path("/mnt/newer.deb").write_bytes(newer.read_bytes())
    machine.run("dpkg", "--force-unsafe-io", "--force-confold", "--install", "/mnt/newer.deb")
    for unit, process in before.items():
        assert is_active(machine, unit)
        assert machine.main_process(unit) != process
    assert not is_active(machine, "blipd@stopped")
    assert machine.path("/etc/blipd/blipd.yaml").read_text() == edited


def test_an_upgrade_does_not_start_what_was_stopped_and_disabled(machine):
    machine.run("systemctl", "disable", "--now", "blipd")
    machine.run("dpkg", "--force-unsafe-io", "--force-confold", "--install", "/mnt/newer.deb")
    assert not is_active(machine)
    assert machine.run("systemctl", "is-enabled", "blipd", check=False).stdout.strip() == "disabled"
    machine.run("systemctl", "enable", "--now", "blipd")


def test_removing_stops_everything_and_keeps_configuration_and_state(machine):
    machine.run("systemctl", "stop", "blipd")
    machine.run("systemctl", "start", "blipd.socket", "blipd")
    wait_until(lambda: machine.exists("/var/lib/blipd/journal.db"), 5, "there is a journal")
    machine.run("dpkg", "--force-unsafe-io", "--remove", "blipd")
    for unit in ("blipd.service", "blipd@runs.service", "blipd.socket"):
        assert not is_active(machine, unit), unit
    assert not machine.exists("/usr/bin/blipd")
    assert machine.run("pgrep", "-x", "blipd", check=False).stdout == ""
    for kept in ("/etc/blipd/blipd.yaml", "/var/lib/blipd/journal.db", "/var/lib/blipd/runs/journal.db"):
        assert machine.exists(kept), kept


def test_purging_takes_all_but_the_user_and_what_others_put_there(machine):
    machine.run("dpkg", "--force-unsafe-io", "--purge", "blipd")
    for gone in ("/etc/blipd/blipd.yaml", "/var/lib/blipd", "/etc/systemd/system/multi-user.target.wants/blipd.service",
                 "/etc/systemd/system/multi-user.target.wants/blipd@runs.service"):
        assert not machine.exists(gone), gone
    assert machine.exists("/etc/blipd/runs.yaml")
    machine.run("getent", "passwd", "blipd")
    assert machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout == ""


def test_it_can_be_installed_again(machine):
    machine.install(settings.package())
    assert is_active(machine)
