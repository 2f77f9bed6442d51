"""Rules that services of AWS manage: EventBridge refuses to have them switched off.

Nobody's call makes such a rule on AWS, a service does. Here `PutRule` takes what only answers have there, `ManagedBy`.
"""

from ministack.core.responses import error_response_json
from ministack.services import eventbridge


def install():
    """Puts the calls on managed rules into ministack."""
    put, disable = eventbridge._put_rule, eventbridge._disable_rule

    def put_rule(data):
        answer = put(data)
        rule = found(data)
        if rule is not None and data.get("ManagedBy"):
            rule["ManagedBy"] = data["ManagedBy"]
        return answer

    def disable_rule(data):
        rule = found(data)
        if rule is not None and rule.get("ManagedBy"):
            message = f"Rule {rule['Name']} is managed by an AWS service can only be modified by that service."
            return error_response_json("ManagedRuleException", message, 400)
        return disable(data)

    eventbridge._put_rule = put_rule
    eventbridge._disable_rule = disable_rule


def found(data):
    """Returns the rule that a call names, or None."""
    return eventbridge._rules.get(eventbridge._rule_key(data.get("Name"), data.get("EventBusName", "default")))
