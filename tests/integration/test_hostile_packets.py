"""Strangers send forged, broken and senseless packets: they are counted, and nothing else changes."""

import time

import pytest
from harness.daemon import configuration
from harness.forge import ICMP, ICMP6, TCP, UDP, Stranger
from harness.metrics import unbalanced
from harness.network import NEAR4, NEAR6

FINE = {4: "198.18.1.1", 6: "2001:2:0:1::101"}  # the kernel answers
SILENT = {4: "198.18.66.1", 6: "2001:2:0:1::6601"}  # only a stranger does
OTHER = {4: "198.18.99.9", 6: "2001:2:0:1::9909"}
NEAR = {4: NEAR4, 6: NEAR6}
ECHO = {4: ICMP, 6: ICMP6}
QUICK = {"interval": "200ms", "timeout": "1s"}
PROBES = {
    "ping": {"type": "icmp", **QUICK},
    "syn": {"type": "tcp", "port": 82, "mode": "syn", **QUICK},
    "soa": {"type": "dns", "query": "example.test", "record": "SOA", **QUICK},
}
SEED = 20141222


@pytest.fixture(scope="module")
def daemon(pair, run_for_module):
    pair.far.nft(
        f"table inet silent {{ chain in {{ type filter hook input priority 0; ip daddr {SILENT[4]} drop\n"
        f" ip6 daddr {SILENT[6]} drop\n }}\n }}"
    )
    targets = {f"fine{family}": (FINE[family], ["ping", "syn"]) for family in (4, 6)}
    targets |= {f"silent{family}": (SILENT[family], ["ping", "syn", "soa"]) for family in (4, 6)}
    return run_for_module(pair.near, configuration(targets, PROBES)).wait_ready()


@pytest.fixture(scope="module")
def stranger(pair):
    made = Stranger(pair.far, SEED)
    yield made
    made.close()


def not_believed(metrics):
    """Packets counted as what they are: not ours, broken, or forged."""
    return (
        metrics.sum("blipd_answers_rejected_total")
        + metrics.sum("blipd_rejected_packets_total")
        + metrics.sum("blipd_unmatched_packets_total")
    )


@pytest.fixture
def unmoved(daemon):
    """After the test: those who answer are not lost, those who do not are not answered, the books balance."""
    before = daemon.scrape()
    yield before
    now = daemon.scrape()
    for family in (4, 6):
        fine, silent = f"fine{family}", f"silent{family}"
        assert now.sum("blipd_probes_lost_total", target=fine) == before.sum("blipd_probes_lost_total", target=fine)
        answered = now.sum("blipd_probes_answered_total", target=silent)
        assert answered == before.sum("blipd_probes_answered_total", target=silent)
        for what in ("duplicate", "differing"):
            assert now.sum(f"blipd_answers_{what}_total", target=fine) == before.sum(
                f"blipd_answers_{what}_total", target=fine
            )
        unreachable = {"target": silent, "reason": "unreachable"}
        assert now.sum("blipd_probes_lost_total", **unreachable) == before.sum("blipd_probes_lost_total", **unreachable)
    assert now.sum("blipd_probes_aborted_total") == before.sum("blipd_probes_aborted_total")
    assert unbalanced(now) == []


def counted(daemon, before, least):
    daemon.wait_for(lambda now: not_believed(now) >= not_believed(before) + least, 3, f"{least} packets are counted")


@pytest.mark.parametrize("family", [4, 6])
def test_the_stranger_is_able_to_answer_rightly(daemon, stranger, family):
    """Shows that the other tests of this file could fail: a right answer from here is believed."""
    target = f"silent{family}"
    before = daemon.scrape()
    ping = stranger.hear(SILENT[family], ECHO[family])
    for _ in range(3):
        stranger.reply(ping, stranger.echo_reply(ping))
    syn = stranger.hear(SILENT[family], TCP)
    stranger.reply(syn, stranger.syn_ack(syn))
    query = stranger.hear(SILENT[family], UDP)
    stranger.reply(query, stranger.dns_answer(query))
    for probe in PROBES:
        wanted = before.value("blipd_probes_answered_total", target=target, probe=probe) + 1
        daemon.wait_for(
            lambda now: now.value("blipd_probes_answered_total", target=target, probe=probe) == wanted,
            3,
            f"one {probe} is answered",
        )
    name = "blipd_answers_duplicate_total"
    labels = {"target": target, "probe": "ping"}
    daemon.wait_for(lambda now: now.value(name, **labels) == before.value(name, **labels) + 2, 3, "two are duplicates")


@pytest.mark.parametrize("family", [4, 6])
def test_an_echo_reply_with_a_wrong_token_is_forged(daemon, stranger, unmoved, family):
    for byte in range(8, 24):  # each byte of the token
        ping = stranger.hear(SILENT[family], ECHO[family])
        reply = bytearray(stranger.echo_reply(ping))
        reply[byte] ^= 1 << stranger.random.randrange(8)
        stranger.reply(ping, bytes(reply))
    counted(daemon, unmoved, 16)


@pytest.mark.parametrize("family", [4, 6])
def test_an_echo_reply_from_somebody_else_is_forged(daemon, stranger, unmoved, family):
    ping = stranger.hear(SILENT[family], ECHO[family])
    for _ in range(5):
        stranger.reply(ping, stranger.echo_reply(ping), source=OTHER[family])
        stranger.reply(ping, stranger.echo_reply(ping), source=FINE[family])
    counted(daemon, unmoved, 10)


