"""The default bus: events of AWS itself reach rules after a delay, and what each rule did is counted.

ministack publishes the events of its services in the middle of the call that causes them. A rule that
starts what it listens to would then recurse until the stack is full instead of looping, so such events are
put on the event loop with a delay. All rules are walked on that loop, one event after the other.
"""

import asyncio
import contextvars
import functools
import json
import logging
import os
import time

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudtrail, cloudwatch, eventbridge

DELAY_S = float(os.environ.get("LAB_DELAY_S", "0.2"))
# A loop that doubles every round would fill the machine: beyond this many events on their way, events are lost
# (and counted as such).
MOST_PENDING = 500

log = logging.getLogger("lab")
_loop = None
_pending = 0
_totals = {"calls": 0, "events": 0, "lost": 0}
_rules = {}


def install():
    """Puts the bridge's dispatch into ministack."""
    put_events = eventbridge._put_events

    def patched(data, allow_aws_source=False):
        if not allow_aws_source:
            return put_events(data)
        for entry in data.get("Entries", []):
            later(functools.partial(put_events, {"Entries": [entry]}, True))
        return None

    eventbridge._put_events = patched
    eventbridge._dispatch_event = dispatch


def start():
    """Remembers the loop that serves requests; events are delivered on it."""
    global _loop
    _loop = asyncio.get_running_loop()


def state():
    """Returns what was counted since the start: totals, and per rule ARN what it matched and delivered."""
    return {**_totals, "delay_s": DELAY_S, "rules": _rules}


def counts_of(rule):
    """Returns the counters of a rule, for update."""
    return _rules.setdefault(rule["Arn"], {"matched": 0, "invoked": 0, "failed": 0})


def later(deliver):
    """Calls `deliver` on the loop after the delay, in the account and region of the caller; any thread may ask."""
    _loop.call_soon_threadsafe(_schedule, contextvars.copy_context(), deliver)


def _schedule(context, deliver):
    global _pending
    if _pending >= MOST_PENDING:
        _totals["lost"] += 1
        if _totals["lost"] == 1:
            log.warning("events are lost from now on: %d are on their way", _pending)
        return
    _pending += 1
    _loop.call_later(DELAY_S, _deliver, context, deliver)


def _deliver(context, deliver):
    global _pending
    _pending -= 1
    try:
        context.run(deliver)
    except Exception:
        log.exception("an event could not be delivered")


def publish_call(record):
    """Brings the record of an API call to the event history now, and to the default bus after the delay."""
    _totals["calls"] += 1
    cloudtrail._get_event_queue().append({
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventSource": record["eventSource"],
        "EventTime": time.time(),
        "Username": record["userIdentity"]["arn"].rsplit("/", 1)[-1],
        "AccessKeyId": record["userIdentity"]["accessKeyId"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    })
    event = {
        "EventId": new_uuid(),
        "Source": "aws." + record["eventSource"].split(".")[0],
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(record),
        "EventBusName": "default",
        "Time": int(time.time()),
        "Resources": [],
        "Account": get_account_id(),
        "Region": get_region(),
        "_ReadOnly": record["readOnly"],
    }

    def deliver():
        eventbridge._events_log_list().append(event)
        dispatch(event)
        eventbridge._archive_event(event)

    later(deliver)


def hears(rule, event):
    """Whether the state of a rule lets it see the event: read-only calls need the wider of the enabled states."""
    if rule.get("State") == "ENABLED":
        return not event.get("_ReadOnly")
    return rule.get("State") == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def dispatch(event, view=None):
    """Delivers an event to every rule of its bus that is enabled and matches."""
    _totals["events"] += 1
    bus_name = event.get("EventBusName", "default")
    path = set(event.get("_DispatchPath") or [])
    view = view or eventbridge._pattern_event_view(event)
    for key, rule in list(eventbridge._rules.items()):
        pattern = rule.get("EventPattern")
        if not pattern or rule.get("EventBusName", "default") != bus_name or key in path:
            continue
        if not hears(rule, event) or not eventbridge._matches_pattern_view(pattern, view, f"rule {key}"):
            continue
        counts = counts_of(rule)
        counts["matched"] += 1
        measure("MatchedEvents", rule)
        measure("TriggeredRules", rule)
        for target in list(eventbridge._targets.get(key, [])):
            counts["invoked"] += 1
            measure("Invocations", rule)
            cloudwatch.record_metric("AWS/Events", "InvocationsCreated", 1, "Count", {})
            eventbridge._invoke_target(target, event, rule, view)


def measure(metric, rule):
    """Counts one for a metric of a rule; of a rule on another bus than the default, the bus is a dimension too."""
    bus_name = rule.get("EventBusName", "default")
    dimensions = {"RuleName": rule["Name"]}
    if bus_name != "default":
        dimensions["EventBusName"] = bus_name
    cloudwatch.record_metric("AWS/Events", metric, 1, "Count", dimensions)
