"""Choices of state machines by a time in their input, which ministack does not know.

`TimestampLessThanPath` and its like compare with what stands at a path (Amazon States Language, "Choice State").
"""

from ministack.services import stepfunctions

COMPARISONS = (
    "TimestampEquals",
    "TimestampLessThan",
    "TimestampGreaterThan",
    "TimestampLessThanEquals",
    "TimestampGreaterThanEquals",
)


def install():
    """Puts these comparisons into ministack."""
    evaluate = stepfunctions._evaluate_rule

    def patched(rule, data, ctx=None):
        for comparison in COMPARISONS:
            if comparison + "Path" in rule:
                other = stepfunctions._resolve_path_or_ctx(rule[comparison + "Path"], data, ctx)
                return evaluate({"Variable": rule.get("Variable"), comparison: other}, data, ctx)
        return evaluate(rule, data, ctx)

    stepfunctions._evaluate_rule = patched
