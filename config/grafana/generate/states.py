"""The states of targets, networks and countries as numbers, words and colours: once for all dashboards.

The numbers rise with the trouble, so that the largest within an interval is the worst. The colours are those that Okabe
and Ito chose to be told apart by colour-blind people; the words say the same without any colour.
"""

GREY, GREEN, BLUE, YELLOW, ORANGE, RED = "#999999", "#009E73", "#56B4E9", "#F0E442", "#E69F00", "#D55E00"
PURPLE, DARK_BLUE = "#CC79A7", "#0072B2"

#: number, colour, and the words for it: of a target, of a network, of a country
SCALE = (
    (0, GREY, {"target": "unknown", "network": "unknown", "country": "unknown"}),
    (1, GREEN, {"target": "up", "network": "normal", "country": "normal"}),
    (2, BLUE, {"network": "recovering", "country": "recovering"}),
    (3, YELLOW, {"network": "degraded", "country": "degraded"}),
    (4, ORANGE, {"network": "partial", "country": "partial"}),
    (5, RED, {"target": "down", "network": "outage", "country": "total"}),
)
METRICS = {
    "target": ("blipd_target_state", "state"),
    "network": ("blipd_network_state", "state"),
    "country": ("blipd_country_level", "level"),
}
TROUBLE = 3  # from here on words are in capitals


def number_now(scope: str, selector: str) -> str:
    """PromQL: the state as a number, one series for each that the selector finds."""
    return _number(scope, selector, "{}")


def worst_number(scope: str, selector: str) -> str:
    """The worst state within each step of a graph, so that a short one is not stepped over."""
    return _number(scope, selector, "max_over_time({}[$__interval])")


def _number(scope: str, selector: str, form: str) -> str:
    metric, label = METRICS[scope]
    terms = [
        f"{number} * " + form.format(f'{metric}{{{selector}, {label}="{words[scope]}"}}')
        for number, _, words in reversed(SCALE)
        if scope in words
    ]
    return f"max without ({label}) (" + " or ".join(terms) + ")"


def mappings(scope: str) -> list:
    return words_for({
        number: (words[scope].upper() if number >= TROUBLE else words[scope], colour)
        for number, colour, words in SCALE
        if scope in words
    })  # fmt: skip


def thresholds() -> list:
    return steps(GREY, {number: colour for number, colour, _ in SCALE if number})


def words_for(words: dict) -> list:
    """Value mappings. `words`: {number: (text, colour)}."""
    options = {
        str(number): {"text": text, "color": colour, "index": index}
        for index, (number, (text, colour)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]


def steps(base: str, rest: dict) -> list:
    """Thresholds: a colour for what lies below all, and {value: colour from there on}."""
    return [{"color": base, "value": None}] + [{"color": colour, "value": value} for value, colour in rest.items()]
