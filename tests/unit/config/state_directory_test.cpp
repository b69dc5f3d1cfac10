#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

// What systemd says, for as long as this lives.
struct Given {
  explicit Given(const char* folders) { ::setenv("STATE_DIRECTORY", folders, 1); }
  ~Given() { ::unsetenv("STATE_DIRECTORY"); }
};

std::string journal_of(const std::string& more = "") { return load_good("countries: []\n" + more).journal; }

std::string evidence_of(const std::string& more = "") { return load_good("countries: []\n" + more).evidence.directory; }

}  // namespace

TEST_CASE("the journal is in the state folder that systemd names, in the last of several") {
  CHECK(journal_of() == "/var/lib/blipd/journal.db");
  {
    const Given one("/var/lib/elsewhere");
    CHECK(journal_of() == "/var/lib/elsewhere/journal.db");
  }
  const Given several("/var/lib/blipd:/var/lib/blipd/fra1");
  CHECK(journal_of() == "/var/lib/blipd/fra1/journal.db");
  CHECK(journal_of("journal: /srv/own.db") == "/srv/own.db");
  CHECK(journal_of("journal: none").empty());
}

TEST_CASE("files of packets are in a folder beside the journal, unless told otherwise") {
  CHECK(evidence_of() == "/var/lib/blipd/evidence");
  const Given several("/var/lib/blipd:/var/lib/blipd/fra1");
  CHECK(evidence_of() == "/var/lib/blipd/fra1/evidence");
  CHECK(evidence_of("evidence: {directory: /srv/own}") == "/srv/own");
  CHECK(evidence_of("evidence: {packets: 1MiB}") == "/var/lib/blipd/fra1/evidence");
  CHECK(evidence_of("evidence: {directory: none}").empty());
  CHECK(evidence_of("journal: /srv/own.db") == "/srv/evidence");
  CHECK(evidence_of("journal: none").empty());
  CHECK(evidence_of("journal: none\nevidence: {directory: /srv/own}") == "/srv/own");
}

TEST_CASE("a state folder that is no absolute path counts for nothing") {
  const Given given("relative");
  CHECK(journal_of() == "/var/lib/blipd/journal.db");
  const Given empty("");
  CHECK(journal_of() == "/var/lib/blipd/journal.db");
}

}  // namespace blipd::config
