"""Each check finds what it is there to find, and leaves alone what is right."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import definitions
import docs
import floors
import tally

CMAKE = """
blipd_floor(base probes/base)
blipd_floor(probes probes USES base
            PRIVATE PkgConfig::ldns)
blipd_floor(engine daemon/engine USES probes PRIVATE Boost::headers)
blipd_floor(app daemon/app USES engine)
"""


class Tree(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for top in ("config", "daemon", "probes", "tests"):
            (self.root / top).mkdir()

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


class Definitions(Tree):
    def test_two_types_of_one_name_in_one_namespace_are_a_fault(self) -> None:
        self.write("daemon/app/bar.hpp", "namespace blipd::app {\n\nclass Progress {\n};\n\n}  // namespace blipd::app\n")
        self.write("daemon/app/watch.hpp", "namespace blipd::app {\n\nstruct alignas(64) Progress final : Base {\n")
        faults = definitions.check_single(self.root)
        self.assertEqual(faults, ["daemon/app/watch.hpp:3: blipd::app::Progress is defined in daemon/app/bar.hpp, too; rename one"])

    def test_other_namespaces_and_files_own_types_are_fine(self) -> None:
        self.write("daemon/app/a.hpp", "namespace blipd::app {\n\nclass Row {\n};\n\n}  // namespace blipd::app\n")
        self.write("daemon/serve/a.hpp", "namespace blipd::serve {\n\nclass Row {\n")
        self.write("daemon/app/a.cpp", "namespace blipd::app {\n\nclass Row::Impl {\n};\n\n}  // namespace blipd::app\n")
        self.write("daemon/app/b.hpp", "namespace blipd::app {\n\nclass Row;\nenum class Kind : int { kA };\n")
        for name in ("c", "d"):
            own = "namespace blipd::app {\n\nnamespace {\n\nstruct Row {\n};\n\n}  // namespace\n\nstruct %s {\n};\n" % name
            self.write(f"daemon/app/{name}.cpp", own)
        self.assertEqual(definitions.check_single(self.root), [])


class Floors(Tree):
    def setUp(self) -> None:
        super().setUp()
        self.write("CMakeLists.txt", CMAKE)
        self.write("probes/base/time.hpp", "")
        self.write("probes/icmp.hpp", "#include <ldns/ldns.h>\n")
        self.write("daemon/engine/loop.hpp", "")

    def test_a_floor_may_use_those_below_the_ones_it_names(self) -> None:
        self.write("daemon/app/run.cpp", '#include "daemon/engine/loop.hpp"\n#include "probes/base/time.hpp"\n')
        self.assertEqual(floors.check_layering(self.root), [])

    def test_a_floor_may_not_use_the_one_above(self) -> None:
        self.write("probes/base/time.cpp", '\n#include "daemon/engine/loop.hpp"\n')
        faults = floors.check_layering(self.root)
        self.assertEqual(faults, ["probes/base/time.cpp:2: base may not use engine (daemon/engine/loop.hpp)"])

    def test_an_include_without_its_folder_is_a_fault(self) -> None:
        self.write("probes/base/time.cpp", '#include "time.hpp"\n')
        self.assertEqual(len(floors.check_layering(self.root)), 1)

    def test_an_include_of_nothing_is_a_fault(self) -> None:
        self.write("probes/base/time.cpp", '#include "probes/base/tide.hpp"\n')
        self.assertEqual(len(floors.check_layering(self.root)), 1)

    def test_code_outside_every_floor_is_a_fault(self) -> None:
        self.write("daemon/cellar/wine.cpp", "")
        self.assertEqual(len(floors.check_layering(self.root)), 1)

    def test_a_table_that_cannot_be_found_is_a_fault(self) -> None:
        self.write("CMakeLists.txt", "add_library(everything)\n")
        self.assertEqual(len(floors.check_layering(self.root)), 1)

    def test_a_heavy_header_may_be_used_within_its_floor(self) -> None:
        self.write("probes/icmp.cpp", '#include "probes/icmp.hpp"\n')
        self.assertEqual(floors.check_heavy_headers(self.root), [])

    def test_a_heavy_header_may_not_reach_another_floor_even_indirectly(self) -> None:
        self.write("daemon/engine/send.hpp", '#include "probes/icmp.hpp"\n')
        self.write("daemon/app/run.cpp", '#include "daemon/engine/send.hpp"\n')
        faults = floors.check_heavy_headers(self.root)
        self.assertEqual({fault.partition(":")[0] for fault in faults}, {"daemon/app/run.cpp", "daemon/engine/send.hpp"})

    def test_a_pure_floor_reads_no_clock(self) -> None:
        self.write("probes/icmp.cpp", "auto now = std::chrono::steady_clock::now();\n")
        self.assertEqual(len(floors.check_purity(self.root)), 1)

    def test_a_pure_floor_opens_no_socket(self) -> None:
        self.write("probes/icmp.cpp", "#include <sys/socket.h>\n")
        self.assertEqual(len(floors.check_purity(self.root)), 1)

    def test_a_comment_may_name_a_clock_and_the_engine_may_read_one(self) -> None:
        self.write("probes/icmp.cpp", "// steady_clock is read elsewhere\n")
        self.write("daemon/engine/loop.cpp", "auto now = std::chrono::steady_clock::now();\n")
        self.assertEqual(floors.check_purity(self.root), [])


class Docs(Tree):
    def test_a_link_to_nothing_is_a_fault(self) -> None:
        self.write("README.md", "see [that](docs/that.md)\n")
        self.assertEqual(docs.check_links(self.root), ["README.md:1: docs/that.md leads nowhere"])

    def test_a_link_out_of_the_project_is_a_fault(self) -> None:
        self.write("README.md", "see [that](../that.md)\n")
        self.assertEqual(len(docs.check_links(self.root)), 1)

    def test_a_link_to_a_heading_needs_the_heading(self) -> None:
        self.write("docs/that.md", "# That `thing`, at last\n```\n# not a heading\n```\n")
        self.write("README.md", "[a](docs/that.md#that-thing-at-last)\n[b](docs/that.md#not-a-heading)\n")
        self.assertEqual(docs.check_links(self.root), ["README.md:2: docs/that.md#not-a-heading: no such heading"])

    def test_links_in_code_and_to_other_sites_are_left_alone(self) -> None:
        self.write("README.md", "`[a](b)` [c](https://example.org/d)\n```\n[e](f)\n```\n")
        self.assertEqual(docs.check_links(self.root), [])

    def test_a_command_that_does_not_exist_is_a_fault(self) -> None:
        self.write("dev", '    up | test) "command_$command" "$@" ;;\n')
        self.write("README.md", "./dev up\n./dev down\n")
        self.assertEqual(docs.check_commands(self.root), ["README.md:2: ./dev has no command down"])

    def test_a_dev_whose_commands_cannot_be_found_is_a_fault(self) -> None:
        self.write("dev", "")
        self.assertEqual(len(docs.check_commands(self.root)), 1)

    def test_a_path_of_one_machine_is_a_fault(self) -> None:
        self.write("a.cpp", "// /cellar/notes.txt\n")
        self.write("b.cpp", "// " + "/home" + "/anna/notes.txt\n")
        self.assertEqual(len(docs.check_machine_paths(self.root, top={"usr", "cellar"})), 2)

    def test_standard_and_relative_paths_and_routes_are_left_alone(self) -> None:
        self.write("a.cpp", "// /usr/bin /etc/blipd /metrics docs/cellar/x ./cellar http://a/cellar /cellar-door\n")
        self.assertEqual(docs.check_machine_paths(self.root, top={"usr", "cellar"}), [])

    def test_what_is_left_for_later_is_a_fault(self) -> None:
        self.write("a.cpp", "// TO" "DO: later\n")
        self.assertEqual(len(docs.check_unfinished(self.root)), 1)


class Tally(Tree):
    def part(self, xml: str | None, status: int = 0) -> tally.Part:
        if xml is not None:
            self.write("part.xml", xml)
        return tally.read_part(self.root, "part", status, 1)

    def test_passed_and_failed_tests_are_counted(self) -> None:
        part = self.part('<testsuite><testcase name="a" status="run"/><testcase name="b" status="fail"><failure/>'
                         '</testcase></testsuite>', 8)
        self.assertEqual((part.passed, part.failures), (1, ["b"]))

    def test_missing_results_count_as_a_failure(self) -> None:
        self.assertEqual(len(self.part(None, 1).failures), 1)

    def test_unreadable_results_count_as_a_failure(self) -> None:
        self.assertEqual(len(self.part("<testsuite>").failures), 1)

    def test_a_part_without_tests_counts_as_a_failure(self) -> None:
        self.assertEqual(len(self.part("<testsuite/>").failures), 1)

    def test_a_bad_end_without_a_failed_test_counts_as_a_failure(self) -> None:
        part = self.part('<testsuite><testcase name="a"/></testsuite>', 139)
        self.assertEqual((part.passed, len(part.failures)), (1, 1))

    def test_an_unexpected_skip_counts_as_a_failure(self) -> None:
        part = self.part('<testsuite><testcase name="a"><skipped/></testcase><testcase name="b"/></testsuite>')
        self.assertEqual((part.passed, len(part.failures)), (1, 1))

    def test_a_test_that_was_not_run_counts_as_a_failure(self) -> None:
        part = self.part('<testsuite><testcase name="a" status="notrun"/></testsuite>')
        self.assertEqual((part.passed, len(part.failures)), (0, 1))

    def test_the_last_line_is_the_sum(self) -> None:
        parts = [tally.Part("one", passed=3), tally.Part("two", passed=4, failures=["x"])]
        self.assertEqual(tally.report(parts)[-1], "7 passed, 1 failed")

    def test_nothing_at_all_is_not_a_success(self) -> None:
        self.assertEqual(tally.report([])[-1], "0 passed, 1 failed")


if __name__ == "__main__":
    unittest.main()