@pytest.mark.parametrize("family", [4, 6])
def test_an_echo_reply_cut_short_is_malformed(daemon, stranger, unmoved, family):
    ping = stranger.hear(SILENT[family], ECHO[family])
    for length in range(8, 24):
        stranger.reply(ping, stranger.echo_reply(ping)[:length])
    counted(daemon, unmoved, 16)


@pytest.mark.parametrize("family", [4, 6])
def test_an_echo_reply_with_a_wrong_checksum_is_not_believed(stranger, unmoved, family):
    ping = stranger.hear(SILENT[family], ECHO[family])
    reply = stranger.echo_reply(ping)
    for _ in range(5):
        stranger.send(ping.destination, ping.source, ping.protocol, reply[:2] + stranger.noise(2) + reply[4:])
    time.sleep(0.2)


@pytest.mark.parametrize("family", [4, 6])
def test_icmp_errors_that_quote_what_we_never_sent_are_not_believed(stranger, unmoved, family):
    ping = stranger.hear(SILENT[family], ECHO[family])
    syn = stranger.hear(SILENT[family], TCP)
    header = 20 if family == 4 else 40
    for quoted in (ping, syn):
        wrong = bytearray(quoted.data)
        token = header + (12 if quoted is ping else 4)  # in the token; in the initial sequence number
        wrong[token] ^= 0x55
        elsewhere = bytearray(quoted.data)
        elsewhere[header - 1] ^= 0x55  # the destination
        for quote in (bytes(wrong), bytes(elsewhere), quoted.data[: header + 4], quoted.data[:10], b"", stranger.noise(60)):
            protocol, message = stranger.icmp_error(quote, family)
            stranger.reply(quoted, message, source=OTHER[family], protocol=protocol)
    time.sleep(0.2)


@pytest.mark.parametrize("family", [4, 6])
def test_tcp_segments_that_do_not_acknowledge_our_syn_are_not_believed(stranger, unmoved, family):
    syn = stranger.hear(SILENT[family], TCP)
    for flags in (0x12, 0x14, 0x04, 0x10, 0x02, 0x00, 0x3F, 0x06):
        for offset in (0, 2, -1, 0x1000, 0x80000000):
            stranger.reply(syn, stranger.syn_ack(syn, offset, flags))
    segment = stranger.syn_ack(syn)
    stranger.reply(syn, segment, source=OTHER[family])
    for length in range(16, 20):  # cut short (with_checksum needs its field)
        stranger.send(syn.destination, syn.source, TCP, segment[:length])
    time.sleep(0.2)


@pytest.mark.parametrize("family", [4, 6])
def test_dns_answers_to_another_question_are_not_believed(stranger, unmoved, family):
    query = stranger.hear(SILENT[family], UDP)
    right = stranger.dns_answer(query)
    wrong_id = right[:8] + bytes([right[8] ^ 1]) + right[9:]
    wrong_question = right[:22] + bytes([right[22] ^ 1]) + right[23:]
    query_again = stranger.dns_answer(query, query.payload[8:])
    for answer in (wrong_id, wrong_question, query_again, stranger.dns_answer(query, right[8:13])):
        stranger.reply(query, answer)
    stranger.reply(query, right, source=OTHER[family])
    for length in (0, 1, 11, 12, 20, 600, 1400):
        stranger.reply(query, stranger.dns_answer(query, stranger.noise(length)))
    time.sleep(0.2)


@pytest.mark.parametrize("family", [4, 6])
def test_datagrams_with_a_wrong_checksum_do_not_stop_loss_from_being_judged(daemon, stranger, unmoved, family):
    """The kernel counts them among what our sockets dropped; but they took the place of no answer."""
    channel = {"target": f"silent{family}", "probe": "ping"}
    end = time.monotonic() + 2
    while time.monotonic() < end:
        query = stranger.hear(SILENT[family], UDP)
        answer = bytearray(stranger.dns_answer(query))
        answer[6:8] = b"\x12\x34"
        stranger.send(query.destination, query.source, UDP, bytes(answer))
    lost = unmoved.sum("blipd_probes_lost_total", **channel)
    daemon.wait_for(lambda now: now.sum("blipd_probes_lost_total", **channel) >= lost + 8, 2, "loss goes on being judged")


@pytest.mark.parametrize("family", [4, 6])
def test_a_flood_of_noise_moves_nothing(daemon, stranger, unmoved, family):
    """Some thousands of packets, half of them with our own identifier or ports, over two seconds."""
    ping = stranger.hear(SILENT[family], ECHO[family])
    identifier = ping.payload[4:6]
    memory, start, sent = daemon.process.resident_bytes(), time.monotonic(), 0
    while time.monotonic() < start + 2 and sent < 6000:
        noise = stranger.noise(stranger.random.randrange(24, 400))
        protocol = stranger.random.choice((ECHO[family], ECHO[family], TCP, UDP))
        if protocol == ECHO[family]:
            kinds = (0, 3, 11) if family == 4 else (129, 1, 3)
            head = bytes([stranger.random.choice(kinds), 0, 0, 0]) + (identifier if sent % 2 else noise[:2])
            noise = head + noise[6:]
        else:
            port = stranger.random.randrange(61000, 65536)
            noise = noise[:2] + port.to_bytes(2, "big") + noise[4:]
        stranger.reply(ping, noise, source=stranger.random.choice((SILENT[family], FINE[family], OTHER[family])), protocol=protocol)
        sent += 1
        if sent % 50 == 0:
            time.sleep(0.015)
    assert sent >= 1000
    counted(daemon, unmoved, sent / 10)
    assert daemon.process.resident_bytes() - memory < 4 << 20
    assert daemon.process.is_running
