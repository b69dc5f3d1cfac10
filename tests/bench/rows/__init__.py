"""The rows of the report, in the order in which a round goes through them: one class each, with

  name       what --rows takes
  title      for people
  figures    rig.report.Figure of each number that may come of it
  rounds     how often at most, for what takes long or hardly varies; None: as often as asked
  measure(bench)  one round: a dictionary of figures by key. None or absent: not available. Further keys go to the JSON.
"""

from rows.calm import Calm
from rows.dns import Dns
from rows.growth import Growth, Million
from rows.hundred import Hundred
from rows.icmp import Icmp
from rows.memory import Memory
from rows.outage import Outage
from rows.overload import Overload
from rows.reload import Reload
from rows.replay import Replay
from rows.rtt import RoundTrips
from rows.scrape import Scrape
from rows.shards import Shards
from rows.stall import Stall
from rows.tcp import Tcp
from rows.tls import Tls

ROWS = [Icmp(), Hundred(), Shards(), Calm(), RoundTrips(), Stall(), Memory(), Scrape(), Tls(), Tcp(), Dns(), Reload(), Replay(),
        Growth(), Million(), Outage(), Overload()]  # fmt: skip
