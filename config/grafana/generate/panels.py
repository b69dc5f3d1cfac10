"""Panels and what they are made of, as Grafana 9 and 10 read them. Nothing here knows what blipd measures."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def query(expr: str, legend: str, *, instant: bool = False, kind: str = "time_series") -> dict:
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expr,
        "format": kind,
        "instant": instant,
        "legendFormat": legend,
        "range": not instant,
    }


def now(expr: str, legend: str) -> dict:
    return query(expr, legend, instant=True)


def panel(kind: str, title: str, description: str, queries, *, unit: str, width: int, height: int, custom=None,
          options=None, mappings=(), thresholds=None, colour="thresholds", decimals=None, low=None, high=None, none="no data",
          links=(), overrides=(), **rest) -> dict:  # fmt: skip
    defaults = {
        "color": {"mode": colour},
        "custom": custom or {},
        "links": list(links),
        "mappings": list(mappings),
        "noValue": none,
        "thresholds": {"mode": "absolute", "steps": thresholds or [{"color": "green", "value": None}]},
        "unit": unit,
    }
    for name, value in (("decimals", decimals), ("min", low), ("max", high)):
        if value is not None:
            defaults[name] = value
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "gridPos": {"w": width, "h": height},
        "options": options or {},
        "targets": [{**one, "refId": chr(ord("A") + index)} for index, one in enumerate(queries)],
        **rest,
    }


def tiles(title, description, queries, *, show="value_and_name", **rest) -> dict:
    """A coloured tile for each series of instant queries, in the order in which the query gives them."""
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "text": {},
        "textMode": show,
    }
    return panel("stat", title, description, queries, options=options, **rest)


def timeline(title, description, queries, **rest) -> dict:
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 85, "lineWidth": 0}
    return panel("state-timeline", title, description, queries, options=options, custom=custom, unit="none", **rest)


def lines(title, description, queries, *, fill=0, stack=False, bars=False, threshold_lines=False, logarithmic=False,
          soft=None, colour="palette-classic", **rest) -> dict:  # fmt: skip
    """`soft`: the least and the most that the axis reaches; values beyond stretch it."""
    custom = {
        "axisPlacement": "auto",
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": fill,
        "gradientMode": "none",
        "lineInterpolation": "stepAfter" if stack or bars else "linear",
        "lineWidth": 1,
        "pointSize": 4,
        "scaleDistribution": {"type": "log", "log": 10} if logarithmic else {"type": "linear"},
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stack else "none"},
        "thresholdsStyle": {"mode": "dashed" if threshold_lines else "off"},
    }
    if soft:
        custom["axisSoftMin"], custom["axisSoftMax"] = soft
    options = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, queries, options=options, custom=custom, colour=colour, **rest)


def heatmap(title, description, expr, **rest) -> dict:
    """Of a classic histogram: one row a bucket, however wide it is, so buckets that grow make a logarithmic axis."""
    options = {
        "calculate": False,
        "cellGap": 0,
        "cellValues": {"decimals": 0, "unit": "short"},
        "color": {
            "exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False, "scale": "exponential",
            "scheme": "Greys", "steps": 64,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto", "value": "probes"},
        "showValue": "never",
        "tooltip": {"show": True, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
    }  # fmt: skip
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
    queries = [query(expr, "{{le}}", kind="heatmap")]
    return panel("heatmap", title, description, queries, options=options, custom=custom, unit="s", **rest)


def styled(name_pattern: str, **properties) -> dict:
    """An override for the series whose names match."""
    return {
        "matcher": {"id": "byRegexp", "options": f"/{name_pattern}/"},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def fixed(colour: str) -> dict:
    return {"mode": "fixed", "fixedColor": colour}


def row(title: str) -> dict:
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def placed(panels: list) -> list:
    """Gives each its number and its place: from left to right, a new line where the next does not fit."""
    x = y = tallest = 0
    for number, one in enumerate(panels, 1):
        place = one["gridPos"]
        if x + place["w"] > 24:
            x, y, tallest = 0, y + tallest, 0
        place.update(x=x, y=y)
        one["id"] = number
        x, tallest = x + place["w"], max(tallest, place["h"])
    return panels
